"""The chain's arithmetic, function by function."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from subnet.chain.masks import counted_weights
from subnet.chain.permits import is_topk, stake_shares
from subnet.chain.weights import is_within_limit, max_upscale_u16, row_shares
from subnet.consensus.yuma import Yuma, alpha_values_allowed
from subnet.median import weighted_quantile
from tests.reference.chain_inputs import vectors_of
from tokenomics.arithmetic import (
    fraction,
    like,
    minimum,
    of_ratio,
    of_real,
    sigmoid,
    to_float,
    where,
)  # fmt: skip
from tokenomics.fixed import Fixed
from tokenomics.shares import pro_rata

ARITHMETICS = ("exact", "float64")
UNIT = 2.0**-32


def cases(*functions: str) -> Any:
    """Parametrise a test over the vectors of some functions, in both arithmetics."""
    return pytest.mark.parametrize(
        ("vector", "arithmetic"),
        [pytest.param(v, a, id=f"{v['id']}-{a}") for f in functions for v in vectors_of(f) for a in ARITHMETICS],
    )


def taken(vector: dict[str, Any], values: Any, arithmetic: Any) -> Any:
    """Take literals in as the chain's test does: by way of 32-bit floats where it says so."""
    literal = np.float32 if vector["literals"] == "f32" else np.float64
    return of_real(np.asarray(values, literal).astype(np.float64), arithmetic)


def close(vector: dict[str, Any], got: Any, expected: Any) -> None:
    np.testing.assert_allclose(
        np.asarray(to_float(got)), expected, rtol=1e-6, atol=max(vector["tolerance"]["float64_abs"], UNIT)
    )


@cases("vec_max_upscale_to_u16")
def test_weights_are_scaled_to_u16_as_on_the_chain(vector: dict[str, Any], arithmetic: Any) -> None:
    x = vector["inputs"]["x"]
    if not x:
        assert vector["expected"]["y"] == []
        return
    got = max_upscale_u16(taken(vector, x, arithmetic))
    assert got.dtype == jnp.uint16
    assert got.tolist() == vector["expected"]["y"]


@cases("check_vec_max_limited")
def test_the_weight_limit_accepts_a_tie(vector: dict[str, Any], arithmetic: Any) -> None:
    x, limit = vector["inputs"]["x"], vector["inputs"]["limit_u16"] / 65535
    got = is_within_limit(to_float(taken(vector, x, arithmetic)), limit)
    assert bool(got) is vector["expected"]["ok"]


