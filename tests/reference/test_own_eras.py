"""A person's own eras in a Parquet file are read as Numerai writes them, or refused with a reason."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest
from pydantic import TypeAdapter

from subnet.tasks.eras import Eras

ERAS, STOCKS = 14, 20
KEY = jax.random.key(0)
Columns = dict[str, Any]


def columns(seed: int = 0) -> Columns:
    """Return 14 eras of 20 stocks with 3 features in bins and one target, era after era."""
    rng = np.random.default_rng(seed)
    n = ERAS * STOCKS
    era = np.repeat(np.arange(1, ERAS + 1), STOCKS)
    found: Columns = {"id": [f"n{k:04x}" for k in range(n)], "era": [f"{e:04d}" for e in era]}
    found |= {f"feature_{name}": rng.integers(0, 5, n).astype(np.int8) for name in ("wise", "calm", "odd")}
    return found | {"target": rng.permuted(np.tile([0, 0.25, 0.5, 0.75, 1], (ERAS, 4)), axis=1).ravel().astype("f4")}


def task_of(folder: Path, table: Columns) -> Eras:
    path = folder / "eras.parquet"
    pl.DataFrame(table).write_parquet(path)
    return Eras(file=str(path), rounds=3, embargo_eras=2)


def bins_of(table: Columns) -> np.ndarray:
    return np.stack([table[name] for name in table if name.startswith("feature")], axis=-1)


def live(task: Eras, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return features as bins and targets of one live round."""
    x, y = task.holdout(KEY, jnp.int32(number), task.load())
    return np.asarray(x) * np.sqrt(2) + 2, np.asarray(y)


