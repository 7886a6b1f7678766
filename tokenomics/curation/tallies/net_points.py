"""Botto's own vote: points for, less points against."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.curation.tallies._count import Count
from tokenomics.curation.tallies.base import Ballots, Candidates, merged, received
from tokenomics.mechanism import mechanism

__all__ = ["NetPoints"]


@mechanism
class NetPoints(Count):
    """Score a work by its net points: T_f = Σ_i V_i x_if, for less against.

    On the last day a wallet may boost a work `boosts` times by `boost_points`; with `cap_per_work` it may put that many
    points on a work in all. What goes beyond either counts for nothing. Both are limits per wallet, so an owner of k
    wallets has k times as much; other than that wallets do not matter.

    Source: docs.botto.com/details/voting-mechanism. BIP-95 proposes a cap, its size was not seen.
    """

    boosts: Annotated[int, Field(ge=0, le=1000, description="boosts per wallet and work on the last day")] = 5
    boost_points: Annotated[float, Field(ge=0, le=1e12, description="points of one boost at most")] = 100.0
    cap_per_work: Annotated[
        float, Field(ge=0, le=1e12, description="points per wallet and work in a round; 0: no cap")
    ] = 0.0

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net points of each work, float64 [P]."""
        amount = ballots.points[:, None] * ballots.part  # [n, K]
        boosted = _within(amount, ballots.wallets * self.boosts * self.boost_points)
        amount = jnp.where(ballots.day == ballots.last_day, boosted, amount)

        def cap(_: int, amount: jax.Array) -> jax.Array:
            return _within(merged(ballots._replace(part=amount)), ballots.wallets * self.cap_per_work)

        # One turn or none: a condition would bring votes and boosts together even in lanes that have no cap.
        capped = jax.lax.fori_loop(0, jnp.where(jnp.asarray(self.cap_per_work) > 0, 1, 0), cap, amount)
        return received(ballots, capped, works.id.shape[0])


def _within(amount: jax.Array, limit: jax.Array) -> jax.Array:
    """Return signed amounts [n, K] cut to a limit [n] per curator."""
    return jnp.clip(amount, -limit[:, None], limit[:, None])
