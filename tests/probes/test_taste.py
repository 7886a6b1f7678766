"""A taste that is known, votes that can be counted by hand: what is learned, shown and steered."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from miners.steering import drifted, preselect
from miners.taste import TasteLearning, TasteModel, area_under_curve, fit_taste, taste_score

RNG = np.random.default_rng(5)
Z = RNG.normal(size=(400, 6)).astype(np.float32)
TASTE = np.array([2.0, -1.0, 0.5, 0, 0, 1.0])


def votes(shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Return votes for and against each of 400 works, of people who like what `TASTE` likes, 100 looks at each."""
    chance = 1 / (1 + np.exp(-(Z @ TASTE + shift)))
    positive = RNG.binomial(100, chance).astype(float)
    return positive, 100 - positive


def sum_over_pairs(score: np.ndarray, p: np.ndarray, n: np.ndarray) -> float:
    higher = (score[:, None] > score[None]) + 0.5 * (score[:, None] == score[None])
    return float(p @ higher @ n / (p.sum() * n.sum()))


@pytest.fixture(scope="module")
def learned() -> TasteModel:
    return jax.jit(TasteLearning().fit)(TasteLearning().init(6), Z, *votes())


def test_a_linear_taste_is_recovered_in_one_round(learned: TasteModel) -> None:
    cosine = learned.w @ TASTE / np.linalg.norm(learned.w) / np.linalg.norm(TASTE)
    assert float(cosine) > 0.99
    assert learned.w.dtype == learned.b.dtype == jnp.float32


@pytest.mark.parametrize("offset", [0.0, 6.0])
def test_many_steps_end_where_another_program_ends(offset: float) -> None:
    positive, negative = votes(shift=0.5)
    features, start = Z + np.float32(offset), TasteModel(jnp.zeros(6, jnp.float32), jnp.float32(0))
    got = jax.jit(lambda z: fit_taste(start, z, positive, negative, 4000, 1.0, 0.05))(features)
    weight = np.concatenate([positive, negative])
    theirs = LogisticRegression(C=1 / 0.05, tol=1e-10, max_iter=1000)
    theirs.fit(np.concatenate([features, features]), np.repeat([1, 0], 400), weight / weight.sum())
    np.testing.assert_allclose(got.w, theirs.coef_[0], atol=2e-3)
    np.testing.assert_allclose(got.b, theirs.intercept_[0], atol=2e-2)


def test_one_step_is_the_one_that_is_computed_by_hand() -> None:
    z = jnp.array([[1.0], [-1.0]], jnp.float32)
    start = TasteModel(jnp.zeros(1, jnp.float32), jnp.float32(0))
    got = fit_taste(start, z, jnp.array([3.0, 0.0]), jnp.array([0.0, 3.0]), 1, 1.0, 0.5)
    # Half of the votes each way: both errors are 1/2, the pull on w is 1/2; the curvature is (1 + 1) / 4 + 1/2.
    np.testing.assert_allclose(got.w, [0.5])
    np.testing.assert_allclose(got.b, 0, atol=1e-7)


