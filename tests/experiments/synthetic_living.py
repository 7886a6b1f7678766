"""Write run folders of made-up networks whose miners work: who earns what, and how good it is, is known in advance."""

import itertools
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from tests.experiments.synthetic_run import _write_manifest, _write_parts

ATOM = 10**9
PRICE = 10.0  # dollars per token
MINERS = {"workers": 6, "copiers": 2, "poisoners": 2}
VALIDATORS = {"honest": 3, "weight_copier": 1}
# Pay relative to a worker's, before what is swept adds to a copier's.
PAY = {"workers": 1.0, "copiers": 1.0, "poisoners": 0.0}
COST = {"workers": 2.0, "copiers": 0.5, "poisoners": 3.0, "honest": 4.0, "weight_copier": 0.0}  # dollars per epoch
SKILL = {"workers": 0.8, "copiers": 0.75, "poisoners": -0.5}
# How much better the models are that a design pays for.
EDGE = {"plain": 0.0, "sharp": 0.1}
HELD = (
    "miners", "validators", "stake", "delegated", "delegators", "owner", "treasury", "reporters", "burned", "remainder",
    "bets", "mint", "outside",
)  # fmt: skip


def write_living_run(
    path: Path,
    designs: tuple[str, ...] = ("plain", "sharp"),
    seeds: int = 4,
    epochs: int = 12,
    agents_every: int = 1,
    points: tuple[dict[str, Any], ...] = ({},),
    opens: bool = False,
    accuracy: bool = True,
    question: str | None = "Who earns when miners really train?",
    config: dict[str, Any] | None = None,
    name: str = "living",
) -> Path:
    """Write one finished run and return its folder.

    Copiers earn 1 + (the sum of swept numbers) - 0.3 times a worker's pay, and so does the weight copier per stake.
    Poisoners earn nothing. Where the network is open, the seats of poisoners are taken over in epoch 3.
    """
    tables: dict[str, list[pl.DataFrame]] = {"epochs": [], "agents": [], "ledger": []}
    for design, (point, swept), seed in itertools.product(designs, enumerate(points), range(seeds)):
        lane = [
            pl.lit(design).alias("design"),
            pl.lit(point, pl.Int32).alias("point"),
            pl.lit(seed, pl.Int64).alias("seed"),
            *(pl.lit(value).alias(key) for key, value in swept.items()),
        ]
        world = _World(design, seed, epochs, sum(v for v in swept.values() if isinstance(v, int | float)), opens)
        tables["epochs"].append(world.epochs_table(accuracy).select(*lane, pl.all()))
        tables["agents"].append(world.agents_table(agents_every, accuracy).select(*lane, pl.all()))
        tables["ledger"].append(world.ledger_table().select(*lane, pl.all()))
    for table, frames in tables.items():
        _write_parts(path / table, frames)
    _write_manifest(path, designs, list(range(seeds)), epochs, list(points), question, name, "finished")
    (path / "config.yaml").write_text(yaml.safe_dump({"name": name, **(config or {})}), encoding="utf-8")
    return path


