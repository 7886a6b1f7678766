"""A curation market in every work: support buys shares from a curve, and all are sold back at the end of the round."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down, share_down
from tokenomics.curation import bonding_curve
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut, received, winner_of
from tokenomics.mechanism import mechanism

__all__ = ["BondingCurve"]

_ALL_SHARES = 2**60  # shares are counted as parts of this, so that a payout is a quotient of whole numbers


@mechanism
class BondingCurve:
    """Support is a purchase: early shares in a work are cheap, and those who follow pay those who came first.

    What a curator puts on a work, its stake times a positive part, buys shares along p(s) = s^n. All who buy on one day
    pay one price; later days are dearer. At the end all shares of a work are sold back at once: its reserve is divided
    in proportion to shares. Those who were early thus gain what those who were late lose. The score of a work is its
    reserve in tokens; the price rises with it.

    `losers_pay` of the reserve of every other work goes to the holders of the winner before anything is sold back. All
    payouts are rounded down; what that leaves is kept. Negative parts do nothing: nobody can sell what it does not
    hold. The slope of the curve is 1, since shares only count against one another. Without a virtual reserve the first
    shares cost next to nothing, and who is first takes nearly all.

    Source: specification 2.1. There shares are sold one by one at falling prices; selling all at once spares a race.
    """

    exponent: Annotated[
        float, Field(ge=0, le=10, description="n in the price s^n: how much dearer late shares are")
    ] = 1.0
    virtual_reserve: Annotated[
        float, Field(ge=0, le=1e12, description="tokens that the price starts from, which nobody paid or gets")
    ] = 1000.0
    losers_pay: Annotated[
        float, Field(ge=0, le=1, description="share of every other work's reserve that the winner's holders get")
    ] = 0.0

    def init(self, num_curators: int, num_places: int) -> tuple[()]:
        """Return the memory of a rule that has none: every round begins with empty markets."""
        return ()

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the reserve of each work in tokens, float64 [P]."""
        return received(ballots, deposits(ballots, works), works.id.shape[0]) / RAO_PER_TOKEN

    def close(
        self, key: jax.Array, state: tuple[()], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[()], TallyOut]:
        """Sell everything back; the winner is the present work with the largest reserve."""
        num_places = works.id.shape[0]
        paid_in = deposits(ballots, works)
        by_column = _by_column(ballots, paid_in, num_places)
        held = by_column.sum(axis=0)
        score = held / RAO_PER_TOKEN
        passes = works.present & (held > 0)
        shares = self.shares(ballots, paid_in, by_column)
        issued = received(ballots, shares, num_places)
        payable = self.payable(held, issued, winner_of(score, passes, works))
        place = jnp.clip(ballots.fragment, 0, num_places - 1)
        back = share_down(payable[place], shares, issued[place])
        delta = (back - paid_in).sum(axis=1)
        return state, TallyOut(score, passes, delta, -delta.sum())

    def shares(self, ballots: Ballots, paid_in: jax.Array, by_column: jax.Array) -> jax.Array:
        """Return the shares [n, K] that each entry buys, int64, of 2⁶⁰ in which all shares of a work are counted.

        On one day a work's reserve goes from R to R', and s(R') - s(R) shares are divided by what each paid in.

        Args:
            ballots: who bought what when.
            paid_in: [n, K] int64, by entry.
            by_column: [K, P] int64, the same by column and work.
        """
        tokens = by_column / RAO_PER_TOKEN
        day = ballots.day
        before = (day[None, :] < day[:, None]).astype(jnp.float64) @ tokens  # [K, P]
        now = (day[None, :] == day[:, None]).astype(jnp.float64) @ tokens
        v = jnp.asarray(self.virtual_reserve)
        first, start, end, last = (
            bonding_curve.supply_of(v + x, 1.0, self.exponent)
            for x in (jnp.zeros(()), before, before + now, tokens.sum(axis=0))
        )
        whole = now * (last - first)
        rate = jnp.where(whole > 0, (end - start) / jnp.where(whole > 0, whole, 1), 0)  # of all shares, per token
        place = jnp.clip(ballots.fragment, 0, by_column.shape[1] - 1)
        own = jnp.take_along_axis(rate.T, place, axis=0)  # [n, K]
        return jnp.floor(paid_in / RAO_PER_TOKEN * own * _ALL_SHARES).astype(jnp.int64)

    def payable(self, held: jax.Array, issued: jax.Array, winner: jax.Array) -> jax.Array:
        """Return what the holders of each work divide, int64 [P]; nothing moves where nobody holds the winner."""
        loses = (jnp.arange(held.shape[0]) != winner) & (winner >= 0) & (issued[winner] > 0)
        taken = jnp.where(loses, multiply_down(held, self.losers_pay), 0)
        return (held - taken).at[winner].add(taken.sum())


def deposits(ballots: Ballots, works: Candidates) -> jax.Array:
    """Return what each entry pays in, int64 [n, K] in 10⁻⁹ tokens, never more in a row than the stake.

    Rounded parts may sum to a little over 1; the last entries then pay less.
    """
    size = works.present.shape[0]
    inside = (ballots.fragment >= 0) & (ballots.fragment < size)
    counts = inside & works.present[jnp.clip(ballots.fragment, 0, size - 1)]
    wanted = multiply_down(ballots.stake[:, None], jnp.where(counts, jnp.maximum(ballots.part, 0), 0))
    upto = jnp.minimum(jnp.cumsum(wanted, axis=1), ballots.stake[:, None])
    return jnp.diff(upto, axis=1, prepend=0)


def _by_column(ballots: Ballots, paid_in: jax.Array, num_places: int) -> jax.Array:
    """Return what each column brings to each work, int64 [K, P]."""
    columns = jnp.arange(ballots.fragment.shape[1])
    outside = (ballots.fragment < 0) | (ballots.fragment >= num_places)
    at = jnp.where(outside, -1, columns * num_places + ballots.fragment)
    flat = jnp.zeros(columns.shape[0] * num_places, jnp.int64).at[at.reshape(-1)].add(paid_in.reshape(-1))
    return flat.reshape(columns.shape[0], num_places)
