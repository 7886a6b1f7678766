"""The Bittensor epoch in plain NumPy float64: dense, vectorised, no fixed point.

`numpy_epoch` reads the vectors' params and state and is compared with the exact oracle within rounding.
`numpy_simulation_epoch` is the bare Yuma 3 formula, the 'plain NumPy epoch' of the benchmark.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.reference.exact_epoch import DEFAULTS, U16_MAX

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def divide(x: Floats, y: Floats) -> Floats:
    """Return x / y, x itself where y is 0."""
    return x / np.where(y == 0, 1.0, y)


def normalise(x: Floats) -> Floats:
    """Divide by the sum; unchanged where that is 0."""
    return divide(x, x.sum())


def col_normalise(x: Floats) -> Floats:
    """Divide every column by its sum; unchanged where that is 0."""
    return divide(x, x.sum(axis=0))


def weighted_median(stake: Floats, weights: Floats, kappa: float) -> Floats:
    """Return per column the largest weight that a `kappa` share of stake supports; rows without stake do not vote.

    Sorted upwards, row k is eligible while the stake before it is at most the rest beyond kappa; the last one wins.
    """
    voting = stake > 0
    if not voting.any():
        return np.zeros(weights.shape[1])
    if not voting.all():
        stake, weights = stake[voting], weights[voting]
    stake = stake / stake.sum()
    order = np.argsort(weights, axis=0)
    stake_up_to = np.cumsum(stake[order], axis=0)
    last = (stake_up_to[:-1] <= stake.sum() - kappa).sum(axis=0)
    columns = np.arange(weights.shape[1])
    return weights[order[last, columns], columns]


def dense(rows: list[list[list[int]]], n: int) -> tuple[Floats, Bools]:
    """Return sparse rows of [column, value] as a matrix, and which entries are present."""
    matrix, present = np.zeros((n, n)), np.zeros((n, n), dtype=bool)
    for i, row in enumerate(rows[:n]):
        for j, value in row:
            if j < n:
                matrix[i, j], present[i, j] = value, True
    return matrix, present


def padded(x: list[Any], n: int, filler: Any, dtype: Any) -> NDArray[Any]:
    """Return the first n elements as an array, missing ones replaced by `filler`."""
    return np.array((list(x) + [filler] * n)[:n], dtype=dtype)


def to_u16(x: Floats) -> NDArray[np.int64]:
    """Return ⌊x · 65535⌋, saturating."""
    return np.clip(np.floor(x * U16_MAX), 0, U16_MAX).astype(np.int64)


def numpy_epoch(params: dict[str, Any], state: dict[str, Any], emission: int) -> dict[str, Any]:
    """Settle one epoch in float64; arguments and result as in `exact_epoch`, without `raw` and with float stakes."""
    p = {**DEFAULTS, **params}
    cutoff = p.get("activity_cutoff_blocks")
    if cutoff is None:
        cutoff = max(1, 13_889 * p["tempo"] // 1000)
    block = state["block"]
    n = len(state["stake"])
    last_update = padded(state.get("last_update") or [], n, 0, np.int64)
    reg = padded(state.get("block_at_registration") or [], n, 0, np.int64)
    owner = np.arange(n) == (-1 if p["owner_uid"] is None else p["owner_uid"])

    # Activity, stake, permits (§2).
    active = last_update + cutoff >= block
    stake = np.array(state["stake"], dtype=np.int64)
    S = normalise(np.where(owner | (stake >= p["stake_threshold"]), stake, 0).astype(np.float64))
    permit = padded(state.get("validator_permit") or [], n, False, bool) | owner
    in_top_k = np.ones(n, dtype=bool)
    in_top_k[np.argsort(S, kind="stable")[: max(n - p["max_allowed_validators"], 0)]] = False
    new_permit = (in_top_k & (S > 0)) | owner
    A = normalise(S * active * permit)

    # Weights (§3).
    W, present = dense(state.get("weights") or [], n)
    present &= permit[:, None] & (~np.eye(n, dtype=bool) | owner) & (last_update[:, None] > reg)
    if p["commit_reveal"]:
        never = np.iinfo(np.int64).max
        commits = [never if c is None else c for c in state.get("commit_blocks") or []]
        present &= padded(commits, n, never, np.int64)[:, None] >= reg
    W = np.where(present, W, 0.0)
    W = divide(W, W.sum(axis=1, keepdims=True))

    # Consensus, trust, incentive (§4).
    C = weighted_median(A, W, p["kappa_u16"] / U16_MAX)
    clipped = np.minimum(W, C)
    T = clipped.sum(axis=1)
    I = normalise(A @ clipped)

    # Bonds and dividends (§5, §6).
    beta = p["bonds_penalty_u16"] / U16_MAX
    Wb = clipped if beta == 1 else W + beta * (clipped - W)
    if beta == 1:
        present = present & ~((C == 0) & (W > 0))
    elif beta > 0:
        present = Wb > 0
    last_step = p["last_mechanism_step_block"]
    t_last = last_step + 1 if last_step else max(block - p["tempo"], 0)
    B = dense(state.get("bonds") or [], n)[0] * (reg < t_last)
    alpha = 1 - p["bonds_moving_average_ppm"] / 1e6
    if p["yuma3"]:
        B = B / U16_MAX
        if p["liquid_alpha"] and C.any():
            low, high = p["alpha_low_u16"] / U16_MAX, p["alpha_high_u16"] / U16_MAX
            d = np.where(Wb >= B, np.clip(Wb - C, 0, 1), np.clip(B - Wb, 0, 1))
            exponent = np.clip(-p["alpha_sigmoid_steepness"] / 100 * (d - 0.5), -20, 20)
            alphas = np.clip(low + (high - low) / (1 + np.exp(exponent)), low, high)
            new_bonds = np.where(present, np.minimum(1, (1 - alphas) * B + alphas * Wb), 0.0)
        else:
            new_bonds = alpha * Wb + (1 - alpha) * B
        D = normalise(A * (col_normalise(new_bonds) @ I))
    else:
        new_bonds = alpha * col_normalise(A[:, None] * Wb) + (1 - alpha) * col_normalise(B)
        new_bonds = col_normalise(new_bonds)
        D = normalise(new_bonds @ I)
        new_bonds = divide(new_bonds, new_bonds.max(axis=0))
    quantised = to_u16(new_bonds)
    bonds_u16 = [
        [[int(j), int(quantised[i, j])] for j in np.flatnonzero(new_bonds[i])] if new_permit[i] else []
        for i in range(n)
    ]

    # Emission (§7).
    Z = I.sum() + D.sum()
    if Z:
        server_share, validator_share, combined_share = I / Z, D / Z, (I + D) / Z
    else:
        server_share = np.zeros(n)
        validator_share = combined_share = A if A.any() else S

    outputs = {"consensus": C, "validator_trust": T, "incentive": I, "dividends": D}
    amounts = {"server_emission": server_share, "validator_emission": validator_share, "emission": combined_share}
    return {
        **{name: x.tolist() for name, x in outputs.items()},
        **{f"{name}_u16": to_u16(x).tolist() for name, x in outputs.items()},
        **{name: np.floor(x * emission).astype(np.int64).tolist() for name, x in amounts.items()},
        "active": active.tolist(),
        "new_validator_permit": new_permit.tolist(),
        "bonds_u16": bonds_u16,
        "stake": S.tolist(),
        "active_stake": A.tolist(),
    }


def numpy_simulation_epoch(
    weights: Floats, stake: Floats, bonds: Floats, kappa: float, alpha: float, penalty: float
) -> tuple[Floats, Floats, Floats, Floats]:
    """Settle one Yuma 3 epoch with a scalar alpha, without permits, masks or quantisation.

    Args:
        weights: [V, M] opinions, rows sum to 1.
        stake: [V] shares, sum to 1.
        bonds: [V, M] bonds left by the previous epoch, in [0, 1].
        kappa: majority of stake, in [0, 1].
        alpha: weight of the new observation in the bonds.
        penalty: how far bonds follow clipped weights.

    Returns:
        New bonds [V, M], consensus [M], incentive [M], dividends [V].
    """
    consensus = weighted_median(stake, weights, kappa)
    clipped = np.minimum(weights, consensus)
    incentive = normalise(stake @ clipped)
    new_bonds = alpha * (weights + penalty * (clipped - weights)) + (1 - alpha) * bonds
    dividends = normalise(stake * (new_bonds @ divide(incentive, new_bonds.sum(axis=0))))
    return new_bonds, consensus, incentive, dividends
