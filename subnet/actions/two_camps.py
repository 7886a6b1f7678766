"""The chain's consensus game: an honest majority against a cabal that pays itself."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Actions, Recording
from subnet.keys import Stream, streams
from tokenomics.arithmetic import Real
from tokenomics.distributions import draw_positive
from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata

__all__ = ["TwoCamps"]


@mechanism
class TwoCamps:
    """Honest validators give `honest_utility` to honest miners, the cabal gives `cabal_self_weight` to its own.

    Validators and miners are divided between the camps in the ratio of stake, rounded down for the honest side.
    Stakes are N(1, stake_noise) and weights N(1, weight_noise), cut at 0, normalised within each side and scaled.
    Weights are drawn once per run: the game has one epoch.

    Source: subtensor `docs/consensus.md` and `tests/epoch.rs: test_consensus_guarantees`; specification of the epoch,
    section 14. Departure: other random draws.
    """

    honest_stake: Annotated[float, Field(ge=0, le=1, description="share of stake held by honest validators")] = 0.6
    honest_utility: Annotated[
        float, Field(ge=0, le=1, description="weight that honest validators give to honest miners")
    ] = 0.8
    cabal_self_weight: Annotated[
        float, Field(ge=0, le=1, description="weight that the cabal gives to its own miners")
    ] = 1.0
    weight_noise: Annotated[float, Field(ge=0, le=10, description="standard deviation of single weights around 1")] = (
        0.4
    )
    stake_noise: Annotated[float, Field(ge=0, le=10, description="standard deviation of single stakes around 1")] = 0.3
    num_validators: Annotated[int, Field(ge=2, le=4096, description="validators of both camps")] = static(64)
    num_miners: Annotated[int, Field(ge=2, le=65536, description="miners of both camps")] = static(448)

    def act(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> Actions:
        """Draw both camps' weights and stake."""
        cabal_validator, cabal_miner = self.adversaries(recording)

        def opinion(own: jax.Array) -> jax.Array:
            z = jax.random.normal(own, (self.num_miners,), jnp.float32)
            return jnp.maximum(1 + self.weight_noise * z, 0)

        drawn = jax.vmap(opinion)(streams(key, Stream.CAMP_WEIGHT, self.num_validators))
        to_honest = jnp.where(cabal_validator, 1 - jnp.asarray(self.cabal_self_weight), self.honest_utility)[:, None]
        weights = to_honest * pro_rata(drawn, ~cabal_miner, axis=1) + (1 - to_honest) * pro_rata(
            drawn, cabal_miner, axis=1
        )
        stakes = draw_positive(streams(key, Stream.STAKE, self.num_validators), "normal", self.stake_noise)
        stake = self.honest_stake * pro_rata(stakes, ~cabal_validator) + (
            1 - jnp.asarray(self.honest_stake)
        ) * pro_rata(stakes, cabal_validator)
        return Actions(weights, stake)

    def quality(self, key: jax.Array, epoch: jax.Array, recording: Recording) -> None:
        """The game knows camps, not qualities."""

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks of the cabal's validators and miners."""
        return (
            jnp.arange(self.num_validators) >= _part(self.num_validators, self.honest_stake),
            jnp.arange(self.num_miners) >= _part(self.num_miners, self.honest_stake),
        )


def _part(count: int, share: Real) -> jax.Array:
    # A share such as 0.6 is a little below its decimal value in binary: without the nudge 0.55 of 20 would be 10.
    return jnp.floor(count * jnp.asarray(share) + 1e-9)
