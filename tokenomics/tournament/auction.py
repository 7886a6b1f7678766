"""The first rule of the tournament: an auction in which models bid how sure they are."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism

__all__ = ["AuctionOut", "ConfidenceAuction", "least_probability"]

_ROUNDING = 1e-12  # of the pool: what sums of prizes leave by rounding must not cost the next bid its stake


class AuctionOut(NamedTuple):
    """What becomes of each bid, [K]: `dollars` won, `burned` NMR in the stake's own unit and type, `bonus_nmr`."""

    dollars: jax.Array
    burned: jax.Array
    bonus_nmr: jax.Array


@mechanism
class ConfidenceAuction:
    """Go through bids (confidence c, stake s) from the surest down until the prize pool is spent.

    A model that beat the benchmark receives s / c dollars, the last one what is left; one that did not loses s. Once
    the pool is spent nothing happens any more: who comes later neither wins nor loses. Bids below a minimum do not
    take part.

    Source: Numerai's whitepaper of 2017, section 3; numerai/docs, docs/index.md at 2018-10; specification 7.2. Ties
    in confidence go to the lower index here.
    """

    prize_pool_usd: Annotated[float, Field(ge=0, description="dollars to be won in a round")] = 3000.0
    least_stake_nmr: Annotated[float, Field(ge=0, description="NMR below which a bid does not count")] = 0.0
    least_confidence: Annotated[float, Field(ge=0, description="confidence below which a bid does not count")] = 0.0
    bonus_nmr: Annotated[float, Field(ge=0, description="NMR for each benchmark beaten, won or not")] = 0.0

    def settle(
        self, stake: jax.Array, confidence: jax.Array, passed: jax.Array, units_per_nmr: int = 1, beaten: Real = 0
    ) -> AuctionOut:
        """Return what each of K bids comes to.

        Args:
            stake: [K] floats or int64, `units_per_nmr` of them to an NMR.
            confidence: [K]; a bid of 0 or less does not count.
            passed: bool [K], whether the log-loss was below ln 2.
            units_per_nmr: 10⁹ where stakes are whole units.
            beaten: [K] how many benchmarks each model beat.
        """
        nmr, c = stake / units_per_nmr, jnp.asarray(confidence, jnp.float64)
        counts = (nmr > 0) & (nmr >= self.least_stake_nmr) & (c > 0) & (c >= self.least_confidence)
        prize = jnp.where(counts & passed, nmr / jnp.where(c > 0, c, 1), 0.0)
        order = jnp.argsort(-c, stable=True)
        ahead = jnp.zeros_like(prize).at[order].set(_sum_before(prize[order]))
        left = self.prize_pool_usd - ahead
        spent = left <= _ROUNDING * self.prize_pool_usd
        lost = counts & ~passed & ~spent
        bonus = jnp.where(counts, self.bonus_nmr * jnp.asarray(beaten, jnp.float64), 0.0)
        return AuctionOut(jnp.where(spent, 0, jnp.minimum(prize, left)), jnp.where(lost, stake, 0), bonus)


def least_probability(confidence: Real, nmr_per_usd: Real) -> jax.Array:
    """Return from which chance of success on a bid pays: c / (c + e), at e NMR to the dollar."""
    c = jnp.asarray(confidence, jnp.float64)
    return c / (c + nmr_per_usd)


def _sum_before(x: jax.Array) -> jax.Array:
    return jnp.concatenate([jnp.zeros(1, x.dtype), jnp.cumsum(x)[:-1]])
