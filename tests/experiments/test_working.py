"""Train once, compare many: the same numbers as training in every lane, resumable, kept on request."""

import hashlib
import json
from pathlib import Path
from typing import Any

import jax
import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import experiments.runner as runner
from experiments.config import Experiment, experiment_from_dict
from experiments.run_folder import RunFolder
from experiments.runner import resume_experiment, run_experiment
from experiments.sweep import expand
from experiments.working import shared_worlds
from subnet.lanes import TraceProgram

LIVING: dict[str, Any] = {
    "name": "living",
    "epochs": 6,
    "seeds": 2,
    "task": {"kind": "breast_cancer"},
    "model": {"kind": "linear"},
    "training": {"steps": 2, "batch": 8},
    "miners": {"workers": {"count": 3}, "copiers": {"kind": "copier", "count": 1}},
    "validators": {"count": 2, "rows": 16},
    "overlays": {"copier": {"kind": "weight_copier", "stake_share": 0.2}},
    "designs": {
        "steep": {"weighting": {"kind": "power", "exponent": 3}, "consensus": {"kind": "stake_mean"}},
        "flat": {"extends": "steep", "weighting": {"exponent": 0}},
    },
    "record": {"agents_every": 1},
}


def living(**changes: Any) -> Experiment:
    return experiment_from_dict({**LIVING, **changes})


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    order = {
        "epochs": ["epoch"],
        "agents": ["epoch", "uid"],
        "ledger": ["epoch", "asset", "source", "target", "reason"],
    }
    return {
        name: pl.read_parquet(folder / name / "*.parquet").sort("design", "point", "seed", *columns)
        for name, columns in order.items()
    }


def assert_same(first: Path, second: Path) -> None:
    """Tables agree to a millionth: one program trains alone, the other trains and settles at once."""
    mine, theirs = tables(first), tables(second)
    for name, table in mine.items():
        for column in table.columns:
            a, b = table[column], theirs[name][column]
            if a.dtype.is_float():
                np.testing.assert_allclose(a.to_numpy(), b.to_numpy(), rtol=1e-5, atol=1e-6, err_msg=f"{name}.{column}")
            elif column not in ("amount", "minted") and not a.dtype.is_integer():
                assert (a == b).all(), f"{name}.{column}"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_experiment(living(), tmp_path_factory.mktemp("shared"), progress=False, save_trace=True)


def test_two_designs_share_the_work_of_each_seed() -> None:
    groups = shared_worlds(expand(living()))
    assert groups is not None
    (worlds,) = groups
    assert [seed for _, seed in worlds.members] == [0, 1]
    assert len(worlds.lanes) == 4
    assert sorted(worlds.world_of) == [0, 0, 1, 1]


def test_another_rule_of_measurement_is_another_world() -> None:
    designs = LIVING["designs"] | {"accurate": {"extends": "steep", "scoring": {"kind": "accuracy"}}}
    groups = shared_worlds(expand(living(designs=designs)))
    assert groups is not None
    assert [len(group.members) for group in groups] == [2, 2]


def test_nothing_is_shared_where_miners_can_leave() -> None:
    designs = {"open": {"consensus": {"kind": "stake_mean"}, "registration": {"kind": "burn_price"}}}
    assert shared_worlds(expand(living(designs=designs))) is None


def test_designs_with_open_and_closed_doors_share_a_table(tmp_path: Path) -> None:
    closed = {"consensus": {"kind": "stake_mean"}}
    designs = {"closed": closed, "open": closed | {"registration": {"kind": "burn_price"}}}
    run = RunFolder(run_experiment(living(designs=designs, seeds=1, epochs=2), tmp_path, progress=False))
    epochs = run.read("epochs", ["present_miners"])
    assert epochs.filter(pl.col("design") == "closed")["present_miners"].null_count() == 2
    assert epochs.filter(pl.col("design") == "open")["present_miners"].to_list() == [4, 4]


def test_the_run_says_that_it_trained_once(shared: Path) -> None:
    manifest = json.loads((shared / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["work"] == "no miner reacts to pay, so 2 trained worlds serve 4 lanes"


def test_sharing_work_changes_no_number(shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "shared_worlds", lambda lanes: None)
    assert_same(shared, run_experiment(living(), tmp_path, progress=False))


def test_a_saved_trace_replays_under_its_designs(shared: Path, tmp_path: Path) -> None:
    config = {k: v for k, v in LIVING.items() if k not in ("task", "model", "training", "miners", "validators")}
    config["actions"] = {"kind": "replayed", "file": str(shared / "trace" / "000.npz")}
    assert_same(shared, run_experiment(experiment_from_dict(config), tmp_path, progress=False))


def test_one_world_shared_by_all_devices_is_the_world_of_one(shared: Path, tmp_path: Path) -> None:
    assert len(jax.devices()) > 1
    mine, theirs = tables(run_experiment(living(seeds=1), tmp_path, progress=False)), tables(shared)
    for name, table in mine.items():
        assert_frame_equal(table, theirs[name].filter(pl.col("seed") == 0), check_exact=True)


def test_an_interrupted_training_goes_on_where_it_was(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.working._LONGEST_CHUNK", 2)
    whole = run_experiment(living(), tmp_path / "whole", progress=False)
    chunk, calls = TraceProgram.chunk, []

    def interrupted(self: TraceProgram, epochs: Any, *rest: Any) -> Any:
        calls.append(int(epochs[0]))
        if len(calls) == 2:
            raise KeyboardInterrupt
        return chunk(self, epochs, *rest)

    monkeypatch.setattr(TraceProgram, "chunk", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(living(), tmp_path / "torn", progress=False)
    folder = tmp_path / "torn" / whole.name
    assert json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["state"] == "running"
    resume_experiment(living(), folder, progress=False)
    assert calls == [0, 2, 2, 4]  # nothing before the interruption was done again
    digests = [
        {str(p.relative_to(f)): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(f.rglob("*.parquet"))}
        for f in (whole, folder)
    ]
    assert digests[0] == digests[1]
