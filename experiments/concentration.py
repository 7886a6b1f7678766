"""How unequally something is shared: Gini, Herfindahl–Hirschman, Nakamoto, Lorenz.

Every function works over the last axis of a non-negative array and keeps the leading axes.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["gini", "hhi", "lorenz", "nakamoto"]

# A cumulative sum that lands on the threshold up to rounding has reached it, not passed it.
ROUNDING = 1e-12


def gini(x: ArrayLike) -> NDArray[np.float64]:
    """Return the Gini coefficient: 0 when all hold the same, 1 - 1/n when one of n holds all.

    2 sum_i i x_(i) / (n sum_i x_i) - (n + 1) / n,  x_(1) <= ... <= x_(n)

    Args:
        x: [..., n] amounts or shares, non-negative.

    Returns:
        [...] in [0, 1 - 1/n]; 0 where all are zero.
    """
    ascending = np.sort(_amounts(x), axis=-1)
    n = ascending.shape[-1]
    total = ascending.sum(axis=-1)
    rank = np.arange(1, n + 1)
    weighted = (2 * rank - n - 1) @ ascending[..., None]  # [..., 1]; the same formula over one denominator
    return np.asarray(_ratio(weighted[..., 0], n * total).clip(min=0))


def hhi(x: ArrayLike) -> NDArray[np.float64]:
    """Return the Herfindahl–Hirschman index of the shares: 1/n when equal, 1 when one holds all.

    sum_i (x_i / sum_j x_j)^2

    Args:
        x: [..., n] amounts or shares, non-negative.

    Returns:
        [...] in [1/n, 1]; 0 where all are zero.
    """
    amounts = _amounts(x)
    share = _ratio(amounts, amounts.sum(axis=-1, keepdims=True))
    return np.asarray((share**2).sum(axis=-1))


def nakamoto(x: ArrayLike, threshold: float = 0.5) -> NDArray[np.int64]:
    """Return the Nakamoto coefficient: the fewest holders that together hold more than `threshold` of the whole.

    min {k : x_[1] + ... + x_[k] > threshold sum_i x_i},  x_[1] >= ... >= x_[n]

    Args:
        x: [..., n] amounts or shares, non-negative.
        threshold: share of the whole, 0 <= threshold < 1.

    Returns:
        [...] count from 1 to n; 0 where all are zero.

    Raises:
        ValueError: `threshold` lies outside [0, 1).
    """
    if not 0 <= threshold < 1:
        raise ValueError(f"threshold = {threshold} is out of range: it is a share of the whole, 0 <= threshold < 1")
    held = np.cumsum(-np.sort(-_amounts(x), axis=-1), axis=-1)
    if held.shape[-1] == 0:
        return np.zeros(held.shape[:-1], np.int64)
    total = held[..., -1:]
    not_enough = (held <= threshold * total * (1 + ROUNDING)).sum(axis=-1)
    count = np.minimum(not_enough + 1, held.shape[-1])
    return np.asarray(np.where(total[..., 0] > 0, count, 0), np.int64)


def lorenz(x: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the Lorenz curve: what share of the whole the poorest share of holders holds.

    Args:
        x: [..., n] amounts or shares, non-negative.

    Returns:
        [n + 1] cumulative share of holders, and [..., n + 1] cumulative share of the value, both from 0 to 1;
        the diagonal where all are zero.
    """
    ascending = np.sort(_amounts(x), axis=-1)
    n = ascending.shape[-1]
    population = np.linspace(0, 1, n + 1)
    total = ascending.sum(axis=-1, keepdims=True)
    curve = np.zeros((*ascending.shape[:-1], n + 1))
    curve[..., 1:] = np.where(total > 0, _ratio(np.cumsum(ascending, axis=-1), total), population[1:])
    return population, curve.clip(max=1)


def _amounts(x: ArrayLike) -> NDArray[np.float64]:
    amounts = np.asarray(x, np.float64)
    if amounts.ndim == 0 or not (amounts >= 0).all():
        raise ValueError("x must be an array of non-negative numbers with at least one axis")
    return amounts


def _ratio(numerator: NDArray[np.float64], denominator: NDArray[np.float64]) -> NDArray[np.float64]:
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator > 0)
