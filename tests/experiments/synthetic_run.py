"""Write run folders as `docs/run-folder.md` describes them, from made-up but plausible behaviour."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import yaml

from experiments.concentration import gini, hhi, nakamoto

DESIGNS = ("yuma1", "yuma2", "yuma3", "liquid_alpha", "stake_mean")
# What an attacker validator finally earns per stake under each design, an honest one being 1.
GAIN = {"yuma1": 1.25, "yuma2": 1.08, "yuma3": 0.82, "liquid_alpha": 0.95, "stake_mean": 1.4}
ATOM = 1e9


def write_run(
    path: Path,
    designs: tuple[str, ...] = DESIGNS[:2],
    seeds: int = 4,
    validators: int = 6,
    miners: int = 10,
    epochs: int = 8,
    attackers: bool = True,
    matrices: bool = True,
    points: tuple[dict[str, Any], ...] = ({},),
    question: str | None = "Does a weight copier out-earn its stake?",
    name: str = "synthetic",
    state: str = "finished",
    luck: int = 0,
) -> Path:
    """Write one finished run and return its folder."""
    tables: dict[str, list[pl.DataFrame]] = {"epochs": [], "agents": [], "matrices": []}
    for design, (point, swept), seed in itertools.product(designs, enumerate(points), range(seeds)):
        world = _world(design, seed + luck, validators, miners, epochs, attackers, swept)
        lane = [
            pl.lit(design).alias("design"),
            pl.lit(point, pl.Int32).alias("point"),
            pl.lit(seed, pl.Int64).alias("seed"),
        ]
        lane += [pl.lit(value).alias(key) for key, value in swept.items()]
        tables["epochs"].append(_epochs(world).select(*lane, pl.all()))
        tables["agents"].append(_agents(world).select(*lane, pl.all()))
        if matrices and seed == 0 and point == 0:
            tables["matrices"].append(_matrices(world).select(*lane, pl.all()))
    for table, frames in tables.items():
        _write_parts(path / table, frames)
    _write_manifest(path, designs, list(range(seeds)), epochs, list(points), question, name, state)
    return path


def write_retention_run(
    path: Path, designs: tuple[str, ...] = ("yuma1", "yuma2", "yuma3"), stakes: int = 3, grid: int = 11
) -> Path:
    """Write a run that sweeps honest stake, honest utility and cabal self-weight over one epoch and one seed."""
    axes = {
        "actions.honest_stake": np.linspace(0.5, 0.95, stakes) if stakes > 1 else np.array([0.6]),
        "actions.honest_utility": np.linspace(0, 1, grid),
        "actions.cabal_self_weight": np.linspace(0, 1, grid),
    }
    columns = [axis.ravel() for axis in np.meshgrid(*axes.values(), indexing="ij")]
    stake, utility, selfish = columns
    swept = dict(zip(axes, columns, strict=True))
    frames = []
    for rank, design in enumerate(designs):
        # The cabal's gain grows with its self-weight and falls with the utility the honest side produces.
        strength = (0.25, 0.16, 0.08, 0.04, 0.3)[rank % 5]
        emission = stake + (1 - stake) * strength * 4 * (
            utility - (0.2 + 2.4 * strength * selfish + 0.6 * (0.75 - stake))
        )
        frames.append(
            pl.DataFrame({"design": design, "point": np.arange(len(stake), dtype=np.int32), "seed": 0, **swept})
            .with_columns(
                pl.lit(0, pl.Int32).alias("epoch"),
                pl.Series("honest_emission_share", emission.clip(0, 1)),
                pl.Series("adversary_emission_share", 1 - emission.clip(0, 1)),
                pl.Series("adversary_pay_ratio", ((1 - emission) * stake / (emission * (1 - stake))).clip(0, 5)),
            )
        )  # fmt: skip
    _write_parts(path / "epochs", frames)
    points = [dict(zip(swept, map(float, row), strict=True)) for row in zip(*columns, strict=True)]
    _write_manifest(
        path, designs, [0], 1, points, "How useful must the honest side be to keep its share?", "retention", "finished"
    )
    return path


def _world(
    design: str, seed: int, V: int, M: int, epochs: int, attackers: bool, swept: dict[str, Any]
) -> dict[str, np.ndarray]:
    luck = np.random.default_rng([seed, V, M])
    stake = np.sort(luck.lognormal(0, 0.9, V))[::-1] * 1e4
    party = np.full(V, "honest", dtype=object)
    miner_party = np.full(M, "honest", dtype=object)
    if attackers:
        party[V // 2] = "copier"
        party[V // 3 : V // 3 + max(1, V // 7)] = "cabal"
        miner_party[-max(1, M // 12) :] = "cabal"
    hostile, hostile_miner = party != "honest", miner_party != "honest"
    quality = luck.lognormal(0, 1.0, M)
    quality[hostile_miner] *= 0.1
    time = np.arange(epochs)[:, None]
    strength = GAIN.get(design, 1.0) + 0.4 * sum(v for v in swept.values() if isinstance(v, int | float))
    own = np.random.default_rng([seed, *design.encode()])  # what differs between designs beyond the shared luck
    gain = 1 + (strength - 1) * (1 - np.exp(-time / 12)) + 0.05 * luck.standard_normal((epochs, 1))
    gain = gain + 0.03 * own.standard_normal()
    drift = np.cumsum(0.01 * luck.standard_normal((epochs, V)), axis=0)
    stakes = stake * np.exp(drift + 0.002 * time * (hostile * (strength - 1)))
    dividends = stakes * np.exp(0.08 * luck.standard_normal((epochs, V))) * np.where(hostile, gain, 1)
    sharpness = 1 + 0.35 * (list(GAIN).index(design) if design in GAIN else 0)
    incentive = quality**sharpness * np.exp(0.25 * luck.standard_normal((epochs, M)))
    incentive[:, quality < np.quantile(quality, 0.2)] = 0
    incentive[:, hostile_miner] += 0.1 * incentive.mean() * (strength - 0.5)
    trust = np.clip(np.where(hostile, 0.62, 0.93) + 0.03 * luck.standard_normal((epochs, V)), 0, 1)
    weights = np.exp(0.4 * luck.standard_normal((V, M))) * quality * (quality > np.quantile(quality, 0.2))
    weights[party == "cabal"] = 0.25 * weights[party == "cabal"] + hostile_miner * weights.sum(1).mean() * 0.5
    weights /= weights.sum(1, keepdims=True)
    bonds = weights * stake[:, None] * np.exp(0.2 * luck.standard_normal((V, M)))
    return {
        "stake": stakes, "party": party, "miner_party": miner_party, "quality": quality, "trust": trust,
        "dividends": dividends / dividends.sum(1, keepdims=True),
        "incentive": incentive / incentive.sum(1, keepdims=True),
        "weights": weights, "bonds": bonds / bonds.sum(0).max(),
    }  # fmt: skip


def _epochs(world: dict[str, np.ndarray]) -> pl.DataFrame:
    D, I, stake = world["dividends"], world["incentive"], world["stake"]
    share = stake / stake.sum(1, keepdims=True)
    hostile, hostile_miner = world["party"] != "honest", world["miner_party"] != "honest"
    epochs = len(D)
    columns: dict[str, Any] = {
        "epoch": np.arange(epochs, dtype=np.int32),
        "minted": np.full(epochs, int(100 * ATOM)),
        "paid_validators": np.full(epochs, int(50 * ATOM) - 1),
        "paid_miners": np.full(epochs, int(50 * ATOM) - 2),
        "remainder": np.full(epochs, 3),
        "validator_share": np.full(epochs, 0.5),
        "miner_share": np.full(epochs, 0.5),
        "consensus_sum": np.full(epochs, 0.97),
        "validator_trust": (world["trust"] * share).sum(1),
    }
    for name, amounts in (("dividends", D), ("incentive", I), ("stake", stake)):
        columns |= {f"gini_{name}": gini(amounts), f"hhi_{name}": hhi(amounts), f"nakamoto_{name}": nakamoto(amounts)}
    columns |= {"rewarded_miners": (I > 0).sum(1), "permitted_validators": np.full(epochs, len(world["party"]))}
    nothing = pl.Series([None] * epochs, dtype=pl.Float64)
    hostile_stake, hostile_pay = share[:, hostile].sum(1), D[:, hostile].sum(1)
    hostile_incentive = I[:, hostile_miner].sum(1)
    adverse = {
        "adversary_stake_share": hostile_stake,
        "adversary_dividend_share": hostile_pay,
        "adversary_incentive_share": hostile_incentive,
        "adversary_emission_share": (hostile_pay + hostile_incentive) / 2,
        "adversary_pay_ratio": hostile_pay
        / np.maximum(hostile_stake, 1e-12)
        / ((1 - hostile_pay) / (1 - hostile_stake)),
    }
    columns |= adverse if hostile.any() else dict.fromkeys(adverse, nothing)
    columns["honest_emission_share"] = 1 - (hostile_pay + hostile_incentive) / 2
    ranked = np.argsort(np.argsort(world["quality"]))
    columns["quality_correlation"] = [float(np.corrcoef(np.argsort(np.argsort(row)), ranked)[0, 1]) for row in I]
    return pl.DataFrame(columns)


def _agents(world: dict[str, np.ndarray]) -> pl.DataFrame:
    D, I, stake = world["dividends"], world["incentive"], world["stake"]
    (epochs, V), M = D.shape, I.shape[1]
    share = stake / stake.sum(1, keepdims=True)
    names = [f"{p} {i}" for i, p in enumerate(world["party"])], [f"miner {i}" for i in range(M)]
    common = {"epoch": np.repeat(np.arange(epochs, dtype=np.int32), V)}
    validators = pl.DataFrame(
        common
        | {"uid": np.tile(np.arange(V, dtype=np.int32), epochs), "name": names[0] * epochs, "role": "validator"}
        | {"party": list(world["party"]) * epochs, "adversary": np.tile(world["party"] != "honest", epochs)}
        | {"stake": stake.ravel(), "stake_share": share.ravel(), "dividends": D.ravel()}
        | {
            "validator_trust": world["trust"].ravel(),
            "incentive": 0.0,
            "consensus": pl.Series([None] * D.size, dtype=pl.Float64),
        }
        | {"pay": (D * 50 * ATOM).astype(np.int64).ravel()}
    )
    miners = pl.DataFrame(
        {"epoch": np.repeat(np.arange(epochs, dtype=np.int32), M)}
        | {"uid": np.tile(np.arange(V, V + M, dtype=np.int32), epochs), "name": names[1] * epochs, "role": "miner"}
        | {"party": list(world["miner_party"]) * epochs, "adversary": np.tile(world["miner_party"] != "honest", epochs)}
        | {"stake": 0.0, "stake_share": 0.0, "dividends": 0.0}
        | {
            "validator_trust": pl.Series([None] * I.size, dtype=pl.Float64),
            "incentive": I.ravel(),
            "consensus": I.ravel(),
        }
        | {"pay": (I * 50 * ATOM).astype(np.int64).ravel()}
    )
    return pl.concat([validators, miners])


def _matrices(world: dict[str, np.ndarray]) -> pl.DataFrame:
    V, M = world["weights"].shape
    validator, miner = (axis.ravel() for axis in np.meshgrid(np.arange(V), np.arange(V, V + M), indexing="ij"))
    names = [f"{p} {i}" for i, p in enumerate(world["party"])]
    frame = pl.DataFrame(
        {"epoch": np.int32(len(world["dividends"]) - 1)}
        | {"validator": validator.astype(np.int32), "miner": miner.astype(np.int32)}
        | {"validator_name": [names[v] for v in validator], "miner_name": [f"miner {m - V}" for m in miner]}
        | {"weight": world["weights"].ravel(), "bond": world["bonds"].ravel()}
    )
    return frame.filter((pl.col("weight") > 0) | (pl.col("bond") > 0))


def _write_parts(folder: Path, frames: list[pl.DataFrame]) -> None:
    """Write the table as two parts in reversed order: readers must not rely on row order."""
    if frames:
        folder.mkdir(parents=True)
        table = pl.concat(frames).reverse()
        middle = len(table) // 2
        table[:middle].write_parquet(folder / "part-000.parquet")
        table[middle:].write_parquet(folder / "part-001.parquet")


def _write_manifest(
    path: Path, designs: tuple[str, ...], seeds: list[int], epochs: int, points: list[dict[str, Any]],
    question: str | None, name: str, state: str,
) -> None:  # fmt: skip
    manifest = {
        "state": state, "name": name, "question": question, "config_hash": "3f9c1a7e", "seeds": seeds, "epochs": epochs,
        "designs": list(designs), "points": points,
        "versions": {"subnetlab": "0.1.0", "jax": "0.10.2", "polars": "2.1.0"},
        "devices": ["cpu"], "arithmetic": "float64", "started": "2026-01-01T00:00:00Z",
        "finished": "2026-01-01T00:00:09Z",
        "lanes": len(designs) * len(seeds) * len(points),
    }  # fmt: skip
    path.mkdir(parents=True, exist_ok=True)
    (path / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    config = {
        "name": name,
        "question": question,
        "network": {"epochs": epochs},
        "designs": {d: {"kind": d} for d in designs},
    }
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
