"""Lanes of a network of miners and validators: their program, and what becomes of its outputs."""

from typing import Any

import jax
import numpy as np

from experiments.config import Experiment
from experiments.metrics import agent_columns, epoch_metrics
from experiments.store import agents_frame, epochs_frame, ledger_frame, matrix_frame
from experiments.wave import Place
from subnet.actions.base import Population, Recording
from subnet.cast import Cast, cast_of
from subnet.lanes import LaneProgram
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState

__all__ = ["ChainWorld"]

_Masks = tuple[np.ndarray, np.ndarray]  # who is an adversary: [L, V] and [L, M]


class ChainWorld:
    """A `World`: see `experiments.wave`."""

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

    def facts(self, scenarios: Scenario, count: int) -> _Masks:
        """Return masks [L, V], [L, M]: the source's own adversaries and every overlay's agents."""
        rows, columns = self.program.adversaries(scenarios)
        V, M = self.cast.num_validators, self.cast.num_miners
        return (
            np.concatenate([rows[:count], np.ones((count, V - rows.shape[1]), bool)], axis=1),
            np.concatenate([columns[:count], np.ones((count, M - columns.shape[1]), bool)], axis=1),
        )

    def checks(self, out: EpochOut) -> dict[str, np.ndarray]:
        """Return where a lane is not finite any more, or its books do not balance, [L, E] each."""
        found = {
            f'"{name}" is not finite from epoch {{}} on': ~np.isfinite(getattr(out, name)).all(axis=-1)
            for name in ("dividends", "incentive", "consensus")
        }
        found["the books do not balance from epoch {} on"] = ~np.asarray(out.money.balanced)
        return found

    def write(self, place: Place, number: int, epochs: np.ndarray, out: EpochOut, facts: _Masks) -> None:
        """Write this chunk's part of the epochs, ledger and agents tables."""
        record, part = self.experiment.record, f"{place.name}-{number:06d}"
        kept = epochs % record.epochs_every == 0
        thinned = jax.tree.map(lambda x: x[:, kept], out)
        metrics = epoch_metrics(thinned, *facts)
        place.store.write_table("epochs", part, epochs_frame(place.keys, epochs[kept], metrics))
        flows = {"token": thinned.money.token_flows, "usd": thinned.money.money_flows}
        place.store.write_table("ledger", part, ledger_frame(place.keys, epochs[kept], flows))
        if not record.agents_every:
            return
        last = self.experiment.epochs - 1
        kept = (epochs % record.agents_every == 0) | (epochs == last)
        if not kept.any():
            return
        validators, miners = agent_columns(jax.tree.map(lambda x: x[:, kept], out))
        frame = agents_frame(place.keys, epochs[kept], self.people, np.concatenate(facts, axis=1), validators, miners)
        place.store.write_table("agents", part, frame)

    def write_last(self, place: Place, seeds: Any, scenarios: Scenario, states: NetworkState) -> None:
        """Write weights and bonds of each design's first lane at the first point, if it is in this wave."""
        if not self.experiment.record.matrices:
            return
        first_seed, epoch = self.experiment.seeds[0], self.experiment.epochs - 1
        chosen = [i for i, lane in enumerate(place.lanes) if lane.seed == first_seed and lane.point == 0]
        for i in chosen:
            found = self.program.matrices(i, epoch, seeds, scenarios, states)
            weights = _row_shares(np.asarray(found.weights))
            bonds = None if found.bonds is None else np.asarray(found.bonds, float)[None]
            frame = matrix_frame(place.keys.picked([i]), epoch, self.people, weights[None], bonds)
            place.store.write_table("matrices", f"{place.name}-{i:06d}", frame)


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
