"""Random, adversarially varied inputs of one Bittensor epoch, in the format of the vectors."""

from typing import Any

import numpy as np

U16_MAX = 65535


def chance(rng: np.random.Generator, probability: float) -> bool:
    """Toss a biased coin."""
    return bool(rng.random() < probability)


def pick(rng: np.random.Generator, *options: Any) -> Any:
    """Choose one option, as it is."""
    return options[int(rng.integers(len(options)))]


def integer(rng: np.random.Generator, low: int, high: int) -> int:
    """Draw a Python int from low to high, both included."""
    return int(rng.integers(low, high, endpoint=True))


def random_params(rng: np.random.Generator, n: int, block: int, stake: list[int]) -> dict[str, Any]:
    """Draw hyperparameters, many of them at the values where a formula changes."""
    tempo = pick(rng, 1, 5, 99, 360, 360, integer(rng, 1, 2000))
    alpha_low = pick(rng, 1638, 6553, 45875, integer(rng, 1638, U16_MAX))
    a_stake = pick(rng, *stake)
    return {
        "kappa_u16": pick(rng, 0, 1, 13107, 21845, *[32767] * 5, 32768, 49151, U16_MAX, integer(rng, 0, U16_MAX)),
        "bonds_penalty_u16": pick(rng, 0, 1, 32768, 65534, U16_MAX, U16_MAX, integer(rng, 0, U16_MAX)),
        "bonds_moving_average_ppm": pick(
            rng, 0, 1, 333_333, 900_000, 900_000, 975_000, 1_000_000, integer(rng, 0, 1_000_000)
        ),
        "yuma3": chance(rng, 0.6),
        "liquid_alpha": chance(rng, 0.5),
        "alpha_low_u16": alpha_low,
        "alpha_high_u16": pick(rng, alpha_low, U16_MAX, integer(rng, alpha_low, U16_MAX)),
        "alpha_sigmoid_steepness": pick(rng, 0, 1, 333, 1000, 1000, 4000, 32767, integer(rng, 0, 5000)),
        "max_allowed_validators": pick(rng, 64, integer(rng, 1, n + 2)),
        "stake_threshold": pick(rng, *[0] * 5, a_stake, a_stake + 1, integer(rng, 0, max(stake))),
        "activity_cutoff_blocks": pick(rng, 1, tempo, *[max(1, 13_889 * tempo // 1000)] * 3, 5000),
        "tempo": tempo,
        "last_mechanism_step_block": pick(rng, 0, max(block - tempo - 1, 0), integer(rng, 0, block - 1)),
        "owner_uid": integer(rng, 0, n - 1) if chance(rng, 0.4) else None,
        "commit_reveal": chance(rng, 0.5),
    }


def random_stake(rng: np.random.Generator, n: int) -> list[int]:
    """Draw stakes: equal, small with ties, realistic up to 2e16 rao, or a mixture of sizes; some of them zero."""
    kind = pick(rng, *["equal", "small", "small", "realistic", "realistic", "mixed"] * 3, "none")
    draw = {
        "equal": lambda: 10**9,
        "small": lambda: integer(rng, 1, 5),
        "realistic": lambda: int(10 ** rng.uniform(11, np.log10(2e16))),
        "mixed": lambda: pick(rng, 1, 1000, 10**9, 10**13, 2 * 10**16),
        "none": lambda: 0,
    }[kind]
    stake = [draw() for _ in range(n)]
    if chance(rng, 0.5):
        stake = [0 if chance(rng, 0.3) else s for s in stake]
    if n > 1 and chance(rng, 0.3):  # two exactly equal stakes
        i, j = rng.choice(n, size=2, replace=False)
        stake[i] = stake[j]
    return stake


def random_weight_row(rng: np.random.Generator, n: int, earlier: list[list[list[int]]]) -> list[list[int]]:
    """Draw one validator's row: empty, a copy of another's, or max-upscaled to 65535, with explicit zeros and ties."""
    if chance(rng, 0.1):
        return []
    if earlier and chance(rng, 0.25):
        return [list(entry) for entry in pick(rng, *earlier)]
    columns = np.flatnonzero(rng.random(n) < rng.uniform(0.4, 1.2))
    if not columns.size:
        return []
    levels = pick(rng, 3, 6, U16_MAX)  # few levels make ties
    values = rng.integers(0, levels, size=columns.size, endpoint=True)
    values[rng.integers(columns.size)] = levels
    upscaled = (values * U16_MAX * 2 + levels) // (2 * levels)
    return [[int(j), int(w)] for j, w in zip(columns, upscaled, strict=True)]


def random_bond_row(rng: np.random.Generator, n: int) -> list[list[int]]:
    """Draw one validator's stored bonds: empty, or sparse u16 values with the extremes among them."""
    if chance(rng, 0.3):
        return []
    columns = np.flatnonzero(rng.random(n) < 0.6)
    return [[int(j), pick(rng, 0, 1, 6553, U16_MAX, integer(rng, 0, U16_MAX))] for j in columns]


def random_state(rng: np.random.Generator, n: int | None = None) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Return params, state and emission of one valid epoch.

    Args:
        rng: the source of chance.
        n: number of neurons; 1 to 12 if not given.
    """
    n = integer(rng, 1, 12) if n is None else n
    block = pick(rng, integer(rng, 1, 20), integer(rng, 300, 8000), integer(rng, 10**6, 10**7))
    stake = random_stake(rng, n)
    params = random_params(rng, n, block, stake)
    last_step = params["last_mechanism_step_block"]
    t_last = last_step + 1 if last_step else max(block - params["tempo"], 0)
    cutoff = params["activity_cutoff_blocks"]

    def within(x: int) -> int:
        return min(max(x, 0), block)

    calm = chance(rng, 0.4)  # nobody is new, inactive or without permit, so that most of these states pay someone
    reg = [
        0 if calm or chance(rng, 0.7) else within(pick(rng, 1, t_last - 1, t_last, block - 1, block)) for _ in range(n)
    ]
    last_update = [
        block
        if calm or chance(rng, 0.6)
        else within(pick(rng, block - cutoff, block - cutoff - 1, block - 1, pick(rng, *reg)))
        for _ in range(n)
    ]
    last_update = [max(update, registered) for update, registered in zip(last_update, reg, strict=True)]

    weights: list[list[list[int]]] = []
    for _ in range(n):
        weights.append(random_weight_row(rng, n, weights))
    if chance(rng, 0.3):  # a replaced neuron: others' weights on it are explicit zeros, its own row and bonds are gone
        replaced = integer(rng, 0, n - 1)
        weights = [[[j, 0 if j == replaced else w] for j, w in row] for row in weights]
        weights[replaced] = []
    state: dict[str, Any] = {
        "block": block,
        "stake": stake,
        "last_update": last_update,
        "block_at_registration": reg,
        "validator_permit": [calm or chance(rng, 0.7) for _ in range(n)],
        "weights": weights,
        "bonds": [random_bond_row(rng, n) for _ in range(n)],
    }
    if chance(rng, 0.5):
        near = [*reg, block, max(block - 1, 0)]
        state["commit_blocks"] = [pick(rng, *near) if chance(rng, 0.3) else None for _ in range(n)]
    emission = pick(rng, 0, 1, 1000, 10**9, 10**9 + 7, integer(rng, 0, 10**12))
    return params, state, emission


def has_stake_tie(active_stake: list[float], kappa: float) -> bool:
    """Tell whether some validators, but not all, hold 1 − kappa of the active stake up to rounding.

    Then, and only then, the weighted median may turn on the last bit of the arithmetic.
    """
    sums = np.zeros(1)
    for stake in active_stake:
        if stake > 0:
            sums = np.concatenate([sums, sums + stake])
    return bool((np.abs(sums[1:-1] - (1 - kappa)) < 1e-9).any())
