"""What the settlement needs to know of an epoch's actions, whatever their source."""

from typing import Any, NamedTuple, Protocol

import jax
import numpy as np

__all__ = ["ActionSource", "Actions", "Population", "Recording"]


class Actions(NamedTuple):
    """One epoch of actions: `weights` [V, M] as set, `stake` [V] tokens, `reset` [M] True where bonds start anew."""

    weights: jax.Array
    stake: jax.Array
    reset: jax.Array | None = None


class Recording(NamedTuple):
    """Arrays that a source replays; shared by all lanes. T is 1 for a snapshot.

    `weights` [T, V, M], `stake` [T, V] tokens, `reset` [T, M]; `task` the data that miners train on; `trace` what
    trained miners did in an earlier run; `scores` those of models in a recorded tournament.
    """

    weights: jax.Array | np.ndarray | None = None
    stake: jax.Array | np.ndarray | None = None
    reset: jax.Array | np.ndarray | None = None
    task: Any = None
    trace: Any = None
    scores: Any = None


class Population(NamedTuple):
    """Who takes part: uids and names by row and column, for people to read.

    `miner_parties` says which party each miner belongs to, None where all are of one.
    """

    validator_uid: tuple[int, ...]
    miner_uid: tuple[int, ...]
    validator_names: tuple[str, ...]
    miner_names: tuple[str, ...]
    miner_parties: tuple[str, ...] | None = None


class ActionSource(Protocol):
    """Where opinions and stake come from; a pure function of luck and epoch."""

    def act(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> Actions:
        """Return the actions of one epoch; `key` is the run's."""

    def quality(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> jax.Array | None:
        """Return the miners' true quality [M], None where nobody knows it."""

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks [V], [M] of those who play against the network."""
