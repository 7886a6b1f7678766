"""One wave: a fixed number of lanes of one program, run from the first epoch to the last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import jax
import numpy as np

from experiments.config import Experiment
from experiments.store import LaneKeys, Store
from experiments.sweep import Lane
from subnet.lanes import Lanes, stack_scenarios

__all__ = ["Place", "Wave", "WaveMaker", "WaveShape", "World"]


@dataclass(frozen=True)
class WaveShape:
    """Lanes per wave and epochs per chunk: what a program is compiled for."""

    lanes: int
    chunk: int


@dataclass(frozen=True)
class Place:
    """Where a wave's tables go: the store, the wave's name, its lanes and their keys."""

    store: Store
    name: str
    lanes: list[Lane]
    keys: LaneKeys


class World(Protocol):
    """A kind of network as a bucket of lanes knows it: its program, and how its outputs become tables.

    `trains` says whether a lane is a batch in itself, so that a wave is as many lanes as run at once.
    """

    @property
    def program(self) -> Lanes:
        """Return the compiled functions."""
        ...

    @property
    def trains(self) -> bool:
        """Say whether a lane is a batch in itself."""
        ...

    @property
    def lane_bytes(self) -> int:
        """Return roughly what one lane needs in memory per epoch of output, or for its state if that is more."""
        ...

    def facts(self, scenarios: Any, count: int) -> Any:
        """Return what tables need to know of the first `count` lanes, once."""
        ...

    def checks(self, out: Any) -> dict[str, np.ndarray]:
        """Return what may be wrong, [L, E] each: a reason with `{}` for the epoch -> where it is."""
        ...

    def write(self, place: Place, number: int, epochs: np.ndarray, out: Any, facts: Any) -> None:
        """Write a chunk's part of each table; `out` has leading axes L lanes, E epochs."""
        ...

    def write_last(self, place: Place, seeds: Any, scenarios: Any, states: Any) -> None:
        """Write what is known after the last epoch only."""
        ...


class WaveMaker:
    """Makes the waves of one bucket, which share a program and the people in it."""

    def __init__(self, experiment: Experiment, world: World) -> None:
        self.experiment, self.world, self.program = experiment, world, world.program

    def compile(self, lanes: list[Lane], shape: WaveShape) -> None:
        """Compile the program for waves of a shape; `lanes` are some of the bucket's."""
        self.program.compile(np.zeros(shape.chunk, np.int32), *self.placed(lanes, shape))

    def placed(self, lanes: list[Lane], shape: WaveShape) -> tuple[Any, Any]:
        """Return seeds and scenarios of lanes on the devices, padded with copies of the last lane."""
        devices = self.program.num_devices
        padded = lanes + [lanes[-1]] * (-(-shape.lanes // devices) * devices - len(lanes))
        seeds = self.program.place(np.array([lane.seed for lane in padded], np.int64))
        return seeds, self.program.place(stack_scenarios([lane.scenario for lane in padded]))

    def __call__(self, name: str, lanes: list[Lane], shape: WaveShape, keys: LaneKeys) -> "Wave":
        """Return a wave of `lanes`, padded with copies of the last to the shape's number."""
        return Wave(self, name, lanes, shape, keys)


class Wave:
    """Runs its lanes in chunks, writes their tables, and can go on from a checkpoint."""

    def __init__(self, maker: WaveMaker, name: str, lanes: list[Lane], shape: WaveShape, keys: LaneKeys) -> None:
        self._world, self._program, self._epochs = maker.world, maker.program, maker.experiment.epochs
        self._name, self._lanes, self._shape, self._keys = name, lanes, shape, keys
        self._seeds, self._scenarios = maker.placed(lanes, shape)
        self._failed: dict[int, dict[str, Any]] = {}

    def run(self, store: Store, advance: Callable[[int], None]) -> list[dict[str, Any]]:
        """Run all epochs; return the lanes that failed, each with its reason."""
        epochs, chunk = self._epochs, self._shape.chunk
        place = Place(store, self._name, self._lanes, self._keys)
        starts = range(0, epochs, chunk)
        states, done = self._restored(store)
        facts = self._world.facts(self._scenarios, len(self._lanes))
        advance(min(done * chunk, epochs) * len(self._lanes))
        for number, first in list(enumerate(starts))[done:]:
            numbers = np.arange(first, first + chunk)
            states, out = self._program.chunk(
                np.where(numbers < epochs, numbers, -1).astype(np.int32), self._seeds, self._scenarios, states
            )
            numbers = numbers[numbers < epochs]
            count = len(self._lanes), len(numbers)
            out = jax.tree.map(lambda x, c=count: np.asarray(x)[: c[0], : c[1]], out)
            self._note_failures(out, numbers)
            self._world.write(place, number, numbers, out, facts)
            if number + 1 < len(starts):
                leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(states)]
                store.save_checkpoint(self._name, number + 1, leaves)
                store.write_progress()
            advance(len(numbers) * len(self._lanes))
        self._world.write_last(place, self._seeds, self._scenarios, states)
        return list(self._failed.values())

    def _restored(self, store: Store) -> tuple[Any, int]:
        """Return the states to go on from, and the number of chunks they have behind them."""
        fresh = self._program.start(self._seeds, self._scenarios)
        kept = store.load_checkpoint(self._name)
        if kept is None:
            return fresh, 0
        done, leaves = kept
        return self._program.place(jax.tree.unflatten(jax.tree.structure(fresh), leaves)), done

    def _note_failures(self, out: Any, epochs: np.ndarray) -> None:
        """Remember the first epoch at which something is wrong with a lane."""
        for reason, bad in self._world.checks(out).items():
            for lane in np.flatnonzero(bad.any(axis=1)):
                if int(lane) not in self._failed:
                    which = self._lanes[lane]
                    self._failed[int(lane)] = {
                        "design": which.design,
                        "point": which.point,
                        "seed": which.seed,
                        "reason": reason.format(epochs[bad[lane].argmax()]),
                    }