@cases("sigmoid")
def test_sigmoid_clamps_its_exponent(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    x, kappa = taken(vector, given["x"], arithmetic), taken(vector, given["kappa"], arithmetic)
    (rho,) = like(x, float(given["rho"]))
    np.testing.assert_allclose(
        np.asarray(to_float(sigmoid(x - kappa, rho))), vector["expected"]["y"], rtol=0, atol=2e-9
    )


@cases("is_topk")
def test_ties_in_the_top_k_go_to_the_higher_uid(vector: dict[str, Any], arithmetic: Any) -> None:
    x = taken(vector, vector["inputs"]["x"], arithmetic)
    assert is_topk(x, jnp.int64(vector["inputs"]["k"])).tolist() == vector["expected"]["mask"]


@cases("normalize", "row_normalize", "col_normalize")
def test_normalising_leaves_zero_sums_alone(vector: dict[str, Any], arithmetic: Any) -> None:
    axis = {"normalize": None, "row_normalize": 1, "col_normalize": 0}[vector["function"]]
    (given,) = vector["inputs"].values()
    (expected,) = vector["expected"].values()
    x = taken(vector, given, arithmetic)
    if (np.asarray(given, float) < 0).any():  # outside an epoch: shares of amounts are shares of their sum all the same
        x = of_real(np.asarray(given, float), "float64")
    close(vector, pro_rata(x, axis=axis), expected)


@cases("vecdiv")
def test_division_by_zero_gives_zero(vector: dict[str, Any], arithmetic: Any) -> None:
    x, y = (taken(vector, vector["inputs"][k], arithmetic) for k in "xy")
    close(vector, fraction(x, y), vector["expected"]["z"])


@cases("col_max_upscale")
def test_columns_are_scaled_to_their_maximum(vector: dict[str, Any], arithmetic: Any) -> None:
    m = taken(vector, vector["inputs"]["m"], arithmetic)
    close(vector, fraction(m, m.max(axis=0)[None, :]), vector["expected"]["m"])


@cases("mask_diag")
def test_self_weights_are_masked_but_for_the_owners(vector: dict[str, Any], arithmetic: Any) -> None:
    m, owner = vector["inputs"]["m"], vector["inputs"]["except_index"]
    n = len(m)
    counted = counted_weights(
        permit=jnp.ones(n, bool),
        is_self=jnp.eye(n, len(m[0]), dtype=bool),
        is_owner=jnp.arange(n) == (-1 if owner is None else owner),
        last_update=jnp.ones(n, int),
        registered=jnp.zeros(len(m[0]), int),
        commit_block=None,
    )
    close(vector, where(counted, taken(vector, m, arithmetic), 0), vector["expected"]["m"])


@cases("mask_pairs")
def test_pairs_are_masked_where_the_rule_holds(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    assert given["rule"] == "row == col"
    masked = jnp.array(given["row"])[:, None] == jnp.array(given["col"])[None, :]
    close(vector, where(masked, 0, taken(vector, given["m"], arithmetic)), vector["expected"]["m"])


@cases("row_hadamard", "mat_vec_mul", "row_sum", "matmul", "matmul_transpose", "col_clip", "col_clip_sparse")
def test_products_sums_and_clips(vector: dict[str, Any], arithmetic: Any) -> None:
    given, name = vector["inputs"], vector["function"]
    if name == "col_clip_sparse":
        rows = [dict(row) for row in given["rows"]]
        m = taken(vector, [[row.get(j, 0) for j in range(3)] for row in rows], arithmetic)
        clipped = minimum(m, taken(vector, given["threshold"], arithmetic))
        got = [[[j, float(x)] for j, x in enumerate(row) if x > 0] for row in np.asarray(to_float(clipped))]
        assert got == vector["expected"]["rows"]
        return
    m = taken(vector, given["m"], arithmetic)
    other = taken(vector, given.get("v", given.get("threshold", 0)), arithmetic)
    got = {
        "row_hadamard": lambda: m * other[:, None],
        "mat_vec_mul": lambda: m * other,
        "row_sum": lambda: m.sum(axis=1),
        "matmul": lambda: (m * other[:, None]).sum(axis=0),
        "matmul_transpose": lambda: (m * other).sum(axis=1),
        "col_clip": lambda: minimum(m, other),
    }[name]()
    (expected,) = vector["expected"].values()
    close(vector, got, expected)


@cases("weighted_median", "weighted_median_col")
def test_the_weighted_median_takes_the_higher_weight_at_a_tie(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    stake = taken(vector, given["stake"], arithmetic)
    if stake.shape[0] == 0:
        assert vector["expected"]["median"] == 0.0
        return
    weights = given["weights"] if "weights" in given else [[s] for s in given["score"]]
    if vector["function"] == "weighted_median_col" or stake.shape[0] == 1:
        stake = pro_rata(stake)
    got = weighted_quantile(taken(vector, weights, arithmetic), stake, taken(vector, given["majority"], arithmetic))
    close(vector, got, np.atleast_1d(vector["expected"]["median"]))


@cases("interpolate")
def test_bond_weights_lie_between_set_and_clipped_weights(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    a, b, ratio = (taken(vector, given[k], arithmetic) for k in ("a", "b", "ratio"))
    close(vector, a + ratio * (b - a), vector["expected"]["m"])


@cases("mat_ema_alpha", "mat_ema_alpha_sparse", "compute_bonds")
def test_bonds_move_at_each_pairs_own_rate(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    if vector["function"] == "compute_bonds":
        _check_compute_bonds(vector, arithmetic)
        return
    sparse = vector["function"].endswith("sparse")
    shape = np.asarray(given["alpha"]).shape
    new, old, kept = np.zeros(shape), np.zeros(shape), np.ones(shape, bool)
    if sparse:
        kept = np.zeros(shape, bool)
        for i, (row_new, row_old) in enumerate(zip(given["new"], given["old"], strict=True)):
            for j, x in row_new:
                new[i, j], kept[i, j] = x, True
            for j, x in row_old:
                old[i, j] = x
    else:
        new, old = np.asarray(given["new"]), np.asarray(given["old"])
    numbers = (taken(vector, x, arithmetic) for x in (new, old, given["alpha"]))
    moved = np.asarray(to_float(Yuma.move_bonds(*numbers, jnp.asarray(kept))))
    if sparse:
        got = [[[j, moved[i, j]] for j in range(shape[1]) if kept[i, j]] for i in range(shape[0])]
        for row, expected in zip(got, vector["expected"]["rows"], strict=True):
            assert [j for j, _ in row] == [j for j, _ in expected]
            close(vector, jnp.asarray([x for _, x in row]), [x for _, x in expected])
    else:
        close(vector, jnp.asarray(moved), vector["expected"]["m"])


def _check_compute_bonds(vector: dict[str, Any], arithmetic: Any) -> None:
    given = vector["inputs"]
    weights, bonds = (taken(vector, given[k], arithmetic) for k in ("weights", "bonds"))
    consensus = taken(vector, given["consensus"][: weights.shape[1]], arithmetic)
    rule = Yuma(
        alpha_low=given["alpha_low_u16"] / 65535,
        alpha_high=given["alpha_high_u16"] / 65535,
        alpha_sigmoid_steepness=given["alpha_sigmoid_steepness"] / 100,
    )
    moved = Yuma.move_bonds(weights, bonds, rule.liquid_rate(weights, bonds, consensus), jnp.ones(weights.shape, bool))
    close(vector, moved, vector["expected"]["liquid_on"])
    (keep,) = like(weights, given["bonds_moving_average_ppm"] / 1e6)
    close(vector, (1 - keep) * weights + keep * bonds, vector["expected"]["liquid_off"])


@cases("normalized_stake_entry")
def test_stake_below_one_part_in_two_to_the_32_vanishes(vector: dict[str, Any], arithmetic: Any) -> None:
    total = vector["inputs"]["total"]
    for entry, expected in zip(vector["inputs"]["entries"], vector["expected"]["y"], strict=True):
        stake = jnp.array([entry, total - entry], jnp.int64)
        got = to_float(stake_shares(stake, 0, jnp.zeros(2, bool), arithmetic))[0]
        np.testing.assert_allclose(got, expected, rtol=0, atol=vector["tolerance"]["float64_abs"])


@cases("bond_alpha", "alpha_fractions")
def test_hyperparameters_become_the_chains_fractions(vector: dict[str, Any], arithmetic: Any) -> None:
    given, expected = vector["inputs"], vector["expected"]
    one = of_real(1.0, arithmetic)
    if "bonds_moving_average_ppm" in given:
        (keep,) = like(one, given["bonds_moving_average_ppm"] / 1e6)
        close(vector, 1 - keep, expected["alpha"])
        return
    for side in ("low", "high"):
        u16 = given[f"alpha_{side}_u16"]
        close(vector, like(one, u16 / 65535)[0], expected[side])
        if arithmetic == "exact":  # cutting the float is the chain's own division
            assert like(one, u16 / 65535)[0].raw == of_ratio(jnp.int64(u16), 65535, "exact").raw


@pytest.mark.parametrize("vector", vectors_of("alpha_values_allowed"), ids=lambda v: v["id"])
def test_alpha_values_are_allowed_as_on_the_chain(vector: dict[str, Any]) -> None:
    given = vector["inputs"]
    got = alpha_values_allowed(given["alpha_low_u16"], given["alpha_high_u16"], given["liquid_alpha"])
    assert got is vector["expected"]["ok"]


def test_every_u16_fraction_is_cut_as_the_chain_divides() -> None:
    k = np.arange(65536)
    got = np.asarray(Fixed.cut(k / 65535).raw)
    assert (got == (k.astype(np.int64) << 32) // 65535).all()


def test_every_ppm_fraction_is_cut_as_the_chain_divides() -> None:
    k = np.arange(1_000_001)
    got = np.asarray(Fixed.cut(k / 1e6).raw)
    assert (got == (k.astype(np.int64) << 32) // 1_000_000).all()


def test_every_vector_has_a_test() -> None:
    from tests.reference.chain_inputs import VECTORS

    covered = {
        "vec_max_upscale_to_u16", "check_vec_max_limited", "sigmoid", "is_topk", "normalize", "row_normalize",
        "col_normalize", "vecdiv", "col_max_upscale", "mask_diag", "mask_pairs", "row_hadamard", "mat_vec_mul",
        "row_sum", "matmul", "matmul_transpose", "col_clip", "col_clip_sparse", "weighted_median",
        "weighted_median_col", "interpolate", "mat_ema_alpha", "mat_ema_alpha_sparse", "compute_bonds",
        "normalized_stake_entry", "bond_alpha", "alpha_fractions", "alpha_values_allowed",
        "epoch", "epoch_generated",  # test_epoch_vectors.py
        "consensus_guarantee",  # test_guarantees.py
    }  # fmt: skip
    assert {v["function"] for v in VECTORS} == covered


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_rows_become_shares_of_what_counts(arithmetic: Any) -> None:
    weights = jnp.array([[65535, 32768, 0], [0, 0, 0]])
    counted = jnp.array([[True, False, True], [True, True, True]])
    got = to_float(row_shares(weights, counted, arithmetic))
    assert got.tolist() == [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
