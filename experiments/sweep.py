"""Sweeps: grids and lists of parameter values, expanded into lanes."""

import dataclasses
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments import slots
from experiments.combinations import RELEVANT, conflicts
from experiments.errors import UserError
from experiments.parameters import Parameter, Refused, parameters, read_value
from experiments.recordings import FILE_PARAMETERS, located_file
from experiments.wording import Problems, nearest, plural, show
from subnet.scenario import Scenario

if TYPE_CHECKING:
    from experiments.config import Experiment

__all__ = [
    "Block", "Lane", "block_points", "describe_structure", "expand", "num_programs", "point_conflicts", "points",
    "read_sweep", "structure",
]  # fmt: skip

_MOST_LANES = 2_000_000
_MOST_STEPS = 100_000
_BLOCK_KEYS = ("grid", "zip", "designs")
_RANGE_KEYS = ("from", "to", "steps", "scale")
_RANGE_RULE = "a list of values, or {from: 0, to: 1, steps: 11}, with scale: log if wanted"
_SIGNIFICANT = 12  # decimal digits kept of values on a logarithmic scale


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
    fixed: Mapping[str, Any]  # paths that only other blocks sweep, at the value they have here

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


def describe_structure(lanes: Iterable[Lane]) -> str:
    """Say which swept parameters are structural, and what that costs."""
    lanes = list(lanes)
    programs: dict[Any, Lane] = {}
    for lane in lanes:
        programs.setdefault(structure(lane.scenario), lane)
    paths = dict.fromkeys(path for lane in programs.values() for path in lane.values if _is_structural(lane, path))
    cost = f"these {plural(len(lanes), 'lane')} need {plural(len(programs), 'compiled program')}."
    if not paths:
        return f"sweep: {cost}"
    names = " and ".join([", ".join(list(paths)[:-1]), list(paths)[-1]] if len(paths) > 1 else paths)
    return f"sweep: {names} {'is' if len(paths) == 1 else 'are'} structural, so {cost}"


def num_programs(experiment: "Experiment") -> int:
    """Return the number of compiled programs; only points that differ in structure are built."""
    found = set()
    for _, _, _, scenario in _scenarios(experiment, lambda lane, path: _is_structural(lane, path)):
        found.add(structure(scenario))
    return len(found)
