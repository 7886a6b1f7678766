"""How sure are we: intervals over seeds, and differences between designs that lived through the same luck.

A **lane value** is one number per lane and metric: the mean over the last half of the recorded epochs (the later half
by count, the middle epoch included), so that the transient at the start does not decide. Token amounts (`AMOUNTS`: what
was minted, paid and slashed) are cumulative in nature: their lane value is the sum over all recorded epochs. Profits
and net emission are means over all recorded epochs, since money lost at the start stays lost, and so are scores of
predictions, since they are noisy; burns, returns and costs of a tournament are computed from sums over all of them, see
`tournament_values`. Values that are null or not finite are
left out. Networks that make art have their own: see `art_values`.
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from experiments.art_values import with_art
from experiments.errors import UserError
from experiments.run_folder import KEYS, RunFolder
from experiments.tournament_values import with_tournament

__all__ = [
    "AMOUNTS",
    "KEY_METRICS",
    "PROFITS",
    "WHOLE",
    "Interval",
    "PairedDifference",
    "interval",
    "lane_values",
    "lane_values_of",
    "paired_difference",
    "paired_lanes",
    "paired_table",
    "summarise",
    "summarise_lanes",
    "swept_axes",
    "without_failed",
]

AMOUNTS = (
    "minted", "paid_validators", "paid_miners", "paid_owner", "remainder", "slashed_honest", "slashed_adversary",
    "gained", "burnt", "bonus",
)  # fmt: skip
PROFITS = ("honest_miner_profit", "adversary_miner_profit", "honest_validator_profit", "adversary_validator_profit")
# Means over all recorded epochs: money, and scores of which a single round is mostly noise.
WHOLE = (*PROFITS, "net_emission", "meta_model_corr", "models_median_corr", "meta_model_percentile")
# What designs are compared by, the most argued-about first; those of work and money exist where miners train.
KEY_METRICS = (
    "meta_model_corr",
    "meta_model_percentile",
    "net_emission",
    "stake_return",
    "emission_per_corr",
    "burn_share",
    "effective_models",
    "accuracy_paid",
    "skill_paid",
    "skill_per_token",
    *PROFITS,
    "adversary_pay_ratio",
    "adversary_dividend_share",
    "adversary_incentive_share",
    "adversary_emission_share",
    "gini_dividends",
    "gini_incentive",
    "nakamoto_dividends",
    "nakamoto_incentive",
    "rewarded_miners",
    "validator_trust",
    "quality_correlation",
    "quality_percentile",
    "quality",
    "vote_agreement",
    "attacker_win_share",
    "attacker_pivotal_share",
    "attacker_points_share",
    "reward_ratio",
    "sincere_reward",
    "attacker_reward",
    "sold_share",
    "hammer_eth",
    "revenue_eth",
    "diversity",
    "spread",
    "style_distance",
    "supply",
    "price_eth",
    "treasury_eth",
    "treasury_tokens",
)
RESAMPLES = 4000
ROUNDING = 1e-6  # relative difference that single precision makes by itself: two designs that do not differ
CHUNK = 4096  # rows bootstrapped at once: 4096 x 4000 doubles are 130 MB


class Interval(NamedTuple):
    """A median with the bootstrap interval around it; the bounds are None where one seed cannot tell."""

    median: float | None
    low: float | None
    high: float | None


class PairedDifference(NamedTuple):
    """Design minus baseline over same-seed pairs.

    `median`, `low` and `high` are in the metric's unit; `effect_size` is Cohen's d_z, the mean difference in standard
    deviations of the differences; `rank_biserial` runs from -1 (lower in every pair) to 1 (higher in every pair).
    """

    median: float | None
    low: float | None
    high: float | None
    effect_size: float | None
    rank_biserial: float | None
    pairs: int


def interval(values: Iterable[float | None] | ArrayLike, level: float = 0.95) -> Interval:
    """Return the median and its bootstrap percentile interval.

    Args:
        values: one number per seed; None, NaN and infinities are dropped.
        level: share of resampled medians inside the interval, 0 < level < 1.

    Returns:
        The median, None without values; the bounds, None with fewer than two values. The same values in any order give
        the same bounds: the resampling is fixed.
    """
    finite = _finite(values)
    bounds = _median_bounds(finite[None], level)[0]
    return Interval(_number(np.median(finite)) if len(finite) else None, _number(bounds[0]), _number(bounds[1]))


def paired_difference(a: ArrayLike, b: ArrayLike) -> PairedDifference:
    """Return how `a` differs from `b`, pair by pair.

    d_i = a_i - b_i, and 0 within a relative 1e-6;
    d_z = mean(d) / sd(d);  r = (sum of ranks of d > 0 - sum of ranks of d < 0) / sum of both

    Args:
        a: [seeds] the design.
        b: [seeds] the baseline, with the same luck in the same place. A pair with a missing half is dropped.

    Returns:
        Median difference with its 95 % interval; d_z, None with fewer than two pairs or without spread; the
        matched-pairs rank-biserial correlation over |d| without zeros, 0 where all differences are 0.

    Raises:
        ValueError: `a` and `b` differ in length.
    """
    first, second = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != second.shape:
        raise ValueError(f"a and b must pair up, but have shapes {first.shape} and {second.shape}")
    d = first - second
    d[np.abs(d) <= ROUNDING * np.maximum(np.abs(first), np.abs(second))] = 0
    d = _finite(d)
    middle = interval(d)
    return PairedDifference(*middle, _standardised(d), _rank_biserial(d), len(d))


def lane_values(run: RunFolder, metrics: Sequence[str] | None = None) -> pl.DataFrame:
    """Return one row per lane that finished: `design`, `point`, swept parameters, `seed`, each metric's lane value.

    Lanes that the manifest names as failed are left out: half a life would count as a whole one.

    Args:
        run: a finished run.
        metrics: columns of the epochs table; all numeric ones when None. Unknown names are left out.
    """
    numeric = [name for name, dtype in run.scan("epochs").collect_schema().items() if dtype.is_numeric()]
    taken = [name for name in numeric if name not in (*KEYS, "epoch", *run.swept)]
    chosen = taken if metrics is None else [name for name in metrics if name in taken]
    frame = run.read("epochs", [*run.swept, *chosen])
    lanes = lane_values_of(without_failed(run, frame), chosen, run.swept)
    return with_art(run, with_tournament(run, lanes, metrics), metrics)


def without_failed(run: RunFolder, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of lanes that the manifest does not name as failed."""
    failed = [{key: lane[key] for key in KEYS} for lane in run.failed if set(KEYS) <= set(lane)]
    if not failed:
        return frame
    lost = pl.DataFrame(failed)
    lost = lost.with_columns(pl.col(key).cast(frame.schema[key]) for key in KEYS)
    return frame.join(lost, list(KEYS), how="anti", maintain_order="left")


