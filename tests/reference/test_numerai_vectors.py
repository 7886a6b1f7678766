"""Scores against numerai-tools, its own tests, the documentation's examples and the specification's formulas."""

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from validators.numerai import contribution, correlation, exposure, ranks, signals, submissions, turnover

CASES: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "numerai.json").read_text(encoding="utf-8")
)["cases"]
GROUPS = ("rank", "corr", "contrib", "neutral", "signals", "published")
SCORED = [case for case in CASES if case["group"] in GROUPS]
Given = dict[str, jax.Array]


# Everything is padded to one size, so that an operation is compiled once for all its cases.
ROWS, COLUMNS = 300, 10


def numbers(values: Any, dtype: Any) -> Any:
    """Return JSON numbers as an array; null is NaN, and infinities are words."""
    with np.errstate(over="ignore"):  # 1e300 is infinite in float32
        return np.array(values, object).astype(float).astype(dtype)


def padded(name: str, values: Any, dtype: Any) -> np.ndarray:
    """Return an array with missing rows up to the common size, missing submissions, and features that are 0."""
    given = numbers(values, dtype)
    if given.ndim == 0:
        return given
    if given.ndim == 1:
        size, empty = (COLUMNS, 0) if name == "stakes" else (ROWS, 0 if name == "u" else np.nan)
        return np.pad(given, (0, size - len(given)), constant_values=empty)
    whole = np.full((COLUMNS, ROWS), np.nan, dtype)
    if name in ("features", "neutralizers", "neutralizers1", "neutralizers2"):
        whole[:, : given.shape[1]] = 0
    whole[: given.shape[0], : given.shape[1]] = given
    return whole


def taken(case: dict[str, Any], dtype: Any) -> Given:
    """Return the inputs on common rows: the union of ids, sorted, NaN where a side lacks one."""
    given = dict(case["inputs"])
    if "target_ids" in given:
        ids = {name: given.pop(f"{name}_ids") for name in ("prediction", "target")}
        union = sorted({*ids["prediction"], *ids["target"]})
        value_of = dict(zip(ids["target"], given["target"], strict=True))
        given["target"] = [value_of.get(x) for x in union]
        columns = [dict(zip(ids["prediction"], column, strict=True)) for column in given["predictions"]]
        given["predictions"] = [[column.get(x) for x in union] for column in columns]
    if case["op"] == "orthogonalize":  # knows no missing rows; rows of 0 change nothing
        given["x"] = [[*column, *[0] * (ROWS - len(column))] for column in given["x"]]
    return {name: jnp.asarray(padded(name, values, dtype)) for name, values in given.items()}


