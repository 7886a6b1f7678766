"""The ready-made networks of art, run small: each gives the answer that its question has."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml

from experiments.config import Experiment, experiment_from_dict
from experiments.ready_made import ready_made
from experiments.run_folder import RunFolder
from experiments.runner import run_experiment

QUICK = {"engine": {"kind": "normal", "draws": 60}}


def small(name: str, designs: tuple[str, ...], sweep: dict[str, list[Any]] | None = None, **changes: Any) -> Experiment:
    """Return a ready-made experiment with quick artists, some of its designs, and another sweep."""
    data = yaml.safe_load(ready_made()[name].read_text(encoding="utf-8"))
    data |= {"artists": QUICK}
    for path, new in changes.items():
        block = data
        *parents, leaf = path.split("__")
        for key in parents:
            block = block[key]
        block[leaf] = new
    for design in data["designs"].values():
        if "fragments" in design:
            design["fragments"] |= {"additions": 40, "capacity": 40}
    data["sweep"] = {"grid": sweep or {}, "designs": list(designs)} if sweep else None
    if sweep is None:
        data["designs"] = {name: data["designs"][name] for name in designs}
    return experiment_from_dict(data, source=name)


def table(tmp_path: Path, experiment: Experiment) -> pl.DataFrame:
    """Return the run's epochs table."""
    run = RunFolder(run_experiment(experiment, tmp_path, progress=False))
    assert not run.failed
    return run.read("epochs")


def mean(rows: pl.DataFrame, metric: str, **where: Any) -> float:
    """Return the mean of a metric over the rows where all conditions hold; `__` stands for a dot."""
    kept = rows.filter([pl.col(name.replace("__", ".")) == value for name, value in where.items()])
    return float(kept[metric].mean())  # type: ignore[arg-type]


def test_splitting_wallets_gains_what_the_specification_says(tmp_path: Path) -> None:
    designs = ("launch", "accruing", "per_round")
    wallets = {"curators.splitter.wallets": [1, 100, 200]}
    rows = table(tmp_path, small("splitting_wallets", designs, wallets, seeds=1, epochs=1, curators__crowd__count=30))
    gain = {
        design: mean(rows, "attacker_points", design=design, curators__splitter__wallets=100)
        / mean(rows, "attacker_points", design=design, curators__splitter__wallets=1)
        for design in designs
    }
    assert gain == pytest.approx({"launch": 60.0, "accruing": 1.0, "per_round": 45_000 / 10_350}, rel=1e-6)
    for design in designs:  # 200 wallets hold 50 tokens each, too few to be rewarded
        assert mean(rows, "attacker_reward", design=design, curators__splitter__wallets=100) > 0
        assert mean(rows, "attacker_reward", design=design, curators__splitter__wallets=200) == 0


def test_only_a_buy_back_moves_the_price_and_only_a_treasury_burn_draws_on_the_treasury(tmp_path: Path) -> None:
    designs = ("buy_back", "treasury_burn", "no_burn")
    changes = {"seeds": 2, "epochs": 4, "curators__crowd__count": 30}
    rows = table(tmp_path, small("burn_or_buyback", designs, **changes)).filter(pl.col("epoch") == 3)
    supply, price, treasury = (
        {d: mean(rows, metric, design=d) for d in designs} for metric in ("supply", "price_eth", "treasury_tokens")
    )
    assert supply["no_burn"] == 1e8
    # The first sale burns alike; later ones meet a dearer pool where it was bought from.
    assert supply["treasury_burn"] < supply["buy_back"] < 1e8
    assert price["treasury_burn"] == pytest.approx(5e-5, rel=1e-9)
    assert price["buy_back"] > 1.1 * price["no_burn"]
    assert treasury["buy_back"] == treasury["no_burn"] == 3e7
    assert 3e7 - treasury["treasury_burn"] == pytest.approx(1e8 - supply["treasury_burn"], rel=1e-9)


def test_a_whale_decides_a_count_of_points_more_often_than_a_quadratic_one(tmp_path: Path) -> None:
    whale = {"curators.whale.tokens": [100_000]}
    experiment = small("which_vote", ("net_points", "quadratic"), whale, seeds=4, epochs=6)
    rows = table(tmp_path, experiment)
    points, quadratic = (mean(rows, "attacker_won", design=design) for design in ("net_points", "quadratic"))
    assert points > quadratic + 0.2
    assert mean(rows, "quality_percentile", design="quadratic") > mean(rows, "quality_percentile", design="net_points")


def test_many_wallets_win_a_quadratic_vote_that_one_wallet_loses(tmp_path: Path) -> None:
    grid = {"curators.whale.tokens": [10_000], "curators.whale.wallets": [1, 100]}
    experiment = small("quadratic_whales", ("net_points", "quadratic"), grid, seeds=4, epochs=6)
    rows = table(tmp_path, experiment)
    one, many = (
        {d: mean(rows, "attacker_won", design=d, curators__whale__wallets=wallets) for d in ("net_points", "quadratic")}
        for wallets in (1, 100)
    )
    assert one["net_points"] == many["net_points"]
    assert many["quadratic"] > one["quadratic"] + 0.2


def test_pay_brings_both_those_who_look_and_those_who_click(tmp_path: Path) -> None:
    grid = {"revenue.active_share": [0, 0.05, 0.4]}
    changes = {"seeds": 2, "epochs": 6, "curators__crowd__count": 60, "curators__washers__count": 60}
    rows = table(tmp_path, small("paid_voters", ("by_points",), grid, **changes)).filter(pl.col("epoch") > 1)
    turnout = [mean(rows, "turnout", revenue__active_share=share) for share in (0, 0.05, 0.4)]
    assert turnout[0] < 0.2 < turnout[1] < turnout[2]
    assert mean(rows, "attacker_reward", revenue__active_share=0) == 0
    assert mean(rows, "attacker_reward", revenue__active_share=0.4) > 0


def test_a_season_has_twelve_votes_a_work_of_the_artists_own_and_royalties(tmp_path: Path) -> None:
    changes = {
        "seeds": 1,
        "curators__crowd__count": 40,
        "artists": {"dreams": {"kind": "vae", "draws": 60, "steps": 50}},
    }
    rows = table(tmp_path, small("botto_season", ("launch_2021",), **changes))
    assert rows["own_choice"].to_list() == [0] * 12 + [1]
    sold = rows.filter(pl.col("sold") == 1)
    assert len(sold) == 13  # without a reserve everything is sold
    net = sold["hammer_eth"] - sold["marketplace_eth"]
    assert (sold["marketplace_eth"] / sold["hammer_eth"]).to_list() == pytest.approx([0.15] * 13, rel=1e-6)
    assert (sold["royalties_eth"] / net).to_list() == pytest.approx([0.03] * 13, rel=1e-6)  # 2 %, and half as much
