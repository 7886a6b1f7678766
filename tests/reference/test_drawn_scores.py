"""Drawn scores have the statistics of recorded ones, and of the specification's own draw."""

from functools import cache

import jax
import numpy as np
import polars as pl
import pytest

from experiments.table_file import PACKAGED_TABLES
from subnet.tournament.drawn_scores import DrawnScores, Scores

ROUNDS, MODELS, SEEDS = 4000, 300, 4
LAST_RESOLVED = 1185

draw = jax.jit(DrawnScores.draw, static_argnums=(2, 3))


@cache
def drawn() -> list[Scores]:
    return [
        jax.tree.map(np.asarray, draw(DrawnScores(), jax.random.key(seed), ROUNDS, MODELS)) for seed in range(SEEDS)
    ]


@cache
def recorded() -> pl.DataFrame:
    """Return the meta model's recorded rounds: its CORR, and its percentile among all submissions."""
    table = pl.read_csv(PACKAGED_TABLES["numerai_live_scores"])
    return table.filter(pl.col("kind") == "meta_model", pl.col("round") <= LAST_RESOLVED).sort("round")


def correlation_after(series: np.ndarray, lag: int) -> float:
    return float(np.corrcoef(series[:-lag], series[lag:])[0, 1])


def spread(values: np.ndarray) -> float:
    """Return half the distance of the quantiles that lie one standard deviation from a normal median, per round."""
    low, high = np.quantile(values, [0.1587, 0.8413], axis=1)
    return float(np.median(high - low) / 2)


def test_the_meta_model_scores_as_it_did() -> None:
    series = recorded()["corr"].to_numpy()
    assert len(series) == 343
    np.testing.assert_allclose(np.mean([s.meta.mean() for s in drawn()]), series.mean(), atol=0.002)
    np.testing.assert_allclose(np.mean([s.meta.std() for s in drawn()]), series.std(), atol=0.001)
    np.testing.assert_allclose(np.mean([(s.meta > 0).mean() for s in drawn()]), (series > 0).mean(), atol=0.03)


@pytest.mark.parametrize("lag", [1, 5, 10, 20])
def test_rounds_that_share_returns_score_alike(lag: int) -> None:
    """343 recorded rounds are some 17 independent ones: their own correlations are uncertain by more than a tenth."""
    found = np.mean([correlation_after(s.meta, lag) for s in drawn()])
    np.testing.assert_allclose(found, correlation_after(recorded()["corr"].to_numpy(), lag), atol=0.15)
    np.testing.assert_allclose(found, {1: 0.95, 5: 0.77, 10: 0.53, 20: 0.06}[lag], atol=0.04)


def test_the_meta_model_stands_among_the_field_where_it_stood() -> None:
    found = np.mean([(s.corr < s.meta[:, None]).mean() for s in drawn()])
    np.testing.assert_allclose(found, recorded()["corr_pct"].mean(), atol=0.02)


def test_the_field_is_as_wide_as_published() -> None:
    median = [np.median(s.corr, axis=1) for s in drawn()]
    np.testing.assert_allclose(np.mean([m.mean() for m in median]), 0.0107, atol=0.0015)
    np.testing.assert_allclose(np.mean([m.std() for m in median]), 0.0126, atol=0.0015)
    np.testing.assert_allclose(np.mean([spread(s.corr) for s in drawn()]), 0.0128, atol=0.001)
    np.testing.assert_allclose(np.mean([spread(s.mmc) for s in drawn()]), 0.0105, atol=0.001)
    np.testing.assert_allclose(np.mean([np.median(s.mmc) for s in drawn()]), -0.0016, atol=0.0005)


def test_another_model_changes_nobody_elses_luck() -> None:
    few, more = (draw(DrawnScores(), jax.random.key(5), 50, count) for count in (3, 5))
    np.testing.assert_array_equal(few.meta, more.meta)
    np.testing.assert_array_equal(few.corr, more.corr[:, :3])


def test_rounds_without_overlap_are_independent() -> None:
    alone = draw(DrawnScores(overlap=1, slow_share=0.0), jax.random.key(0), ROUNDS, 2)
    assert abs(correlation_after(np.asarray(alone.meta), 1)) < 0.05
    np.testing.assert_allclose(alone.meta.std(), 0.0208, rtol=0.05)
