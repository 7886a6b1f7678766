"""Sweeps: grids and lists of parameter values, expanded into lanes."""

import dataclasses
import itertools
import math
import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import jax

from experiments import slots
from experiments.combinations import RELEVANT, conflicts
from experiments.errors import UserError
from experiments.parameters import parameters
from experiments.wording import plural, show
from subnet.scenario import Scenario

if TYPE_CHECKING:
    from experiments.config import Experiment

__all__ = [
    "Block", "Lane", "block_points", "describe_structure", "different_actions", "expand", "kinds_of", "num_lanes",
    "num_programs", "point_conflicts", "points", "rule_at", "slot_of", "split_path", "structure",
]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Lane:
    """One design at one sweep point with one seed."""

    design: str
    point: int
    seed: int
    values: Mapping[str, Any]
    scenario: Scenario


@dataclasses.dataclass(frozen=True)
class Block:
    """One block of a sweep: a grid, values that run along with each other, and the designs that take part."""

    grid: Mapping[str, tuple[Any, ...]]
    zip: Mapping[str, tuple[Any, ...]]
    designs: tuple[str, ...]
    fixed: Mapping[str, Any]  # all paths of all blocks in order; those of other blocks at the value they have here

    @property
    def size(self) -> int:
        """Return the number of points."""
        return math.prod(map(len, self.grid.values())) * min(map(len, self.zip.values()), default=1)

    @property
    def swept(self) -> dict[str, tuple[Any, ...]]:
        """Return all swept paths with their values."""
        return {**self.grid, **self.zip}

    def as_dict(self) -> dict[str, Any]:
        """Return the block as a config would have it."""
        grid, along = ({path: list(values) for path, values in part.items()} for part in (self.grid, self.zip))
        return {"grid": grid, "zip": along, "designs": list(self.designs)}


def points(experiment: "Experiment") -> list[dict[str, Any]]:
    """Return the values of each sweep point by dotted path; the index is the point's number."""
    return list(experiment.points)


def block_points(block: Block) -> Iterator[dict[str, Any]]:
    """Yield the points of a block: the grid's first path changes slowest, lists that run along fastest."""
    along = list(zip(*block.zip.values(), strict=True)) if block.zip else [()]
    paths = (*block.grid, *block.zip)
    order = tuple(block.fixed)  # all paths of all blocks, in the columns' order
    for first in itertools.product(*block.grid.values()):
        for second in along:
            here = dict(zip(paths, (*first, *second), strict=True))
            yield {path: here.get(path, block.fixed[path]) for path in order}


def expand(experiment: "Experiment") -> list[Lane]:
    """Return all lanes in the order point, design, seed."""
    return [
        Lane(design, point, seed, values, scenario)
        for point, values, design, scenario in _scenarios(experiment)
        for seed in experiment.seeds
    ]


def num_lanes(experiment: "Experiment") -> int:
    """Return the number of lanes; nothing is expanded."""
    pairs = sum(block.size * len(block.designs) for block in experiment.sweep) or len(experiment.designs)
    return pairs * len(experiment.seeds)


def num_programs(experiment: "Experiment") -> int:
    """Return the number of compiled programs; only points that differ in structure are built."""
    structural = {path for block in experiment.sweep for path in block.swept if _is_structural(experiment, block, path)}
    return len({structure(scenario) for *_, scenario in _scenarios(experiment, structural)})


def different_actions(experiment: "Experiment") -> list[Any]:
    """Return the sources of actions that differ in structure, and so in what they read."""
    structural = {path for block in experiment.sweep for path in block.swept if _is_structural(experiment, block, path)}
    found = [scenario.actions for *_, scenario in _scenarios(experiment, structural)]
    return list({jax.tree.structure(source): source for source in found}.values())


def structure(scenario: Scenario) -> Any:
    """Return what must agree for two scenarios to share a compiled program."""
    return jax.tree.structure(scenario)


def describe_structure(lanes: Iterable[Lane]) -> str:
    """Say which swept parameters are structural, and what that costs."""
    lanes = list(lanes)
    known: dict[int, Any] = {}  # lanes share their parts
    programs: dict[Any, Lane] = {}
    for lane in lanes:
        scenario = lane.scenario
        shapes = []
        for part in (scenario.design, scenario.actions, *scenario.overlays.values()):
            shape = known.get(id(part))
            if shape is None:
                shape = known[id(part)] = jax.tree.structure(part)
            shapes.append(shape)
        programs.setdefault((*shapes, *scenario.overlays), lane)
    swept = dict.fromkeys(path for lane in programs.values() for path in lane.values)
    paths = [path for path in swept if any(_is_static(lane.scenario, path) for lane in programs.values())]
    cost = f"these {plural(len(lanes), 'lane')} need {plural(len(programs), 'compiled program')}."
    if not paths:
        return f"sweep: {cost}"
    names = " and ".join([", ".join(paths[:-1]), paths[-1]] if len(paths) > 1 else paths)
    return f"sweep: {names} {'is' if len(paths) == 1 else 'are'} structural, so {cost}"


