"""Actions replayed from a recording: a metagraph snapshot or a trace."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Actions, Recording
from subnet.keys import Stream, streams
from tokenomics.mechanism import mechanism, static

__all__ = ["Recorded"]


@mechanism
class Recorded:
    """Replay recorded weights and stake, with a stated noise on the weights if wanted.

    A metagraph snapshot is one epoch, repeated; a trace has T of them and, past its end, stays at the last. With
    `weight_noise` > 0 every weight is multiplied each epoch by exp(weight_noise z), z standard normal, drawn per
    validator, so that seeds differ and intervals say how far a result depends on such noise.
    """

    file: Annotated[
        str, Field(description="a packaged recording (netuid15), or the path of a .npz snapshot or trace")
    ] = static("netuid15")
    weight_noise: Annotated[
        float, Field(ge=0, le=10, description="standard deviation of the logarithm of weights, anew each epoch")
    ] = 0.0
    rows: Annotated[
        Literal["weighted", "staked"],
        Field(description="snapshot: rows for neurons that set weights, or for all that hold stake as well"),
    ] = static("weighted")

    def act(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> Actions:
        """Return the recorded epoch, with this run's noise."""
        assert recording.weights is not None
        assert recording.stake is not None
        t = jnp.minimum(epoch, recording.weights.shape[0] - 1)
        weights = recording.weights[t]

        def noisy(turn: jax.Array, weights: jax.Array) -> jax.Array:
            keys = streams(jax.random.fold_in(key, turn), Stream.RECORDING_NOISE, weights.shape[0], epoch)
            z = jax.vmap(lambda own: jax.random.normal(own, weights.shape[1:]))(keys)
            return weights * jnp.exp(self.weight_noise * z)

        # A loop of one or no turn, not a condition: vmapped, a condition would draw the noise even where nobody wants
        # it. The draws depend on the turn lest the compiler take them out of the loop.
        turns = (jnp.asarray(self.weight_noise) > 0).astype(jnp.int32)
        weights = jax.lax.fori_loop(0, turns, noisy, weights.astype(jnp.float64))
        reset = None if recording.reset is None else recording.reset[t]
        return Actions(weights, recording.stake[t], reset)

    def quality(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> None:
        """Nobody knows the recorded miners' true quality."""

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Recorded agents are taken at their word."""
        assert recording.weights is not None
        _, num_validators, num_miners = recording.weights.shape
        return jnp.zeros(num_validators, bool), jnp.zeros(num_miners, bool)