class _World:
    """One lane."""

    def __init__(self, design: str, seed: int, epochs: int, swept: float, opens: bool) -> None:
        luck = np.random.default_rng(seed)
        self.design, self.epochs, self.opens = design, np.arange(epochs, dtype=np.int32), opens
        self.party = [name for name, count in MINERS.items() for _ in range(count)]
        self.guard = [name for name, count in VALIDATORS.items() for _ in range(count)]
        gain = 0.7 + swept
        worth = np.array([gain if name == "copiers" else PAY[name] for name in self.party])
        self.incentive = np.tile(worth / worth.sum(), (epochs, 1))
        stake = np.where(np.array(self.guard) == "weight_copier", 0.2, 0.8 / VALIDATORS["honest"])
        drift = 1 + 0.02 * self.epochs[:, None] * (np.array(self.guard) == "weight_copier")
        self.stake = stake * drift / (stake * drift).sum(1, keepdims=True)
        paid = self.stake * np.where(np.array(self.guard) == "weight_copier", gain, 1)
        self.dividends = paid / paid.sum(1, keepdims=True)
        self.miner_pay = np.floor(self.incentive * 50 * ATOM).astype(np.int64)
        self.validator_pay = np.floor(self.dividends * 50 * ATOM).astype(np.int64)
        self.skill = np.array([SKILL[name] for name in self.party]) + 0.01 * luck.standard_normal(len(self.party))
        learnt = 1 - np.exp(-(self.epochs[:, None] + 1) / 3)
        self.skills = self.skill * learnt + EDGE.get(design, 0.0)
        self.fee = (ATOM // 2) * (self.epochs == 3)
        self.slashed = np.zeros_like(self.miner_pay)
        if design == "sharp":
            self.slashed[:, [name == "copiers" for name in self.party]] = ATOM
        self.costs = np.array([COST[name] for name in self.party]), np.array([COST[name] for name in self.guard])
        self.flows = self._flows()

    def _flows(self) -> dict[tuple[str, str, str], np.ndarray]:
        """Return what went where in every epoch, in 10⁻⁹ tokens."""
        paid = {"miners": self.miner_pay.sum(1), "validators": self.validator_pay.sum(1)}
        left = 100 * ATOM - paid["miners"] - paid["validators"]
        flows = {
            ("mint", "miners", "incentive"): paid["miners"],
            ("mint", "validators", "dividends"): paid["validators"],
            ("mint", "remainder", "undistributed"): left,
            ("validators", "stake", "compounded"): paid["validators"] // 3,
            ("validators", "delegated", "delegators' dividends"): paid["validators"] // 5,
            ("miners", "outside", "sold"): paid["miners"] // 4 + 7,
            ("delegated", "delegators", "redelegated"): np.full(len(self.epochs), 3 * ATOM),
            ("delegators", "delegated", "redelegated"): np.full(len(self.epochs), 3 * ATOM),
            ("miners", "burned", "slashed: copy"): self.slashed.sum(1),
        }
        if self.opens:
            flows["outside", "miners", "registration fee brought in"] = self.fee
            flows["miners", "mint", "registration fee"] = self.fee
        return flows

    def epochs_table(self, accuracy: bool) -> pl.DataFrame:
        """Return the epochs table without keys."""
        E = len(self.epochs)
        hostile, crooked = np.array(self.party) != "workers", np.array(self.guard) != "honest"
        spent, guarded = self.costs
        miner = (self.miner_pay - self.slashed) / ATOM * PRICE - spent
        validator = self.validator_pay / ATOM * PRICE - guarded
        skill = (self.incentive * self.skills).sum(1)
        stakes, dividends = self.stake[:, crooked].sum(1), self.dividends[:, crooked].sum(1)
        columns: dict[str, Any] = {
            "epoch": self.epochs, "minted": np.full(E, 100 * ATOM), "paid_validators": self.validator_pay.sum(1),
            "paid_miners": self.miner_pay.sum(1), "paid_owner": np.zeros(E, np.int64),
            "adversary_stake_share": stakes, "adversary_dividend_share": dividends,
            "adversary_incentive_share": self.incentive[:, hostile].sum(1),
            "adversary_pay_ratio": dividends / stakes / ((1 - dividends) / (1 - stakes)),
            "gini_incentive": np.full(E, 0.2), "gini_stake": np.linspace(0.3, 0.4, E), "nakamoto_stake": np.full(E, 2),
            "rewarded_miners": (self.incentive > 0).sum(1),
            "quality_correlation": np.full(E, 0.9 - EDGE.get(self.design, 0.0)), "price": np.full(E, PRICE),
            "skill_paid": skill, "skill_mean": self.skills.mean(1), "skill_best": self.skills.max(1),
            "accuracy_paid": (1 + skill) / 2 if accuracy else np.full(E, np.nan),
            "loss_paid": 1 - skill, "skill_per_token": skill / 100,
            "honest_miner_profit": miner[:, ~hostile].mean(1), "adversary_miner_profit": miner[:, hostile].mean(1),
            "honest_validator_profit": validator[:, ~crooked].mean(1),
            "adversary_validator_profit": validator[:, crooked].mean(1),
            "slashed_honest": np.zeros(E, np.int64), "slashed_adversary": self.slashed.sum(1),
        }  # fmt: skip
        held: dict[str, np.ndarray] = defaultdict(lambda: np.zeros(E, np.int64))
        held |= {
            "stake": np.full(E, 500 * ATOM),
            "delegated": np.full(E, 200 * ATOM),
            "outside": np.full(E, -700 * ATOM),
        }
        for (source, target, _), amount in self.flows.items():
            held[source] = held[source] - np.cumsum(amount)
            held[target] = held[target] + np.cumsum(amount)
        columns |= {f"held_{name}": held[name] for name in HELD}
        if self.opens:
            joined = 2 * (self.epochs == 3)
            columns |= {"present_miners": np.full(E, 10), "joined_miners": joined, "registration_fee": self.fee}
        return pl.DataFrame({name: pl.Series(values, nan_to_null=True) for name, values in columns.items()})

    def agents_table(self, every: int, accuracy: bool) -> pl.DataFrame:
        """Return the agents table without keys."""
        kept = (self.epochs % every == 0) | (self.epochs == self.epochs[-1])
        V, M = len(self.guard), len(self.party)
        names = _numbered(self.guard), _numbered(self.party)
        both = {
            "pay": (self.validator_pay, self.miner_pay),
            "slashed": (np.zeros_like(self.validator_pay), self.slashed),
            "cost": tuple(np.tile(cost, (len(self.epochs), 1)) for cost in self.costs[::-1]),
        }
        skills = self.skills
        right = (1 + skills) / 2 if accuracy else np.full(skills.shape, np.nan)
        validators = {"stake_share": self.stake, "dividends": self.dividends, "bets_won": 0 * self.validator_pay}
        validators |= {"delegators_gain": 0 * self.validator_pay}
        miners = {"incentive": self.incentive, "skill": skills, "loss": 1 - skills, "accuracy": right}
        if self.opens:
            newcomer = np.array([name == "poisoners" for name in self.party])
            miners |= {"present": np.ones(skills.shape), "generation": 1.0 * np.outer(self.epochs >= 3, newcomer)}
        parts = []
        for role, party, uid, own, place in (
            ("validator", self.guard, np.arange(V), validators, 0),
            ("miner", self.party, np.arange(V, V + M), miners, 1),
        ):
            count, rows = len(party), int(kept.sum())
            columns: dict[str, Any] = {
                "epoch": np.repeat(self.epochs[kept], count), "uid": np.tile(uid.astype(np.int32), rows),
                "name": names[place] * rows, "role": [role] * (rows * count), "party": party * rows,
                "adversary": [name not in ("honest", "workers") for name in party] * rows,
            }  # fmt: skip
            columns |= {name: values[place][kept].ravel() for name, values in both.items()}
            columns |= {name: values[kept].ravel() for name, values in own.items()}
            parts.append(pl.DataFrame({n: pl.Series(v, nan_to_null=True) for n, v in columns.items()}))
        return pl.concat(parts, how="diagonal")

    def ledger_table(self) -> pl.DataFrame:
        """Return the ledger table without keys: all flows of tokens, and what was spent in dollars."""
        frames = [
            pl.DataFrame({"epoch": self.epochs, "amount": amount}).with_columns(
                asset=pl.lit("token"), source=pl.lit(flow[0]), target=pl.lit(flow[1]), reason=pl.lit(flow[2])
            )
            for flow, amount in self.flows.items()
        ]
        spent = pl.DataFrame({"epoch": self.epochs, "amount": np.full(len(self.epochs), 12_000_000)}).with_columns(
            asset=pl.lit("usd"), source=pl.lit("miners"), target=pl.lit("suppliers"), reason=pl.lit("costs")
        )
        return pl.concat([*frames, spent]).select("epoch", "asset", "source", "target", "amount", "reason")


def _numbered(parties: list[str]) -> list[str]:
    return [f"{name} {parties[:position].count(name) + 1}" for position, name in enumerate(parties)]
