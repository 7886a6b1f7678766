"""One wave: a fixed number of lanes of one program, run from the first epoch to the last."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np

from experiments.config import Experiment
from experiments.metrics import agent_columns, epoch_metrics
from experiments.store import LaneKeys, Store, agents_frame, epochs_frame, ledger_frame, matrix_frame
from experiments.sweep import Lane
from subnet.actions.base import Population, Recording
from subnet.cast import Cast, cast_of
from subnet.lanes import LaneProgram, stack_scenarios
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState

__all__ = ["Wave", "WaveMaker", "WaveShape"]


@dataclass(frozen=True)
class WaveShape:
    """Lanes per wave and epochs per chunk: what a program is compiled for."""

    lanes: int
    chunk: int


class WaveMaker:
    """Makes the waves of one bucket, which share a program and the people in it."""

    def __init__(
        self, experiment: Experiment, scenario: Scenario, count: int, recording: Recording, population: Population
    ) -> None:
        self.experiment = experiment
        self.cast = cast_of(population, scenario.overlays)
        self.people = _people(self.cast)
        self.works = hasattr(scenario.actions, "work")
        self.trains = hasattr(scenario.actions, "miners")
        self.program = LaneProgram(self.cast, recording, experiment.arithmetic, self.trains, count)

    @property
    def lane_bytes(self) -> int:
        """Return roughly what one lane needs in memory per epoch of output, or for its state if that is more."""
        V, M = self.cast.num_validators, self.cast.num_miners
        working = 8 * (5 * V + 8 * M) if self.works else 0
        return max(8 * (6 * V + 4 * M) + working, 2 * V * M)

    def compile(self, lanes: list[Lane], shape: WaveShape) -> None:
        """Compile the program for waves of a shape; `lanes` are some of the bucket's."""
        self.program.compile(np.zeros(shape.chunk, np.int32), *self.placed(lanes, shape))

    def placed(self, lanes: list[Lane], shape: WaveShape) -> tuple[Any, Scenario]:
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
        self._experiment, self._cast, self._program, self._people = (
            maker.experiment, maker.cast, maker.program, maker.people,
        )  # fmt: skip
        self._name, self._lanes, self._shape, self._keys = name, lanes, shape, keys
        self._seeds, self._scenarios = maker.placed(lanes, shape)
        self._failed: dict[int, dict[str, Any]] = {}

    def run(self, store: Store, advance: Callable[[int], None]) -> list[dict[str, Any]]:
        """Run all epochs; return the lanes that failed, each with its reason."""
        epochs, chunk = self._experiment.epochs, self._shape.chunk
        starts = range(0, epochs, chunk)
        states, done = self._restored(store)
        adversaries = self._adversaries()
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
            self._write(store, number, numbers, out, adversaries)
            if number + 1 < len(starts):
                leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(states)]
                store.save_checkpoint(self._name, number + 1, leaves)
                store.write_progress()
            advance(len(numbers) * len(self._lanes))
        if self._experiment.record.matrices:
            self._write_matrices(store, states)
        return list(self._failed.values())

    def _restored(self, store: Store) -> tuple[NetworkState, int]:
        """Return the states to go on from, and the number of chunks they have behind them."""
        fresh = self._program.start(self._seeds, self._scenarios)
        kept = store.load_checkpoint(self._name)
        if kept is None:
            return fresh, 0
        done, leaves = kept
        return self._program.place(jax.tree.unflatten(jax.tree.structure(fresh), leaves)), done

    def _adversaries(self) -> tuple[np.ndarray, np.ndarray]:
        """Return masks [L, V], [L, M]: the source's own adversaries and every overlay's agents."""
        rows, columns = self._program.adversaries(self._scenarios)
        lanes = len(self._lanes)
        V, M = self._cast.num_validators, self._cast.num_miners
        return (
            np.concatenate([rows[:lanes], np.ones((lanes, V - rows.shape[1]), bool)], axis=1),
            np.concatenate([columns[:lanes], np.ones((lanes, M - columns.shape[1]), bool)], axis=1),
        )

    def _note_failures(self, out: EpochOut, epochs: np.ndarray) -> None:
        """Remember the first epoch at which a lane stopped being finite, or its books being balanced."""
        checks = {
            f'"{name}" is not finite from epoch {{}} on': ~np.isfinite(getattr(out, name)).all(axis=-1)
            for name in ("dividends", "incentive", "consensus")
        }
        checks["the books do not balance from epoch {} on"] = ~out.money.balanced
        for reason, bad in checks.items():
            for lane in np.flatnonzero(bad.any(axis=1)):
                if int(lane) not in self._failed:
                    which = self._lanes[lane]
                    self._failed[int(lane)] = {
                        "design": which.design,
                        "point": which.point,
                        "seed": which.seed,
                        "reason": reason.format(epochs[bad[lane].argmax()]),
                    }

    def _write(
        self,
        store: Store,
        number: int,
        epochs: np.ndarray,
        out: EpochOut,
        adversaries: tuple[np.ndarray, np.ndarray],
    ) -> None:
        """Write this chunk's part of the epochs, ledger and agents tables."""
        record, part = self._experiment.record, f"{self._name}-{number:06d}"
        kept = epochs % record.epochs_every == 0
        thinned = jax.tree.map(lambda x: x[:, kept], out)
        metrics = epoch_metrics(thinned, *adversaries)
        store.write_table("epochs", part, epochs_frame(self._keys, epochs[kept], metrics))
        flows = {"token": thinned.money.token_flows, "usd": thinned.money.money_flows}
        store.write_table("ledger", part, ledger_frame(self._keys, epochs[kept], flows))
        if not record.agents_every:
            return
        last = self._experiment.epochs - 1
        kept = (epochs % record.agents_every == 0) | (epochs == last)
        if not kept.any():
            return
        validators, miners = agent_columns(jax.tree.map(lambda x: x[:, kept], out))
        frame = agents_frame(
            self._keys, epochs[kept], self._people, np.concatenate(adversaries, axis=1), validators, miners
        )
        store.write_table("agents", part, frame)

    def _write_matrices(self, store: Store, states: NetworkState) -> None:
        """Write weights and bonds of each design's first lane at each point, if it is in this wave."""
        first_seed, epoch = self._experiment.seeds[0], self._experiment.epochs - 1
        chosen = [i for i, lane in enumerate(self._lanes) if lane.seed == first_seed and lane.point == 0]
        for i in chosen:
            found = self._program.matrices(i, epoch, self._seeds, self._scenarios, states)
            keys = LaneKeys(
                self._keys.design[[i]],
                self._keys.point[[i]],
                self._keys.seed[[i]],
                {path: values[[i]] for path, values in self._keys.swept.items()},
            )
            weights = _row_shares(np.asarray(found.weights))
            bonds = None if found.bonds is None else np.asarray(found.bonds, float)[None]
            frame = matrix_frame(keys, epoch, self._people, weights[None], bonds)
            store.write_table("matrices", f"{self._name}-{i:06d}", frame)


def _row_shares(weights: np.ndarray) -> np.ndarray:
    total = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, total, out=np.zeros(weights.shape), where=total > 0)


def _people(cast: Cast) -> dict[str, np.ndarray]:
    people = cast.population
    return {
        "uid": np.array([*people.validator_uid, *people.miner_uid]),
        "name": np.array([*people.validator_names, *people.miner_names], object),
        "role": np.array(["validator"] * cast.num_validators + ["miner"] * cast.num_miners, object),
        "party": np.array([*cast.validator_party, *cast.miner_party], object),
    }
