"""Pro-rata shares: the one place that divides by a sum."""

import jax

from tokenomics.arithmetic import Number, fraction, where

__all__ = ["pro_rata"]


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
    return fraction(kept, total)
