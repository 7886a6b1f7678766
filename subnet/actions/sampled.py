"""Actions drawn from true miner quality, validator noise and a stake distribution."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Actions, Recording
from subnet.keys import Stream, stream, streams
from tokenomics.distributions import Distribution, draw_positive
from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata

__all__ = ["Sampled"]


@mechanism
class Sampled:
    """Validators who see each miner's true quality through noise, and weight it.

    q_j ~ quality_distribution, drifting as q_j exp(drift z) between regimes of `regime_epochs`;
    W_ij ∝ max(0, q_j (1 + validator_noise z_ij))^sharpness, z drawn per validator and epoch;
    S_i ~ stake_distribution, or drawn from recorded stakes.
    """

    num_validators: Annotated[int, Field(ge=1, le=4096, description="validators")] = static(16)
    num_miners: Annotated[int, Field(ge=1, le=65536, description="miners")] = static(64)
    quality_distribution: Annotated[Distribution, Field(description="family of true miner quality")] = static(
        "lognormal"
    )
    quality_spread: Annotated[
        float, Field(ge=0, le=100, description="standard deviation of quality (pareto: tail index)")
    ] = 0.5
    validator_noise: Annotated[
        float, Field(ge=0, le=100, description="relative standard deviation of what a validator sees")
    ] = 0.2
    sharpness: Annotated[float, Field(ge=0, le=100, description="power of quality that weights follow")] = 1.0
    drift: Annotated[float, Field(ge=0, le=100, description="how far quality moves between regimes")] = 0.0
    regime_epochs: Annotated[int, Field(ge=1, le=10**9, description="epochs until quality moves")] = 20
    stake_distribution: Annotated[
        Literal["normal", "lognormal", "pareto", "recorded"], Field(description="family of validators' stake")
    ] = static("lognormal")
    stake_spread: Annotated[
        float, Field(gt=0, le=100, description="standard deviation of stake (pareto: tail index)")
    ] = 1.0
    stake_file: Annotated[
        str, Field(description="recorded stakes: a packaged recording (nakamoto) or the path of a .npz file")
    ] = static("nakamoto")
    mean_stake: Annotated[float, Field(gt=0, le=1e9, description="typical stake of a validator, tokens")] = 1000.0

    def act(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> Actions:
        """Draw what each validator sees this epoch."""
        quality = self.quality(key, epoch, recording)

        def opinion(own: jax.Array) -> jax.Array:
            z = jax.random.normal(own, (self.num_miners,))
            return jnp.maximum(quality * (1 + self.validator_noise * z), 0) ** self.sharpness

        weights = pro_rata(jax.vmap(opinion)(streams(key, Stream.OPINION, self.num_validators, epoch)), axis=1)
        return Actions(weights, self.stake(key, recording))

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the validators' stake [V] in tokens, the same throughout a run."""
        keys = streams(key, Stream.STAKE, self.num_validators)
        if self.stake_distribution == "recorded":
            assert recording.stake is not None
            holders = recording.stake[0]
            return holders[jax.vmap(lambda k: jax.random.randint(k, (), 0, holders.shape[0]))(keys)]
        return self.mean_stake * draw_positive(keys, self.stake_distribution, self.stake_spread)

    def quality(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> jax.Array:
        """Return the miners' true quality [M] at an epoch."""
        first = draw_positive(
            streams(key, Stream.QUALITY, self.num_miners), self.quality_distribution, self.quality_spread
        )
        regime = epoch // jnp.asarray(self.regime_epochs)
        moved = jax.random.normal(stream(key, Stream.DRIFT, regime), (self.num_miners,))
        return first * jnp.exp(jnp.where(regime > 0, self.drift, 0) * moved)

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """All are honest."""
        return jnp.zeros(self.num_validators, bool), jnp.zeros(self.num_miners, bool)
