"""What must hold for the scores of any submissions."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from validators.numerai import contribution, correlation, exposure, ranks, scores, signals, submissions, turnover
from validators.numerai._order import by_numpy, by_packed, by_xla, doubled_ranks

K, N = 32, 60
TIGHT = {"rtol": 1e-11, "atol": 1e-13}
HASTY = {"xla_backend_optimization_level": 0}  # each program runs for a moment only
rank_gauss, corr, mmc, both, by_rows, mpc, neutralise = (
    jax.jit(f, compiler_options=HASTY)
    for f in (
        ranks.rank_gauss,
        correlation.numerai_corr,
        contribution.correlation_contribution,
        scores.tournament_scores,
        jax.vmap(correlation.numerai_corr, in_axes=(0, None)),
        signals.meta_portfolio_contribution,
        exposure.neutralise,
    )
)


@pytest.fixture(scope="module")
def round_of() -> dict[str, jax.Array]:
    rng = np.random.default_rng(3)
    predictions = rng.random((K, N))
    predictions[K // 2 :] = predictions[K // 2 :].round(1)  # half of them tied
    target = np.repeat([0, 0.25, 0.5, 0.75, 1], [3, 12, 30, 12, 3])[rng.permutation(N)]
    stakes = rng.exponential(size=K)
    submitted = rank_gauss(jnp.asarray(predictions))
    meta_model = contribution.stake_weighted_meta_model(submitted, jnp.asarray(stakes))
    return {
        "p": jnp.asarray(predictions),
        "t": jnp.asarray(target),
        "m": meta_model,
        "stakes": jnp.asarray(stakes),
        "X": jnp.asarray(rng.integers(0, 5, (4, N)) / 4),
    }


def close(a: Any, b: Any) -> None:
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), **TIGHT)


def hard_rows(dtype: Any) -> np.ndarray:
    """Return rows that are hard to rank: ties, signs of zero, infinities, tiny gaps, missing entries."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((9, N)).astype(dtype)
    x[1] = x[1].round(0)
    x[2] = 0.5
    x[3, ::2], x[3, 1::2] = 0.0, -0.0
    x[4, :9] = np.nan
    x[5] = np.nan
    x[6, :4] = [np.inf, -np.inf, np.nan, np.inf]
    x[7] = 0.5 + np.finfo(dtype).eps * rng.permutation(N)  # differ in the lowest bits only
    x[8, ::3], x[8, 1::3] = np.nan, 1.0
    return x


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["f64", "f32"])
@pytest.mark.parametrize("keep_ties", [True, False])
def test_ranks_are_those_of_scipy_on_either_processor(dtype: Any, keep_ties: bool) -> None:
    x = hard_rows(dtype)
    method = "average" if keep_ties else "ordinal"
    expected = np.nan_to_num(2 * stats.rankdata(x, method=method, axis=-1, nan_policy="omit"), nan=0)
    np.testing.assert_array_equal(doubled_ranks(jnp.asarray(x), keep_ties), expected)
    ways = [by_numpy, by_xla, by_packed] if dtype == np.float32 else [by_numpy, by_xla]
    for way in ways:
        np.testing.assert_array_equal(way(jnp.asarray(x), keep_ties), expected)


def test_ranks_of_x_and_of_its_mirror_sum_to_one_and_their_quantiles_to_zero() -> None:
    x = jnp.asarray(hard_rows(np.float64))
    there = ~jnp.isnan(x)
    close((ranks.tie_kept_rank(x) + ranks.tie_kept_rank(-x))[there], 1.0)
    for dtype in (jnp.float64, jnp.float32):
        g, mirrored = rank_gauss(x.astype(dtype)), rank_gauss(-x.astype(dtype))
        np.testing.assert_array_equal(g, -mirrored)


def test_a_permutation_of_rows_permutes_quantiles(round_of: dict[str, jax.Array]) -> None:
    order = np.random.default_rng(1).permutation(N)
    np.testing.assert_array_equal(rank_gauss(round_of["p"][:, order]), rank_gauss(round_of["p"])[:, order])


def test_only_the_order_of_predictions_counts(round_of: dict[str, jax.Array]) -> None:
    p, m, t = (round_of[name] for name in "pmt")
    close(corr(jnp.exp(3 * p) - 7, t), corr(p, t))
    close(mmc(jnp.exp(3 * p) - 7, 5 * m, t), mmc(p, m, t))


def test_corr_is_antisymmetric_and_bounded(round_of: dict[str, jax.Array]) -> None:
    p, t = round_of["p"], round_of["t"]
    score = np.asarray(corr(p, t))
    close(corr(-p, t), -score)
    assert (np.abs(score) <= 1).all()
    assert np.abs(score).max() > 0.1


