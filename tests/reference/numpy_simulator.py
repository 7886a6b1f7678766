"""The public simulator's variants written again in plain NumPy float64, from the specification's section 13."""

from typing import Any

import numpy as np

EPSILON = 1e-6
CAPACITY = 2.0**64 - 1


def consensus_of(W: np.ndarray, S: np.ndarray, kappa: float) -> np.ndarray:
    """Return consensus as the simulator has it: normalised to sum 1 and cut to u16."""
    C = np.zeros(W.shape[1])
    for j in range(W.shape[1]):
        order = np.argsort(-W[:, j], kind="stable")
        reached = np.flatnonzero(np.cumsum(S[order]) >= kappa - 1e-12)
        C[j] = W[order[reached[0] if len(reached) else 0], j]
    if C.sum() == 0:
        return np.full(len(C), -(2.0**31) / 65535)
    return np.floor(C / C.sum() * 65535) / 65535


def liquid(W: np.ndarray, B: np.ndarray, C: np.ndarray, low: float, high: float, steepness: float) -> np.ndarray:
    """Return liquid alpha per pair."""
    d = np.clip(np.where(W >= B, W - C, B - W), 0, 1)
    return np.clip(low + (high - low) / (1 + np.exp(-steepness * (d - 0.5))), low, high)


def run_variant(
    variant: str, weights: np.ndarray, stake: np.ndarray, reset: np.ndarray, options: dict[str, Any]
) -> tuple[np.ndarray, np.ndarray]:
    """Return dividends [T, V] and incentive [T, M] of `weights` [T, V, M], `stake` [T, V], `reset` [T, M]."""
    kappa, penalty = options.get("kappa", 0.5), options.get("bonds_penalty", 1.0)
    bonds: np.ndarray | None = None
    previous: np.ndarray | None = None
    old_consensus: np.ndarray | None = None
    dividends, incentives = [], []
    for t in range(len(weights)):
        W = weights[t] / (weights[t].sum(axis=1, keepdims=True) + EPSILON)
        S = stake[t] / stake[t].sum()
        if bonds is not None and variant in ("2c", "3"):
            bonds = np.where(reset[t], 0, bonds)
        C = consensus_of(W, S, kappa)
        base = W if variant != "2b" or previous is None else previous
        clipped = np.minimum(base, C)
        R = S @ clipped
        I = R / R.sum()
        bond_weights = (1 - penalty) * base + penalty * clipped
        rate: Any = 1.0 if variant == "1" else 1 - options.get("bonds_moving_average", 0.1)
        if options.get("liquid_alpha") and old_consensus is not None and bonds is not None:
            seen = {"current": C, "previous": old_consensus, "mixed": np.maximum(C, old_consensus)}
            rate = liquid(W, bonds, seen[options.get("consensus_mode", "current")], 0.1, 0.3, 10.0)
        if variant in ("1", "2", "2b"):
            new = S[:, None] * bond_weights
            total = new.sum(axis=0) + (EPSILON if variant == "1" else 0)
            new = np.divide(new, total, out=np.zeros_like(new), where=total != 0)
            bonds = new if bonds is None else rate * new + (1 - rate) * bonds
            if variant == "1":
                bonds = bonds / (bonds.sum(axis=0) + EPSILON)
            D = bonds @ I
        else:
            bonds = np.zeros_like(W) if bonds is None else bonds
            if variant == "2c":
                capacity = S[:, None] * CAPACITY
                purchase = np.minimum(0.1 * capacity, np.maximum(capacity - bonds, 0)) * W
                bonds = np.minimum(0.9 * bonds + purchase, capacity)
            else:
                kept = bonds * (1 - rate)
                bonds = np.minimum(kept + np.minimum(rate * W, np.maximum(1 - kept, 0)), 1)
            D = (bonds / (bonds.sum(axis=0) + EPSILON)) @ I
            if variant == "3":
                D = S * D
        dividends.append(D / (D.sum() + EPSILON))
        incentives.append(I)
        previous, old_consensus = W, C
    return np.array(dividends), np.array(incentives)
