"""Tournaments of trained models on tiny markets: nobody trains otherwise for other pay, and the books hold."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from experiments.config import Experiment, experiment_from_dict
from experiments.progress import Progress
from experiments.run_folder import RunFolder
from experiments.runner import resume_experiment, run_experiment

EPOCHS, LAG, KNOWN_AFTER, TOKENS, TREASURY, CAP = 8, 3, 2, 50.0, 500, 0.25
STOCKS, ALTERED = 60, 3
RAO = 10**9
MARKET: dict[str, Any] = {
    "name": "market",
    "epochs": EPOCHS,
    "seeds": 2,
    "task": {
        "kind": "eras", "num_stocks": STOCKS, "num_features": 6, "num_styles": 2, "num_terms": 4, "train_eras": 6,
        "embargo_eras": 1, "rounds": EPOCHS, "worlds": 2,
    },
    "model": {"kind": "linear"},
    "training": {"steps": 3, "batch": 32},
    "miners": {
        "house": {"kind": "benchmark", "count": 1},
        "pair": {"kind": "hedger", "count": 2},
        "parrot": {"kind": "benchmark_copier", "count": 1, "noise": 0},
        "workers": {"count": 3},
    },
    "validators": {"count": 2, "rows": STOCKS},
    "stakers": {"pair": {"kind": "hold", "tokens": TOKENS}},
    "designs": {
        "staked": {
            "scoring": {"kind": "corr"},
            "consensus": {"kind": "stake_mean"},
            "emission": {"per_epoch_rao": 0},
            "tournament": {
                "kind": "numerai", "lag_rounds": LAG, "threshold_nmr": 200, "treasury_nmr": TREASURY, "cap": CAP,
                "rounds_per_week": 1,
            },
        },
    },
    "sweep": {"grid": {"stakers.pair.staked": [1, 0]}},
    "record": {"agents_every": 1, "matrices": False},
}  # fmt: skip
PARTIES = ("house", "pair", "pair", "parrot", "workers", "workers", "workers")


PAID = {
    "scoring": {"kind": "corr"},
    "consensus": {"kind": "stake_mean"},
    "tournament": {"kind": "none", "known_after": KNOWN_AFTER},
}


def market(**changes: Any) -> Experiment:
    return experiment_from_dict({**MARKET, **changes})


def replaying(file: Path) -> Experiment:
    """Return the work of a trace under the same design, and under one in which nobody stakes."""
    trained = ("task", "model", "training", "miners", "validators", "sweep")
    actions = {"kind": "replayed", "file": str(file)}
    designs = MARKET["designs"] | {"paid": PAID}
    rest = {k: v for k, v in MARKET.items() if k not in trained}
    return experiment_from_dict(rest | {"actions": actions, "designs": designs})


def tables(folder: Path) -> dict[str, pl.DataFrame]:
    order = {
        "epochs": ["epoch"],
        "agents": ["epoch", "uid"],
        "ledger": ["epoch", "asset", "source", "target", "reason"],
    }
    return {
        name: RunFolder(folder).read(name).sort("design", "point", "seed", *columns) for name, columns in order.items()
    }


def assert_same(mine: dict[str, pl.DataFrame], theirs: dict[str, pl.DataFrame]) -> None:
    """Tables agree to a millionth: one program trains alone, the other trains and settles at once."""
    for name, table in mine.items():
        assert table.columns == theirs[name].columns
        for column in table.columns:
            a, b = table[column], theirs[name][column]
            if a.dtype.is_numeric():
                atol = 1e-6 if a.dtype.is_float() else RAO * 1e-4
                np.testing.assert_allclose(
                    a.cast(pl.Float64), b.cast(pl.Float64), rtol=1e-5, atol=atol, err_msg=f"{name}.{column}"
                )
            else:
                assert (a == b).all(), f"{name}.{column}"


def lane(table: pl.DataFrame, point: int = 0, seed: int = 0, design: str = "staked") -> pl.DataFrame:
    """Return the rows of one lane."""
    return table.filter(design=design, point=point, seed=seed).drop("stakers.pair.staked", strict=False)


def cube(told: dict[str, pl.DataFrame], column: str, *which: Any, **where: Any) -> np.ndarray:
    """Return a column [E, M] of one lane's models."""
    rows = lane(told["agents"], *which, **where).filter(pl.col("role") == "miner").sort("epoch", "uid")
    return rows[column].cast(pl.Float64).to_numpy().reshape(EPOCHS, len(PARTIES))


def series(told: dict[str, pl.DataFrame], column: str, *which: Any, **where: Any) -> np.ndarray:
    """Return a column [E] of one lane."""
    return lane(told["epochs"], *which, **where).sort("epoch")[column].to_numpy()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run_experiment(market(), tmp_path_factory.mktemp("shared"), progress=False, save_trace=True)


