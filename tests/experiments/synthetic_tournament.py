"""Write run folders of made-up tournaments: who stakes, gains and is burned how much is known in advance."""

import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import yaml

from tests.experiments.synthetic_run import _write_manifest, _write_parts

ATOM = 10**9
MINTED = 7  # a round, where nobody stakes
PARTY = ("holders",) * 4 + ("rivals",) * 2
PURSE, STAKE, TREASURY, RESERVE = 10, 100, 1000, 100_000  # tokens: of each model, of the tournament


class Rule(NamedTuple):
    """Tokens that a holder gains and a rival loses a round from round 1 on, CORR, and which rounds pay."""

    gain: int
    burn: int
    corr: float
    every: int = 1
    weekly: int = 5


RULES = {"plain": Rule(2, 1, 0.02), "sharp": Rule(3, 2, 0.04, every=2, weekly=1)}


def write_tournament_run(
    path: Path,
    designs: tuple[str, ...] = ("plain", "sharp"),
    seeds: int = 2,
    epochs: int = 40,
    agents_every: int = 10,
    staked: tuple[str, ...] = ("plain", "sharp"),
    points: tuple[dict[str, Any], ...] = ({},),
    reserve: int = 0,
) -> Path:
    """Write one finished run and return its folder.

    Seed s adds s / 1000 to every CORR. Designs that are not `staked` have predictions, but nobody stakes on them. A
    swept number is added to a holder's gain.
    """
    tables: dict[str, list[pl.DataFrame]] = {"epochs": [], "agents": []}
    for design, (point, swept), seed in itertools.product(designs, enumerate(points), range(seeds)):
        lane = [
            pl.lit(design).alias("design"),
            pl.lit(point, pl.Int32).alias("point"),
            pl.lit(seed, pl.Int64).alias("seed"),
            *(pl.lit(value).alias(key) for key, value in swept.items()),
        ]
        rule = RULES[design]._replace(gain=RULES[design].gain + int(sum(swept.values())))
        rounds = np.arange(epochs, dtype=np.int32)
        tables["epochs"].append(_epochs(rule, rounds, seed, design in staked, reserve).select(*lane, pl.all()))
        tables["agents"].append(_agents(rule, rounds, seed, design in staked, agents_every).select(*lane, pl.all()))
    for table, frames in tables.items():
        _write_parts(path / table, [pl.concat(frames, how="diagonal")])
    _write_manifest(path, designs, list(range(seeds)), epochs, list(points), "Who wins?", "cup", "finished")
    rules = {name: {"tournament": {"rounds_per_week": RULES[name].weekly}} for name in designs}
    (path / "config.yaml").write_text(yaml.safe_dump({"name": "cup", "designs": rules}), encoding="utf-8")
    return path


def _epochs(rule: Rule, rounds: np.ndarray, seed: int, staked: bool, reserve: int) -> pl.DataFrame:
    ones, swing = np.ones(len(rounds)), np.where(rounds % 2 == 0, 0.01, -0.01)
    gained, burnt = (ATOM * amount * (rounds > 0) for amount in (4 * rule.gain, 2 * rule.burn))
    columns: dict[str, Any] = {
        "epoch": rounds, "minted": np.full(len(rounds), 0 if staked else MINTED * ATOM), "paid_miners": gained,
        "price": 10 * ones,
        "skill_paid": 0.5 * ones, "accuracy_paid": np.nan * ones, "quality_correlation": 0.7 * ones,
        "gini_incentive": 0.2 * ones, "gini_stake": 0 * ones, "nakamoto_stake": np.full(len(rounds), 1),
        "rewarded_miners": np.full(len(rounds), 4),
        "meta_model_corr": rule.corr + seed / 1000 + swing, "models_median_corr": 0.01 * ones,
        "meta_model_percentile": 0.75 * ones, "effective_models": 4 * ones,
        "honest_miner_profit": (gained - burnt) / ATOM * 10 / 6, "adversary_miner_profit": np.nan * ones,
        "honest_validator_profit": 0 * ones, "adversary_validator_profit": np.nan * ones,
        "adversary_pay_ratio": np.nan * ones, "slashed_honest": burnt, "slashed_adversary": 0 * burnt,
    }  # fmt: skip
    if staked:
        held = ATOM * 6 * STAKE + np.cumsum(gained - burnt)
        columns |= {
            "payout_factor": 0.5 * ones, "staked": held, "at_risk": np.where(rounds % rule.every == 0, held, 0),
            "gained": gained, "burnt": burnt, "bonus": 0 * gained, "net_emission": gained - burnt,
            "burn_share": np.where(gained > 0, 0.99, np.nan), "held_staked": held,
            "held_treasury": ATOM * (TREASURY + reserve) - np.cumsum(gained), "held_burned": np.cumsum(burnt),
            "held_miners": np.full(len(rounds), 6 * PURSE * ATOM),
        }  # fmt: skip
    return pl.DataFrame({name: pl.Series(values, nan_to_null=True) for name, values in columns.items()})


def _agents(rule: Rule, rounds: np.ndarray, seed: int, staked: bool, every: int) -> pl.DataFrame:
    """Return the models: holder i has CORR 0.01 i and MMC 0.001 i, a rival the same below 0; one judge besides."""
    kept = rounds[(rounds % every == 0) | (rounds == rounds[-1])]
    made = np.array([rule.gain if name == "holders" else -rule.burn for name in PARTY])
    worth = np.array([0.01, 0.02, 0.03, 0.04, -0.01, -0.02]) + seed / 1000
    frames = [pl.DataFrame(_judge(int(epoch))) for epoch in kept]
    for epoch in kept:
        paid = ATOM * np.maximum(made, 0) * int(epoch > 0)
        columns: dict[str, Any] = {
            "epoch": np.full(6, epoch), "uid": np.arange(1, 7, dtype=np.int32), "role": ["miner"] * 6,
            "name": [f"model {uid}" for uid in range(1, 7)], "party": PARTY, "adversary": [False] * 6, "pay": paid,
            "slashed": ATOM * np.maximum(-made, 0) * int(epoch > 0), "cost": np.zeros(6),
            "incentive": np.full(6, 1 / 6),
            "skill": worth, "loss": np.full(6, np.nan), "accuracy": np.full(6, np.nan), "corr": worth,
            "mmc": worth / 10, "balance": np.full(6, PURSE * ATOM),
        }  # fmt: skip
        if staked:
            columns |= {"own_stake": ATOM * (STAKE + made * int(epoch)), "gain": paid}
        frames.append(pl.DataFrame({name: pl.Series(values, nan_to_null=True) for name, values in columns.items()}))
    return pl.concat(frames, how="diagonal")


def _judge(epoch: int) -> dict[str, Any]:
    who = {"epoch": pl.Series([epoch], dtype=pl.Int32), "uid": pl.Series([0], dtype=pl.Int32), "name": ["judge"]}
    own = {"stake_share": [1.0], "dividends": [0.0], "pay": [0], "slashed": [0], "cost": [0.0], "balance": [0]}
    return {**who, "role": ["validator"], "party": ["honest"], "adversary": [False], **own}
