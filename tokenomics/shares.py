"""Pro-rata shares: the one place that divides by a sum."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Number, divide, fraction, where
from tokenomics.fixed import Fixed

__all__ = ["pro_rata", "pro_rata_dot"]


def pro_rata(amount: Number, active: jax.Array | None = None, axis: int | None = None) -> Number:
    """Return each entry's share of the sum; a zero sum leaves nothing to share.

    x_i / sum x, over the entries where `active` holds; 0 elsewhere, and 0 everywhere if the sum is 0.

    Args:
        amount: numbers >= 0 of any shape.
        active: mask that broadcasts against `amount`, True where an entry counts; all by default.
        axis: the axis that is divided up; everything together by default.

    Returns:
        Shares that sum to 1 along `axis`, or to 0. In exact arithmetic each is cut to 32 bits, so that they may sum
        to a few units less.
    """
    kept = amount if active is None else where(active, amount, 0)
    total = kept.sum(axis=axis)
    if axis is not None:
        total = total[(slice(None),) * (axis % kept.ndim) + (None,)]
    if axis == 0 and not isinstance(kept, Fixed):  # one sum divides many entries: its reciprocal is cheaper
        return kept * divide(jnp.ones((), kept.dtype), total)
    return fraction(kept, total)


def pro_rata_dot(amount: Number, value: Number) -> Number:
    """Return what each row of `amount` [V, M] gets if each column shares out `value` [M] pro rata: [V].

    sum_j amount_ij / (sum_i amount_ij) value_j. Floats divide the [M] values, not the matrix; the chain's fixed point
    cuts the shares first, and so does this.
    """
    if isinstance(amount, Fixed):
        return (pro_rata(amount, axis=0) * value).sum(axis=1)
    return (amount * divide(value, amount.sum(axis=0))).sum(axis=1)
