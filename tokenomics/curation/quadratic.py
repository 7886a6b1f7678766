"""Votes and matching funds that grow with the square root of what is paid."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real
from tokenomics.shares import pro_rata

__all__ = [
    "break_even_cost",
    "matches",
    "matching_weights",
    "pairwise_matching_weights",
    "signed_roots",
    "split_effect",
]

ROWS_AT_ONCE = 256  # owners in a block; larger ones need more memory and save no time


def signed_roots(credits: Real, wallets: Real = 1.0) -> jax.Array:
    """Return the votes that signed credits buy, divided evenly over an owner's wallets: ± k √(|c| / k)."""
    c = jnp.asarray(credits)
    return jnp.sign(c) * jnp.sqrt(jnp.abs(c) * wallets)


def split_effect(wallets: Real) -> jax.Array:
    """Return by how much an owner's votes grow if it divides its credits over k wallets: √k."""
    return jnp.sqrt(jnp.asarray(wallets, jnp.float64))


def break_even_cost(value_of: Callable[[jax.Array], jax.Array], wallets: Real) -> jax.Array:
    """Return the cost κ of one identity at which k of them just do not pay: value(√k) = k κ.

    Args:
        value_of: what it is worth to an owner to have its votes multiplied by a number.
        wallets: k >= 1.
    """
    return value_of(split_effect(wallets)) / wallets


def matching_weights(roots: jax.Array, contributions: jax.Array) -> jax.Array:
    """Return what each work's match is in proportion to: (Σ_i √c_ip)² − Σ_i c_ip.

    Args:
        roots: [P] the sum over wallets of the root of what each gave.
        contributions: [P] the sum of what they gave.

    Returns:
        [P], 0 up to rounding where a single wallet gave all, and never below 0.
    """
    return jnp.maximum(roots**2 - contributions, 0)


def pairwise_matching_weights(contributions: jax.Array, bound: Real, wallets: Real = 1.0) -> jax.Array:
    """Return the same with every pair of wallets bounded: Σ_{i≠j} k_ij √(c_ip c_jp), k_ij = M / (M + Σ_p √(c_ip c_jp)).

    Whatever a fixed pair gives, all works together get less than M for each of its two orders. Owners are taken
    together: with g_ip = √(m_i c_ip), the m_i m_j pairs between two owners add K_ij g_ip g_jp with
    K_ij = M / (M + Σ_p g_ip g_jp / (m_i m_j)), and the m (m − 1) pairs among an owner's own K_ii (1 − 1 / m) g_ip².

    Args:
        contributions: [n, P] what all wallets of each owner gave, float; the result has its precision.
        bound: M > 0.
        wallets: [n] among how many each owner divided it evenly.

    Returns:
        [P]. It takes n² P multiplications, in square blocks of owners, so that no [n, n] matrix is ever kept.
    """
    (n, num_works), dtype = contributions.shape, contributions.dtype
    size = min(n, ROWS_AT_ONCE)
    num_blocks = -(-n // size)
    more = num_blocks * size - n  # owners who give nothing fill the last block up
    counts = jnp.broadcast_to(jnp.asarray(wallets, dtype), (n,))
    m = jnp.pad(counts, (0, more), constant_values=1).reshape(num_blocks, size)
    g = jnp.sqrt(jnp.pad(contributions, ((0, more), (0, 0)))).reshape(num_blocks, size, num_works)
    g = g * jnp.sqrt(m)[:, :, None]
    M = jnp.asarray(bound, dtype)

    def block(total: jax.Array, pair: jax.Array) -> tuple[jax.Array, None]:
        a, b = pair
        K = M / (M + g[a] @ g[b].T / (m[a][:, None] * m[b]))
        K = jnp.where((a == b) & jnp.eye(size, dtype=bool), K * (1 - 1 / m[b]), K)
        both_orders = jnp.where(a == b, 1, 2).astype(dtype)
        return total + both_orders * (g[a] * (K @ g[b])).sum(axis=0), None

    pairs = jnp.stack(jnp.triu_indices(num_blocks), axis=1)
    return jax.lax.scan(block, jnp.zeros(num_works, dtype), pairs)[0]


def matches(weights: jax.Array, pool: Real) -> jax.Array:
    """Return each work's match [P]: the pool in proportion to its weight, nothing where all weights are 0."""
    return pool * pro_rata(weights)
