"""What every weighting rule answers, and what several of them compute."""

from typing import Protocol

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real, divide, like
from tokenomics.shares import pro_rata
from validators._pairs import sum_over_others

__all__ = ["Weighting", "power_shares", "ranks", "softmax_shares", "usable"]


class Weighting(Protocol):
    """A weighting rule: a validator's scores in, its weights out."""

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0.

        Rows sum to 1, or to 0 where a validator has no positive score and abstains. A miner with a score of 0 gets 0.
        """


def usable(scores: jax.Array) -> jax.Array:
    """Return scores as numbers >= 0 that one can divide by: no number, negative or too small counts as 0."""
    smallest = jnp.finfo(scores.dtype).tiny
    # The reciprocal of anything larger is too small for a normal number, and processors take that as 0.
    largest = 0.5 / smallest
    return jnp.where(scores >= smallest, jnp.minimum(scores, largest), 0)


def power_shares(scores: jax.Array, exponent: Real, counted: jax.Array | None = None) -> jax.Array:
    """Return shares in proportion to score ** exponent, along the last axis.

    w_j = s_j^a / sum_k s_k^a,  over the positive scores at which `counted` holds; s relative to the row's best, so that
    no power overflows.

    Args:
        scores: [V, M].
        exponent: [] 0 is flat over all positive scores, 1 is proportional, large ones go to the best alone.
        counted: [V, M] mask, all by default.
    """
    s = usable(scores)
    (a,) = like(s, exponent)
    relative = divide(s, s.max(axis=-1, keepdims=True))
    paid = s > 0 if counted is None else counted & (s > 0)
    return pro_rata(jnp.where(paid, relative**a, 0), axis=1)


def softmax_shares(x: jax.Array, temperature: Real, counted: jax.Array) -> jax.Array:
    """Return exp(x_j / temperature) / sum_k exp(x_k / temperature) along the last axis, over the `counted` entries."""
    (t,) = like(x, temperature)
    best = jnp.where(counted, x, -jnp.inf).max(axis=-1, keepdims=True)
    return pro_rata(jnp.where(counted, jnp.exp((x - best) / t), 0), axis=1)


def ranks(scores: jax.Array) -> jax.Array:
    """Return each entry's rank along the last axis, 0 for the best, as int32; equals rank by uid, the lower first."""
    uid = jnp.broadcast_to(jnp.arange(scores.shape[-1], dtype=jnp.int32), scores.shape)

    def is_ahead(mine: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> tuple[jax.Array]:
        (score, uid), (their_score, their_uid) = mine, other
        return ((their_score > score) | ((their_score == score) & (their_uid < uid)),)

    (ahead,) = sum_over_others(is_ahead, (jnp.zeros_like(uid),), scores, uid)
    return ahead
