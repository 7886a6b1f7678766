"""Validators stake tokens on miners, and win or lose by how these turn out."""

from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism, static
from tokenomics.payouts.emission_split import pay
from tokenomics.shares import pro_rata

__all__ = ["Settlement", "StakeAtRisk", "payout"]


class Settlement(NamedTuple):
    """What bets come to, int64 >= 0 of the bets' shape: `gain` is minted or paid, `loss` is burned."""

    gain: jax.Array
    loss: jax.Array


@mechanism
class StakeAtRisk:
    """Let each validator bet a share of its stake on miners, in proportion to its weights.

    A bet b on miner j wins or loses b · clip(payout_factor · score_j, -cap, cap). The default bets nothing.

    Source: numerai/docs, numerai-tournament/staking.md. There everybody stakes on their own models, for many rounds
    at once, and the payout factor falls with the total at risk; here validators stake on miners, round by round.
    """

    stake_share: Annotated[float, Field(ge=0, le=1, description="share of its stake that a validator bets")] = 0.0
    cap: Annotated[float, Field(ge=0, le=1, description="largest relative gain or loss of a bet")] = 0.05
    payout_factor: Annotated[float, Field(ge=0, le=1, description="part of the score that is paid out")] = 1.0
    gains: Annotated[
        Literal["minted", "losses"], Field(description="what gains are paid from; losses: what others lost, pro rata")
    ] = static("losses")

    def bets(self, stake: jax.Array, weights: jax.Array) -> jax.Array:
        """Return what is staked on whom, int64 [V, M], from `stake` [V] and rows of `weights` [V, M].

        Rounded down, so that a validator never bets more than its share; one without weights bets nothing.
        """
        at_risk = multiply_down(stake, self.stake_share)
        return jax.vmap(lambda amount, row: pay(amount, row)[0])(at_risk, pro_rata(weights, axis=1))

    def settle(self, bets: jax.Array, score: jax.Array) -> Settlement:
        """Return what `bets` [V, M] win and lose once each miner's `score` [M] relative to the others is known."""
        change = payout(bets, score, self.payout_factor, self.cap)
        return Settlement(jnp.maximum(change, 0), jnp.maximum(-change, 0))


def payout(stake: jax.Array, score: jax.Array, payout_factor: Real, cap: Real) -> jax.Array:
    """Return each stake's gain or burn for one resolved round.

    stake · clip(payout_factor · score, -cap, cap), rounded towards 0.

    Args:
        stake: int64 >= 0, [M] or any shape that `score` broadcasts against: at risk when the round closed.
        score: [M] what a submission turned out to be worth; NaN where nothing was submitted.
        payout_factor: [] in (0, 1].
        cap: [] largest relative change per round, 0.05 in the live tournament; at most 1, so that no stake loses more
            than it is.

    Returns:
        int64, negative where stake burns, exactly 0 where nothing was submitted.

    Source: numerai/docs, numerai-tournament/staking.md. Here one round at a time; live rounds overlap.
    """
    score = jnp.where(jnp.isnan(score), 0, score).astype(jnp.float64)
    change = jnp.clip(payout_factor * score, -jnp.asarray(cap), jnp.asarray(cap))
    return jnp.sign(change).astype(jnp.int64) * multiply_down(stake, jnp.abs(change))
