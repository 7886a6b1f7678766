"""One Bittensor epoch in the chain's fixed-point arithmetic, in plain Python integers.

A test oracle, written for clarity, not speed, from the project's description of the epoch (the § numbers are its
sections) and independently of the simulator. A value of the chain's I32F32 is the integer `raw = x * 2**32`. Matrices
are lists of `{column: raw}`, one dict per row, because an absent entry and an explicit zero differ (§5, §6.4). No
epoch of a real subnet comes near ±2**31, so saturation is left out.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Sparse = list[dict[int, int]]

FRACTION_BITS = 32
ONE = 1 << FRACTION_BITS
U16_MAX = 65535
E_NUMERATOR = 22_802_600  # of 2**23: exp(1) as the chain stores it

DEFAULTS: dict[str, Any] = {
    "kappa_u16": 32767,
    "bonds_penalty_u16": 65535,
    "bonds_moving_average_ppm": 900_000,
    "yuma3": False,
    "liquid_alpha": False,
    "alpha_low_u16": 45875,
    "alpha_high_u16": 58982,
    "alpha_sigmoid_steepness": 1000,
    "max_allowed_validators": 128,
    "stake_threshold": 0,
    "tempo": 360,
    "last_mechanism_step_block": 0,
    "owner_uid": None,
    "commit_reveal": True,
}


@contextmanager
def refined(fraction_bits: int = 160) -> Iterator[None]:
    """Calculate with more fractional bits than the chain, to tell rounding from differences of meaning."""
    global FRACTION_BITS, ONE
    before = FRACTION_BITS
    FRACTION_BITS, ONE = fraction_bits, 1 << fraction_bits
    try:
        yield
    finally:
        FRACTION_BITS, ONE = before, 1 << before


# --- Numbers (§8) ---


def product(a: int, b: int) -> int:
    """Return a·b, cut to 32 fractional bits toward −∞."""
    return (a * b) >> FRACTION_BITS


def quotient(a: int, b: int) -> int:
    """Return a/b, truncated toward zero; 0 where b is 0. Also the fixed-point ratio of two plain integers."""
    if b == 0:
        return 0
    magnitude = (abs(a) << FRACTION_BITS) // abs(b)
    return magnitude if (a < 0) == (b < 0) else -magnitude


def clip(x: int, low: int, high: int) -> int:
    """Return x, at most `high`, then at least `low`."""
    return max(min(x, high), low)


def to_u16(x: int) -> int:
    """Return ⌊x · 65535⌋, saturating."""
    return clip(product(x, U16_MAX), 0, U16_MAX)


def exp(x: int) -> int:
    """Return e**x for x in [−20, 20]: 32 Taylor terms, each truncated; e**−x is 1 / e**x."""
    x = clip(x, -20 * ONE, 20 * ONE)
    if x == 0:
        return ONE
    if x == ONE:
        return (E_NUMERATOR * ONE) >> 23
    size = abs(x)
    term, result = size, ONE + size
    for i in range(2, 32):
        term = product(term, size) // i
        result += term
    return quotient(ONE, result) if x < 0 else result


# --- Vectors and sparse matrices ---


def normalise(x: list[int]) -> list[int]:
    """Divide by the sum; unchanged where that is 0."""
    total = sum(x)
    return [quotient(value, total) for value in x] if total else list(x)


def row_normalise(m: Sparse) -> Sparse:
    """Divide every row by its sum; a row with sum 0 stays as it is."""
    return [dict(zip(row, normalise(list(row.values())), strict=True)) for row in m]


def by_column(m: Sparse, reduce: Callable[[Iterable[int]], int]) -> dict[int, int]:
    """Reduce the entries present in each column."""
    columns: dict[int, list[int]] = {}
    for row in m:
        for j, value in row.items():
            columns.setdefault(j, []).append(value)
    return {j: reduce(values) for j, values in columns.items()}


def col_divide(m: Sparse, divisor: dict[int, int]) -> Sparse:
    """Divide every column by its divisor; a column with divisor 0 stays as it is."""
    return [{j: quotient(v, divisor[j]) if divisor[j] else v for j, v in row.items()} for row in m]


def col_normalise(m: Sparse) -> Sparse:
    """Divide every column by its sum; `cn` in the spec."""
    return col_divide(m, by_column(m, sum))


def keep(m: Sparse, wanted: Callable[[int, int], bool]) -> Sparse:
    """Remove the entries (i, j) that are not wanted."""
    return [{j: value for j, value in row.items() if wanted(i, j)} for i, row in enumerate(m)]


def pad(x: list[Any], n: int, filler: Any) -> list[Any]:
    """Return the first n elements, missing ones replaced by `filler`."""
    return list(x[:n]) + [filler] * (n - len(x))


def read_sparse(rows: list[list[list[int]]], n: int) -> Sparse:
    """Read rows of [column, u16] as integers, by column; missing rows are empty, unknown uids dropped."""
    return [{j: value for j, value in sorted(row) if j < n} for row in pad(rows, n, [])]


# --- The steps of an epoch ---


def top_k_nonzero(S: list[int], k: int) -> list[bool]:
    """Return who is among the k largest and not zero; ties are won by the higher uid (§2.5)."""
    n = len(S)
    ascending = sorted(range(n), key=lambda i: S[i])  # stable
    out = set(ascending[: max(n - k, 0)])
    return [S[i] != 0 and i not in out for i in range(n)]


def weighted_median(s: list[int], x: list[int], m: int) -> int:
    """Return max {v in x : stake of x_i < v is at most m}, or min x if there is none; 0 without scores (§4)."""
    if not x:
        return 0
    best, below = min(x), 0
    stake_at: dict[int, int] = {}
    for s_i, x_i in zip(s, x, strict=True):
        stake_at[x_i] = stake_at.get(x_i, 0) + s_i
    for v in sorted(stake_at):
        if below <= m:
            best = v
        below += stake_at[v]
    return best


def consensus_weights(A: list[int], W: Sparse, kappa: int) -> list[int]:
    """Return the weighted median of every column over the neurons with active stake (§4)."""
    V = [i for i, a in enumerate(A) if a > 0]
    s = normalise([A[i] for i in V])
    m = sum(s) - kappa
    return [weighted_median(s, [W[i].get(j, 0) for i in V], m) for j in range(len(A))]


def clip_weights(W: Sparse, C: list[int]) -> Sparse:
    """Return min(W, C), without the entries that were cut to 0."""
    return [{j: min(w, C[j]) for j, w in row.items() if w <= C[j] or C[j] > 0} for row in W]


def weights_for_bonds(W: Sparse, clipped: Sparse, beta: int) -> Sparse:
    """Return W + β (W̄ − W); strictly between β = 0 and β = 1 only positive entries stay (§5)."""
    if beta == 0:
        return W
    if beta == ONE:
        return clipped
    mixed = [
        {j: w + product(beta, c_row.get(j, 0) - w) for j, w in row.items()}
        for row, c_row in zip(W, clipped, strict=True)
    ]
    return keep(mixed, lambda i, j: mixed[i][j] > 0)


def ema(new: Sparse, old: Sparse, alpha: int) -> Sparse:
    """Return α new + (1−α) old over the union of entries; only positive ones stay (§6.1, §6.2)."""
    result: Sparse = []
    for new_row, old_row in zip(new, old, strict=True):
        row = {
            j: product(alpha, new_row.get(j, 0)) + product(ONE - alpha, old_row.get(j, 0))
            for j in sorted(new_row.keys() | old_row.keys())
        }
        result.append({j: value for j, value in row.items() if value > 0})
    return result


def liquid_alpha(w: int, b: int, c: int, low: int, high: int, steepness: int) -> int:
    """Return α of one pair from weight, old bond and consensus; `steepness` is in hundredths (§6.3)."""
    d = clip(w - c, 0, ONE) if w >= b else clip(b - w, 0, ONE)
    sigma = quotient(ONE, ONE + exp(product(quotient(steepness, -100), d - ONE // 2)))
    return clip(low + product(sigma, high - low), low, high)


def ema_liquid(new: Sparse, old: Sparse, alpha: Callable[[int, int], int]) -> Sparse:
    """Return min(1, (1−α_ij) old + max(0, α_ij new)) on the entries of `new` only; positive ones stay (§6.3, §6.4)."""
    result: Sparse = []
    for i, new_row in enumerate(new):
        row = {}
        for j, w in new_row.items():
            a = alpha(i, j)
            row[j] = min(ONE, product(ONE - a, old[i].get(j, 0)) + max(0, product(a, w)))
        result.append({j: value for j, value in row.items() if value > 0})
    return result


def exact_epoch(params: dict[str, Any], state: dict[str, Any], emission: int) -> dict[str, Any]:
    """Settle one epoch exactly as the chain does.

    Args:
        params: hyperparameters as in the vectors; a missing one takes the chain's storage default (§11).
        state: stake, last_update, block_at_registration, validator_permit, weights, bonds (sparse rows), block and
            optionally commit_blocks (block of each validator's earliest open commit, or None).
        emission: E in rao.

    Returns:
        consensus, validator_trust, incentive, dividends as floats, under `raw` as integers with 32 fractional bits
        (with the three emission shares), and as `*_u16`; server_emission, validator_emission, emission in rao; active,
        new_validator_permit; bonds_u16 as sparse rows; stake and active_stake raw.
    """
    p = {**DEFAULTS, **params}
    cutoff = p.get("activity_cutoff_blocks")
    if cutoff is None:
        cutoff = max(1, 13_889 * p["tempo"] // 1000)
    owner, block = p["owner_uid"], state["block"]
    n = len(state["stake"])
    uids = range(n)
    last_update = pad(state.get("last_update") or [], n, 0)
    reg = pad(state.get("block_at_registration") or [], n, 0)

    # Activity, stake, permits (§2).
    active = [last_update[i] + cutoff >= block for i in uids]
    counted = [s if i == owner or s >= p["stake_threshold"] else 0 for i, s in enumerate(state["stake"])]
    S = normalise(counted)
    permit = [bool(x) or i == owner for i, x in enumerate(pad(state.get("validator_permit") or [], n, False))]
    top_k = top_k_nonzero(S, p["max_allowed_validators"])
    new_permit = [top_k[i] or i == owner for i in uids]
    A = normalise([S[i] if active[i] and permit[i] else 0 for i in uids])

    # Weights (§3).
    W = read_sparse(state.get("weights") or [], n)
    W = keep(W, lambda i, j: permit[i])
    W = keep(W, lambda i, j: i != j or i == owner)
    W = keep(W, lambda i, j: last_update[i] > reg[j])
    if p["commit_reveal"]:
        commit = pad(state.get("commit_blocks") or [], n, None)
        W = keep(W, lambda i, j: commit[i] is None or commit[i] >= reg[j])
    W = row_normalise(W)

    # Consensus, trust, incentive (§4).
    C = consensus_weights(A, W, quotient(p["kappa_u16"], U16_MAX))
    clipped = clip_weights(W, C)
    T = [sum(row.values()) for row in clipped]
    R = [0] * n
    for i, row in enumerate(clipped):
        for j, w in row.items():
            R[j] += product(A[i], w)
    I = normalise(R)

    # Bonds and dividends (§5, §6).
    Wb = weights_for_bonds(W, clipped, quotient(p["bonds_penalty_u16"], U16_MAX))
    last_step = p["last_mechanism_step_block"]
    t_last = last_step + 1 if last_step else max(block - p["tempo"], 0)
    old = keep(read_sparse(state.get("bonds") or [], n), lambda i, j: reg[j] < t_last)
    alpha = ONE - quotient(p["bonds_moving_average_ppm"], 1_000_000)
    if p["yuma3"]:
        B = [{j: quotient(value, U16_MAX) for j, value in row.items()} for row in old]
        if p["liquid_alpha"] and any(C):
            low, high = quotient(p["alpha_low_u16"], U16_MAX), quotient(p["alpha_high_u16"], U16_MAX)

            def alpha_of(i: int, j: int) -> int:
                return liquid_alpha(Wb[i][j], B[i].get(j, 0), C[j], low, high, p["alpha_sigmoid_steepness"])

            new_bonds = ema_liquid(Wb, B, alpha_of)
        else:
            new_bonds = ema(Wb, B, alpha)
        shares = [sum(product(b, I[j]) for j, b in row.items()) for row in col_normalise(new_bonds)]
        D = normalise([product(share, a) for share, a in zip(shares, A, strict=True)])
    else:
        delta = [{j: product(w, A[i]) for j, w in row.items()} for i, row in enumerate(Wb)]
        new_bonds = col_normalise(ema(col_normalise(delta), col_normalise(old), alpha))
        D = normalise([sum(product(b, I[j]) for j, b in row.items()) for row in new_bonds])
        new_bonds = col_divide(new_bonds, by_column(new_bonds, max))
    bonds_u16 = [[[j, to_u16(b)] for j, b in row.items()] if new_permit[i] else [] for i, row in enumerate(new_bonds)]

    # Emission (§7).
    Z = sum(I) + sum(D)
    server_share = [quotient(x, Z) for x in I]
    if Z:
        validator_share = [quotient(x, Z) for x in D]
        combined_share = [quotient(x + y, Z) for x, y in zip(I, D, strict=True)]
    else:
        validator_share = combined_share = A if any(A) else S

    raw = {"consensus": C, "validator_trust": T, "incentive": I, "dividends": D}
    return {
        **{name: [x / ONE for x in values] for name, values in raw.items()},
        **{f"{name}_u16": [to_u16(x) for x in values] for name, values in raw.items()},
        "raw": {
            **raw,
            "server_share": server_share,
            "validator_share": validator_share,
            "combined_share": combined_share,
        },
        "server_emission": [product(x, emission) for x in server_share],
        "validator_emission": [product(x, emission) for x in validator_share],
        "emission": [product(x, emission) for x in combined_share],
        "active": active,
        "new_validator_permit": new_permit,
        "bonds_u16": bonds_u16,
        "stake": S,
        "active_stake": A,
    }
