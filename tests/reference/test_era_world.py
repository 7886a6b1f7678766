"""Synthetic eras have the statistics that are published of the real ones, up to the noise of fewer stocks."""

from functools import cache
from typing import NamedTuple

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor

from subnet.tournament.era_targets import VALUES, auxiliary_target, main_target, residual_returns
from subnet.tournament.era_world import Eras, EraWorld

WORLD = EraWorld(num_stocks=800, num_features=40, num_terms=24, num_eras=100)
SCALE = float(np.sqrt(WORLD.reference_stocks / WORLD.num_stocks))  # scores are noisier by this than the real ones
TRAINED, GAP = 60, 8
SEEDS = (0, 1, 2)


class Drawn(NamedTuple):
    """One world: its eras, targets of 20 and of 60 days, the same without neutralising, and two auxiliary ones."""

    eras: Eras
    target: np.ndarray
    long: np.ndarray
    plain: np.ndarray
    others: list[np.ndarray]


@jax.jit
def _drawn(key: jax.Array) -> Drawn:
    eras = WORLD.draw(key)
    residual = residual_returns(eras)
    others = [auxiliary_target(jax.random.fold_in(key, k), residual, r) for k, r in enumerate((0.8, 0.6))]
    plain = main_target(residual_returns(eras, neutral=0.0))
    return Drawn(eras, main_target(residual), main_target(residual_returns(eras, 60)), plain, others)


@cache
def drawn(seed: int) -> Drawn:
    return jax.tree.map(np.asarray, _drawn(jax.random.key(seed)))


def shaped(values: np.ndarray) -> np.ndarray:
    """Return the normal scores of ranks, to the power of 1.5."""
    g = stats.norm.ppf((stats.rankdata(values, axis=0) - 0.5) / len(values))
    return np.sign(g) * np.abs(g) ** 1.5