def point_conflicts(experiment: "Experiment") -> Iterator[str]:
    """Yield the first contradiction of each kind among the points, where swept values can bring one about."""
    paths = {path for block in experiment.sweep for path in block.swept if path.rpartition(".")[2] in RELEVANT}
    told: set[tuple[str, str]] = set()
    for point, values, design, scenario in _scenarios(experiment, paths) if paths else ():
        for place, text in conflicts(scenario, experiment.arithmetic):
            if (design, place) not in told:
                told.add((design, place))
                here = ", ".join(f"{path} = {show(value)}" for path, value in values.items())
                yield f"sweep, point {point} ({here}): {place.format(design=f'designs.{design}')}{text}"


def split_path(path: str) -> tuple[str, str]:
    """Return `overlays.copier` and `lag` of `overlays.copier.lag`."""
    root, _, leaf = path.rpartition(".")
    return root, leaf


def rule_at(scenario: Scenario, root: str) -> Any:
    """Return the rule at `actions`, `overlays.NAME` or a block of the design."""
    if root == "actions":
        return scenario.actions
    if root.startswith("overlays."):
        return scenario.overlays[root.removeprefix("overlays.")]
    return getattr(scenario.design, root)


def _is_static(scenario: Scenario, path: str) -> bool:
    root, leaf = split_path(path)
    known = parameters(type(rule_at(scenario, root)))
    return leaf == "kind" or (leaf in known and known[leaf].static)


def _is_structural(experiment: "Experiment", block: Block, path: str) -> bool:
    root, leaf = split_path(path)
    if leaf == "kind":
        return True
    scenarios = (Scenario(experiment.designs[d], experiment.actions, experiment.overlays) for d in block.designs)
    classes = {type(rule_at(scenario, root)) for scenario in scenarios}
    classes |= {slots.find(slot_of(root), kind) for kind in block.swept.get(f"{root}.kind", ())}
    return any(leaf in parameters(cls) and parameters(cls)[leaf].static for cls in classes)


def slot_of(root: str) -> str:
    """Return the slot whose folder holds the rules for `root`; the root itself where there is none."""
    return root.partition(".")[0]


def _scenarios(
    experiment: "Experiment", only: Collection[str] | None = None
) -> Iterator[tuple[int, dict[str, Any], str, Scenario]]:
    """Yield point, values, design and scenario; with `only`, one for each different choice of these paths."""
    if not experiment.sweep:
        for design in experiment.designs:
            yield 0, {}, design, Scenario(experiment.designs[design], experiment.actions, experiment.overlays)
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
    """Makes the scenarios of one design, each part once per different choice of its swept values."""

    def __init__(
        self, experiment: "Experiment", design: str, paths: Sequence[str], shared: dict[str, dict[Any, Any]]
    ) -> None:
        self.source = experiment.source
        self.base = Scenario(experiment.designs[design], experiment.actions, experiment.overlays)
        self.kinds = kinds_of(experiment, design)
        roots: dict[str, list[int]] = {}
        for position, path in enumerate(paths):
            roots.setdefault(split_path(path)[0], []).append(position)
        self.leaves = {root: [split_path(paths[i])[1] for i in places] for root, places in roots.items()}
        self.places = {root: _picker(places) for root, places in roots.items()}
        # Actions and overlays are the same for all designs.
        self.made = {root: shared.setdefault(root, {}) if _is_shared(root) else {} for root in roots}

    def __call__(self, values: tuple[Any, ...]) -> Scenario:
        """Return the scenario with these values, in the order of the paths."""
        parts = {root: self._part(root, pick(values)) for root, pick in self.places.items()}
        actions = parts.pop("actions", self.base.actions)
        overlays, design = self.base.overlays, self.base.design
        laid = {root.removeprefix("overlays."): parts.pop(root) for root in list(parts) if root.startswith("overlays.")}
        if laid:
            overlays = {**overlays, **laid}
        if parts:
            design = dataclasses.replace(design, **parts)
        return Scenario(design, actions, overlays)

    def _part(self, root: str, key: Any) -> Any:
        made = self.made[root]
        if key not in made:
            made[key] = self._make(root, key)
        return made[key]

    def _make(self, root: str, values: tuple[Any, ...]) -> Any:
        chosen = dict(zip(self.leaves[root], values, strict=True))
        kind = chosen.pop("kind", self.kinds.get(root))
        try:
            if kind == self.kinds.get(root):
                return dataclasses.replace(rule_at(self.base, root), **chosen)
            return slots.find(slot_of(root), kind)(**chosen)
        except (TypeError, ValueError) as error:
            raise UserError(f"{self.source}: sweep: {kind or root} refuses {show(chosen)}: {error}") from error


def _is_shared(root: str) -> bool:
    return root == "actions" or root.startswith("overlays.")


def _picker(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a fast function that picks these keys of a mapping or sequence, always as a tuple."""
    if not keys:
        return lambda _: ()
    pick = operator.itemgetter(*keys)
    return pick if len(keys) > 1 else lambda values: (pick(values),)


def kinds_of(experiment: "Experiment", design: str) -> dict[str, str]:
    """Return the kind of each rule that was chosen, by root."""
    blocks = {"actions": experiment.resolved["actions"]}
    blocks |= {f"overlays.{name}": block for name, block in experiment.resolved["overlays"].items()}
    blocks |= experiment.resolved["designs"][design]
    return {root: block["kind"] for root, block in blocks.items() if "kind" in block}
