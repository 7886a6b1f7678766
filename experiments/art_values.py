"""What votes on art amount to: numbers per lane and per party, over all rounds or over those that were voted on.

Every 13th round or so the artist chooses by himself: that is no vote, and counts for nothing that is said of votes.
"""

from collections.abc import Sequence

import numpy as np
import polars as pl

from experiments.run_folder import KEYS, RunFolder

__all__ = [
    "ART_METRICS",
    "art_parties",
    "mean_distance",
    "party_lanes",
    "with_art",
]

VOTED = pl.col("own_choice") == 0
ATOMS = 1e9
PER_STAKE = 1000.0  # tokens
# Means over the rounds that were voted on.
OF_VOTES = (
    "quality", "quality_percentile", "quality_regret", "vote_agreement", "taste_auc", "turnout", "points_spent",
    "winner_margin",
)  # fmt: skip
# Means over all rounds; of hammer prices over the works sold.
OF_ROUNDS = (
    "quality_best", "quality_mean", "spread", "style_distance", "hammer_eth", "gini_points", "hhi_points",
    "nakamoto_points", "gini_stake", "hhi_stake", "nakamoto_stake", "attacker_points_share", "attacker_stake_share",
    "attacker_reward_share", "sincere_reward", "attacker_reward",
)  # fmt: skip
SUMS = (
    "revenue_eth", "marketplace_eth", "royalties_eth", "resold_eth", "rewards_eth", "bribes_eth",
)  # fmt: skip
# What is left after the last round.
LAST = ("supply", "price_eth", "burned_tokens", "treasury_eth", "treasury_tokens")
COMPUTED = (
    "works_minted", "sold_share", "own_choices", "attacker_win_share", "attacker_pivotal_share", "reward_ratio",
    "diversity",
)  # fmt: skip
# Everything that is known of a lane of an art network.
ART_METRICS = (*OF_VOTES, *OF_ROUNDS, *SUMS, *LAST, *COMPUTED)
# Columns of the epochs table that stand under another name above.
RENAMED = ("minted", "sold", "own_choice", "attacker_won", "attacker_pivotal")


def with_art(run: RunFolder, lanes: pl.DataFrame, metrics: Sequence[str] | None = None) -> pl.DataFrame:
    """Return lane values with `ART_METRICS` for a run that makes art, others as they are.

    attacker_win_share = voted rounds in which the wish of an attacker was minted / voted rounds
    attacker_pivotal_share = voted rounds that would have gone elsewhere without an attacker's votes / voted rounds
    sold_share = works sold / works minted
    reward_ratio = mean of attacker_reward / mean of sincere_reward
    diversity = mean distance between the features of two works minted in the lane

    Args:
        run: a finished run.
        lanes: its lane values, one row per lane.
        metrics: which are wanted; all when None.
    """
    if not run.makes_art:
        return lanes
    epochs = run.read("epochs")
    there = set(epochs.columns)
    known = [pl.col(name).cast(pl.Float64).fill_nan(None) for name in ART_METRICS if name in there]
    rows = epochs.with_columns(known)
    found = rows.group_by(KEYS, maintain_order=True).agg(
        *(pl.col(name).filter(VOTED).mean() for name in OF_VOTES if name in there),
        *(pl.col(name).mean() for name in OF_ROUNDS if name in there),
        *(pl.col(name).sum() for name in SUMS if name in there),
        *(pl.col(name).last() for name in LAST if name in there),
        pl.col("minted").sum().cast(pl.Float64).alias("works_minted"),
        pl.col("sold").cast(pl.Float64).fill_nan(None).mean().alias("sold_share"),
        pl.col("own_choice").sum().cast(pl.Float64).alias("own_choices"),
        _of_votes("attacker_won").alias("attacker_win_share"),
        _of_votes("attacker_pivotal").alias("attacker_pivotal_share"),
    )
    ratio = pl.when(pl.col("sincere_reward") > 0).then(pl.col("attacker_reward") / pl.col("sincere_reward"))
    found = found.with_columns(ratio.alias("reward_ratio")).join(_diversity(run), KEYS, "left")
    wanted = [name for name in ART_METRICS if name in found.columns and (metrics is None or name in metrics)]
    kept = lanes.drop(*ART_METRICS, *RENAMED, strict=False)
    joined = kept.join(found.select(*KEYS, *wanted), KEYS, "left", maintain_order="left")
    return joined.with_columns(pl.col(wanted).fill_null(np.nan))