def lane_values_of(frame: pl.DataFrame, metrics: Sequence[str], swept: Sequence[str] = ()) -> pl.DataFrame:
    """Return the lane values of rows of the epochs table, which must be sorted as `RunFolder.read` sorts them."""
    starts, counts = _runs_of_rows(frame.select(KEYS))
    position = np.arange(len(frame)) - np.repeat(starts, counts)
    late = position >= np.repeat(counts // 2, counts)
    values = {}
    for name in metrics:
        column = frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        taken = late | (name in WHOLE)
        values[name] = _lane_sum(column, starts) if name in AMOUNTS else _lane_mean(column, taken, starts)
    lanes = frame[starts.tolist()].select(*KEYS[:2], *swept, KEYS[2])
    return lanes.with_columns(**{name: pl.Series(value, dtype=pl.Float64) for name, value in values.items()})


def swept_axes(lanes: pl.DataFrame, swept: Sequence[str]) -> list[str]:
    """Return the swept parameters that vary, of those that vary together only the first.

    Args:
        lanes: a table with the parameters' columns.
        swept: their names.
    """
    kept: list[str] = []
    for name in swept:
        values = lanes[name].n_unique()
        together = [
            other for other in kept if lanes.select(other, name).n_unique() == values == lanes[other].n_unique()
        ]
        if values > 1 and not together:
            kept.append(name)
    return kept


def summarise(run: RunFolder, metrics: Sequence[str] | None = None) -> pl.DataFrame:
    """Return one row per design, sweep point and metric: `median`, 95 % interval `low` and `high`, `mean`, `seeds`.

    The numbers are over seeds, of the lane value of a metric: the mean over the last half of the recorded epochs, over
    all of them for profits, and for token amounts the sum over all of them (10⁻⁹ token). Designs stand in the order of
    the configuration; a metric without any value in the whole run has no row.
    """
    return summarise_lanes(lane_values(run, metrics), run.designs, run.swept)


def summarise_lanes(lanes: pl.DataFrame, designs: Sequence[str], swept: Sequence[str]) -> pl.DataFrame:
    """Return the table of `summarise` from lane values."""
    metrics = [name for name in lanes.columns if name not in (*KEYS, *swept)]
    order = {name: position for position, name in enumerate(designs)}
    lanes = lanes.with_columns(_order=pl.col("design").replace_strict(order, default=len(order), return_dtype=pl.Int32))
    lanes = lanes.sort("_order", "design", "point", "seed").drop("_order")
    starts, counts = _runs_of_rows(lanes.select("design", "point"))
    cells = lanes[starts.tolist()].select("design", "point", *swept)
    tables = []
    for name in metrics:
        values = _rows(lanes[name].to_numpy(), starts, counts)
        seeds = np.isfinite(values).sum(axis=1)
        if seeds.any():
            columns = _location(values)
            metric = pl.lit(name).alias("metric")
            tables.append(cells.with_columns(metric, **columns, seeds=pl.Series(seeds, dtype=pl.Int32)))
    if not tables:
        empty = dict.fromkeys(("median", "low", "high", "mean"), pl.Float64) | {"metric": pl.String, "seeds": pl.Int32}
        return cells.clear().with_columns(**{name: pl.lit(None, dtype) for name, dtype in empty.items()})
    merged = pl.concat([table.with_row_index("_cell") for table in tables])
    return merged.sort("_cell", maintain_order=True).drop("_cell")


def paired_table(run: RunFolder, baseline: str | None = None) -> pl.DataFrame:
    """Return every other design against the baseline, by seed and sweep point, for the key metrics.

    Args:
        run: a finished run.
        baseline: a design's name; the first design when None.

    Returns:
        Columns `design`, `baseline`, `point`, the swept parameters, `metric`, and the fields of `PairedDifference`.

    Raises:
        UserError: the run has no design of that name.
    """
    first = run.designs[0] if baseline is None else baseline
    if first not in run.designs:
        raise UserError(f"{run.path}: baseline {first!r} is not a design of this run; it has {', '.join(run.designs)}")
    against = {design: first for design in run.designs if design != first}
    return paired_lanes(lane_values(run, KEY_METRICS), against, run.swept)


def paired_lanes(lanes: pl.DataFrame, against: dict[str, str], swept: Sequence[str]) -> pl.DataFrame:
    """Return the table of `paired_table` from lane values, given each design's baseline."""
    schema: dict[str, Any] = {"design": pl.String, "baseline": pl.String}
    schema |= {name: lanes.schema[name] for name in ("point", *swept)}
    schema |= {"metric": pl.String, **dict.fromkeys(PairedDifference._fields[:-1], pl.Float64), "pairs": pl.Int32}
    metrics = [name for name in lanes.columns if name not in (*KEYS, *swept)]
    groups = lanes.partition_by("design", as_dict=True)
    rows = []
    for design, baseline in against.items():
        if (design,) not in groups or (baseline,) not in groups:
            continue  # a design whose lanes all failed has nothing to compare
        pairs = groups[(design,)].join(groups[(baseline,)], on=["point", "seed"], suffix="_of_baseline")
        for (_,), cell in sorted(pairs.partition_by("point", as_dict=True).items()):
            cell = cell.sort("seed")
            place = cell.row(0, named=True)
            for metric in metrics:
                result = paired_difference(cell[metric].to_numpy(), cell[f"{metric}_of_baseline"].to_numpy())
                if result.pairs:
                    swept_values = [place[name] for name in swept]
                    rows.append((design, baseline, place["point"], *swept_values, metric, *result))
    return pl.DataFrame(rows, schema=schema, orient="row")


def _finite(values: Iterable[float | None] | ArrayLike) -> NDArray[np.float64]:
    array = np.array(values if isinstance(values, np.ndarray) else list(values), np.float64)  # type: ignore[arg-type]
    return array[np.isfinite(array)]


def _number(value: np.floating | float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _standardised(d: NDArray[np.float64]) -> float | None:
    if len(d) < 2:
        return None
    spread = d.std(ddof=1)
    # Rounding noise around a constant difference is no spread.
    return float(d.mean() / spread) if spread > 1e-12 * np.abs(d).max() else None


def _rank_biserial(d: NDArray[np.float64]) -> float | None:
    if not len(d):
        return None
    moved = d[d != 0]
    _, which, counts = np.unique(np.abs(moved), return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[which]  # ties share their mean rank
    return float((rank * np.sign(moved)).sum() / rank.sum()) if len(moved) else 0.0


@cache
def _median_ranks(n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which two order statistics of n values are the middle of each resample, whatever the values."""
    drawn = np.sort(np.random.default_rng(0).integers(0, n, (RESAMPLES, n)), axis=1)
    return drawn[:, (n - 1) // 2], drawn[:, n // 2]


def _median_bounds(values: NDArray[np.float64], level: float = 0.95) -> NDArray[np.float64]:
    """Return the bootstrap bounds [rows, 2] of the median of each row [rows, n], NaN with fewer than two values."""
    bounds = np.full((len(values), 2), np.nan)
    n = values.shape[1]
    if n < 2:
        return bounds
    low, high = _median_ranks(n)
    tails = [(1 - level) / 2, (1 + level) / 2]
    for start in range(0, len(values), CHUNK):
        ordered = np.sort(values[start : start + CHUNK], axis=1)
        medians = (ordered[:, low] + ordered[:, high]) / 2
        bounds[start : start + CHUNK] = np.quantile(medians, tails, axis=1).T
    return bounds


def _location(values: NDArray[np.float64]) -> dict[str, pl.Series]:
    """Return median, low, high and mean of each row [rows, seeds] over its finite entries."""
    out = np.full((4, len(values)), np.nan)
    finite = np.isfinite(values)
    counts = finite.sum(axis=1)
    for n in np.unique(counts[counts > 0]):
        rows = counts == n
        dense = values[rows][finite[rows]].reshape(-1, n)
        out[:, rows] = np.vstack([np.median(dense, axis=1), _median_bounds(dense).T, dense.mean(axis=1)])
    return {
        name: pl.Series(column, nan_to_null=True) for name, column in zip((*Interval._fields, "mean"), out, strict=True)
    }


def _runs_of_rows(keys: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where each run of equal, adjacent rows starts and how long it is."""
    if not len(keys):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    starts = np.flatnonzero(keys.select(pl.struct(pl.all()).rle_id()).to_series().diff().fill_null(1).to_numpy())
    return starts, np.diff(starts, append=len(keys))


def _rows(values: NDArray[np.float64], starts: NDArray[np.int64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the runs as rows of one array, NaN where a run is shorter than the longest."""
    rows = np.full((len(starts), counts.max(initial=0)), np.nan)
    rows[np.repeat(np.arange(len(starts)), counts), np.arange(len(values)) - np.repeat(starts, counts)] = values
    return rows


def _lane_sum(values: NDArray[np.float64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.add.reduceat(np.nan_to_num(values), starts) if len(starts) else np.zeros(0)


def _lane_mean(values: NDArray[np.float64], late: NDArray[np.bool_], starts: NDArray[np.int64]) -> NDArray[np.float64]:
    kept = late & np.isfinite(values)
    counts = _lane_sum(kept.astype(np.float64), starts)
    total = _lane_sum(np.where(kept, values, 0), starts)
    return np.divide(total, counts, out=np.full(len(counts), np.nan), where=counts > 0)
