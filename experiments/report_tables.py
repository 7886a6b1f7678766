"""The tables of a report, as HTML: summary, sweep points, paired differences, needed utility."""

from collections.abc import Sequence
from html import escape
from typing import Any

import polars as pl

from experiments.metric_labels import metric_label, parameter_label, place_value, show, show_interval
from experiments.plots import Note, needed_utility
from experiments.plots_retention import STAKE
from experiments.report_page import Cell, table

__all__ = ["pairs_table", "points_table", "retention_table", "summary_table"]

# Rows of the summary table; the rest of the metrics stands in summary.csv.
SUMMARY = (
    "quality_percentile", "quality", "quality_regret", "vote_agreement", "attacker_win_share", "attacker_pivotal_share",
    "attacker_points_share", "attacker_stake_share", "attacker_reward_share", "sincere_reward", "attacker_reward",
    "reward_ratio", "turnout", "points_spent", "nakamoto_points", "gini_points", "works_minted", "own_choices",
    "sold_share", "hammer_eth", "revenue_eth", "royalties_eth", "rewards_eth", "bribes_eth", "diversity", "spread",
    "style_distance", "taste_auc", "supply", "burned_tokens", "price_eth", "treasury_eth", "treasury_tokens",
    "meta_model_corr", "models_median_corr", "meta_model_percentile", "effective_models", "net_emission",
    "stake_return", "emission_per_corr", "burn_share", "gained", "burnt", "bonus", "staked",
    "accuracy_paid", "skill_paid", "skill_per_token", "honest_miner_profit", "adversary_miner_profit",
    "honest_validator_profit", "adversary_validator_profit", "slashed_honest", "slashed_adversary", "present_miners",
    "joined_miners", "registration_fee",
    "adversary_pay_ratio", "adversary_stake_share", "adversary_dividend_share", "adversary_incentive_share",
    "adversary_emission_share", "gini_dividends", "gini_incentive", "gini_stake", "nakamoto_dividends",
    "nakamoto_incentive",
    "rewarded_miners", "permitted_validators", "validator_trust", "quality_correlation", "minted",
)  # fmt: skip


def summary_table(summary: pl.DataFrame, note: Note) -> str:
    """Return medians and intervals, one row per metric and one column per design.

    Args:
        summary: rows of `summarise` at one sweep point.
        note: the report's note, for the colours of designs.
    """
    found = {(row["metric"], row["design"]): row for row in summary.iter_rows(named=True)}
    metrics = [name for name in SUMMARY if any((name, design) in found for design in note.designs)]
    rows = []
    for metric in metrics:
        look = metric_label(metric)
        cells = [_measured(found.get((metric, design)), look.unit) for design in note.designs]
        rows.append([_two_lines(look.name, look.meaning), *cells])
    return table(["", *(_swatch(design, note) for design in note.designs)], rows)


def points_table(summary: pl.DataFrame, swept: Sequence[str], metric: str, note: Note) -> str:
    """Return one metric with one row per sweep point and one column per design."""
    here = summary.filter(pl.col("metric") == metric)
    found = {(row["point"], row["design"]): row for row in here.iter_rows(named=True)}
    unit = metric_label(metric).unit
    rows = []
    for place in here.unique("point", keep="first", maintain_order=True).sort("point").iter_rows(named=True):
        cells = [_measured(found.get((place["point"], design)), unit) for design in note.designs]
        rows.append([*(place_value(name, place[name]) for name in swept), *cells])
    return table([*map(parameter_label, swept), *(_swatch(design, note) for design in note.designs)], rows, len(swept))


def pairs_table(pairs: pl.DataFrame, note: Note) -> str:
    """Return same-luck differences, one row per metric and one column per design, with interval and effect sizes.

    Args:
        pairs: rows of `paired_table` at one sweep point.
        note: the report's note.
    """
    found = {(row["metric"], row["design"]): row for row in pairs.iter_rows(named=True)}
    designs = dict(pairs.select("design", "baseline").unique(maintain_order=True).iter_rows())
    rows = []
    for metric in pairs["metric"].unique(maintain_order=True):
        unit = metric_label(metric).unit
        rows.append(
            [metric_label(metric).name, *(_difference(found.get((metric, design)), unit) for design in designs)]
        )
    heads = [
        Cell(f"{_swatch(design, note)}<small>− {escape(baseline)}</small>") for design, baseline in designs.items()
    ]
    return table(["", *heads], rows) if rows else ""


def retention_table(lanes: pl.DataFrame, note: Note) -> str:
    """Return the honest utility needed per honest stake, one column per design; `never` where none suffices."""
    needed = needed_utility(lanes)
    further = [name for name in needed.columns if name not in ("design", STAKE, "needed_utility", "worst_self_weight")]
    keys = [*further, STAKE]
    found = {(tuple(row[key] for key in keys), row["design"]): row["needed_utility"] for row in needed.rows(named=True)}
    rows = []
    for place in needed.select(keys).unique().sort(keys).iter_rows():
        cells = [_needed(found, (place, design)) for design in note.designs]
        rows.append([*map(place_value, keys, place), *cells])
    heads = [*map(parameter_label, further), "honest stake", *(_swatch(design, note) for design in note.designs)]
    return table(heads, rows, text_columns=len(keys))


def _needed(found: dict[Any, float | None], cell: Any) -> str:
    if cell not in found:
        return "–"  # the sweep left this setting out for this design
    value = found[cell]
    return "never" if value is None else show(value, "share")


def _measured(row: dict[str, Any] | None, unit: str) -> str:
    if row is None:
        return "–"
    return _two_lines(show(row["median"], unit), show_interval(row["low"], row["high"], unit))


def _difference(pair: dict[str, Any] | None, unit: str) -> str:
    if pair is None:
        return "–"
    sure = pair["low"] is not None and (pair["low"] > 0 or pair["high"] < 0)
    median = escape(show(pair["median"], unit, signed=True))
    bounds = show_interval(pair["low"], pair["high"], unit, signed=True)
    sizes = f"d_z {_size(pair['effect_size'])}, r {_size(pair['rank_biserial'])}, n {pair['pairs']}"
    return Cell(
        f"{f'<b>{median}</b>' if sure else median}<small>{escape(bounds)}</small><small>{escape(sizes)}</small>"
    )


def _size(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def _two_lines(first: str, second: str) -> Cell:
    return Cell(f"{escape(first)}<small>{escape(second)}</small>" if second else escape(first))


def _swatch(design: str, note: Note) -> Cell:
    return Cell(f'<span class="swatch" style="background:{note.colour(design)}"></span>{escape(design)}')
