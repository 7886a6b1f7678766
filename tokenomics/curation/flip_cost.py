"""What it costs to turn a vote: by purchase, by bribe, and by a bribe that is paid only if it fails."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["FlipCost", "conditional_bribe", "flip_cost", "flip_votes", "leaders"]


class FlipCost(NamedTuple):
    """Two options, how many votes turn the first into the second, and what they cost; see `flip_cost`."""

    leader: jax.Array
    runner_up: jax.Array
    votes_to_buy: jax.Array
    buy_cost: jax.Array
    votes_to_bribe: jax.Array
    bribe_cost: jax.Array
    bribe_cost_if_voters_expect_to_lose: jax.Array


def leaders(score: jax.Array, counts: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the places [...] of the best and the second best of `score` [..., P] where `counts`; ties to the lower."""
    masked = jnp.where(counts, jnp.asarray(score, jnp.float64), -jnp.inf)
    first = masked.argmax(axis=-1)
    others = jnp.where(jnp.arange(masked.shape[-1]) == first[..., None], -jnp.inf, masked)
    return first, others.argmax(axis=-1)


def flip_votes(score: jax.Array, counts: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return how many whole votes turn a vote, float64 [...]: if bought, and if bribed away from the leader.

    A bought vote is added to the runner-up: floor(gap) + 1. A bribed one moves from leader to runner-up and so closes
    the gap twice: floor(gap / 2) + 1. NaN where fewer than two options count: there is nothing to turn it to.

    Args:
        score: [..., P] votes for each option.
        counts: [..., P] bool, which options may win.
    """
    first, second = leaders(score, counts)
    points = jnp.asarray(score, jnp.float64)
    top, next_ = (jnp.take_along_axis(points, i[..., None], axis=-1)[..., 0] for i in (first, second))
    gap = jnp.where(counts.sum(axis=-1) >= 2, top - next_, jnp.nan)
    return jnp.floor(gap) + 1, jnp.floor(gap / 2) + 1


def flip_cost(score: jax.Array, counts: jax.Array, price: Real, bribe: Real, slash: Real = 0.0) -> FlipCost:
    """Return what turning a vote costs.

    Args:
        score: [..., P] votes for each option.
        counts: [..., P] bool, which options may win.
        price: what a vote costs in the market.
        bribe: what a voter asks for turning, at least its own loss from the other outcome.
        slash: what it expects to lose besides, where wrong votes are slashed and it expects the bribe to fail.
    """
    first, second = leaders(score, counts)
    buy, turn = flip_votes(score, counts)
    return FlipCost(first, second, buy, buy * price, turn, turn * bribe, turn * (bribe + jnp.asarray(slash)))


def conditional_bribe(jurors: int, stake_at_risk: Real, fee: Real, epsilon: Real) -> jax.Array:
    """Return the least bribe, paid for voting X only if X loses, that makes voting X better whatever the others do.

    d + max_m (n f + m d) / (n - m) + ε over the numbers m of other votes for X with which X loses even with this one,
    2 (m + 1) < n. Once everybody votes X, X wins and nothing is paid.

    With three jurors only m = 0 is left and it is Buterin's d + f + ε. With more, a juror who resists shares the stakes
    of all who were bribed, so the bribe must be larger: it grows towards 2 d + 2 f + ε.

    Args:
        jurors: odd n >= 3 of the one round that decides; two options, nobody absent.
        stake_at_risk: d of each vote.
        fee: f paid in for each vote.
        epsilon: what a juror gains by it; without any it would be indifferent.

    Source: V. Buterin, The P + epsilon Attack, 2015; here with the pot of Kleros, which that note leaves out.
    """
    m = jnp.arange((jurors - 1) // 2)
    resisting = (jurors * fee + m * stake_at_risk) / (jurors - m)
    return jnp.asarray(stake_at_risk + resisting.max() + epsilon)
