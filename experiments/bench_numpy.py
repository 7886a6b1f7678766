"""What a competent user writes in plain NumPy, for the benchmark to be measured against: an epoch, and training."""

from typing import TypeAlias

import numpy as np

__all__ = ["Layers", "numpy_mlp_gradient", "numpy_mlp_step", "numpy_yuma3_epoch"]

Layers: TypeAlias = dict[str, dict[str, np.ndarray]]


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


def numpy_mlp_gradient(params: Layers, x: np.ndarray, y: np.ndarray) -> Layers:
    """Return each miner's gradient of its mean cross-entropy, all miners in one batched product per layer.

    Args:
        params: kernels [M, n, m] and biases [M, m] of `hidden_0` and `readout`, as `miners.models.mlp` has them.
        x: [M, b, n] one batch of rows per miner.
        y: [M, b] labels.
    """
    hidden, readout = params["hidden_0"], params["readout"]
    h = np.maximum(x @ hidden["kernel"] + hidden["bias"][:, None], 0)
    out = h @ readout["kernel"] + readout["bias"][:, None]
    p = np.exp(out - out.max(axis=2, keepdims=True))
    p /= p.sum(axis=2, keepdims=True)
    np.put_along_axis(p, y[..., None], np.take_along_axis(p, y[..., None], axis=2) - 1, axis=2)
    p /= y.shape[1]
    back = (p @ readout["kernel"].swapaxes(1, 2)) * (h > 0)
    return {
        "hidden_0": {"kernel": x.swapaxes(1, 2) @ back, "bias": back.sum(axis=1)},
        "readout": {"kernel": h.swapaxes(1, 2) @ p, "bias": p.sum(axis=1)},
    }


def numpy_mlp_step(params: Layers, x: np.ndarray, y: np.ndarray, learning_rate: float) -> None:
    """Move `params` one step down the gradient, each miner's cut to norm 1, in place."""
    gradient = numpy_mlp_gradient(params, x, y)
    squares = sum(np.square(g).reshape(len(g), -1).sum(axis=1) for layer in gradient.values() for g in layer.values())
    rate = (learning_rate / np.maximum(np.sqrt(squares), 1)).astype(np.float32)
    for name, layer in gradient.items():
        for part, g in layer.items():
            g *= rate.reshape(-1, *[1] * (g.ndim - 1))
            params[name][part] -= g
