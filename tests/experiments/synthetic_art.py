"""Write run folders of made-up votes on art: who wants what, wins, sells and is paid how much is known in advance."""

import itertools
import json
import struct
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import polars as pl
import yaml

from tests.experiments.synthetic_run import _write_manifest, _write_parts

ATOM = 10**9
PERIOD = 13  # rounds, in the last of which the artist chooses by himself
CROWD, WHALE = 750, 250  # tokens staked, and points
PRICE, SUPPLY = 5e-5, 1e8


class Vote(NamedTuple):
    """What a rule does: share of the pool that winners beat, every how many rounds the whale wins, what is sold."""

    percentile: float
    every: int
    sold_every: int = 1
    moved: int = 0
    look: float = 1.0


VOTES = {"fair": Vote(0.9, 4), "rich": Vote(0.6, 1, look=0.5), "jury": Vote(0.8, 2, sold_every=2, moved=25, look=2.0)}


def write_art_run(
    path: Path,
    designs: tuple[str, ...] = ("fair", "rich", "jury"),
    seeds: int = 3,
    rounds: int = 13,
    attackers: tuple[str, ...] = ("whale",),
    points: tuple[dict[str, Any], ...] = ({},),
    sold: bool = True,
    unminted: tuple[int, ...] = (),
    reserve: str = "none",
    name: str = "season",
) -> Path:
    """Write one finished run and return its folder.

    Seed s adds s / 100 to the share of the pool that winners beat. A swept number n changes the attackers' share of
    points to n / (n + 3). Designs of other names vote like `fair`. In `unminted` rounds nothing is minted.
    """
    tables: dict[str, list[pl.DataFrame]] = {"epochs": [], "parties": [], "works": []}
    for design, (point, swept), seed in itertools.product(designs, enumerate(points), range(seeds)):
        lane = [
            pl.lit(design).alias("design"),
            pl.lit(point, pl.Int32).alias("point"),
            pl.lit(seed, pl.Int64).alias("seed"),
            *(pl.lit(value).alias(key) for key, value in swept.items()),
        ]
        epochs = _epochs(VOTES.get(design, VOTES["fair"]), rounds, seed, attackers, sold, unminted, swept)
        tables["epochs"].append(epochs.select(*lane, pl.all()))
        parties = _parties(VOTES.get(design, VOTES["fair"]), epochs, attackers)
        tables["parties"].append(parties.select(*lane, pl.all()))
        works = _works(VOTES.get(design, VOTES["fair"]), epochs, seed)
        tables["works"].append(works.select(*lane, pl.all()))
    for table, frames in tables.items():
        _write_parts(path / table, [pl.concat(frames, how="vertical_relaxed")])
    _write_manifest(path, designs, list(range(seeds)), rounds, list(points), "Which vote?", name, "finished")
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    (path / "manifest.json").write_text(json.dumps(manifest | {"network": "curation"}), encoding="utf-8")
    auction = {"reserve_rule": reserve, "reserve_eth": 10.0}
    config = {
        "name": name,
        "curators": {party: {"kind": party} for party in ("crowd", *attackers)},
        "designs": {design: {"auction": auction} for design in designs},
    }
    (path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    return path


def _epochs(
    vote: Vote, rounds: int, seed: int, attackers: tuple[str, ...], sold: bool, unminted: tuple[int, ...],
    swept: dict[str, Any],
) -> pl.DataFrame:  # fmt: skip
    number = np.arange(rounds)
    ones, own = np.ones(rounds), number % PERIOD == PERIOD - 1
    minted = ~np.isin(number, unminted)
    won = np.where(own, False, (number % vote.every == 0) & minted)
    goes = sold & (number % vote.sold_every == 0) & minted
    quality = np.where(minted, 2 + vote.percentile + number / 10, np.nan)
    percentile = np.where(own, 1.0, vote.percentile + seed / 100)
    weight = float(sum(swept.values())) if swept else 1.0
    share = weight / (weight + 3) if attackers else np.nan
    reward = np.where(own | ~goes, 0, 0.01)
    columns: dict[str, Any] = {
        "epoch": number.astype(np.int32), "minted": minted.astype(int), "own_choice": own.astype(int),
        "quality": quality, "quality_best": 3.5 + number / 10, "quality_mean": 1 + number / 10,
        "quality_regret": 3.5 + number / 10 - quality,
        "quality_percentile": np.where(minted, percentile, np.nan), "spread": 1 - number / 50,
        "style_distance": vote.look * number / 10, "vote_agreement": np.where(own, np.nan, vote.percentile / 2),
        "taste_auc": 0.7 * ones, "turnout": np.where(own, 0, 0.8), "points_spent": np.where(own, 0, 1.0),
        "winner_margin": np.where(own, np.nan, 0.1), "sold": np.where(minted, goes.astype(float), np.nan),
        "hammer_eth": np.where(goes, 10 + number, np.nan), "revenue_eth": np.where(goes, 0.85 * (10 + number), 0),
        "marketplace_eth": np.where(goes, 0.15 * (10 + number), 0), "royalties_eth": 0 * ones, "resold_eth": 0 * ones,
        "rewards_eth": 750 * reward, "bribes_eth": 0 * ones, "burned_tokens": 100.0 * number,
        "supply": SUPPLY - 100.0 * number, "price_eth": PRICE * (1 + number / 100), "treasury_eth": 5.0 * number,
        "treasury_tokens": 3e7 - 1000.0 * number, "gini_points": 0.5 * ones, "hhi_points": 0.1 * ones,
        "nakamoto_points": np.full(rounds, 40), "gini_stake": 0.6 * ones, "hhi_stake": 0.2 * ones,
        "nakamoto_stake": np.full(rounds, 20), "attacker_points_share": share * ones,
        "attacker_stake_share": share * ones, "attacker_reward_share": share * ones,
        "attacker_won": won.astype(float) if attackers else np.nan * ones,
        "attacker_pivotal": (won & (number % 2 == 0)).astype(float) if attackers else np.nan * ones,
        "sincere_reward": reward, "attacker_reward": 2 * reward if attackers else np.nan * ones,
    }  # fmt: skip
    return pl.DataFrame({name: pl.Series(values, nan_to_null=True) for name, values in columns.items()})


def _parties(vote: Vote, epochs: pl.DataFrame, attackers: tuple[str, ...]) -> pl.DataFrame:
    """Return the crowd, and the attackers: they share the whale's stake, and only the first of them wins."""
    frames = []
    stakes = {"crowd": CROWD, **dict.fromkeys(attackers, WHALE // max(len(attackers), 1))}
    for party, stake in stakes.items():
        attacker, first = party != "crowd", party in attackers[:1]
        reward = pl.col("attacker_reward" if attacker else "sincere_reward") * stake / 1000 * ATOM
        sign = 1 if attacker else -1
        frames.append(
            epochs.select(
                "epoch",
                pl.lit(party).alias("party"),
                pl.lit(not attacker).alias("honest"),
                pl.lit(1 if attacker else 500).alias("curators"),
                pl.lit(float(stake)).alias("points"),
                pl.lit(float(stake)).alias("spent"),
                pl.lit(stake * ATOM).alias("stake"),
                pl.lit(sign * vote.moved * ATOM).alias("moved"),
                reward.cast(pl.Int64).alias("credited"),
                (pl.col("attacker_won") * first).fill_null(0).cast(pl.Int64).alias("won"),
                (pl.col("attacker_pivotal") * first).fill_null(0).cast(pl.Int64).alias("pivotal"),
            )
        )
    return pl.concat(frames)


def _works(vote: Vote, epochs: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Return the minted works: features 2 · look apart in turn, and a picture in the first seed."""
    there = epochs.filter(pl.col("minted") == 1)
    numbers = there["epoch"].to_list()
    features = [[vote.look * (1 if number % 2 else -1), *([0.0] * 11)] for number in numbers]
    files = [png(20 * number % 256, int(100 * vote.look), 90) if seed == 0 else None for number in numbers]
    return there.select(
        "epoch",
        pl.lit("engine").alias("artist"),
        pl.col("epoch").cast(pl.Int64).alias("id"),
        "own_choice",
        "quality",
        "quality_percentile",
        pl.col("sold").cast(pl.Int64),
        "hammer_eth",
        pl.Series("features", features, dtype=pl.List(pl.Float32)),
        pl.Series("picture", files, dtype=pl.Binary),
    )


def png(red: int, green: int, blue: int, side: int = 8) -> bytes:
    """Return a picture of one colour as a PNG file."""
    rows = (b"\0" + bytes([red, green, blue]) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)