def test_a_constant_submission_or_target_has_no_corr(round_of: dict[str, jax.Array]) -> None:
    p, t = round_of["p"], round_of["t"]
    mixed = p.at[0].set(0.1)
    assert np.isnan(np.asarray(corr(mixed, t))).tolist() == [True] + [False] * (K - 1)
    assert np.isnan(np.asarray(corr(p, jnp.full(N, 0.1)))).all()
    assert np.isnan(np.asarray(both(p, round_of["m"], jnp.full(N, 0.1)).corr)).all()


def test_mmc_is_antisymmetric_and_nothing_for_the_meta_model(round_of: dict[str, jax.Array]) -> None:
    p, m, t = (round_of[name] for name in "pmt")
    close(mmc(-p, m, t), -mmc(p, m, t))
    close(mmc(jnp.broadcast_to(m, p.shape), m, t), 0.0)
    close(mmc(jnp.broadcast_to(-m, p.shape), m, t), 0.0)


def test_contributions_to_the_raw_mean_sum_to_zero_and_to_the_ranked_one_nearly(round_of: dict[str, jax.Array]) -> None:
    p, m, t, stakes = (round_of[name] for name in ("p", "m", "t", "stakes"))
    raw = contribution.contribution_to(rank_gauss(p), m, t)
    close(contribution.stake_weighted_sum(raw, stakes), 0.0)
    ranked = mmc(p, m, t)
    residual = abs(float(contribution.stake_weighted_sum(ranked, stakes)))
    assert 1e-9 < residual < 0.1 * float(jnp.abs(ranked).max())


def test_mpc_sums_to_zero_by_stake(round_of: dict[str, jax.Array]) -> None:
    score = mpc(round_of["p"], round_of["stakes"], round_of["X"], jnp.linspace(0.5, 2, N), round_of["t"])
    assert float(jnp.abs(score).max()) > 1e-3
    close(contribution.stake_weighted_sum(score, round_of["stakes"]), 0.0)


def test_scores_together_are_the_scores_apart_whole_and_with_holes(round_of: dict[str, jax.Array]) -> None:
    p, m, t = (round_of[name] for name in "pmt")
    cases = {
        "whole": (p, m, t),
        "target misses rows": (p, m, t.at[:7].set(jnp.nan)),
        "a submission misses rows": (p.at[3, 5:11].set(jnp.nan), m, t),
        "a submission misses too many": (p.at[3, 5:20].set(jnp.nan), m, t),
        "the meta model misses rows": (p, m.at[:7].set(jnp.nan), t),
        "a constant": (p.at[2].set(0.3), m, t),
    }
    for name, given in cases.items():
        together = both(*given)
        apart = corr(given[0], given[2]), mmc(*given)
        for a, b in zip(together, apart, strict=True):
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), **TIGHT, err_msg=name)
    assert np.isnan(np.asarray(both(*cases["a submission misses too many"]).mmc)).tolist() == [k == 3 for k in range(K)]


def test_missing_rows_are_as_if_they_had_never_been(round_of: dict[str, jax.Array]) -> None:
    p, m, t = (round_of[name] for name in "pmt")
    gone = slice(10, 20)
    kept = np.r_[0:10, 20:N]
    close(mmc(p.at[:, gone].set(jnp.nan), m, t), mmc(p[:, kept], m[kept], t[kept]))
    alone = jnp.where(jnp.arange(K)[:, None] == 4, p.at[:, gone].set(jnp.nan), p)
    close(mmc(alone, m, t)[4], mmc(p[:, kept], m[kept], t[kept])[4])
    close(jnp.delete(mmc(alone, m, t), 4), jnp.delete(mmc(p, m, t), 4))


def test_a_batch_is_scored_as_its_members_and_compiled_as_not(round_of: dict[str, jax.Array]) -> None:
    p, t = round_of["p"], round_of["t"]
    batch = corr(p, t)
    close(by_rows(p, t), batch)
    close(corr(p.reshape(4, 8, N), t).reshape(-1), batch)
    with jax.disable_jit():
        close(ranks.tie_kept_rank(p), jax.jit(ranks.tie_kept_rank)(p))


def test_blocks_are_scored_as_one(round_of: dict[str, jax.Array], monkeypatch: pytest.MonkeyPatch) -> None:
    given = tuple(round_of[name] for name in "pmt")
    whole = both(*given)
    monkeypatch.setattr(scores, "_AT_ONCE", 16)
    in_blocks = jax.jit(lambda *x: scores.tournament_scores(*x), compiler_options=HASTY)(*given)
    jax.tree.map(close, in_blocks, whole)


