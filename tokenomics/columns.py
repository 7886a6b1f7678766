"""Sums down the columns of a matrix, fast on every backend.

XLA's CPU reduction over a leading axis is 2.5 to 4 times slower than the same sum written out row by row, which fuses
into one vectorised loop over the columns (measured at 64 x 256).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Number
from tokenomics.fixed import Fixed

__all__ = ["column_sum", "fold_rows"]

_WRITTEN_OUT = 64  # rows per pass; taller matrices are folded to this height first


def fold_rows(
    step: Callable[..., tuple[jax.Array, ...]], start: tuple[jax.Array, ...], *matrices: jax.Array
) -> tuple[jax.Array, ...]:
    """Return `step(carry, row, row, ...)` folded down the rows of `matrices`.

    Args:
        step: takes the carry and one row of each matrix; must not care about the order of rows. It is handed several
            rows at once where the matrices are tall.
        start: the carry before the first row, scalars or [M]; also that of rows that are not there.
        matrices: [V, M] or [V, 1] each; padded with zeros to a multiple of the pass if they are tall.

    Returns:
        The carry, [M] each or, for tall matrices, [V / 64, M]: to be folded once more by the caller's own reduction.
    """
    height = matrices[0].shape[0]
    if height > _WRITTEN_OUT:
        blocks = -(-height // _WRITTEN_OUT)
        padding = ((0, blocks * _WRITTEN_OUT - height), (0, 0))
        tall = [jnp.pad(m, padding).reshape(_WRITTEN_OUT, blocks, m.shape[1]) for m in matrices]
    else:
        tall = [m[:, None, :] for m in matrices]
    carry = start
    for k in range(tall[0].shape[0]):
        carry = step(carry, *(m[k] for m in tall))
    return carry


def column_sum(x: Number) -> Number:
    """Return the sum of each column of `x` [V, M]."""
    if isinstance(x, Fixed):
        return Fixed(column_sum(x.raw))
    (total,) = fold_rows(lambda carry, row: (carry[0] + row,), (jnp.zeros((), x.dtype),), x)
    return total.sum(axis=0)
