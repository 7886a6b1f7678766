"""Runs from config to folder: same bytes, honest books, resumable, bounded."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import yaml

from experiments.config import Experiment, experiment_from_dict, read_experiment
from experiments.errors import UserError
from experiments.progress import Progress
from experiments.run_folder import RunFolder
from experiments.runner import resume_experiment, run_experiment
from experiments.statistics import lane_values
from subnet.lanes import LaneProgram

CONFIGS = Path(__file__).parents[2] / "experiments" / "configs"
SMALL: dict[str, Any] = {
    "name": "small",
    "epochs": 70,  # two chunks
    "seeds": 3,
    "actions": {"kind": "sampled", "num_validators": 3, "num_miners": 4, "drift": 0.5},
    "overlays": {
        "copier": {"kind": "weight_copier", "stake_share": 0.2},
        "cabal": {"kind": "cabal", "stake_share": 0.2, "num_validators": 2, "num_miners": 2},
    },
    "designs": {
        "yuma3": {"consensus": {"kind": "yuma", "yuma3": True}, "staking": {"compound_share": 0.5}},
        "mean": {"consensus": {"kind": "stake_mean"}},
    },
    "record": {"agents_every": 1},
}


def small(**changes: Any) -> Experiment:
    return experiment_from_dict({**SMALL, **changes})


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.parquet"))
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_experiment(small(), tmp_path_factory.mktemp("runs"), progress=False)


def test_the_same_config_and_seeds_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    again = run_experiment(small(), tmp_path, progress=False)
    assert again.name == folder.name
    assert digests(again) == digests(folder)
    assert len(digests(again)) > 0


def test_the_manifest_names_the_hash_of_every_file(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "finished"
    assert {k: v for k, v in manifest["files"].items() if k.endswith(".parquet")} == digests(folder)
    config = (folder / "config.yaml").read_bytes()
    assert manifest["files"]["config.yaml"] == hashlib.sha256(config).hexdigest()
    assert not (folder / "checkpoints").exists()


def test_the_resolved_config_is_the_same_experiment(folder: Path) -> None:
    assert read_experiment(folder / "config.yaml").config_hash == small().config_hash
    assert (
        yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))["designs"]["mean"]["chain"]["tempo"] == 360
    )


def test_every_minted_unit_is_accounted_for(folder: Path) -> None:
    run = RunFolder(folder)
    epochs, ledger, agents = (run.scan(t).collect() for t in ("epochs", "ledger", "agents"))
    paid = epochs["paid_validators"] + epochs["paid_miners"] + epochs["paid_owner"]
    assert (epochs["minted"] == paid + epochs["remainder"]).all()
    assert (epochs["remainder"] >= 0).all()
    assert (epochs["remainder"] < 12).all()  # one unit per agent at most
    keys = ["design", "point", "seed", "epoch"]
    assert set(ledger["asset"]) == {"token"}  # nobody works here, so nobody spends
    booked = ledger.filter(pl.col("source") == "mint").group_by(keys).agg(pl.col("amount").sum()).sort(keys)
    assert (booked["amount"] == epochs.sort(keys)["minted"]).all()
    held = epochs.select(pl.sum_horizontal(pl.col("^held_.*$"))).to_series()
    assert (held == 0).all()  # what everybody holds is what was minted and brought in, which are negative accounts
    paid = agents.group_by(keys).agg(pl.col("pay").sum()).sort(keys)
    wages = epochs.sort(keys).select(pl.col("paid_validators") + pl.col("paid_miners")).to_series()
    assert (paid["pay"] == wages).all()


def test_the_agents_table_has_one_row_per_validator_and_miner_and_epoch(folder: Path) -> None:
    agents = RunFolder(folder).scan("agents").collect()
    assert agents.height == 2 * 3 * 70 * (3 + 4 + 1 + 2 + 2)
    assert {"design", "seed", "epoch", "uid", "role", "stake", "dividends", "incentive", "consensus"} <= set(
        agents.columns
    )
    validators = agents.filter(pl.col("role") == "validator")
    assert validators["dividends"].null_count() == 0
    shares = validators.group_by("design", "seed", "epoch").agg(pl.col("dividends").sum())["dividends"]
    np.testing.assert_allclose(shares, 1, atol=1e-9)
    assert set(agents.filter(pl.col("party") == "cabal")["role"]) == {"validator", "miner"}


def test_seeds_are_paired_across_designs(folder: Path) -> None:
    agents = RunFolder(folder).scan("agents").filter(pl.col("epoch") == 0, pl.col("role") == "validator").collect()
    stake = {d: agents.filter(pl.col("design") == d).sort("seed", "uid")["stake"].to_list() for d in ("yuma3", "mean")}
    assert stake["yuma3"] == stake["mean"]


def test_compounded_pay_shows_in_the_stake(folder: Path) -> None:
    agents = RunFolder(folder).scan("agents").filter(pl.col("role") == "validator").collect()
    total = agents.group_by("design", "seed", "epoch").agg(pl.col("stake").sum()).sort("design", "seed", "epoch")
    grows = {
        d: total.filter(pl.col("design") == d, pl.col("seed") == 0)["stake"].diff().drop_nulls()
        for d in ("yuma3", "mean")
    }
    assert (grows["yuma3"] > 0).all()
    assert (grows["mean"].abs() < 1e-6).all()


def test_an_interrupted_run_resumes_to_the_same_bytes(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0
    original = Progress.advance

    def stop_after_the_first_chunk(self: Progress, epochs: int) -> None:
        nonlocal calls
        calls += 1
        if calls == 3:  # the second wave's first chunk is written, its checkpoint kept
            raise KeyboardInterrupt
        original(self, epochs)

    monkeypatch.setattr(Progress, "advance", stop_after_the_first_chunk)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(small(), tmp_path, progress=False)
    monkeypatch.setattr(Progress, "advance", original)
    stopped = tmp_path / folder.name
    assert json.loads((stopped / "manifest.json").read_text(encoding="utf-8"))["state"] == "running"
    with pytest.raises(UserError, match="resume"):
        RunFolder(stopped)
    resume_experiment(small(), stopped, progress=False)
    assert digests(stopped) == digests(folder)
    assert json.loads((stopped / "manifest.json").read_text(encoding="utf-8"))["state"] == "finished"


def test_a_lane_that_stops_being_finite_is_named_and_the_others_finish(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = LaneProgram.chunk

    def poisoned(self: LaneProgram, epochs: np.ndarray, seeds: Any, *rest: Any) -> Any:
        states, out = original(self, epochs, seeds, *rest)
        late = (np.asarray(seeds) == 1)[:, None, None] & (epochs >= 2)[None, :, None]
        return states, out._replace(dividends=np.where(late, np.nan, np.asarray(out.dividends)))

    monkeypatch.setattr(LaneProgram, "chunk", poisoned)
    folder = run_experiment(small(designs={"mean": SMALL["designs"]["mean"]}), tmp_path, progress=False)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["state"] == "finished"
    assert [(f["seed"], f["reason"]) for f in manifest["failed"]] == [(1, '"dividends" is not finite from epoch 2 on')]


def test_an_unwritable_place_is_said_in_one_sentence(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(UserError, match="cannot write the run folder"):
        run_experiment(small(), blocked, progress=False)


# Those whose miners train run in test_ready_made.py, where they also have to give the right answer.
SETTLED = sorted(p.name for p in CONFIGS.glob("*.yaml") if "\nminers:" not in p.read_text(encoding="utf-8"))


@pytest.mark.parametrize("config", SETTLED)
def test_every_shipped_config_runs_two_epochs(config: str, tmp_path: Path) -> None:
    overrides = ["sweep=null"] if config == "consensus_guarantees.yaml" else []
    experiment = read_experiment(CONFIGS / config, overrides=overrides, seeds=1, epochs=2)
    run = RunFolder(run_experiment(experiment, tmp_path, progress=False))
    epochs = run.scan("epochs").collect()
    assert epochs["epoch"].unique().sort().to_list() == [0, 1]
    assert set(epochs["design"]) == set(experiment.designs)


def test_lanes_that_failed_leave_the_statistics(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text(encoding="utf-8"))
    manifest["failed"] = [{"design": "mean", "point": 0, "seed": 1, "reason": "not finite"}]
    (copy / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    lanes = lane_values(RunFolder(copy))
    assert sorted(lanes.filter(pl.col("design") == "mean")["seed"]) == [0, 2]
    assert sorted(lanes.filter(pl.col("design") == "yuma3")["seed"]) == [0, 1, 2]
