"""What tournaments of predictions amount to: numbers per lane, stakes of parties, means over the last rounds."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.run_folder import KEYS, RunFolder

__all__ = [
    "ROUNDS",
    "TOURNAMENT_METRICS",
    "alike",
    "final_holdings",
    "has_column",
    "party_stakes",
    "rolling_sum",
    "rounds_averaged",
    "with_tournament",
]

Values: TypeAlias = NDArray[np.float64]

ROUNDS = 20  # over which a line runs: a single round is mostly noise
PARTS = 5  # of the recorded rounds, of which a line runs over one at most
WEEKS_A_YEAR = 365.25 / 7
USUAL_ROUNDS_A_WEEK = 5
CORR_STEP = 0.01
ATOMS_PER_TOKEN = 1e9
# Computed here from sums over all recorded rounds; a mean of single rounds' ratios would be dominated by the smallest.
TOURNAMENT_METRICS = ("burn_share", "stake_return", "emission_per_corr")
SUMMED = ("gained", "burnt", "net_emission", "staked", "meta_model_corr")


def has_column(run: RunFolder, name: str) -> bool:
    """Say whether any design of a run has a column in the epochs table."""
    return name in run.scan("epochs").collect_schema()


def with_tournament(run: RunFolder, lanes: pl.DataFrame, metrics: Sequence[str] | None = None) -> pl.DataFrame:
    """Return lane values with `TOURNAMENT_METRICS`, where there are stakes on predictions.

    burn_share = sum of burns / sum of burns and gains
    stake_return = net emission of all rounds / sum of the stakes of all rounds x rounds a year
    emission_per_corr = mean net emission / mean CORR of the meta model x 0.01; NaN where that CORR is not above 0;
    where nobody stakes, what is minted is the emission

    Args:
        run: a finished run.
        lanes: its lane values, one row per lane.
        metrics: which are wanted; all when None.
    """
    wanted = [name for name in TOURNAMENT_METRICS if metrics is None or name in metrics]
    if not wanted or not has_column(run, "net_emission"):
        return lanes
    rows = run.read("epochs", ["minted", *(name for name in SUMMED if has_column(run, name))])
    sums = rows.group_by(KEYS, maintain_order=True).agg(
        *(pl.col(name).cast(pl.Float64).sum() for name in SUMMED[:-1]),
        pl.coalesce("net_emission", "minted").cast(pl.Float64).mean().alias("emission"),
        pl.col("meta_model_corr").cast(pl.Float64).fill_nan(None).mean().alias("corr"),
        pl.col("staked").is_not_null().any().alias("staking"),
    )  # fmt: skip
    years = pl.Series(
        [_rounds_a_year(run, *key) for key in sums.select("design", "point").iter_rows()], dtype=pl.Float64
    )
    found = sums.with_columns(
        burn_share=_ratio(pl.col("burnt"), pl.col("gained") + pl.col("burnt")),
        stake_return=_ratio(pl.col("net_emission"), pl.col("staked")) * years,
        emission_per_corr=_ratio(pl.col("emission"), pl.col("corr")) * CORR_STEP,
    )
    found = found.select(*KEYS, "staking", *wanted)
    lanes = lanes.drop(wanted, strict=False).join(found, KEYS, "left", maintain_order="left")
    amounts = [name for name in ("gained", "burnt", "bonus") if name in lanes.columns]
    lanes = lanes.with_columns(pl.when("staking").then(name).otherwise(np.nan).alias(name) for name in amounts)
    return lanes.with_columns(pl.col(wanted).fill_null(np.nan)).drop("staking")


def party_stakes(run: RunFolder) -> pl.DataFrame:
    """Return what each party of a tournament has staked and made, at the first sweep point.

    Nothing but the tournament, and sales that pay for work, moves tokens between an owner's purse and the world, so
    the change of purse and stake together is what was made, whatever rounds were not recorded.

    Returns:
        One row per design, seed, recorded epoch and party of miners: `stake` and what was `made` since the first
        record, in tokens, and `made_share` of what the party held then, stake and purse. Designs without a tournament
        have no rows.
    """
    rows = run.read("agents", ["party", "own_stake", "balance"], [pl.col("point") == 0, pl.col("role") == "miner"])
    keys = ["design", "point", "seed", "party"]
    held = (
        rows.filter(pl.col("own_stake").is_not_null())
        .group_by([*keys, "epoch"], maintain_order=True)
        .agg(
            stake=pl.col("own_stake").cast(pl.Float64).sum() / ATOMS_PER_TOKEN,
            held=(pl.col("own_stake") + pl.col("balance")).cast(pl.Float64).sum() / ATOMS_PER_TOKEN,
        )
    )
    held = held.sort([*keys, "epoch"])
    first = pl.col("held").first().over(keys)
    made = pl.col("held") - first
    return held.with_columns(made=made, made_share=_ratio(made, first)).drop("held")


def final_holdings(run: RunFolder) -> pl.DataFrame:
    """Return what each party of miners holds in the end, lane by lane, at all sweep points.

    Returns:
        One row per lane and party: `design`, `point`, the swept parameters, `seed`, `party`; `share`, its part of all
        that is staked, and `made_share`, what it has made of what it held at the first record, stake and purse.
    """
    numbers = run.distinct("agents", "epoch")
    first, last = pl.col("epoch") == min(numbers), pl.col("epoch") == max(numbers)
    rows = run.read("agents", [*run.swept, "party", "own_stake", "balance"], [first | last, pl.col("role") == "miner"])
    keys = [*KEYS[:2], *run.swept, "seed"]
    held = (pl.col("own_stake") + pl.col("balance")).cast(pl.Float64)
    found = (
        rows.filter(pl.col("own_stake").is_not_null())
        .group_by([*keys, "party"], maintain_order=True)
        .agg(
            stake=pl.col("own_stake").filter(last).cast(pl.Float64).sum(),
            before=held.filter(first).sum(),
            after=held.filter(last).sum(),
        )
    )
    share = _ratio(pl.col("stake"), pl.col("stake").sum().over(keys))
    made = _ratio(pl.col("after") - pl.col("before"), pl.col("before"))
    return found.with_columns(share=share, made_share=made).drop("stake", "before", "after")


def rounds_averaged(numbers: NDArray[Any]) -> int:
    """Return over how many recorded rounds a line should run: 20 epochs, or a fifth of a short run."""
    step = int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
    return max(1, min(ROUNDS // step, len(numbers) // PARTS))


def rolling_sum(values: Values, count: int) -> Values:
    """Return the sum of each last `count` values along the last axis, without NaN; NaN where fewer came before."""
    total = np.cumsum(np.nan_to_num(values), axis=-1)
    total[..., count:] -= total[..., :-count].copy()
    total[..., : count - 1] = np.nan
    return total


def alike(found: Mapping[str, Values]) -> dict[str, list[str]]:
    """Return the names under the first of each whose values are the same to six digits."""
    groups: dict[str, list[str]] = {}
    for name, values in found.items():
        twin = next((other for other in groups if _same(found[other], values)), name)
        groups.setdefault(twin, []).append(name)
    return groups


def _same(a: Values, b: Values) -> bool:
    return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-12, equal_nan=True)


def _ratio(a: pl.Expr, b: pl.Expr) -> pl.Expr:
    return pl.when(b > 0).then(a / b).otherwise(None)


def _rounds_a_year(run: RunFolder, design: str, point: int) -> float:
    """Return how many rounds a year has by the resolved configuration, five a week where it does not say."""
    rule = ((run.config.get("designs") or {}).get(design) or {}).get("tournament") or {}
    weekly = run.points[point].get("tournament.rounds_per_week", rule.get("rounds_per_week", USUAL_ROUNDS_A_WEEK))
    return float(weekly) * WEEKS_A_YEAR
