"""The ready-made experiments on living networks, run small: each gives the answer that its question has."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from experiments.config import Experiment, experiment_from_dict, read_experiment
from experiments.ready_made import config_path, ready_made
from experiments.run_folder import RunFolder
from experiments.runner import run_experiment


def small(name: str, designs: tuple[str, ...], sweep: dict[str, Any], **changes: Any) -> Experiment:
    """Return a ready-made experiment with few people, some of its designs, and another sweep.

    A design that others extend stays in the file; the sweep says which of them run.
    """
    data = yaml.safe_load(ready_made()[name].read_text(encoding="utf-8"))
    data["miners"]["workers"]["count"] = 8
    data["validators"] |= {"count": 4, "rows": 64}
    for path, new in changes.items():
        block = data
        *parents, leaf = path.split("__")
        for key in parents:
            block = block[key]
        block[leaf] = new
    data["sweep"] = [sweep | {"designs": list(designs)}]
    return experiment_from_dict(data, source=name)


def later_half(tmp_path: Path, experiment: Experiment) -> pl.DataFrame:
    """Return the run's epochs table, its later half averaged per design and point over seeds and epochs."""
    run = RunFolder(run_experiment(experiment, tmp_path, progress=False))
    assert not run.failed
    epochs = run.read("epochs").filter(pl.col("epoch") >= experiment.epochs // 2)
    keys = ["design", "point", *run.swept]
    return epochs.group_by(keys).agg(pl.selectors.numeric().exclude(*keys).mean()).sort(keys)


def value(table: pl.DataFrame, metric: str, **where: object) -> float:
    for column, wanted in where.items():
        table = table.filter(pl.col(column) == wanted)
    return float(table[metric].item())


def test_ready_made_experiments_are_known_by_name() -> None:
    assert config_path(Path("living_digits")) == ready_made()["living_digits"]
    assert config_path(Path("elsewhere/mine.yaml")) == Path("elsewhere/mine.yaml")


def test_copiers_take_more_the_steeper_pay_is_in_the_living_digits(tmp_path: Path) -> None:
    designs = ("proportional", "steep", "winner_takes_all")
    sweep = {"grid": {"miners.rivals.kind": ["copier"]}}
    table = later_half(tmp_path, small("living_digits", designs, sweep, seeds=1, epochs=24))
    taken = {row["design"]: row["adversary_incentive_share"] for row in table.iter_rows(named=True)}
    assert taken["proportional"] < taken["steep"] < taken["winner_takes_all"]
    assert all(accuracy > 0.5 for accuracy in table["accuracy_paid"])


def test_a_copier_loses_by_delay_only_where_the_ranking_moves(tmp_path: Path) -> None:
    lag, drift, ratio = "overlays.copier.lag", "task.demand_drift", "adversary_pay_ratio"
    sweep = {"grid": {drift: [0, 0.2], lag: [1, 8]}}
    table = later_half(tmp_path, small("copier_delay", ("yuma3",), sweep, seeds=2, epochs=48))
    lost = {
        speed: value(table, ratio, **{drift: speed, lag: 1}) - value(table, ratio, **{drift: speed, lag: 8})
        for speed in (0, 0.2)
    }
    assert lost[0.2] > lost[0] + 0.1


def test_steeper_pay_is_less_equal_and_goes_to_better_models(tmp_path: Path) -> None:
    sweep = {"grid": {"miners.rivals.kind": ["honest"]}}
    experiment = small("payout_curve", ("flat", "linear", "power"), sweep, seeds=2, epochs=32)
    table = later_half(tmp_path, experiment)
    for metric in ("gini_incentive", "skill_paid"):
        flat, linear, power = (value(table, metric, design=name) for name in ("flat", "linear", "power"))
        assert flat < linear < power, metric
    assert (table["joined_miners"] > 0).all()  # somebody came, and replaced somebody


def test_more_identities_take_more_of_the_pay(tmp_path: Path) -> None:
    sweep = {"zip": {"miners.operators.identities": [1, 4], "miners.operators.count": [3, 12]}}
    table = later_half(tmp_path, small("sybil_identities", ("linear",), sweep, seeds=1, epochs=16))
    one, four = table.sort("miners.operators.identities")["adversary_incentive_share"]
    assert four > 1.5 * one


def test_a_cabal_wins_what_kappa_lets_it(tmp_path: Path) -> None:
    sweep = {"grid": {"overlays.cabal.stake_share": [0.3, 0.55]}}
    table = later_half(tmp_path, small("cabal_stake", ("yuma3",), sweep, seeds=1, epochs=24))
    weak, strong = table.sort("overlays.cabal.stake_share")["adversary_incentive_share"]
    assert weak < 0.05
    assert strong > 0.95


def test_copy_detection_takes_from_copiers_and_hardly_from_the_honest(tmp_path: Path) -> None:
    sweep = {"grid": {"overlays.constant.stake_share": [0.1]}}
    experiment = small("slashing_rules", ("no_slashing", "copy_detection"), sweep, seeds=1, epochs=24)
    table = later_half(tmp_path, experiment)
    assert value(table, "slashed_adversary", design="no_slashing") == 0
    caught = value(table, "slashed_adversary", design="copy_detection")
    assert caught > 0
    assert value(table, "slashed_honest", design="copy_detection") < 0.2 * caught


def test_delegators_who_chase_yield_concentrate_stake(tmp_path: Path) -> None:
    sweep = {"grid": {"delegation.chase_speed": [0, 0.2]}}
    experiment = small("delegators", ("chase",), sweep, seeds=2, epochs=64, validators__count=8, record__epochs_every=1)
    still, moving = later_half(tmp_path, experiment).sort("delegation.chase_speed")["gini_stake"]
    assert moving > still


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_every_ready_made_experiment_asks_a_question(name: str) -> None:
    experiment = read_experiment(ready_made()[name])
    assert experiment.question.endswith("?")