@pytest.fixture(scope="module")
def told(shared: Path) -> dict[str, pl.DataFrame]:
    assert not RunFolder(shared).failed
    return tables(shared)


@pytest.fixture(scope="module")
def replayed(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Replay the first world of the trace, and again with one epoch in which validators saw the opposite."""
    folder = tmp_path_factory.mktemp("replayed")
    with np.load(shared / "trace" / "000.npz") as archive:
        arrays = dict(archive)
    worlds = [name for name in arrays if name.startswith("step_")] + ["stake"]
    arrays |= {name: np.stack([arrays[name][0]] * 2) for name in worlds}
    arrays["step_values"][1, ALTERED] *= -1
    np.savez(folder / "trace.npz", **arrays)
    return tables(run_experiment(replaying(folder / "trace.npz"), folder, progress=False))


def test_a_lane_that_trains_for_itself_pays_as_one_that_replays_shared_work(
    told: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    run = run_experiment(market(sweep=None, seeds=1), tmp_path, progress=False)
    assert "every lane trains its own miners" in (run / "manifest.json").read_text(encoding="utf-8")
    mine = tables(run)
    assert_same(mine, {name: lane(table) for name, table in told.items()})
    assert mine["epochs"]["gained"].sum() > 0


def test_a_saved_trace_replays_with_its_rounds(
    told: dict[str, pl.DataFrame], replayed: dict[str, pl.DataFrame]
) -> None:
    mine = {name: lane(table) for name, table in told.items()}
    assert_same({name: lane(table).select(mine[name].columns) for name, table in replayed.items()}, mine)


def test_a_copy_of_the_benchmark_scores_as_it_does(told: dict[str, pl.DataFrame]) -> None:
    for column in ("corr", "mmc"):
        scores = cube(told, column)
        assert np.isfinite(scores).all()
        np.testing.assert_array_equal(scores[:, PARTIES.index("house")], scores[:, PARTIES.index("parrot")])
    assert np.ptp(cube(told, "corr"), axis=1).all()


def test_a_pair_and_its_reverse_score_opposite_and_move_no_meta_model(told: dict[str, pl.DataFrame]) -> None:
    one, other = cube(told, "corr")[:, 1], cube(told, "corr")[:, 2]
    np.testing.assert_allclose(one, -other, atol=1e-6)
    assert (np.abs(one) > 1e-3).any()
    influence = cube(told, "influence")[:LAG]  # until a round is paid, both have the same stake
    np.testing.assert_array_equal(influence[:, 1], influence[:, 2])
    assert (influence[:, 1] > 0).all()
    assert not cube(told, "influence", point=1)[:, 1:3].any()
    moved, still = (series(told, "meta_model_corr", point=point)[:LAG] for point in (0, 1))
    np.testing.assert_allclose(moved, still, atol=1e-6)


@pytest.mark.parametrize("point", [0, 1])
def test_influence_is_ones_share_of_what_is_staked(told: dict[str, pl.DataFrame], point: int) -> None:
    influence, stake = cube(told, "influence", point=point), cube(told, "own_stake", point=point)
    np.testing.assert_allclose(influence.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(cube(told, "at_risk", point=point), stake)
    np.testing.assert_array_equal(cube(told, "incentive", point=point), influence)
    # Stakes count as they are at the close, in a table after it: nothing is moved in between.
    np.testing.assert_allclose(influence, stake / stake.sum(axis=1, keepdims=True), rtol=1e-9)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("point", [0, 1])
def test_gains_come_from_the_treasury_and_burns_are_gone(told: dict[str, pl.DataFrame], point: int, seed: int) -> None:
    where = {"point": point, "seed": seed}
    gained, burnt = series(told, "gained", **where), series(told, "burnt", **where)
    assert gained[LAG:].all()
    assert not gained[:LAG].any()
    np.testing.assert_array_equal(series(told, "held_treasury", **where), TREASURY * RAO - gained.cumsum())
    np.testing.assert_array_equal(series(told, "held_burned", **where), burnt.cumsum())
    np.testing.assert_array_equal(series(told, "net_emission", **where), gained - burnt)
    accounts = ("treasury", "miners", "staked", "netted", "burned")
    held = sum(series(told, f"held_{account}", **where) for account in accounts)
    assert (held == held[0]).all()
    assert not series(told, "remainder", **where).any()
    np.testing.assert_array_equal(series(told, "staked", **where), series(told, "held_staked", **where))
    np.testing.assert_array_equal(series(told, "paid_miners", **where), gained)


def test_each_model_is_paid_for_its_scores_a_lag_ago(told: dict[str, pl.DataFrame]) -> None:
    scale = np.sqrt(STOCKS / 6500)
    factor = series(told, "payout_factor")[:, None]
    points = factor * scale * (0.75 * cube(told, "corr") + 2.25 * cube(told, "mmc"))
    due = cube(told, "at_risk") * np.clip(points, -CAP, CAP)
    net = cube(told, "gain") - cube(told, "burn")
    assert (factor < 1).all()  # more is staked than the threshold
    np.testing.assert_allclose(net[LAG:], due[:-LAG], rtol=1e-6, atol=2)
    stake = cube(told, "own_stake")
    np.testing.assert_array_equal(np.diff(stake, axis=0), net[1:])


def test_where_nobody_stakes_the_meta_model_weighs_by_what_was_known(replayed: dict[str, pl.DataFrame]) -> None:
    influence, incentive = (cube(replayed, column, design="paid") for column in ("influence", "incentive"))
    meta = series(replayed, "meta_model_corr", design="paid").astype(float)
    assert not influence[:KNOWN_AFTER].any()
    assert np.isnan(meta[:KNOWN_AFTER]).all()
    assert np.isfinite(meta[KNOWN_AFTER:]).all()
    shares = incentive / incentive.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(influence[KNOWN_AFTER:], shares[:-KNOWN_AFTER], rtol=1e-9)
    assert lane(replayed["epochs"], design="paid")["held_staked"].null_count() == EPOCHS


def test_nobody_is_weighed_by_hindsight(replayed: dict[str, pl.DataFrame]) -> None:
    """What validators see in an epoch decides pay at once, and the common prediction only when it is known."""
    plain, other = (cube(replayed, "incentive", design="paid", seed=seed) for seed in (0, 1))
    np.testing.assert_array_equal(plain[:ALTERED], other[:ALTERED])
    assert np.abs(plain[ALTERED] - other[ALTERED]).max() > 1e-3
    plain, other = (series(replayed, "meta_model_corr", design="paid", seed=seed).astype(float) for seed in (0, 1))
    late = ALTERED + KNOWN_AFTER
    np.testing.assert_array_equal(plain[:late], other[:late])
    assert abs(plain[late] - other[late]) > 1e-4


def test_what_validators_see_moves_nothing_where_everybody_stakes_on_themselves(
    replayed: dict[str, pl.DataFrame],
) -> None:
    assert (cube(replayed, "consensus", seed=0) != cube(replayed, "consensus", seed=1))[ALTERED].any()
    for column in ("corr", "mmc", "influence", "own_stake", "gain", "burn"):
        np.testing.assert_array_equal(cube(replayed, column, seed=0), cube(replayed, column, seed=1))


def drawn(epochs: int = 12) -> Experiment:
    """Return a tournament on drawn scores in which everything is remembered that can be."""
    rule = {
        "kind": "numerai", "lag_rounds": LAG, "burns": "netted", "bonus": True, "rounds_per_week": 1,
        "threshold_nmr": 100, "treasury_nmr": TREASURY, "one_in": 2,
    }  # fmt: skip
    design = {"consensus": {"kind": "stake_mean"}, "emission": {"per_epoch_rao": 0}, "tournament": rule}
    return experiment_from_dict(
        {
            "name": "drawn",
            "epochs": epochs,
            "seeds": 2,
            "actions": {"kind": "drawn_scores", "num_models": 3, "num_entrants": 3, "rounds": epochs, "overlap": LAG},
            "stakers": {"entrants": {"kind": "yield_seeker", "window": 2}, "models": {"kind": "burn_averse"}},
            "designs": {"a": design},
            "record": {"agents_every": 1, "matrices": False},
        }
    )


def digests(folder: Path) -> dict[str, str]:
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(folder.rglob("*.parquet"))
    }


def test_an_interrupted_tournament_resumes_to_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("experiments.runner._LONGEST_CHUNK", 4)
    whole = run_experiment(drawn(), tmp_path / "whole", progress=False)
    calls, original = [0], Progress.advance

    def stop_in_the_middle(self: Progress, epochs: int) -> None:
        calls[0] += 1
        if calls[0] == 3:  # two chunks of three are written
            raise KeyboardInterrupt
        original(self, epochs)

    monkeypatch.setattr(Progress, "advance", stop_in_the_middle)
    with pytest.raises(KeyboardInterrupt):
        run_experiment(drawn(), tmp_path / "torn", progress=False)
    monkeypatch.setattr(Progress, "advance", original)
    folder = tmp_path / "torn" / whole.name
    assert len(list((folder / "epochs").iterdir())) < 3
    resume_experiment(drawn(), folder, progress=False)
    assert digests(folder) == digests(whole)
    assert len(digests(folder)) == 9
    assert tables(whole)["epochs"]["gained"].sum() > 0
