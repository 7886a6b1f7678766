"""A plain NumPy epoch: what a competent user writes without JAX, for the benchmark to be measured against."""

import numpy as np

__all__ = ["numpy_yuma3_epoch"]


def numpy_yuma3_epoch(
    weights: np.ndarray, stake: np.ndarray, bonds: np.ndarray, kappa: float, rate: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return bonds, consensus, incentive and dividends of one Yuma 3 epoch with full bonds penalty.

    Args:
        weights: [V, M] rows summing to 1.
        stake: [V] shares.
        bonds: [V, M] in [0, 1], as stored: cut to u16.
        kappa: majority of stake.
        rate: weight of the newest observation.
    """
    order = np.argsort(weights, axis=0)[::-1]
    support = np.cumsum(stake[order], axis=0)
    first = (support >= kappa - 1e-12).argmax(axis=0)
    consensus = np.take_along_axis(weights, np.take_along_axis(order, first[None], axis=0), axis=0)[0]
    clipped = np.minimum(weights, consensus)
    incentive = stake @ clipped
    incentive = incentive / incentive.sum()
    moved = rate * clipped + (1 - rate) * bonds
    dividends = stake * (moved @ (incentive / moved.sum(axis=0)))
    return np.floor(moved * 65535) / 65535, consensus, incentive, dividends / dividends.sum()
