"""The ready-made tournaments, run small: each gives the answer that its question has."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from experiments.config import Experiment, experiment_from_dict
from experiments.ready_made import ready_made
from experiments.run_folder import RunFolder
from experiments.runner import run_experiment

TOKEN = 1e9


def small(name: str, designs: tuple[str, ...], **changes: Any) -> Experiment:
    """Return a ready-made tournament with some of its designs, and without its sweep."""
    data = yaml.safe_load(ready_made()[name].read_text(encoding="utf-8"))
    data["designs"] = {design: data["designs"][design] for design in designs}
    data.pop("sweep", None)
    for path, new in changes.items():
        block = data
        *parents, leaf = path.split("__")
        for key in parents:
            block = block[key]
        block[leaf] = new
    return experiment_from_dict(data, source=name)


def played(tmp_path: Path, experiment: Experiment) -> RunFolder:
    run = RunFolder(run_experiment(experiment, tmp_path, progress=False))
    assert not run.failed
    return run


def purses(run: RunFolder) -> dict[tuple[str, str], float]:
    """Return what each party of each design has in the end, in tokens per model."""
    last = pl.col("epoch") == run.num_epochs - 1
    rows = run.read("agents", ["party", "own_stake", "balance"], [last, pl.col("role") == "miner"])
    held = rows.group_by("design", "party").agg(pl.sum_horizontal("own_stake", "balance").mean() / TOKEN)
    return {(design, party): amount for design, party, amount in held.iter_rows()}


def eras(**changes: Any) -> dict[str, Any]:
    """Return changes that make a market small and miners quick."""
    return {
        "epochs": 40,
        "task__rounds": 40,
        "task__num_stocks": 300,
        "task__train_eras": 30,
        "task__worlds": 2,
    } | changes


def test_rules_of_the_past_are_paid_by_their_own_budgets(tmp_path: Path) -> None:
    designs = ("corr_mmc_2026", "corr_mmc_2024", "corr_2020_04")
    run = played(tmp_path, small("live_score_rules", designs, seeds=1, actions__block_rounds=0))
    epochs = run.read("epochs", ["net_emission", "gained", "meta_model_corr", "payout_factor"])
    emitted = {
        d: float(rows["net_emission"].sum()) / TOKEN
        for (d,), rows in epochs.partition_by("design", as_dict=True).items()
    }
    # Past the threshold a round emits a theta CORR, so two thirds of the weight are two thirds of the tokens.
    assert emitted["corr_mmc_2024"] / emitted["corr_mmc_2026"] == pytest.approx(0.5 / 0.75, rel=0.05)
    weekly = epochs.filter(pl.col("design") == "corr_2020_04", pl.col("gained") > 0)["epoch"].to_list()
    assert {number % 5 for number in weekly} == {0}
    assert weekly[0] == 20  # four weeks after the first round
    assert epochs["meta_model_corr"].mean() == pytest.approx(0.0226, abs=5e-4)  # as recorded, over all 355 rounds


def test_without_a_payout_factor_the_treasury_is_sooner_empty(tmp_path: Path) -> None:
    run = played(tmp_path, small("payout_factor", ("live", "never_cut"), seeds=2, epochs=104))
    left = run.read("epochs", ["held_treasury", "payout_factor"], [pl.col("epoch") == 103])
    treasury = {d: rows["held_treasury"].mean() for (d,), rows in left.partition_by("design", as_dict=True).items()}
    assert treasury["never_cut"] < 0.8 * treasury["live"]
    assert left.filter(pl.col("design") == "live")["payout_factor"].max() < 0.9


def test_hedging_pays_by_a_bonus_and_by_nothing_else(tmp_path: Path) -> None:
    designs = ("symmetric", "leaderboard_bonus", "churn_penalty")
    run = played(tmp_path, small("hedged_pairs", designs, **eras(seeds=2)))
    held = purses(run)
    assert held["symmetric", "hedgers"] == pytest.approx(2000, rel=2e-3)
    assert held["leaderboard_bonus", "hedgers"] > 2020
    assert held["churn_penalty", "hedgers"] < 1990


def test_copies_lose_and_good_models_gain_where_contribution_is_all_that_pays(tmp_path: Path) -> None:
    designs = ("live", "corr_only", "mmc_only")
    experiment = small("benchmark_copies", designs, stakers__copies__tokens=1000, **eras(seeds=2))
    run = played(tmp_path, experiment)
    held = purses(run)
    assert held["mmc_only", "copies"] < 1000 < held["corr_only", "copies"]
    assert held["mmc_only", "good"] > 500
    emitted = run.read("epochs", ["net_emission", "gained"])
    by_design = emitted.group_by("design").agg(pl.col("net_emission").sum() / pl.col("gained").sum())
    net = dict(by_design.iter_rows())
    assert abs(net["mmc_only"]) < 0.1  # contributions cancel: what some gain, others burn
    assert net["corr_only"] > 0.3


def test_one_field_lives_under_both_kinds_of_reward(tmp_path: Path) -> None:
    run = played(tmp_path, small("bittensor_or_numerai", ("bittensor_corr", "numerai"), **eras(seeds=2)))
    epochs = run.read("epochs", ["meta_model_corr", "minted", "gained", "models_median_corr"], [pl.col("epoch") >= 20])
    found = {d: rows for (d,), rows in epochs.partition_by("design", as_dict=True).items()}
    for rows in found.values():
        assert rows["meta_model_corr"].mean() > rows["models_median_corr"].mean()
    assert (found["bittensor_corr"]["minted"] > 0).all()
    assert (found["numerai"]["minted"] == 0).all()
    assert found["numerai"]["gained"].sum() > 0
    # The same models, whoever pays them.
    medians = [rows.sort("seed", "epoch")["models_median_corr"].to_list() for rows in found.values()]
    assert medians[0] == pytest.approx(medians[1])