def test_who_votes_with_more_is_heard_more() -> None:
    z = jnp.array([[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], jnp.float32)
    loud = TasteLearning().fit(TasteLearning().init(2), z, jnp.array([90.0, 10.0, 0.0]), jnp.array([0.0, 0.0, 50.0]))
    assert float(loud.w[0]) > float(loud.w[1]) > 0


def test_without_votes_a_taste_stays(learned: TasteModel) -> None:
    after = TasteLearning().fit(learned, Z, np.zeros(400), np.zeros(400))
    np.testing.assert_allclose(after.w, learned.w)
    np.testing.assert_allclose(after.b, learned.b)


def test_places_without_votes_teach_nothing(learned: TasteModel) -> None:
    positive, negative = votes()
    padded = TasteLearning().fit(
        learned,
        jnp.concatenate([Z, 9 * jnp.ones((50, 6), jnp.float32)]),
        np.append(positive, np.zeros(50)),
        np.append(negative, np.zeros(50)),
    )
    plain = TasteLearning().fit(learned, Z, positive, negative)
    np.testing.assert_allclose(padded.w, plain.w, atol=1e-5)


def test_the_area_under_the_curve_counts_pairs_and_half_the_ties() -> None:
    score = jnp.array([0.0, 1.0, 1.0, 2.0])
    # For: 2 on the tied second, 1 on the last. Against: 1 on the first, 3 on the tied third. Of 12 pairs:
    # second over first 2, over third 6 halves; last over first 1, over third 3. Together 9.
    got = area_under_curve(score, jnp.array([0.0, 2.0, 0.0, 1.0]), jnp.array([1.0, 0.0, 3.0, 0.0]))
    assert float(got) == pytest.approx(9 / 12)
    assert got.dtype == jnp.float64


def test_the_area_under_the_curve_is_the_sum_over_all_pairs() -> None:
    score = RNG.integers(0, 7, 60).astype(np.float32)
    p, n = RNG.integers(0, 5, 60).astype(float), RNG.integers(0, 5, 60).astype(float)
    got = jax.jit(area_under_curve)(jnp.asarray(score), jnp.asarray(p), jnp.asarray(n))
    assert float(got) == pytest.approx(sum_over_pairs(score, p, n), rel=1e-12)


def test_a_known_taste_predicts_votes_and_a_constant_none(learned: TasteModel) -> None:
    positive, negative = (jnp.asarray(x) for x in votes())
    best = float(area_under_curve(jnp.asarray(Z @ TASTE), positive, negative))
    assert (
        best - 0.01 < float(area_under_curve(taste_score(learned, jnp.asarray(Z)), positive, negative)) <= best + 1e-3
    )
    assert float(area_under_curve(jnp.zeros(400), positive, negative)) == pytest.approx(0.5)


@pytest.mark.parametrize(("p", "n"), [([1.0, 1.0], [0.0, 0.0]), ([0.0, 0.0], [1.0, 1.0]), ([0.0, 0.0], [0.0, 0.0])])
def test_one_sided_votes_have_no_area(p: list[float], n: list[float]) -> None:
    assert np.isnan(area_under_curve(jnp.array([0.0, 1.0]), jnp.array(p), jnp.array(n)))


def chosen_by_hand(score: np.ndarray, z: np.ndarray, recent: np.ndarray, count: int, num_strange: int) -> list[int]:
    best = list(np.argsort(-score, kind="stable")[: count - num_strange])
    nearest = np.linalg.norm(z[:, None] - recent[None], axis=2).min(axis=1)
    others = [k for k in np.argsort(-nearest, kind="stable") if k not in best]
    return [int(k) for k in (*best, *others[:num_strange])]


def shown(*args: Any, count: int) -> list[int]:
    return np.asarray(jax.jit(lambda *x: preselect(*x[:4], count, x[4]))(*args)).tolist()


@pytest.mark.parametrize(("exploration", "num_strange"), [(0.0, 0), (0.1, 2), (0.24, 5), (1.0, 20)])
def test_the_best_and_the_strangest_are_shown(exploration: float, num_strange: int) -> None:
    score, recent = RNG.normal(size=60), RNG.normal(size=(30, 6)).astype(np.float32)
    mask = np.arange(30) < 25
    got = shown(score, Z[:60], recent, mask, exploration, count=20)
    assert got == chosen_by_hand(score, Z[:60], recent[:25], 20, num_strange)
    assert len(set(got)) == 20


def test_without_a_past_explored_pictures_are_the_next_drawn() -> None:
    score = np.array([0.0, 3.0, 0.0, 2.0, 0.0, 1.0])
    got = shown(score, Z[:6], np.zeros((4, 6), np.float32), np.zeros(4, bool), 0.5, count=4)
    assert got == [1, 3, 0, 2]


def test_all_that_were_drawn_may_be_shown() -> None:
    got = shown(np.zeros(6), Z[:6], Z[:2], np.ones(2, bool), 0.3, count=6)
    assert sorted(got) == list(range(6))
    with pytest.raises(ValueError, match="count = 7 pictures cannot be chosen from draws = 6"):
        preselect(jnp.zeros(6), jnp.asarray(Z[:6]), jnp.asarray(Z[:2]), jnp.ones(2, bool), 7, 0.1)


def test_the_mean_drifts_to_what_was_liked() -> None:
    genomes = jnp.array([[1.0, 0.0], [0.0, 2.0], [5.0, 5.0], [jnp.nan, 1.0]], jnp.float32)
    net, present = jnp.array([3.0, 1.0, -4.0, 9.0]), jnp.array([True, True, True, False])
    got = drifted(jnp.array([1.0, 1.0], jnp.float32), genomes, net, present, 0.5)
    # The liked mean is (3/4, 2/4); half the way from (1, 1).
    np.testing.assert_allclose(got, [0.875, 0.75])
    assert got.dtype == jnp.float32


@pytest.mark.parametrize("net", [[0.0, 0.0], [-1.0, -2.0]])
def test_where_nothing_is_liked_the_mean_stays(net: list[float]) -> None:
    mean = jnp.array([1.0, 2.0], jnp.float32)
    got = drifted(mean, jnp.ones((2, 2), jnp.float32), jnp.array(net), jnp.ones(2, bool), 0.5)
    np.testing.assert_array_equal(got, mean)
