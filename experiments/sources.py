"""Where actions come from: the `actions:` of a config, or the parties and validators of a living network."""

import dataclasses
from pathlib import Path
from typing import Any, NamedTuple

from experiments import slots
from experiments.blocks import as_block, chosen, dumped, fixed, named, single, values_of
from experiments.parameters import parameters
from experiments.recording_paths import located, missing_file
from experiments.roots import PARTY_KEYS
from experiments.wording import Problems
from miners.training import Training
from subnet.work.population import Evaluators, Party
from subnet.work.trained import Trained

__all__ = ["LIVING", "Source", "read_source"]

LIVING = ("task", "model", "training", "miners", "validators")  # blocks of a network whose miners train
_EXAMPLE = "miners: {workers: {count: 16}}"


class Source(NamedTuple):
    """A source of actions as read, and the blocks of a config that say the same, every parameter written out."""

    rule: Any
    written: dict[str, Any]


def read_source(data: dict[str, Any], folder: Path, problems: Problems) -> Source | None:
    """Return what an experiment's actions come from, None after noting what is wrong.

    Args:
        data: the whole config.
        folder: where recordings are looked for first.
        problems: where to note.
    """
    if data.get("miners") is not None:
        if data.get("actions") is not None:
            problems.add("actions: miners that train act by themselves; remove either actions or miners")
        return _living(data, folder, problems)
    for key in LIVING:
        if data.get(key) is not None:
            problems.add(f"{key} is for a network whose miners train; add {_EXAMPLE}, or remove {key}")
    part = chosen("actions", "actions", data.get("actions"), problems, slots.SLOTS["actions"].default)
    rule = None if part is None else _with_file(part.rule, "actions", folder, problems)
    return None if part is None or rule is None else Source(rule, {"actions": dumped(part._replace(rule=rule))})


def _with_file(rule: Any, place: str, folder: Path, problems: Problems) -> Any | None:
    """Return a rule with the path of its recording made whole, None after noting that there is no such file."""
    rule = located(rule, folder)
    if missing := missing_file(rule, folder):
        problems.add(f"{place}.{missing}")
        return None
    return rule


def _living(data: dict[str, Any], folder: Path, problems: Problems) -> Source | None:
    task, model = (chosen(s, s, data.get(s), problems, slots.SLOTS[s].default) for s in ("task", "model"))
    if task is not None:
        rule = _with_file(task.rule, "task", folder, problems)
        task = None if rule is None else task._replace(rule=rule)
    training = fixed(Training, "training", data.get("training"), problems)
    before = len(problems.found)
    parties = named(data["miners"], "miners", problems, _EXAMPLE)
    if not parties and len(problems.found) == before:
        problems.add(f"miners is empty; write at least one party, such as {_EXAMPLE}")
    miners = {name: _party(name, raw, training, problems) for name, raw in parties.items()}
    validators = fixed(Evaluators, "validators", data.get("validators"), problems)
    if validators is not None:
        validators = _with_file(validators, "validators", folder, problems)
    made = {name: party for name, party in miners.items() if party is not None}
    if task is None or model is None or training is None or validators is None or len(made) < len(miners) or not made:
        return None
    written = {
        "task": dumped(task),
        "model": dumped(model),
        "training": values_of(training),
        "miners": {name: party.written for name, party in made.items()},
        "validators": values_of(validators),
    }
    rules = {name: party.rule for name, party in made.items()}
    return Source(Trained(task.rule, model.rule, training, rules, validators), written)


def _party(name: str, raw: Any, common: Training | None, problems: Problems) -> Source | None:
    """Return one party of miners; what its own training leaves open is as in the common one."""
    place = f"miners.{name}"
    block = as_block(raw, place, problems, "{count: 16}")
    if block is None:
        return None
    before = len(problems.found)
    strategy = chosen("miners", place, block, problems, slots.SLOTS["miners"].default, beside=PARTY_KEYS)
    known = parameters(Party)["count"]
    count = single(known, f"{place}.count", block["count"], problems) if "count" in block else known.default
    model = None if block.get("model") is None else chosen("model", f"{place}.model", block["model"], problems)
    own = _own_training(block.get("training"), f"{place}.training", problems)
    if len(problems.found) > before or strategy is None or count is None or common is None:
        return None
    training = dataclasses.replace(common, **own) if own else None
    party = Party(strategy.rule, count, None if model is None else model.rule, training)
    written = {"kind": strategy.kind, "count": count} | values_of(strategy.rule)
    written |= {} if model is None else {"model": dumped(model)}
    return Source(party, written | ({"training": {key: values_of(training)[key] for key in own}} if own else {}))


def _own_training(raw: Any, place: str, problems: Problems) -> dict[str, Any]:
    """Return the parameters that a party sets for itself, in the order of the class."""
    made = fixed(Training, place, raw, problems)
    return {} if made is None else {key: getattr(made, key) for key in parameters(Training) if key in (raw or {})}
