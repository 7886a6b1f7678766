"""Work replayed from a trace: what trained miners submitted and validators saw, under other designs."""

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Recording
from subnet.work.trace import play
from subnet.work.trained import Work
from tokenomics.mechanism import mechanism, static

__all__ = ["Replayed"]


@mechanism
class Replayed:
    """Replay what a living network did: train once, compare many designs at the speed of settlement.

    A trace is written by `subnetlab run --save-trace`. It holds scores as one scoring rule measured them, so a design
    may change that rule's memory but not its measure. Nobody reacts to pay: registration must be closed.
    """

    file: Annotated[str, Field(min_length=1, description="path of a trace (.npz)")] = static("trace.npz")
    world: Annotated[
        int, Field(ge=-1, le=10**6, description="which world of the trace; -1: the one with the run's seed")
    ] = -1

    def init(self, key: jax.Array, recording: Recording) -> tuple[()]:
        """Remember nothing."""
        return ()

    def work(
        self,
        key: jax.Array,
        epoch: jax.Array,
        state: tuple[()],
        recording: Recording,
        scoring: Any,
        generation: jax.Array | None = None,
    ) -> tuple[tuple[()], Work]:
        """Return the recorded epoch."""
        return state, play(recording.trace, self._world(key, recording), epoch)

    def shape(self, recording: Recording) -> tuple[int, int]:
        """Return the numbers of validators and miners."""
        return recording.trace.steps.values.shape[2:]

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the validators' stake [V] in tokens at the start."""
        return jnp.asarray(recording.trace.stake)[self._world(key, recording)]

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks [V], [M]: evaluators are honest, miners as the trace says."""
        return jnp.zeros(self.shape(recording)[0], bool), jnp.asarray(recording.trace.crooked)

    def _world(self, key: jax.Array, recording: Recording) -> jax.Array:
        same = (jnp.asarray(recording.trace.seed_key) == jax.random.key_data(key)).all(axis=1)
        return jnp.where(jnp.asarray(self.world) < 0, same.argmax(), self.world)