def test_neutralising_is_a_projection(round_of: dict[str, jax.Array]) -> None:
    p, X = round_of["p"], round_of["X"]
    once = neutralise(p, X)
    close(neutralise(once, X), once)
    close(once @ X.T, 0.0)
    close(once.sum(axis=-1), 0.0)
    close(neutralise(p, X, 0.3), 0.7 * p + 0.3 * once)


def test_churn_runs_from_none_to_a_reversal_and_the_penalty_falls_with_it(round_of: dict[str, jax.Array]) -> None:
    x = round_of["p"][:2]
    close(turnover.churn(x, x), 0.0)
    close(turnover.churn(x, -x), 2.0)
    close(turnover.churn(x, x, 5), 0.0)
    kept = np.asarray(turnover.neutral_churn_penalty(jnp.array([0.0, 0.1, 0.2, 2.0, -0.1, 2.1])))
    assert kept[0] == kept[1] == 1 > kept[2] > kept[3] > 0
    assert np.isnan(kept[4:]).all()


def test_stake_stays_only_below_both_limits_and_with_a_past() -> None:
    nan = jnp.nan
    churns = jnp.array([[0.1, 0.14], [0.1, 0.15], [nan, 0.1], [nan, nan]])
    turnovers = jnp.array([[0.2, 0.24], [0.2, 0.2], [nan, 0.1], [nan, nan]])
    assert turnover.stays_staked(churns, turnovers).tolist() == [True, False, True, False]


def test_shapes_that_do_not_fit_are_named(round_of: dict[str, jax.Array]) -> None:
    with pytest.raises(ValueError, match="60 and 59"):
        correlation.numerai_corr(round_of["p"], round_of["t"][1:])
    with pytest.raises(ValueError, match="top_bottom = 31 is out of range: of 60 rows, 1 to 30 fit"):
        correlation.numerai_corr(round_of["p"], round_of["t"], 31)


def columns(ids: list[str], name: str = "numerai_ticker", value: str = "signal") -> dict[str, Any]:
    return {name: ids, value: np.linspace(0.1, 0.9, len(ids))}


def test_signals_and_crypto_need_a_hundred_ids_of_the_universe() -> None:
    universe = [f"T{i}" for i in range(200)]
    got = submissions.validate_signals(columns([*universe[:100], "other"]) | {"date": ["2026-01-02"] * 101}, universe)
    assert len(got.ids) == 100
    assert got.dropped == ["other"]
    with pytest.raises(submissions.InvalidSubmissionError, match="99 ids of the universe; at least 100") as refusal:
        submissions.validate_crypto(columns([*universe[:99], "other"], "symbol"), universe)
    assert refusal.value.code == "invalid_submission_ids"


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        ({"prediction": ["a", 0.1, 0.2]}, "invalid_submission_values", "is not a number"),
        ({"prediction": [0.1, None, 0.2]}, "invalid_submission_values", 'is missing for id "b"'),
        ({"prediction": [0.1, 1.5, 0.2]}, "invalid_submission_values", 'is 1.5 for id "b"; allowed is 0 to 1'),
        ({"id": ["a", None, "c"]}, "invalid_submission_ids", "no id in row 1"),
        ({"id": ["a", "b", "b"]}, "invalid_submission_ids", '"b" more than once'),
        ({"id": ["a", "b"]}, "invalid_submission_ids", "one value per id"),
        ({"weight": [1, 2, 3]}, "invalid_submission_headers", "allowed are id, then prediction or probability"),
    ],
)
def test_a_refusal_says_what_is_wrong(change: dict[str, Any], code: str, message: str) -> None:
    submission = {"id": ["a", "b", "c"], "prediction": [0.1, 0.2, 0.3]} | change
    with pytest.raises(submissions.InvalidSubmissionError, match=message) as refusal:
        submissions.validate_classic(submission, ["a", "b", "c"])
    assert refusal.value.code == code


def test_the_latest_valid_upload_counts() -> None:
    def check(upload: dict[str, Any]) -> submissions.Accepted:
        return submissions.validate_classic(upload, ["a", "b"])

    uploads = [{"id": ["a", "b"], "prediction": [0.1, x]} for x in (0.2, 0.3, 7.0)]
    latest = submissions.latest_valid(uploads, check)
    assert latest is not None
    assert latest.values.tolist() == [0.1, 0.3]
    assert submissions.latest_valid(uploads[2:], check) is None