def corr(predictions: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return numerai's CORR of predictions [N] or [N, K] with a target [N], written again."""
    t = target - target.mean()
    t = np.sign(t) * np.abs(t) ** 1.5
    p = shaped(predictions)
    p, t = p - p.mean(axis=0), t - t.mean()
    return (p.T @ t) / (np.sqrt((p**2).sum(axis=0)) * np.sqrt((t**2).sum()))


def feature_scores(world: Drawn, target: np.ndarray) -> np.ndarray:
    """Return the CORR of each feature in every fifth era, brought to the noise of the real number of stocks."""
    return np.stack([corr(world.eras.features[e], target[e]) for e in range(0, len(target), 5)]) / SCALE


def ridge_scores(world: Drawn) -> np.ndarray:
    """Return the CORR in later eras of a linear model that was fitted to the first ones."""
    x = (world.eras.features.astype(np.float64) - 2) / np.sqrt(2)
    X, y = x[:TRAINED].reshape(-1, x.shape[2]), world.target[:TRAINED].ravel() - 0.5
    beta = np.linalg.solve(X.T @ X + 1e3 * np.eye(X.shape[1]), X.T @ y)
    return np.array([corr(x[e] @ beta, world.target[e]) for e in range(TRAINED + GAP, len(x))]) / SCALE


def test_features_fill_their_bins_equally() -> None:
    features = drawn(0).eras.features
    for value in range(5):
        assert ((features == value).sum(axis=1) == WORLD.num_stocks // 5).all()


def test_targets_have_the_published_shares() -> None:
    for target in (drawn(0).target, drawn(0).long, *drawn(0).others):
        shares = [(target == value).mean(axis=1) for value in VALUES]
        np.testing.assert_allclose(shares, np.array([[0.05], [0.2], [0.5], [0.2], [0.05]]) * np.ones(len(target)))


def test_features_of_a_style_go_together() -> None:
    found = np.corrcoef(drawn(0).eras.features[0].T)[~np.eye(WORLD.num_features, dtype=bool)]
    assert found.min() < -0.5
    assert 0.5 < found.max() < 1


def test_single_features_foretell_as_little_as_published() -> None:
    """Their standard deviation over eras is within the band of the specification, and grows without neutralising."""
    neutral = np.mean([feature_scores(drawn(s), drawn(s).target).std(axis=0).mean() for s in SEEDS])
    plain = np.mean([feature_scores(drawn(s), drawn(s).plain).std(axis=0).mean() for s in SEEDS])
    assert 0.004 < neutral < 0.012
    assert plain > 1.4 * neutral


def test_targets_of_both_horizons_agree_as_published() -> None:
    found = np.mean([np.corrcoef(drawn(s).target[e], drawn(s).long[e])[0, 1] for s in SEEDS for e in range(0, 100, 5)])
    assert 0.42 < found < 0.58


def test_auxiliary_targets_agree_with_the_main_one() -> None:
    found = [np.mean([np.corrcoef(drawn(0).target[e], t[e])[0, 1] for e in range(100)]) for t in drawn(0).others]
    np.testing.assert_allclose(found, [0.71, 0.54], atol=0.04)


def test_a_linear_model_learns_something_that_lasts() -> None:
    means = [ridge_scores(drawn(seed)).mean() for seed in SEEDS]
    assert np.mean(means) > 0.004
    assert np.mean(means) < 0.030


@cache
def boosted(seed: int, features: tuple[int, ...] | None = None, turns: int = 100) -> np.ndarray:
    """Return what gradient boosting on the first eras foretells of the last ones [eras, N]."""
    world = drawn(seed)
    x = np.asarray(world.eras.features, np.float32)[:, :, list(features) if features else slice(None)]
    model = HistGradientBoostingRegressor(max_iter=turns, max_leaf_nodes=16, learning_rate=0.05, random_state=0)
    model.fit(x[:TRAINED].reshape(-1, x.shape[2]), world.target[:TRAINED].ravel())
    return np.stack([model.predict(era) for era in x[TRAINED + GAP :]])


def live_scores(seed: int, predictions: np.ndarray) -> np.ndarray:
    """Return the CORR of predictions in each of the last eras, brought to the noise of the real number of stocks."""
    target = drawn(seed).target[TRAINED + GAP :]
    return np.array([corr(p, t) for p, t in zip(predictions, target, strict=True)]) / SCALE


def test_boosting_scores_as_published() -> None:
    """The mean, the Sharpe ratio and what is left of a score after one week and four are within the bands."""
    series = [live_scores(seed, boosted(seed)) for seed in SEEDS]
    assert 0.010 < np.mean([s.mean() for s in series]) < 0.030
    assert 0.6 < np.mean([s.mean() / s.std() for s in series]) < 1.8
    kept = {lag: np.mean([np.corrcoef(s[:-lag], s[lag:])[0, 1] for s in series]) for lag in (1, 4)}
    assert 0.4 < kept[1] < 0.8
    assert abs(kept[4]) < 0.2


def test_the_mean_of_models_is_better_than_most_of_them() -> None:
    found = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        own = [tuple(rng.choice(WORLD.num_features, 16, replace=False).tolist()) for _ in range(5)]
        members = [boosted(seed, features, 60) for features in own]
        ranked = [stats.norm.ppf((stats.rankdata(p, axis=1) - 0.5) / WORLD.num_stocks) for p in members]
        together = live_scores(seed, np.mean(ranked, axis=0)).mean()
        found.append(np.mean([live_scores(seed, p).mean() < together for p in members]))
    assert np.mean(found) >= 0.7


@pytest.mark.parametrize(("weeks", "shared"), [(1, 0.75), (2, 0.5), (3, 0.25), (4, 0.0), (5, 0.0)])
def test_neighbouring_eras_share_days(weeks: int, shared: float) -> None:
    """Returns over 20 days, a week of five days apart."""
    raw = drawn(0).eras.raw[20]
    found = [np.corrcoef(raw[e], raw[e + weeks])[0, 1] for e in range(len(raw) - weeks)]
    np.testing.assert_allclose(np.mean(found), shared, atol=0.04)


def test_without_information_and_styles_returns_are_noise() -> None:
    blank = EraWorld(800, 40, num_terms=24, num_eras=100, information=0.0, style_variance=0.0)
    eras = jax.jit(EraWorld.draw)(blank, jax.random.key(0))
    returns = np.asarray(main_target(residual_returns(eras, neutral=0.0)))
    world = Drawn(jax.tree.map(np.asarray, eras), returns, returns, returns, [])
    sampling = 1 / np.sqrt(WORLD.reference_stocks)
    np.testing.assert_allclose(np.sqrt((feature_scores(world, returns) ** 2).mean()), sampling, rtol=0.1)


@pytest.mark.parametrize("name", ["features", "raw"])
def test_another_key_is_another_world(name: str) -> None:
    first, second = (getattr(drawn(seed).eras, name) for seed in SEEDS[:2])
    if name == "raw":
        first, second = first[20], second[20]
    assert abs(np.corrcoef(first[0].ravel(), second[0].ravel())[0, 1]) < 0.15