def party_lanes(run: RunFolder, where: Sequence[pl.Expr] = ()) -> pl.DataFrame:
    """Return what each party of curators had, decided and got, lane by lane.

    Args:
        run: a finished run that makes art.
        where: conditions on rows of the parties table.

    Returns:
        One row per lane and party: `design`, `point`, `seed`, `party`, `honest`; of voted rounds `won_share` and
        `pivotal_share` (its wish was minted; without its votes another work would have won), `points_share` and
        `stake_share`; of all rounds `reward`, in ETH, and `moved`, in tokens that the tally itself gave or took, both
        per round and 1,000 tokens staked.
    """
    rows = run.read("parties", where=where)
    votes = run.read("epochs", ["own_choice"]).select(*KEYS, "epoch", "own_choice")
    rows = rows.join(votes, [*KEYS, "epoch"], "left", maintain_order="left")
    held = {name: pl.col(name).cast(pl.Float64) for name in ("points", "stake")}
    shares = [(own / own.sum().over(*KEYS, "epoch")).alias(f"{name}_share") for name, own in held.items()]
    per_stake = [
        pl.when(pl.col("stake") > 0).then(pl.col(name) / held["stake"] * PER_STAKE).alias(target)
        for name, target in (("credited", "reward"), ("moved", "moved"))
    ]
    rows = rows.with_columns(*shares, *per_stake)
    return rows.group_by(*KEYS, "party", maintain_order=True).agg(
        pl.col("honest").first(),
        pl.col("won").filter(VOTED).mean().alias("won_share"),
        pl.col("pivotal").filter(VOTED).mean().alias("pivotal_share"),
        pl.col("points_share").filter(VOTED).fill_nan(None).mean(),
        pl.col("stake_share").filter(VOTED).fill_nan(None).mean(),
        pl.col("reward").mean(),
        pl.col("moved").mean(),
    )


def art_parties(run: RunFolder) -> list[tuple[str, bool]]:
    """Return the parties of curators and whether each is an attacker, sincere ones first, else by configuration."""
    if not run.has("parties"):
        return []
    rows = run.scan("parties").select("party", "honest").unique().collect()
    honest = dict(rows.iter_rows())
    written = [name for name in (run.config.get("curators") or {}) if name in honest]
    names = dict.fromkeys([*written, *sorted(honest)])
    return sorted(((name, not honest[name]) for name in names), key=lambda party: party[1])


def mean_distance(features: Sequence[Sequence[float]]) -> float | None:
    """Return the mean Euclidean distance between two of the rows of features, None with fewer than two."""
    if len(features) < 2:
        return None
    points = np.asarray(features, np.float64)
    first, second = np.triu_indices(len(points), 1)
    return float(np.linalg.norm(points[first] - points[second], axis=1).mean())


def _of_votes(column: str) -> pl.Expr:
    return pl.col(column).filter(VOTED).cast(pl.Float64).fill_nan(None).mean()


def _diversity(run: RunFolder) -> pl.DataFrame:
    """Return the diversity of the works minted in each lane."""
    schema = run.scan("epochs").select(KEYS).collect_schema()
    if not run.has("works"):
        return pl.DataFrame(schema=dict(schema) | {"diversity": pl.Float64})
    works = run.read("works", ["features"])
    lanes = works.group_by(KEYS, maintain_order=True).agg("features")
    values = [mean_distance(features) for features in lanes["features"].to_list()]
    found = lanes.select(KEYS).with_columns(pl.Series("diversity", values, dtype=pl.Float64))
    return found.with_columns(pl.col(name).cast(dtype) for name, dtype in schema.items())
