"""What each player is worth to a coalition: exact formulas for small games.

A game is its values v [2^n]: v[S] for every set S of n players, bit i of the index S meaning that player i is in. Worth
comes as [n]. All three are linear in v; no rule scores by Shapley or Banzhaf, whose cost doubles with each player.
"""

import math

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["banzhaf", "gradient_alignment", "leave_one_out", "shapley"]

_MOST_PLAYERS = 12


def leave_one_out(values: jax.Array) -> jax.Array:
    """Return v(all) - v(all but i)."""
    n = _num_players(values)
    everybody = len(values) - 1
    return values[everybody] - values[everybody - 2 ** np.arange(n)]


def shapley(values: jax.Array) -> jax.Array:
    """Return each player's mean marginal value over all orders of arrival.

    sum over S without i of |S|! (n - |S| - 1)! / n! (v(S + i) - v(S));  sums to v(all) - v(nobody).
    """
    n = _num_players(values)
    orders = [math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n) for size in range(n)]
    return _mean_marginal(values, np.array(orders))


def banzhaf(values: jax.Array) -> jax.Array:
    """Return each player's mean marginal value over all coalitions of the others."""
    n = _num_players(values)
    return _mean_marginal(values, np.full(n, 0.5 ** (n - 1)))


def gradient_alignment(updates: jax.Array, reference: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return inner product and cosine [n] of `updates` [n, P] with a `reference` gradient [P]; a cosine of 0 has none.

    The inner product times a small step is what the update takes off the loss. The cosine ignores size: it pays tiny
    correct updates as much as real work.
    """
    dot = updates @ reference
    norms = jnp.linalg.norm(updates, axis=-1) * jnp.linalg.norm(reference)
    return dot, jnp.where(norms > 0, dot / jnp.where(norms > 0, norms, 1), 0)


def _mean_marginal(values: jax.Array, weight: np.ndarray) -> jax.Array:
    """Return sum over S without i of weight[|S|] (v(S + i) - v(S))."""
    n = len(weight)
    member = np.arange(len(values))[:, None] >> np.arange(n) & 1  # [2^n, n]
    size = member.sum(axis=1, keepdims=True)
    coefficient = np.where(member == 1, weight[size - 1], -weight[np.minimum(size, n - 1)])
    return values @ jnp.asarray(coefficient, values.dtype)


def _num_players(values: jax.Array) -> int:
    n = len(values).bit_length() - 1
    if len(values) != 2**n or not 1 <= n <= _MOST_PLAYERS:
        raise ValueError(f"values: a game of 1 to {_MOST_PLAYERS} players has 2^n values, not {len(values)}")
    return n
