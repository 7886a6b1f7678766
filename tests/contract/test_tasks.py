"""Every task of the folder goes through the same contract."""

import dataclasses
import importlib
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

from subnet.tasks import help_text
from subnet.tasks.base import RecordedTask, TaskData, split, task_loss
from subnet.tasks.eras import Eras
from subnet.tasks.regimes import Regimes
from subnet.tasks.stocks import Stocks
from tests.contract.folder_rules import rules_in, undocumented

KINDS = rules_in("subnet.tasks")
SMALL_ERAS = {"num_stocks": 60, "num_features": 5, "num_terms": 4, "train_eras": 9, "rounds": 3, "worlds": 3}
TASKS = {
    **{kind: task() for kind, task in KINDS.items()},
    "eras": Eras(**SMALL_ERAS),
    "regimes, few rows": Regimes(num_styles=3, num_classes=2, num_features=5, rows_per_style=11),
}
every_task = pytest.mark.parametrize("name", list(TASKS))
every_kind = pytest.mark.parametrize("kind", list(KINDS))
KEY = jax.random.key(11)


@cache
def data_of(name: str) -> TaskData:
    return TASKS[name].load()


@cache
def seen(name: str) -> TaskData:
    """Return the rows as a run sees them in its first epoch: of its world, as numbers."""
    task, data = TASKS[name], data_of(name)
    if name != "eras":
        return data
    trained = task.batch(KEY, jnp.int32(0), data, jnp.arange(data.train_x.shape[1]))
    held_out = task.holdout(KEY, jnp.int32(0), data)
    rows = (*trained, data.train_group, *held_out, data.holdout_group)
    return TaskData(*(np.asarray(part) for part in rows), data.world)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert set(KINDS) == {"breast_cancer", "digits", "eras", "help_text", "regimes", "stocks"}


@every_kind
def test_a_task_says_what_it_predicts_and_whether_it_is_synthetic(kind: str) -> None:
    task = KINDS[kind]
    assert task.predicts in ("classes", "normal", "ranking")
    synthetic = getattr(task, "synthetic", False)
    assert synthetic is (kind in ("eras", "regimes"))
    assert synthetic is (task.__doc__ or "").startswith("Synthetic")
    assert undocumented(task) == []


@every_kind
def test_defaults_lie_within_their_ranges(kind: str) -> None:
    TypeAdapter(KINDS[kind]).validate_python(dataclasses.asdict(KINDS[kind]()))


@every_task
def test_rows_have_the_shapes_and_types_of_the_signature(name: str) -> None:
    task, data = TASKS[name], seen(name)
    signature, positions = task.signature(), ()
    if signature.vocabulary:
        positions = signature.input_shape
        assert signature.num_outputs == signature.vocabulary
    for x, y, group in (data[:3], data[3:6]):
        assert x.shape == (len(x), *signature.input_shape)
        assert y.shape == (len(x), *positions)
        assert group.shape == (len(x),)
        assert x.dtype == (np.int32 if signature.vocabulary else np.float32)
        assert y.dtype == (np.int32 if task.predicts == "classes" else np.float32)
        assert group.dtype == np.int32
        assert np.isfinite(x).all()
        assert np.isfinite(y).all()
        assert 0 <= group.min() <= group.max() < task.num_groups()
        if signature.vocabulary:
            assert 0 <= x.min() <= x.max() < signature.vocabulary
        if task.predicts == "classes":
            assert 0 <= y.min() <= y.max() < signature.num_outputs


@every_task
def test_every_group_has_rows(name: str) -> None:
    data = data_of(name)
    groups = set(data.train_group.tolist()) | set(data.holdout_group.tolist())
    assert groups == set(range(TASKS[name].num_groups()))


# Of few features in five bins, two stocks may have the same; eras are told apart by their dates.
@pytest.mark.parametrize("name", [name for name in TASKS if name != "eras"])
def test_no_row_of_the_holdout_is_trained_on(name: str) -> None:
    data = data_of(name)
    train, holdout = ({row.tobytes() for row in x} for x in (data.train_x, data.holdout_x))
    assert not train & holdout
    assert 0.08 <= len(data.holdout_x) / (len(data.holdout_x) + len(data.train_x)) <= 0.25


@every_kind
def test_rows_read_anew_are_the_same_to_the_bit(kind: str) -> None:
    task = TASKS[kind]
    before, fingerprint = task.load(), task.fingerprint()
    assert task.load() is before, "rows are read once"
    for function in vars(importlib.import_module(task.__module__)).values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()
    after = task.load()
    assert after is not before
    assert all((a == b).all() and a.dtype == b.dtype for a, b in zip(after[:6], before[:6], strict=True))
    assert task.fingerprint() == fingerprint


