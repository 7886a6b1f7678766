"""Synthetic styles: what turns, turns at the stated speed; what is wanted, wanders at its own."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from miners.models.mlp import Mlp
from subnet.tasks.base import task_loss
from subnet.tasks.regimes import Regimes

KEY = jax.random.key(3)
DATA = Regimes().load()


@jax.jit
def _asked(task: Regimes, key: jax.Array, epochs: jax.Array) -> Any:
    return jax.vmap(lambda epoch: (task.holdout(key, epoch, DATA)[1], task.style_demand(key, epoch)))(epochs)


def over_time(epochs: np.ndarray, key: jax.Array = KEY, **numbers: float) -> tuple[np.ndarray, np.ndarray]:
    """Return labels [T, P] and the styles' demand [T, K] at 200 epochs."""
    task = jax.tree.map(jnp.float64, Regimes(**numbers))
    labels, demand = _asked(task, key, jnp.asarray(epochs, jnp.int32))
    return np.asarray(labels), np.asarray(demand)


EPOCHS = np.arange(200)


def test_without_drift_nothing_ever_moves() -> None:
    labels, demand = over_time(EPOCHS * 1000, drift=0, demand_drift=0)
    assert (labels == labels[0]).all()
    np.testing.assert_allclose(demand, demand[:1].repeat(200, axis=0), rtol=1e-12)


def test_labels_turn_at_the_stated_speed() -> None:
    labels, _ = over_time(EPOCHS, drift=np.pi / 100)
    same = (labels == labels[0]).mean(axis=1)
    assert same[0] == 1
    assert 0.9 < same[2] < 1
    np.testing.assert_allclose(same[50], 0.25, atol=0.08)  # a quarter turn: chance
    assert same[100] == 0  # half a turn: the best becomes the worst
    fast, _ = over_time(EPOCHS, drift=2 * np.pi / 100)
    assert (fast[:100] == labels[::2]).mean() > 0.999


def test_classes_stay_equally_frequent_while_labels_turn() -> None:
    labels, _ = over_time(EPOCHS, drift=np.pi / 100)
    share = np.stack([np.bincount(row, minlength=4) / len(row) for row in labels])
    np.testing.assert_allclose(share.mean(axis=0), 0.25, atol=0.02)
    assert np.abs(share - 0.25).max() < 0.15  # 320 rows, 5 standard deviations


@cache
def _waves() -> np.ndarray:
    """Return the styles' demand [runs, T, K] in 40 runs, with one memory of 20 epochs, as centred log demand."""
    demand = np.stack(
        [over_time(EPOCHS, jax.random.key(k), demand_drift=0.05, demand_spread=1.0)[1] for k in range(40)]
    )
    z = np.log(demand)
    return z - z.mean(axis=2, keepdims=True)


def test_demand_has_the_stated_spread() -> None:
    # Centring over 8 styles takes an eighth of the variance.
    np.testing.assert_allclose(_waves().std(), np.sqrt(7 / 8), rtol=0.1)


@pytest.mark.parametrize("lag", [0, 10, 20, 40, 80])
def test_demand_forgets_where_it_was_as_a_gaussian_process_does(lag: int) -> None:
    z = _waves()
    together = (z[:, : 200 - lag] * z[:, lag:]).mean() / (z**2).mean()
    np.testing.assert_allclose(together, np.exp(-((0.05 * lag) ** 2) / 2), atol=0.08)


def test_without_spread_all_styles_are_wanted_alike() -> None:
    np.testing.assert_allclose(over_time(EPOCHS, demand_spread=0.0)[1], 1 / 8, rtol=1e-12)


def test_another_run_has_other_labels_and_another_demand() -> None:
    (labels, demand), (others, wanted) = over_time(EPOCHS), over_time(EPOCHS, jax.random.key(4))
    assert (labels != others).mean() > 0.3
    assert (np.abs(demand - wanted) > 0.01).mean() > 0.5


def test_more_styles_leave_the_first_ones_as_they_were() -> None:
    few, many = Regimes(num_styles=3), Regimes(num_styles=5)
    small, large = few.load(), many.load()
    labels = [np.asarray(t.holdout(KEY, 9, t.load())[1]) for t in (few, many)]
    rows = len(small.holdout_x)
    assert (small.holdout_x[:, 3:] == large.holdout_x[:rows, 5:]).all()
    assert (labels[0] == labels[1][:rows]).all()
    ratio = [np.asarray(t.style_demand(KEY, 9))[:3] for t in (few, many)]
    np.testing.assert_allclose(ratio[0] / ratio[0][0], ratio[1] / ratio[1][0], rtol=1e-12)


def test_too_little_content_for_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"num_features = 8 is too little for num_classes = 5: .* at least 10"):
        Regimes(num_classes=5).load()


@cache
def specialists() -> np.ndarray:
    """Return the hold-out loss [miners, P] of miners who own one style each, after 300 steps."""
    task, model, rows = Regimes(drift=0.0), Mlp(), jax.tree.map(jnp.asarray, DATA)
    own = jnp.arange(task.num_styles)

    def trained(key: jax.Array, style: jax.Array) -> jax.Array:
        params = model.init(key, task.signature())
        first, count = style * 160, 160  # rows stand style by style

        def step(p: Any, k: jax.Array) -> tuple[Any, None]:
            x, y = task.batch(KEY, 0, rows, first + jax.random.randint(k, (32,), 0, count))
            gradient = jax.grad(lambda p: task_loss("classes", model.apply(p, x), y).mean())(p)
            return optax.apply_updates(p, jax.tree.map(lambda g: -0.3 * g, gradient)), None

        params, _ = jax.lax.scan(step, params, jax.random.split(key, 300))
        x, y = task.holdout(KEY, 0, rows)
        return task_loss("classes", model.apply(params, x), y)

    return np.asarray(jax.jit(jax.vmap(trained))(jax.random.split(jax.random.key(0), task.num_styles), own))


def test_a_miner_is_best_at_the_style_it_owns() -> None:
    loss = specialists().reshape(8, 8, 40).mean(axis=2)  # [miner, style]
    assert (loss.argmin(axis=0) == np.arange(8)).all()
    assert np.diag(loss).max() < np.log(4) - 0.3


def test_specialists_change_rank_as_fast_as_demand_moves() -> None:
    per_style = specialists().reshape(8, 8, 40).mean(axis=2)

    def changes(demand_drift: float) -> int:
        _, demand = over_time(EPOCHS, demand_drift=demand_drift, demand_spread=2.0)
        best = (per_style @ demand.T).argmin(axis=0)
        return int((best[1:] != best[:-1]).sum())

    assert changes(0.0) == 0
    assert 1 <= changes(0.02) < changes(0.1) < changes(0.5)
