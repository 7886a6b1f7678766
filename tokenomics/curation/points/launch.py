"""Points by the logarithm of a stake."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.curation.voting_points import launch_points
from tokenomics.mechanism import mechanism

__all__ = ["Launch"]


@mechanism
class Launch:
    """Allot points by the logarithm of each wallet's stake, and carry what is left without limit.

    Per wallet and round: days · max(per_day + per_tenfold · log10(S + L · share value), 0), and a bonus on the first
    stake. An owner with k equal wallets has k times the points of one with a k-th of its stake: that is concave, so
    splitting pays.

    Source: Botto's rule of October 2021 to October 2022. Everybody's first stake is in the first round.
    """

    per_day: Annotated[float, Field(ge=0, le=1e6, description="points a day for a stake of one token")] = 25.0
    per_tenfold: Annotated[float, Field(ge=0, le=1e6, description="points a day more for ten times the stake")] = 25.0
    first_bonus: Annotated[float, Field(ge=0, le=1e6, description="points per wallet on its first stake")] = 100.0
    days: Annotated[float, Field(ge=0, le=366, description="days of a round on which points are earned")] = 7.0

    def allot(
        self,
        carried: jax.Array,
        stake: jax.Array,
        wallets: jax.Array,
        pool_shares: jax.Array,
        share_value: jax.Array,
        first: jax.Array,
    ) -> jax.Array:
        """Return the points [n] of each owner: what was carried, and what its wallets earn."""
        each = launch_points(
            (stake + pool_shares * share_value) / wallets,
            self.days,
            first,
            per_day=self.per_day,
            per_tenfold=self.per_tenfold,
            first_bonus=self.first_bonus,
        )
        return carried + wallets * each

    def carry(self, left: jax.Array) -> jax.Array:
        """Return all of the `left` [n] points."""
        return left