def test_fingerprints_are_sha256_and_tell_tasks_apart() -> None:
    found = [task.fingerprint() for task in TASKS.values()]
    assert len(set(found)) == len(found)
    assert all(len(bytes.fromhex(f)) == 32 for f in found)


@every_task
def test_compiled_rows_are_those_uncompiled(name: str) -> None:
    task, data, rows_seen = TASKS[name], jax.tree.map(jnp.asarray, data_of(name)), seen(name)
    rows = jnp.array([3, 0, len(rows_seen.train_x) - 1, 3])

    def asked(epoch: Any, data: TaskData, rows: Any) -> Any:
        return task.batch(KEY, epoch, data, rows), task.holdout(KEY, epoch, data), task.demand(KEY, epoch, data)

    plain, compiled = asked(jnp.int32(7), data, rows), jax.jit(asked)(jnp.int32(7), data, rows)
    for a, b in zip(jax.tree.leaves(plain), jax.tree.leaves(compiled), strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a, b, rtol=1e-12)
    (x, y), (hidden_x, hidden_y), demand = compiled
    assert (x.shape, y.shape) == ((4, *rows_seen.train_x.shape[1:]), (4, *rows_seen.train_y.shape[1:]))
    assert (hidden_x.shape, hidden_y.shape) == (rows_seen.holdout_x.shape, rows_seen.holdout_y.shape)
    assert (x.dtype, y.dtype) == (hidden_x.dtype, hidden_y.dtype) == (rows_seen.train_x.dtype, rows_seen.train_y.dtype)
    assert demand.shape == (len(hidden_x),)


@every_task
@pytest.mark.parametrize("epoch", [0, 1, 10_000])
def test_demand_is_a_distribution_over_the_holdout(name: str, epoch: int) -> None:
    demand = np.asarray(TASKS[name].demand(KEY, epoch, data_of(name)))
    assert (demand >= 0).all()
    np.testing.assert_allclose(demand.sum(), 1, rtol=1e-12)


@every_task
def test_a_batch_holds_the_rows_asked_for_of_each_miner(name: str) -> None:
    task, data = TASKS[name], data_of(name)
    rows = jnp.array([[3, 0], [5, 3]])
    x, y = jax.vmap(lambda r: task.batch(KEY, 2, data, r))(rows)
    assert (np.asarray(x) == seen(name).train_x[np.asarray(rows)]).all()
    assert (y[0, 0] == y[1, 1]).all()
    if isinstance(task, RecordedTask):
        assert (np.asarray(y) == data.train_y[np.asarray(rows)]).all()


@pytest.mark.parametrize("name", [name for name, task in TASKS.items() if isinstance(task, RecordedTask)])
def test_recorded_rows_do_not_change_with_luck_or_time(name: str) -> None:
    task, data = TASKS[name], data_of(name)
    for key, epoch in ((KEY, 0), (jax.random.key(5), 1000)):
        x, y = task.holdout(key, epoch, data)
        assert (np.asarray(x) == data.holdout_x).all()
        assert (np.asarray(y) == data.holdout_y).all()
        assert (np.asarray(task.demand(key, epoch, data)) == 1 / len(x)).all()


@every_task
def test_the_prior_is_a_forecast_that_needs_no_inputs(name: str) -> None:
    task, data = TASKS[name], data_of(name)
    prior = task.prior(data)
    assert prior.shape == (task.signature().num_outputs,)
    assert prior.dtype == jnp.float32
    assert bool(jnp.isfinite(prior).all())
    if task.predicts == "classes":
        np.testing.assert_allclose(np.exp(np.asarray(prior, float)).sum(), 1, rtol=1e-5)


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "stocks"])
def test_no_other_constant_forecast_fits_the_training_rows_much_better(name: str) -> None:
    task, data = TASKS[name], data_of(name)
    prior, y = task.prior(data), jnp.asarray(data.train_y)

    @jax.jit
    @jax.vmap
    def loss(outputs: jax.Array) -> jax.Array:
        return task_loss(task.predicts, jnp.broadcast_to(outputs, (len(y), *prior.shape)), y).mean()

    others = prior + 0.3 * jax.random.normal(KEY, (200, *prior.shape), jnp.float32)
    # Mean and standard deviation are best for the likelihood; for the score used here, nearly so.
    slack = 0.01 if task.predicts == "normal" else 1e-6
    assert float(loss(prior[None])[0]) <= float(loss(others).min()) * (1 + slack)


