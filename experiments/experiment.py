"""What an experiment is: designs, people and luck, read and checked."""

import dataclasses
import functools
import hashlib
import itertools
import json
import math
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from experiments.networks import Network
from tokenomics.arithmetic import Arithmetic

__all__ = ["Block", "Experiment", "Header", "Record", "block_points"]


@dataclasses.dataclass(frozen=True)
class Record:
    """What a run writes down."""

    epochs_every: Annotated[int, Field(ge=1, le=10**9, description="epochs between rows of the epochs table")] = 1
    agents_every: Annotated[
        int, Field(ge=0, le=10**9, description="epochs between rows per agent; 0: no such table")
    ] = 10
    matrices: Annotated[
        bool, Field(description="weights and bonds of the last epoch, for each design's first lane")
    ] = True


@dataclasses.dataclass(frozen=True)
class Header:
    """What an experiment says of itself."""

    name: Annotated[
        str, Field(pattern=r"^[a-z0-9_-]{1,64}$", description="a to z, 0 to 9, _ and -, at most 64 characters")
    ]
    question: Annotated[str, Field(max_length=500, description="what the experiment asks, at most 500 characters")] = ""
    epochs: Annotated[int, Field(ge=1, le=10**9, description="epochs per lane")] = 100
    arithmetic: Annotated[Arithmetic, Field(description="numbers that consensus computes with")] = "float64"


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
        grid, along = ({path: _listed(values) for path, values in part.items()} for part in (self.grid, self.zip))
        return {"grid": grid, "zip": along, "designs": list(self.designs)}


def block_points(block: Block) -> Iterator[dict[str, Any]]:
    """Yield the points of a block: the grid's first path changes slowest, lists that run along fastest."""
    along = list(zip(*block.zip.values(), strict=True)) if block.zip else [()]
    paths = (*block.grid, *block.zip)
    order = tuple(block.fixed)  # all paths of all blocks, in the columns' order
    for first in itertools.product(*block.grid.values()):
        for second in along:
            here = dict(zip(paths, (*first, *second), strict=True))
            yield {path: here.get(path, block.fixed[path]) for path in order}


@dataclasses.dataclass(frozen=True)
class Experiment:
    """Designs under the same luck: everything that a run needs to know."""

    name: str
    question: str
    epochs: int
    seeds: tuple[int, ...]
    arithmetic: Arithmetic
    network: Network
    people: dict[str, Any]  # all of a scenario but its design, which is the same for all designs, by block
    designs: dict[str, Any]
    sweep: tuple[Block, ...]
    record: Record
    resolved: dict[str, Any] = dataclasses.field(repr=False)
    source: str = dataclasses.field(default="<dict>", compare=False)

    def scenario(self, design: str) -> Any:
        """Return a design with everybody who lives under it, before anything is swept."""
        return self.network.scenario(design=self.designs[design], **self.people)

    @functools.cached_property
    def points(self) -> tuple[dict[str, Any], ...]:
        """Return the swept values of each point by dotted path; one empty point without a sweep."""
        return tuple(point for block in self.sweep for point in block_points(block)) or ({},)

    @functools.cached_property
    def config_hash(self) -> str:
        """Return the first 10 hexadecimal digits of the SHA-256 of the resolved config as JSON."""
        text = json.dumps(self.resolved, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:10]


def _listed(values: tuple[Any, ...]) -> list[Any]:
    return [list(value) if isinstance(value, tuple) else value for value in values]
