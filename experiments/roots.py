"""Dotted roots of a config (`consensus`, `miners.lazy.training`), and the rules of a scenario that they name."""

import dataclasses
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments import slots
from experiments.networks import network_of
from experiments.parameters import Parameter, parameters
from subnet.work.population import Party
from subnet.work.trained import Trained

__all__ = [
    "PARTY_KEYS",
    "Root",
    "changed",
    "known_parameters",
    "place_of",
    "roots",
    "rule_at",
    "split_path",
    "value_at",
]

PARTY_KEYS = ("count", "model", "training")  # what a party of miners has beside its strategy's parameters


class Root(NamedTuple):
    """Where a rule stands: attributes and keys from the scenario down to it, and the slot it comes from, if any."""

    steps: tuple[str, ...]
    slot: str | None = None

    @property
    def in_design(self) -> bool:
        """Say whether each design has a rule of its own there."""
        return self.steps[0] == "design"

    @property
    def party(self) -> str | None:
        """Return the party of miners that it belongs to, None for all other rules."""
        return self.steps[2] if self.steps[:2] == ("actions", "miners") else None

    @property
    def has_count(self) -> bool:
        """Say whether it is a whole party, whose count stands beside its strategy's parameters."""
        return self.party is not None and self.steps[-1] == "strategy"


def roots(scenario: Any) -> dict[str, Root]:
    """Return every block of a scenario by its dotted path, in the order of a config."""
    network = network_of(scenario)
    found = _people(scenario.actions) if network.actions else {}
    for block in network.named:
        found |= {f"{block}.{name}": Root((block, name), block) for name in getattr(scenario, block)}
    found |= {name: Root((name,)) for name in network.terms}
    for field in dataclasses.fields(scenario.design):
        rule, slot = getattr(scenario.design, field.name), field.name if field.name in slots.SLOTS else None
        if isinstance(rule, dict):
            found |= {f"{field.name}.{name}": Root(("design", field.name, name), slot) for name in rule}
        else:
            found[field.name] = Root(("design", field.name), slot)
    return found


def _people(source: Any) -> dict[str, Root]:
    if not isinstance(source, Trained):
        return {"actions": Root(("actions",), "actions")}
    found = {
        "task": Root(("actions", "task"), "task"),
        "model": Root(("actions", "model"), "model"),
        "training": Root(("actions", "training")),
    }
    for name, party in source.miners.items():
        steps = ("actions", "miners", name)
        found[f"miners.{name}"] = Root((*steps, "strategy"), "miners")
        found[f"miners.{name}.training"] = Root((*steps, "training"))
        if party.model is not None:
            found[f"miners.{name}.model"] = Root((*steps, "model"), "model")
    return found | {"validators": Root(("actions", "validators"))}


def split_path(path: str) -> tuple[str, str]:
    """Return `overlays.copier` and `lag` of `overlays.copier.lag`."""
    root, _, leaf = path.rpartition(".")
    return root, leaf


def place_of(name: str, root: Root, design: str) -> str:
    """Return how a config calls a root: `designs.yuma3.consensus`, `overlays.copier`."""
    return f"designs.{design}.{name}" if root.in_design else name


def known_parameters(root: Root, cls: type) -> Mapping[str, Parameter]:
    """Return what a block takes whose rule is a `cls`."""
    known = parameters(cls)
    return {"count": parameters(Party)["count"], **known} if root.has_count else known


def rule_at(scenario: Any, root: Root) -> Any:
    """Return the rule at a root; a party that trains as all others do has their training."""
    rule: Any = scenario
    for step in root.steps:
        rule = rule[step] if isinstance(rule, dict) else getattr(rule, step)
    if rule is None and root.party is not None:
        return scenario.actions.training
    return rule


def value_at(scenario: Any, root: Root, leaf: str) -> Any:
    """Return the value of a parameter, None where the rule has no such parameter."""
    holder = root._replace(steps=root.steps[:-1]) if root.has_count and leaf == "count" else root
    return getattr(rule_at(scenario, holder), leaf, None)


def changed(scenario: Any, root: Root, values: Mapping[str, Any], cls: type | None = None) -> Any:
    """Return a scenario in which the rule at a root has other values; with `cls`, it is a new one of that class."""
    rest = dict(values)
    if root.has_count and "count" in rest:
        party = Root(root.steps[:-1])
        scenario = changed(scenario, party, {"count": rest.pop("count")})
    rule = dataclasses.replace(rule_at(scenario, root), **rest) if cls is None else cls(**rest)
    return _put(scenario, root.steps, rule)


def _put(whole: Any, steps: tuple[str, ...], part: Any) -> Any:
    """Return a copy of `whole` with `part` at the end of `steps`."""
    if not steps:
        return part
    first, rest = steps[0], steps[1:]
    if isinstance(whole, dict):
        return {**whole, first: _put(whole[first], rest, part)}
    return dataclasses.replace(whole, **{first: _put(getattr(whole, first), rest, part)})
