"""Sums over pairs: everybody against everybody, without an axis for it."""

from collections.abc import Callable
from typing import TypeAlias

import jax
from jax import lax

__all__ = ["Pairing", "sum_over_others"]

# From everybody's entries [..., n] and one other's [..., 1]: the terms that the other adds to everybody's sums.
Pairing: TypeAlias = Callable[..., tuple[jax.Array, ...]]


def sum_over_others(terms: Pairing, start: tuple[jax.Array, ...], *given: jax.Array) -> tuple[jax.Array, ...]:
    """Return start_i + sum_k terms(x_i, x_k) for every i along the last axis; k = i is among them.

    A loop over k with whole rows as operands. Summing comparisons [..., n, n] over their last axis is five to twenty
    times slower on a CPU, and so is sorting (measured at 64 x 256).

    Args:
        terms: takes the entries `given` as a tuple [..., n] and those of one other as a tuple [..., 1].
        start: what the sums start from, [..., n] each.
        given: [..., n] each.
    """

    def add(k: jax.Array, sums: tuple[jax.Array, ...]) -> tuple[jax.Array, ...]:
        other = tuple(lax.dynamic_index_in_dim(x, k, axis=-1, keepdims=True) for x in given)
        return tuple(s + t.astype(s.dtype) for s, t in zip(sums, terms(given, other), strict=True))

    return lax.fori_loop(0, given[0].shape[-1], add, start)
