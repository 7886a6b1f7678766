"""Pay for a place on the leaderboard, which a hedged pair could take without risk."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down, share_down
from tokenomics.mechanism import mechanism

__all__ = ["LeaderboardBonus"]

_LAST_RANKS = (1, 10, 25, 100, 300)
_SHARES = (0.05, 0.04, 0.03, 0.02, 0.005)


@mechanism
class LeaderboardBonus:
    """Pay the best a share of an earlier stake every day, all of them together at most a daily cap.

    Ranks 1, 2-10, 11-25, 26-100 and 101-300 earn 5, 4, 3, 2 and 0.5 % of the stake they had 100 days before, times
    `scale`. Above the cap everybody is cut pro rata. Paid from 2019-10-26 to 2020-09-09.

    Source: numerai/docs, tournament/learn.md at 2019-12-20; specification 7.2. That the cap is one for all and is
    shared pro rata is our reading.
    """

    scale: Annotated[float, Field(ge=0, le=1, description="part of the published shares that is paid")] = 1.0
    daily_cap_nmr: Annotated[float, Field(ge=0, le=10**7, description="NMR paid per day to all together")] = 250.0

    def share(self, rank: jax.Array) -> jax.Array:
        """Return which share of its earlier stake a `rank` [K] earns, float64; the best is 1, below 1 is unranked."""
        place = jnp.searchsorted(jnp.array(_LAST_RANKS), rank)
        shares = jnp.array([*_SHARES, 0.0], jnp.float64)
        return self.scale * jnp.where(rank >= 1, shares[place], 0.0)

    def pay(self, earlier_stake: jax.Array, rank: jax.Array) -> jax.Array:
        """Return int64 [K] units, rounded down, from `earlier_stake` int64 [K]; what is cut stays in the treasury."""
        due = multiply_down(earlier_stake, self.share(rank))
        cap = multiply_down(jnp.int64(RAO_PER_TOKEN), self.daily_cap_nmr)
        return jnp.where(due.sum() > cap, share_down(cap, due, due.sum()), due)
