"""What validators measure of rankings has Numerai's scores for its mean."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from validators.numerai.contribution import correlation_contribution
from validators.numerai.correlation import numerai_corr
from validators.numerai.ranks import rank_gauss
from validators.scoring.corr import Corr
from validators.scoring.mmc import Mmc

ALL = json.loads((Path(__file__).parent / "vectors" / "numerai.json").read_text(encoding="utf-8"))["cases"]
WITHOUT_CHOICES = [c for c in ALL if not c["params"] and "prediction_ids" not in c["inputs"]]
CORR = [c for c in WITHOUT_CHOICES if c["op"] == "numerai_corr" and c["id"] != "corr/nan_prediction"]
MMC = [c for c in WITHOUT_CHOICES if c["op"] == "correlation_contribution"]
M, P = 8, 250  # of all cases, filled up

corr, mmc = jax.jit(Corr().measure), jax.jit(Mmc().measure)


def filled(values: list[Any], shape: tuple[int, ...]) -> jax.Array:
    """Return JSON numbers, NaN where there are none."""
    given = np.array(values, object).astype(float)
    return jnp.asarray(
        np.pad(given, [(0, b - a) for a, b in zip(given.shape, shape, strict=True)], constant_values=np.nan)
    )


def score(measure: jax.Array, targets: jax.Array) -> np.ndarray:
    """Return the mean over rows that have a target."""
    return np.asarray(measure)[:, ~np.isnan(np.asarray(targets))].mean(axis=1)


def check(case: dict[str, Any], got: np.ndarray) -> None:
    expected = np.nan_to_num(np.array(case["expected"]["score"], float))  # who has no score measures 0
    np.testing.assert_allclose(got[: len(expected)], expected, rtol=case["tol"]["rtol"], atol=case["tol"]["atol"])


def some_round(seed: int) -> tuple[jax.Array, jax.Array]:
    """Return submissions [M, P, 1] from bad to good and binned targets [P], of which a tenth is missing."""
    rng = np.random.default_rng(seed)
    targets = rng.permutation(np.repeat([0, 0.25, 0.5, 0.75, 1, np.nan], [11, 45, 113, 45, 11, 25]))
    outputs = np.linspace(0, 2, M)[:, None] * np.nan_to_num(targets) + rng.normal(size=(M, P))
    return jnp.asarray(outputs[..., None]), jnp.asarray(targets)


@pytest.mark.parametrize("case", CORR, ids=lambda c: c["id"])
def test_corr_is_that_of_the_library(case: dict[str, Any]) -> None:
    outputs, targets = filled(case["inputs"]["predictions"], (M, P)), filled(case["inputs"]["target"], (P,))
    check(case, score(corr(outputs[..., None], targets), targets))


@pytest.mark.parametrize("case", MMC, ids=lambda c: c["id"])
def test_mmc_against_one_submission_is_that_of_the_library(case: dict[str, Any]) -> None:
    given = case["inputs"]
    outputs = filled(given["predictions"], (M, P)).at[-1].set(filled(given["meta_model"], (P,)))
    targets = filled(given["target"], (P,))
    check(case, score(mmc(outputs[..., None], targets, jnp.arange(M) == M - 1), targets))


def test_mmc_is_the_contribution_to_the_mean_of_those_who_are_there() -> None:
    outputs, targets = some_round(0)
    active = jnp.arange(M) % 3 != 1
    there = ~np.isnan(np.asarray(targets))
    p, t = outputs[:, there, 0], targets[there]
    meta_model = rank_gauss(p)[np.asarray(active)].mean(axis=0)
    expected = correlation_contribution(p, meta_model, t)
    np.testing.assert_allclose(score(mmc(outputs, targets, active), targets), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(score(corr(outputs, targets), targets), numerai_corr(p, t), rtol=1e-9)


def test_better_rankings_have_higher_corr_and_contributions_nearly_cancel() -> None:
    found = np.mean(
        [[score(rule(*some_round(seed)), some_round(seed)[1]) for rule in (corr, mmc)] for seed in range(9)], 0
    )
    assert (np.diff(found[0]) > 0).all()
    assert (np.diff(found[1]) > 0).all()
    assert abs(found[1].mean()) < 0.1 * abs(found[1]).max()


@pytest.mark.parametrize("rule", [corr, mmc], ids=["corr", "mmc"])
@pytest.mark.parametrize("odd", [0.5, "one nan", "one infinite"])
def test_who_does_not_rank_all_rows_measures_0_and_is_nobodys_peer(rule: Any, odd: Any) -> None:
    outputs, targets = some_round(1)
    first = int(np.flatnonzero(~np.isnan(np.asarray(targets)))[0])
    strange = outputs.at[2].set(odd) if odd == 0.5 else outputs.at[2, first].set(jnp.nan if "nan" in odd else jnp.inf)
    measure = np.asarray(rule(strange, targets))
    assert not measure[2].any()
    others = np.arange(M) != 2
    expected = mmc(outputs, targets, jnp.asarray(others)) if rule is mmc else corr(outputs, targets)
    np.testing.assert_allclose(measure[others], np.asarray(expected)[others], atol=1e-12)


@pytest.mark.parametrize("rule", [corr, mmc], ids=["corr", "mmc"])
def test_rows_without_a_target_measure_0_and_do_not_matter(rule: Any) -> None:
    outputs, targets = some_round(2)
    empty = np.isnan(np.asarray(targets))
    measure = np.asarray(rule(outputs, targets))
    assert not measure[:, empty].any()
    np.testing.assert_array_equal(measure, rule(jnp.where(empty[:, None], jnp.nan, outputs), targets))


def test_alone_or_as_copies_of_one_nobody_contributes() -> None:
    outputs, targets = some_round(3)
    np.testing.assert_allclose(score(mmc(outputs, targets, jnp.arange(M) == 4), targets)[4], 0, atol=1e-12)
    copies = jnp.broadcast_to(outputs[5], outputs.shape)
    np.testing.assert_allclose(score(mmc(copies, targets), targets), 0, atol=1e-12)


def test_a_submission_and_its_opposite_leave_no_mean_to_contribute_to() -> None:
    outputs, targets = some_round(4)
    pair = outputs.at[1].set(-outputs[0])
    assert not np.asarray(mmc(pair, targets, jnp.arange(M) < 2)).any()
