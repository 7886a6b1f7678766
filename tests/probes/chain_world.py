"""Four neurons on a chain of their own: a calm state in which a test changes one thing."""

import copy
from functools import cache
from typing import Any

import numpy as np

from subnet.chain.neurons import Published
from tests.reference.chain_inputs import run_step, stored_bonds
from tests.reference.exact_epoch import DEFAULTS
from tokenomics.arithmetic import Arithmetic

BLOCK, EMISSION = 10_000, 1_000_000_000
FULL = 65535
HALF_KAPPA, ABOVE_HALF = 32767, 32768

# Neurons 0 and 1 validate, with equal stake; 2 and 3 mine. Both validators give the miners 1 : 1.
CALM: dict[str, Any] = {
    "block": BLOCK,
    "stake": [1000, 1000, 0, 0],
    "last_update": [BLOCK] * 4,
    "block_at_registration": [0] * 4,
    "validator_permit": [True, True, False, False],
    "weights": [[[2, FULL], [3, FULL]], [[2, FULL], [3, FULL]], [], []],
    "bonds": [[], [], [], []],
}


def epoch(arithmetic: Arithmetic, params: dict[str, Any] | None = None, **state: Any) -> Published:
    """Run one epoch of the calm world with some things changed; NumPy arrays."""
    import jax

    made = {**copy.deepcopy(CALM), **state}
    settings = {"activity_cutoff_blocks": 5000, "last_mechanism_step_block": BLOCK - 361, **(params or {})}
    out = run_step({**DEFAULTS, **settings}, made, EMISSION, arithmetic)
    return jax.tree.map(np.asarray, out)


@cache
def calm(arithmetic: Arithmetic, yuma3: bool = False) -> Published:
    """Return the calm world's epoch."""
    return epoch(arithmetic, {"yuma3": yuma3})


def bonds_after(out: Published) -> list[list[list[int]]]:
    """Return what the next epoch finds as bonds."""
    return stored_bonds(out)


def close(got: Any, expected: Any) -> None:
    """Compare shares: the chain cuts each operation at 2^-32."""
    np.testing.assert_allclose(np.asarray(got, float), expected, rtol=0, atol=1e-8)


def paid(out: Published, expected: list[float]) -> None:
    """Compare emission with shares of it, up to the cutting."""
    np.testing.assert_allclose(out.emission / EMISSION, expected, rtol=0, atol=1e-8)