def test_the_last_eras_are_live_those_before_left_out_and_the_rest_for_training(tmp_path: Path) -> None:
    table = columns()
    task = task_of(tmp_path, table)
    data, bins, target = task.load(), bins_of(table), table["target"]
    assert task.signature().input_shape == (3,)
    assert task.num_epochs() == 3
    assert (data.train_x == bins[: 9 * STOCKS]).all()
    assert (data.train_y == target[: 9 * STOCKS]).all()
    assert (data.train_group == np.arange(9).repeat(STOCKS) * 8 // 9).all()
    assert task.num_groups() == 8
    for number, place in ((0, 11), (2, 13), (7, 13)):
        x, y = live(task, number)
        np.testing.assert_allclose(x, bins[place * STOCKS : (place + 1) * STOCKS], atol=1e-6)
        assert (y == target[place * STOCKS : (place + 1) * STOCKS]).all()
    np.testing.assert_allclose(task.scale(), data.train_y.std())


def test_a_batch_holds_the_rows_asked_for_standardised(tmp_path: Path) -> None:
    table = columns()
    task = task_of(tmp_path, table)
    x, y = task.batch(KEY, jnp.int32(0), task.load()._replace(world=5), jnp.array([7, 0, 7]))
    np.testing.assert_allclose(x, (bins_of(table)[[7, 0, 7]] - 2) / np.sqrt(2), rtol=1e-6)
    assert (np.asarray(y) == table["target"][[7, 0, 7]]).all()


@pytest.mark.parametrize(
    "name",
    [
        lambda k: int(k),
        lambda k: f"era{k + 1}",
        lambda k: date(2024, 1, 26) + timedelta(weeks=int(k)),
        lambda k: f"{date(2024, 1, 26) + timedelta(weeks=int(k))}",
    ],
    ids=["numbers", "names that end in numbers", "dates", "dates as text"],
)
def test_rows_in_any_order_are_sorted_by_era(tmp_path: Path, name: Callable[[int], Any]) -> None:
    table = columns()
    plain = task_of(tmp_path, table).load()
    order = np.argsort(np.random.default_rng(1).permutation(ERAS).repeat(STOCKS), kind="stable")
    shuffled = {key: np.asarray(values)[order] for key, values in table.items()}
    shuffled["era"] = [name(k) for k in np.arange(ERAS).repeat(STOCKS)[order]]
    (tmp_path / "other").mkdir()
    found = task_of(tmp_path / "other", shuffled).load()
    assert all((a == b).all() for a, b in zip(found[:6], plain[:6], strict=True))


@pytest.mark.parametrize("kind", ["quarters", "floats"])
def test_features_as_quarters_or_floats_are_the_same_bins(tmp_path: Path, kind: str) -> None:
    table = columns()
    plain = task_of(tmp_path, table).load().train_x
    for name in table:
        if name.startswith("feature"):
            table[name] = table[name].astype(float) / (4 if kind == "quarters" else 1)
    (tmp_path / "other").mkdir()
    assert (task_of(tmp_path / "other", table).load().train_x == plain).all()


def test_other_numbers_are_ranked_into_five_bins_within_their_era(tmp_path: Path) -> None:
    table = columns()
    size = np.arange(1, ERAS + 1).repeat(STOCKS)
    table["feature_wise"] = np.random.default_rng(0).normal(size=ERAS * STOCKS) * size
    bins = task_of(tmp_path, table).load().train_x[0, :, 0].reshape(-1, STOCKS)
    raw = table["feature_wise"].reshape(-1, STOCKS)[: len(bins)]
    assert (bins == raw.argsort(axis=1).argsort(axis=1) // 4).all()


def test_missing_features_are_in_the_middle(tmp_path: Path) -> None:
    table = columns()
    table["feature_wise"] = [None, float("nan"), *table["feature_wise"][2:].astype(float)]
    assert task_of(tmp_path, table).load().train_x[0, :2, 0].tolist() == [2, 2]


def test_shorter_live_eras_and_rows_without_a_target_are_nobodys_demand(tmp_path: Path) -> None:
    table = {name: np.asarray(values)[:-5] for name, values in columns().items()}
    table["target"][[0, -1]] = np.nan
    task = task_of(tmp_path, table)
    data = task.load()
    assert data.train_y.shape == (1, 9 * STOCKS - 1)
    x, y = live(task, 2)
    assert x.shape == (STOCKS, 3)
    assert np.isnan(y).sum() == 6
    assert (x[15:] == 2).all()
    demand = np.asarray(task.demand(KEY, jnp.int32(2), data))
    np.testing.assert_allclose(demand, np.where(np.isnan(y), 0, 1 / 14))
    np.testing.assert_allclose(task.demand(KEY, jnp.int32(0), data), 1 / STOCKS)


def test_the_only_other_target_will_do_and_its_file_tells_tasks_apart(tmp_path: Path) -> None:
    table = columns()
    first = task_of(tmp_path, table).fingerprint()
    table["target_ender_20"] = table.pop("target")[::-1]
    (tmp_path / "other").mkdir()
    other = task_of(tmp_path / "other", table)
    assert other.load().train_y[0, 0] == table["target_ender_20"][0]
    assert other.fingerprint() != first


def without(*names: str) -> Callable[[Columns], Columns]:
    return lambda table: {name: values for name, values in table.items() if not name.startswith(names)}


REFUSED: dict[str, tuple[Callable[[Columns], Columns], str]] = {
    "no era": (without("era"), "has no column era, but id, feature_wise.*expected are a column era"),
    "no features": (without("feature"), "no column of numbers whose name begins with feature"),
    "no target": (without("target"), "has no target; expected"),
    "several targets": (
        lambda t: {**without("target")(t), "target_a": t["target"], "target_b": t["target"]},
        "several targets, target_a, target_b: name the one to foretell target",
    ),
    "target in words": (lambda t: {**t, "target": ["up"] * len(t["id"])}, "column target does not hold numbers"),
    "target out of range": (lambda t: {**t, "target": 4 * t["target"]}, r"targets from 0 to 4; they must lie in"),
    "an era without a number": (lambda t: {**t, "era": [*t["era"][:-1], "eraX"]}, 'era "eraX" cannot be put in order'),
    "an era without a name": (lambda t: {**t, "era": [*t["era"][:-1], None]}, "era is empty in some rows"),
    "eras of one number": (lambda t: {**t, "era": [*t["era"][:-1], "era1"]}, "end in the same number"),
    "too few eras": (
        lambda t: {name: values[: 5 * STOCKS] for name, values in t.items()},
        r"has 5 eras; 3 live ones \(rounds\) and 2 before them \(embargo_eras\) leave none to train on",
    ),
    "no rows": (lambda t: {name: values[:0] for name, values in t.items()}, "has no rows"),
    "a live era without targets": (
        lambda t: {**t, "target": np.where(np.arange(ERAS * STOCKS) < 13 * STOCKS, t["target"], np.nan)},
        "era 14 of 14, a live one, has no two different targets",
    ),
    "nothing to train on": (
        lambda t: {**t, "target": np.where(np.arange(ERAS * STOCKS) < 11 * STOCKS, np.nan, t["target"])},
        "no row of the 9 training eras has a target",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_will_not_do_is_refused_with_what_is_expected(tmp_path: Path, case: str) -> None:
    change, message = REFUSED[case]
    task = task_of(tmp_path, change(columns()))
    with pytest.raises(ValueError, match=message):
        task.signature()


def test_what_is_no_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "eras.csv"
    with pytest.raises(ValueError, match="no such file"):
        Eras(file=str(path)).load()
    path.write_text("era,feature_a,target\n1,2,0.5\n")
    with pytest.raises(ValueError, match="cannot be read as Parquet"):
        Eras(file=str(path)).load()


def test_a_file_is_a_choice_like_any_other(tmp_path: Path) -> None:
    given = TypeAdapter(Eras).validate_python({"file": "mine.parquet", "rounds": 2})
    assert given == Eras(file="mine.parquet", rounds=2)
    assert jax.tree.leaves(given) == []