def test_a_new_number_is_not_a_new_program() -> None:
    data, traced = data_of("regimes"), []

    @jax.jit
    def holdout(task: Regimes, epoch: jax.Array) -> Any:
        traced.append(1)
        return task.holdout(KEY, epoch, data), task.demand(KEY, epoch, data)

    for k in range(3):
        task = Regimes(drift=0.1 * k, demand_drift=0.2 * k, demand_spread=1.0 * k)
        holdout(jax.tree.map(jnp.float64, task), jnp.int32(k))
    assert len(traced) == 1


def test_the_split_is_a_fixed_permutation() -> None:
    n = np.arange(10)
    order = np.random.default_rng(0).permutation(10)
    data = split(n * 2, n * 3, n)
    assert (data.train_group == order[:8]).all()
    assert (data.holdout_group == order[8:]).all()
    assert (data.holdout_x == order[8:] * 2).all()
    assert (data.train_y == order[:8] * 3).all()


def test_held_out_weeks_come_after_all_training_weeks() -> None:
    from subnet.tasks.stocks import weekly_returns

    data, returns = data_of("stocks"), weekly_returns()
    y = np.concatenate([data.train_y, data.holdout_y]).reshape(-1, 6)
    np.testing.assert_allclose(y, returns[20:], rtol=1e-6)
    assert len(data.holdout_y) == 17 * 6


def test_a_stocks_row_holds_the_returns_before_its_target() -> None:
    data = data_of("stocks")
    last_return = data.train_x[:, 19].reshape(-1, 6)
    before = data.train_y.reshape(-1, 6)
    np.testing.assert_allclose(last_return[1:] / last_return[1, 0], before[:-1] / before[0, 0], rtol=1e-4)


def test_the_scale_of_a_normal_target_is_its_standard_deviation() -> None:
    np.testing.assert_allclose(Stocks().scale(), data_of("stocks").train_y.std(), rtol=1e-6)


def test_a_character_is_answered_by_the_next_one() -> None:
    for x, y in ((data_of("help_text")[:2]), (data_of("help_text")[3:5])):
        assert (x[:, 1:] == y[:, :-1]).all()
        assert (x[1:, 0] == y[:-1, -1]).all()
    text, vocabulary = help_text.text(), help_text.vocabulary()
    written = "".join(vocabulary[token] for token in data_of("help_text").train_x.ravel())
    assert text.startswith(written)


def test_a_python_without_help_text_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pydoc_data.topics", None)
    for function in (help_text.text, help_text.vocabulary):
        function.cache_clear()
    try:
        with pytest.raises(ValueError, match=r"needs the module pydoc_data.*install a full Python"):
            help_text.HelpText().signature()
    finally:
        for function in (help_text.text, help_text.vocabulary):
            function.cache_clear()


VECTORS = json.loads((Path(__file__).parents[1] / "reference/vectors/training_and_scoring.json").read_text("utf-8"))
NORMAL = [case for case in VECTORS["cases"] if case["fn"] == "crps_gaussian"]


@pytest.mark.parametrize("vector", NORMAL, ids=lambda v: v["id"])
def test_the_loss_of_a_normal_forecast_is_its_crps(vector: dict[str, Any]) -> None:
    given = {name: np.asarray(value) for name, value in vector["inputs"].items()}
    outputs = jnp.stack([given["mu"], np.log(given["sigma"])], axis=-1)
    (observed,) = (value for name, value in given.items() if name not in ("mu", "sigma"))
    np.testing.assert_allclose(task_loss("normal", outputs, jnp.asarray(observed)), vector["expected"], rtol=1e-9)


def test_the_loss_of_classes_is_the_mean_cross_entropy_over_positions() -> None:
    rng = np.random.default_rng(0)
    outputs, y = rng.normal(size=(4, 3, 5)), rng.integers(5, size=(4, 3))
    p = np.exp(outputs) / np.exp(outputs).sum(axis=-1, keepdims=True)
    expected = -np.log(np.take_along_axis(p, y[..., None], -1))[..., 0]
    np.testing.assert_allclose(task_loss("classes", jnp.asarray(outputs), jnp.asarray(y)), expected.mean(1), rtol=1e-9)
    np.testing.assert_allclose(
        task_loss("classes", jnp.asarray(outputs[:, 0]), jnp.asarray(y[:, 0])), expected[:, 0], rtol=1e-9
    )


@pytest.mark.parametrize("outputs", [(0, 50), (0, -50), (1e20, 0), (3, -9), (3, -200)])
def test_no_normal_forecast_has_an_infinite_loss_or_gradient(outputs: tuple[float, float]) -> None:
    loss = jax.value_and_grad(lambda o: task_loss("normal", o[None], jnp.float32([3]))[0])
    value, gradient = loss(jnp.asarray(outputs, jnp.float32))
    assert value.dtype == jnp.float32
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    assert abs(float(gradient[0])) <= 1 + 1e-6
