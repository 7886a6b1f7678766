"""After its weekly eras the same market goes on, round after round."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.tasks.eras import Eras as ErasTask
from subnet.tournament.era_targets import VALUES, main_target, residual_returns
from subnet.tournament.era_world import Eras, EraWorld

WORLD = partial(EraWorld, num_stocks=500, num_features=10, num_styles=4, num_terms=8)
TRAINED = 12
draw = jax.jit(EraWorld.draw, compiler_options={"xla_backend_optimization_level": 0})  # each runs once


@cache
def drawn(num_eras: int, num_rounds: int, days: int) -> Eras:
    world = WORLD(num_eras=num_eras, num_rounds=num_rounds, days_per_round=days)
    return jax.tree.map(np.asarray, draw(world, jax.random.key(0)))


def likeness(x: np.ndarray, apart: int) -> float:
    """Return the mean correlation of rows [T, N] with those so far apart."""
    return float(np.mean([np.corrcoef(x[r], x[r + apart])[0, 1] for r in range(len(x) - apart)]))


def test_weekly_rounds_are_further_eras_to_the_bit() -> None:
    whole, parted = drawn(TRAINED + 28, 0, 5), drawn(TRAINED, 28, 5)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parted), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def test_the_market_is_the_same_until_its_rounds_are_daily() -> None:
    weekly, daily = drawn(TRAINED, 28, 5), drawn(TRAINED, 40, 1)
    assert daily.features.shape == (TRAINED + 40, 500, 10)
    np.testing.assert_array_equal(weekly.features[: TRAINED + 1], daily.features[: TRAINED + 1])
    closed = TRAINED - 5  # eras whose 20 days end before the first round
    np.testing.assert_allclose(weekly.raw[20][:closed], daily.raw[20][:closed], atol=1e-5)


def test_features_wander_by_the_day_as_fast_as_by_the_week() -> None:
    weekly, daily = (drawn(TRAINED, n, d).features[TRAINED:, :, 0].astype(float) for n, d in ((28, 5), (40, 1)))
    np.testing.assert_allclose(likeness(daily, 5), likeness(weekly, 1), atol=0.03)
    assert likeness(daily, 1) > likeness(daily, 5) + 0.02


@pytest.mark.parametrize("apart", [1, 5, 10, 19, 20, 25])
def test_daily_rounds_share_days(apart: int) -> None:
    shared = max(0, 1 - apart / 20)
    np.testing.assert_allclose(likeness(drawn(TRAINED, 40, 1).raw[20][TRAINED:], apart), shared, atol=0.07)


@pytest.mark.parametrize("days", [1, 5])
@pytest.mark.parametrize("horizon", [20, 60])
def test_the_last_rounds_count_as_many_days_as_all_others(days: int, horizon: int) -> None:
    """Daily returns are 1 in standard deviation, up to the few per cent that can be foretold."""
    raw = drawn(TRAINED, 40 if days == 1 else 28, days).raw[horizon]
    np.testing.assert_allclose(raw.std(axis=1) / np.sqrt(horizon), 1, atol=0.25)
    np.testing.assert_allclose(raw[-3:].std() / np.sqrt(horizon), 1, atol=0.15)


def test_rounds_have_targets_as_eras_have() -> None:
    target = np.asarray(main_target(residual_returns(jax.tree.map(jnp.asarray, drawn(TRAINED, 40, 1)))))
    shares = np.stack([(target == value).mean(axis=1) for value in VALUES])
    np.testing.assert_allclose(shares, np.array([0.05, 0.2, 0.5, 0.2, 0.05])[:, None] * np.ones(len(target)))


def task() -> ErasTask:
    return ErasTask(num_stocks=200, num_features=5, num_terms=5, train_eras=20, rounds=10, worlds=2, information=0.5)


def test_a_run_plays_its_own_market_and_repeats_the_last_round() -> None:
    data, key, rows = task().load(), jax.random.key(0), jnp.arange(6)
    seen = [
        [np.asarray(task().holdout(key, jnp.int32(e), data._replace(world=w))[0]) for e in (0, 9, 12)] for w in range(3)
    ]
    assert (seen[0][0] == seen[2][0]).all()
    assert (seen[0][1] == seen[0][2]).all()
    assert (seen[0][0] != seen[1][0]).any()
    assert (seen[0][0] != seen[0][1]).any()
    batches = [np.asarray(task().batch(key, jnp.int32(0), data._replace(world=w), rows)[0]) for w in range(3)]
    assert (batches[0] == batches[2]).all()
    assert (batches[0] != batches[1]).any()
    assert task().num_epochs() == 10


def test_what_is_learned_in_training_eras_holds_in_live_rounds() -> None:
    data, found = task().load(), []
    for w in range(2):
        x, y = (data.train_x[w] - 2) / np.sqrt(2), data.train_y[w] - 0.5
        slopes = np.linalg.lstsq(x, y, rcond=None)[0]
        found += [np.corrcoef((data.holdout_x[w, r] - 2.0) @ slopes, data.holdout_y[w, r])[0, 1] for r in range(10)]
    assert np.mean(found) > 3 / np.sqrt(200 * 20)  # three times what chance would do


def test_groups_are_consecutive_blocks_of_equal_length() -> None:
    group = task().load().train_group
    assert (np.diff(group) >= 0).all()
    assert task().num_groups() == 8
    assert set(np.bincount(group)) == {400, 600}  # 2 or 3 eras of 200 stocks