def only_x(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g: {"y": function(g["x"])}


def named(name: str, function: Callable[..., Any], *inputs: str) -> Callable[..., Any]:
    return lambda g, **params: {name: function(*(g[i] for i in inputs), **params)}


def of_one(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda g, **params: {"y": function(g["x"][0], g["target"], **params)}


def most_exposed(g: Given, **params: Any) -> dict[str, Any]:
    feature, corr = exposure.max_feature_correlation(g["x"][0], g["features"], **params)
    return {"feature": feature, "corr": corr}


def zero_sum(g: Given) -> dict[str, Any]:
    v = ranks.rank_gauss(g["predictions"])
    raw = contribution.contribution_to(v, contribution.stake_weighted_meta_model(v, g["stakes"]), g["target"])
    mmc = contribution.correlation_contribution(g["predictions"], g["meta_model"], g["target"])
    return {
        "mmc_against_raw_mean": raw,
        "stake_weighted_sum_raw": contribution.stake_weighted_sum(raw, g["stakes"]),
        "mmc": mmc,
        "stake_weighted_sum": contribution.stake_weighted_sum(mmc, g["stakes"]),
    }


def derivative(g: Given, eps: float) -> dict[str, Any]:
    given = (g["predictions"], g["meta_model"], g["target"])
    difference = contribution.contribution_by_difference(*given, eps)
    score = contribution.correlation_contribution(*given)
    return {
        "finite_difference": difference,
        "score": score,
        "pearson_between": correlation.pearson(difference, score),
    }


def sum_of_mpc(g: Given) -> dict[str, Any]:
    return {"sum": contribution.stake_weighted_sum(MPC(g)["score"], g["stakes"])}


def penalty(g: Given, threshold: float, scaling_factor: float) -> dict[str, Any]:
    return {"y": turnover.neutral_churn_penalty(g["neutral_churn"], threshold, scaling_factor)}


def weights(g: Given, center_and_normalize: bool) -> dict[str, Any]:
    given = (g["predictions"], g["neutralizers"], g["sample_weights"])
    return {"weights": signals.neutral_weights(*given, center_and_normalize)}


PORTFOLIO = ("neutralizers", "sample_weights", "target")
MPC = named("score", signals.meta_portfolio_contribution, "predictions", "stakes", *PORTFOLIO)
OPERATIONS: dict[str, Callable[..., Any]] = {
    "tie_kept_rank": only_x(ranks.tie_kept_rank),
    "tie_broken_rank": only_x(ranks.tie_broken_rank),
    "tie_kept_rank__gaussianize": only_x(ranks.rank_gauss),
    "tie_kept_rank__gaussianize__pow_1_5": only_x(ranks.rank_gauss_power),
    "gaussian": only_x(ranks.gaussianise),
    "power": lambda g, p: {"y": ranks.signed_power(g["x"], p)},
    "variance_normalize": only_x(ranks.variance_normalise),
    "center": only_x(ranks.center),
    "standardize": only_x(ranks.standardise),
    "weight_normalize": only_x(ranks.weight_normalise),
    "min_max_normalize": only_x(ranks.min_max_normalise),
    "sharpe_ratio": lambda g: {"y": correlation.sharpe(g["x"][0])},
    "correlation": of_one(correlation.pearson),
    "pearson_correlation": of_one(correlation.pearson),
    "spearman_correlation": of_one(correlation.spearman),
    "tie_broken_rank_correlation": of_one(correlation.tie_broken_rank_correlation),
    "numerai_corr": named("score", correlation.numerai_corr, "predictions", "target"),
    "stake_weight": named("meta_model", contribution.stake_weighted_meta_model, "predictions", "stakes"),
    "correlation_contribution": named(
        "score", contribution.correlation_contribution, "predictions", "meta_model", "target"
    ),
    "neutral_contribution": named(
        "score", contribution.neutral_contribution, "predictions", "meta_model", "target", "neutralizers"
    ),
    "zero_sum_identity": zero_sum,
    "mmc_finite_difference": derivative,
    "neutralize": named("y", exposure.neutralise, "x", "neutralizers"),
    "orthogonalize": named("y", contribution.orthogonalise, "x", "u"),
    "feature_neutral_corr": named("score", exposure.feature_neutral_corr, "predictions", "features", "target"),
    "neutral_correlation": named("score", exposure.neutral_correlation, "predictions", "neutralizers", "target"),
    "max_feature_correlation": most_exposed,
    "generate_neutralized_weights": weights,
    "alpha": named("score", signals.alpha, "predictions", *PORTFOLIO),
    "meta_portfolio_contribution": MPC,
    "mpc_stake_weighted_sum": sum_of_mpc,
    "churn": named("y", turnover.churn, "s1", "s2"),
    "turnover": named("y", turnover.turnover, "s1", "s2"),
    "neutral_churn": named("y", turnover.neutral_churn, "s1", "s2", "neutralizers1", "neutralizers2"),
    "neutral_churn_penalty": penalty,
}


TRACED = {"eps", "proportion", "threshold", "scaling_factor"}


@functools.cache
def compiled(operation: str, choices: tuple[tuple[str, Any], ...]) -> Callable[..., Any]:
    hasty = {"xla_backend_optimization_level": 0}  # each program runs for a moment only
    return jax.jit(
        lambda given, params: OPERATIONS[operation](given, **params, **dict(choices)), compiler_options=hasty
    )


def result(case: dict[str, Any], dtype: Any) -> dict[str, np.ndarray]:
    params = {name: jnp.asarray(x, dtype) for name, x in case["params"].items() if name in TRACED}
    choices = tuple((name, x) for name, x in case["params"].items() if name not in TRACED)
    got = compiled(case["op"], choices)(taken(case, dtype), params)
    return {name: np.asarray(x, float) for name, x in got.items()}


def check(case: dict[str, Any], dtype: Any) -> None:
    got = result(case, dtype)
    if "raises" in case:
        assert all(np.isnan(x).all() for x in got.values())
        return
    assert got.keys() == case["expected"].keys()
    tol = case["tol"]
    bounds = {"rtol": tol["rtol"], "atol": tol["atol"]} if dtype is np.float64 else {"rtol": 0, "atol": tol["f32_atol"]}
    for name, value in case["expected"].items():
        expected = numbers(value, float)
        np.testing.assert_allclose(got[name][tuple(slice(n) for n in expected.shape)], expected, **bounds)


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["f64", "f32"])
@pytest.mark.parametrize("operation", sorted({case["op"] for case in SCORED}))
def test_every_case_of_an_operation_is_met_within_its_own_tolerance(operation: str, dtype: Any) -> None:
    failures = []
    for case in (c for c in SCORED if c["op"] == operation):
        try:
            check(case, dtype)
        except AssertionError as error:
            failures.append(f"{case['id']}: {error}")
    assert not failures, "\n".join(failures)


def accepted(case: dict[str, Any]) -> submissions.Accepted:
    given = case["inputs"]
    if case["op"] == "validate_submission_crypto":
        symbols = [f"S{i:03d}" for i in range(given["n_universe"])]
        sent = symbols[: given["n_submitted"]]
        return submissions.validate_crypto({"symbol": sent, "signal": np.linspace(0.1, 0.9, len(sent))}, symbols)
    universe = given["universe"]
    columns = given.get("columns", ["id", "prediction"])
    ids = given.get("ids", universe)
    values = numbers(given.get("prediction", np.linspace(0.1, 0.9, len(ids))), float)
    order = (values, ids) if columns[0] == "prediction" else (ids, values)
    return submissions.validate_classic(dict(zip(columns, order, strict=True)), universe)


@pytest.mark.parametrize("case", [c for c in CASES if c["op"].startswith("validate")], ids=lambda c: c["id"])
def test_a_submission_is_accepted_or_refused_for_the_right_reason(case: dict[str, Any]) -> None:
    expected = case["expected"]
    if not expected["valid"]:
        with pytest.raises(submissions.InvalidSubmissionError) as refusal:
            accepted(case)
        assert refusal.value.code == expected["reason"]
        return
    got = accepted(case)
    assert len(got.ids) == len(got.values) == expected.get("kept", len(got.ids))
    assert got.dropped == expected.get("invalid_ids", [])


def test_a_submission_is_cleaned_as_the_tournament_does() -> None:
    (case,) = (c for c in CASES if c["op"] == "clean_submission")
    given = case["inputs"]
    ids, values = submissions.clean_submission(given["ids"], numbers(given["prediction"], float), given["universe"])
    assert ids.tolist() == case["expected"]["ids"]
    np.testing.assert_allclose(values, case["expected"]["y"], rtol=case["tol"]["rtol"], atol=case["tol"]["atol"])
