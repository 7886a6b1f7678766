"""Sweeps: points of parameter values, expanded into lanes, and what they cost in compiled programs."""

import dataclasses
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import jax

from experiments import slots
from experiments.combinations import conflicts, matters
from experiments.errors import UserError
from experiments.experiment import Block, Experiment, block_points
from experiments.roots import Root, changed, known_parameters, roots, rule_at, split_path
from experiments.shared_tallies import with_shared_tallies
from experiments.wording import plural, show

__all__ = [
    "Lane", "describe_structure", "different_actions", "expand", "kind_of", "num_lanes", "num_programs",
    "point_conflicts", "points", "structure",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Lane:
    """One design at one sweep point with one seed."""

    design: str
    point: int
    seed: int
    values: Mapping[str, Any]
    scenario: Any


def points(experiment: Experiment) -> list[dict[str, Any]]:
    """Return the values of each sweep point by dotted path; the index is the point's number."""
    return list(experiment.points)


def expand(experiment: Experiment) -> list[Lane]:
    """Return all lanes in the order point, design, seed."""
    found = list(_scenarios(experiment))
    scenarios = with_shared_tallies([_spelt_out(written) for *_, written in found])
    return [
        Lane(design, point, seed, values, scenario)
        for (point, values, design, _), scenario in zip(found, scenarios, strict=True)
        for seed in experiment.seeds
    ]


def num_lanes(experiment: Experiment) -> int:
    """Return the number of lanes; nothing is expanded."""
    pairs = sum(block.size * len(block.designs) for block in experiment.sweep) or len(experiment.designs)
    return pairs * len(experiment.seeds)


def num_programs(experiment: Experiment) -> int:
    """Return the number of compiled programs; only points that differ in structure are built."""
    written = _scenarios(experiment, _structural_paths(experiment))
    return len({structure(s) for s in with_shared_tallies([_spelt_out(scenario) for *_, scenario in written])})


def different_actions(experiment: Experiment) -> list[Any]:
    """Return the sources of actions that differ in structure, and so in what they read."""
    if not experiment.network.actions:
        return []
    found = [scenario.actions for *_, scenario in _scenarios(experiment, _structural_paths(experiment))]
    return list({jax.tree.structure(source): source for source in found}.values())


def structure(scenario: Any) -> Any:
    """Return what must agree for two scenarios to share a compiled program."""
    return jax.tree.structure(scenario)


def _spelt_out(scenario: Any) -> Any:
    """Return a scenario whose rules are numbers where a config may name them, so that more of them share a program."""
    design = scenario.design
    named = {f.name: rule for f in dataclasses.fields(design) if hasattr(rule := getattr(design, f.name), "spelt_out")}
    spelt = {name: rule.spelt_out() for name, rule in named.items()}
    if all(spelt[name] is rule for name, rule in named.items()):
        return scenario
    return dataclasses.replace(scenario, design=dataclasses.replace(design, **spelt))


def describe_structure(lanes: Iterable[Lane]) -> str:
    """Say which swept parameters are structural, and what that costs."""
    lanes = list(lanes)
    known: dict[int, Any] = {}  # lanes share their parts
    programs: dict[Any, Lane] = {}
    for lane in lanes:
        shapes = []
        for part in (getattr(lane.scenario, field.name) for field in dataclasses.fields(lane.scenario)):
            shape = known.get(id(part))
            if shape is None:
                shape = known[id(part)] = jax.tree.structure(part)
            shapes.append(shape)
        programs.setdefault(tuple(shapes), lane)
    swept = dict.fromkeys(path for lane in programs.values() for path in lane.values)
    paths = [path for path in swept if any(_is_static(lane.scenario, path) for lane in programs.values())]
    cost = f"these {plural(len(lanes), 'lane')} need {plural(len(programs), 'compiled program')}."
    if not paths:
        return f"sweep: {cost}"
    names = " and ".join([", ".join(paths[:-1]), paths[-1]] if len(paths) > 1 else paths)
    return f"sweep: {names} {'is' if len(paths) == 1 else 'are'} structural, so {cost}"


def point_conflicts(experiment: Experiment) -> Iterator[str]:
    """Yield the first contradiction of each kind among the points, where swept values can bring one about."""
    paths = {path for block in experiment.sweep for path in block.swept if matters(path)}
    told: set[tuple[str, str]] = set()
    for point, values, design, scenario in _scenarios(experiment, paths) if paths else ():
        for place, text in conflicts(scenario, experiment.arithmetic, experiment.seeds, experiment.epochs):
            if (design, place) not in told:
                told.add((design, place))
                here = ", ".join(f"{path} = {show(value)}" for path, value in values.items())
                yield f"sweep, point {point} ({here}): {place.format(design=f'designs.{design}')}{text}"


def kind_of(experiment: Experiment, design: str, name: str, root: Root) -> str | None:
    """Return the kind of the rule at a root, None where there is no choice."""
    if root.slot is None:
        return None
    block = experiment.resolved["designs"][design] if root.in_design else experiment.resolved
    for key in name.split("."):
        block = block[key]
    kind: str = block["kind"]
    return kind


def _is_static(scenario: Any, path: str) -> bool:
    name, leaf = split_path(path)
    root = roots(scenario)[name]
    known = known_parameters(root, type(rule_at(scenario, root)))
    return leaf == "kind" or (leaf in known and known[leaf].static)


def _structural_paths(experiment: Experiment) -> set[str]:
    return {path for block in experiment.sweep for path in block.swept if _is_structural(experiment, block, path)}


def _is_structural(experiment: Experiment, block: Block, path: str) -> bool:
    name, leaf = split_path(path)
    if leaf == "kind":
        return True
    scenarios = [experiment.scenario(design) for design in block.designs]
    root = roots(scenarios[0])[name]
    classes = {type(rule_at(scenario, root)) for scenario in scenarios}
    if root.slot is not None:
        classes |= {slots.find(root.slot, kind) for kind in block.swept.get(f"{name}.kind", ())}
    found = [known_parameters(root, cls) for cls in classes]
    return any(leaf in known and known[leaf].static for known in found)


def _scenarios(
    experiment: Experiment, only: Collection[str] | None = None
) -> Iterator[tuple[int, dict[str, Any], str, Any]]:
    """Yield point, values, design and scenario; with `only`, one for each different choice of these paths."""
    if not experiment.sweep:
        for design in experiment.designs:
            yield 0, {}, design, experiment.scenario(design)
        return
    first = 0
    for block in experiment.sweep:
        paths = [path for path in block.fixed if path in block.swept]
        pick = _picker(paths)
        shared: dict[str, dict[Any, Any]] = {}
        makers = [(design, _Maker(experiment, design, paths, shared)) for design in block.designs]
        seen: set[tuple[Any, ...]] = set()
        columns = [path for path in block.fixed if only is not None and path in only]
        for point, values in enumerate(block_points(block), start=first):
            if only is not None:
                key = tuple(values[path] for path in columns)
                if key in seen:
                    continue
                seen.add(key)
            here = pick(values)
            for design, make in makers:
                yield point, values, design, make(here)
        first += block.size


class _Maker:
    """Makes the scenarios of one design, each of its parts once per different choice of the values swept in it."""

    def __init__(
        self, experiment: Experiment, design: str, paths: Sequence[str], shared: dict[str, dict[Any, Any]]
    ) -> None:
        self.source = experiment.source
        self.base = experiment.scenario(design)
        self.whole = {field.name: getattr(self.base, field.name) for field in dataclasses.fields(self.base)}
        self.changes: dict[str, list[_Change]] = {}
        for name, root in roots(self.base).items():
            if places := _places(experiment, name, root, paths):
                kind = kind_of(experiment, design, name, root)
                self.changes.setdefault(root.steps[0], []).append(_Change(name, root, kind, places))
        columns = {
            part: [i for change in found for i in change.places.values()] for part, found in self.changes.items()
        }
        self.picks = {part: _picker(sorted(set(places))) for part, places in columns.items()}
        # Designs differ in nothing but themselves.
        self.made = {part: {} if part == "design" else shared.setdefault(part, {}) for part in self.changes}

    def __call__(self, values: tuple[Any, ...]) -> Any:
        """Return the scenario with these values, in the order of the paths."""
        return type(self.base)(
            **(self.whole | {part: self._part(part, pick, values) for part, pick in self.picks.items()})
        )

    def _part(self, part: str, pick: Callable[[Any], tuple[Any, ...]], values: tuple[Any, ...]) -> Any:
        made, key = self.made[part], pick(values)
        if key not in made:
            scenario = self.base
            for change in self.changes[part]:
                scenario = self._changed(scenario, change, values)
            made[key] = getattr(scenario, part)
        return made[key]

    def _changed(self, scenario: Any, change: "_Change", values: tuple[Any, ...]) -> Any:
        chosen = {leaf: values[place] for leaf, place in change.places.items()}
        kind = chosen.pop("kind", change.kind)
        new = None if kind == change.kind or change.root.slot is None else slots.find(change.root.slot, kind)
        try:
            return changed(scenario, change.root, chosen, new)
        except (TypeError, ValueError) as error:
            raise UserError(f"{self.source}: sweep: {kind or change.name} refuses {show(chosen)}: {error}") from error


@dataclasses.dataclass(frozen=True)
class _Change:
    """What is swept at one root: the kind there now, and for each parameter the position of its value."""

    name: str
    root: Root
    kind: str | None
    places: dict[str, int]


def _places(experiment: Experiment, name: str, root: Root, paths: Sequence[str]) -> dict[str, int]:
    """Return the positions of a root's swept parameters; a party's own training follows the common one otherwise."""
    found = {}
    if root.party is not None and root.steps[-1] == "training":
        own = experiment.resolved["miners"][root.party].get("training")
        # A party without training of its own has the common one as it is.
        found = {} if own is None else {leaf: i for leaf, i in _swept_at("training", paths) if leaf not in own}
    return found | dict(_swept_at(name, paths))


def _swept_at(name: str, paths: Sequence[str]) -> Iterator[tuple[str, int]]:
    for position, path in enumerate(paths):
        root, leaf = split_path(path)
        if root == name:
            yield leaf, position


def _picker(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a fast function that picks these keys of a mapping or sequence, always as a tuple."""
    if not keys:
        return lambda _: ()
    pick = operator.itemgetter(*keys)
    return pick if len(keys) > 1 else lambda values: (pick(values),)
