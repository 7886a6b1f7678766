"""The answer in plain words: who earns, who is pushed out, what an attacker gains, how sure we are."""

from typing import Any, NamedTuple

import polars as pl

from experiments.metric_labels import metric_label, place_text, show, show_interval
from experiments.plots import needed_utility, sweeps_retention
from experiments.plots_retention import STAKE
from experiments.run_folder import RunFolder
from experiments.statistics import paired_difference

__all__ = ["Finding", "confidence", "findings", "num_miners", "rewarded"]

ATTACK = ("adversary_pay_ratio", "adversary_emission_share")
SPREAD = ("gini_incentive", "nakamoto_incentive", "rewarded_miners", "quality_correlation")


class Finding(NamedTuple):
    """A question and its answer, both plain text."""

    question: str
    answer: str


def findings(run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame, pairs: pl.DataFrame) -> list[Finding]:
    """Return the answers, the most important first.

    Args:
        run: a finished run.
        lanes: its lane values.
        summary: its summary, see `statistics.summarise`.
        pairs: its paired table, possibly empty.
    """
    if not len(summary):
        return [Finding("What happened?", "No epoch was recorded, so there is nothing to report.")]
    retained = sweeps_retention(lanes)
    answers = [_retention(lanes)] if retained else [_attack(run, lanes, summary), *_spread(run, summary)]
    answers.append(Finding("How sure are we?", confidence(run, pairs)))
    said = [answer for answer in answers if answer.answer]
    return said or [Finding("What happened?", "The run recorded none of the metrics this report asks about.")]


def _attack(run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame) -> Finding:
    question = "What does an attacker gain?"
    metric = next((name for name in ATTACK if name in set(summary["metric"])), None)
    if metric is None:
        return Finding(question, "")
    worst = _worst_points(run, summary, metric)
    least, most = worst[0], worst[-1]
    if len(worst) == 1:
        return Finding(question, f"Under {least['design']}, {_earns(run, least, metric)}.")
    text = f"{least['design']} pays the attacker least: {_earns(run, least, metric)}. "
    text += _runner_up(lanes, least, worst[1], metric)
    return Finding(question, f"{text}{most['design']} pays it most: {_earns(run, most, metric)}.")


def _worst_points(run: RunFolder, summary: pl.DataFrame, metric: str) -> list[dict[str, Any]]:
    """Return each design's row at its worst sweep point, the design with the smallest first."""
    rows = summary.filter(pl.col("metric") == metric)
    by_design = [
        rows.filter(pl.col("design") == design).sort("median", descending=True, maintain_order=True)
        for design in run.designs
    ]
    return sorted((table.row(0, named=True) for table in by_design if len(table)), key=lambda row: row["median"])


def _earns(run: RunFolder, row: dict[str, Any], metric: str) -> str:
    value, bounds = _value(row, metric)
    where = f", at its worst setting ({place_text(run.points[row['point']])})" if len(run.points) > 1 else ""
    if metric == "adversary_pay_ratio":
        return f"an adversary validator earns {value} times{bounds} what an honest one of the same stake earns{where}"
    return f"adversaries earn {value}{bounds} of all new tokens{where}"


def _value(row: dict[str, Any], metric: str) -> tuple[str, str]:
    unit = metric_label(metric).unit
    bounds = show_interval(row["low"], row["high"], unit)
    return show(row["median"], unit), f" {bounds}" if bounds else ""


def _runner_up(lanes: pl.DataFrame, least: dict[str, Any], second: dict[str, Any], metric: str) -> str:
    """Say whether the best design is told apart from the next one by the same seeds."""
    values = [
        lanes.filter(pl.col("design") == row["design"], pl.col("point") == row["point"]).select("seed", metric)
        for row in (least, second)
    ]
    both = values[0].join(values[1], on="seed", suffix="_second").sort("seed")
    result = paired_difference(both[metric].to_numpy(), both[f"{metric}_second"].to_numpy())
    if result.low is None or result.high is None:
        return ""
    unit = metric_label(metric).unit
    bounds = show_interval(result.low, result.high, unit, signed=True)
    if result.low <= 0 <= result.high:
        return f"These {result.pairs} seeds do not tell it apart from {second['design']} (difference {bounds}). "
    difference = f"{show(result.median, unit, signed=True)} {bounds}"
    return f"Over the same {result.pairs} seeds its difference from {second['design']}, the next, is {difference}. "


def _spread(run: RunFolder, summary: pl.DataFrame) -> list[Finding]:
    """Say how pay is spread and who earns nothing, at the first sweep point."""
    here = summary.filter(pl.col("point") == 0)
    at = f"At {place_text(run.points[0])}: " if len(run.points) > 1 else ""
    ranked = here.sort("median", maintain_order=True)
    by_metric = {name: ranked.filter(pl.col("metric") == name).rows(named=True) for name in SPREAD}
    holders = {row["design"]: row["median"] for row in by_metric["nakamoto_incentive"]}
    earns = _evenness(by_metric["gini_incentive"], holders) + _order(by_metric["quality_correlation"])
    out = rewarded(by_metric["rewarded_miners"], num_miners(run))
    return [
        Finding("Who earns?", at + earns if earns else ""),
        Finding("Who is pushed out?", at + out if out else ""),
    ]


def _evenness(even: list[dict[str, Any]], holders: dict[str, float]) -> str:
    """Say under which design miners' pay is most even, from rows in ascending order of the Gini coefficient."""
    if not even:
        return ""
    first, last = ((row["design"], _spread_of(row, holders)) for row in (even[0], even[-1]))
    if first[1] == last[1]:
        return f"Miners’ pay is spread alike under {_every(even)} ({first[1]})."
    return f"Miners’ pay is most even under {first[0]} ({first[1]}), most concentrated under {last[0]} ({last[1]})."


def _order(ordered: list[dict[str, Any]]) -> str:
    """Say under which design pay follows quality best, from rows in ascending order of the correlation."""
    if not ordered:
        return ""
    worst, best = (show(row["median"], "index") for row in (ordered[0], ordered[-1]))
    where = f"under {_every(ordered)}" if worst == best else f"best under {ordered[-1]['design']}"
    return f" Pay follows true quality {where} (rank correlation {best})."


def _every(rows: list[dict[str, Any]]) -> str:
    return "every design" if len(rows) > 1 else str(rows[0]["design"])


def _spread_of(row: dict[str, Any], holders: dict[str, float]) -> str:
    half = f", about {round(holders[row['design']])} hold more than half" if row["design"] in holders else ""
    return f"Gini {show(row['median'], 'index')}{half}"


def rewarded(rows: list[dict[str, Any]], miners: str) -> str:
    """Say how many miners earn anything, from rows in ascending order of their number.

    Args:
        rows: of the summary, for `rewarded_miners`.
        miners: as `num_miners` returns it.
    """
    if not rows:
        return ""
    (few_under, few), (many_under, many) = (
        (row["design"], show(row["median"], "count")) for row in (rows[0], rows[-1])
    )
    if few == many:
        return f"{few}{miners} miners earn anything under {_every(rows)}."
    return f"{few}{miners} miners earn anything under {few_under}, {many} under {many_under}."


def num_miners(run: RunFolder) -> str:
    """Return ` of 60` for a run with 60 miners, nothing where agents were not recorded."""
    if not run.has("agents"):
        return ""
    return f" of {len(run.distinct('agents', 'uid', [pl.col('role') == 'miner', pl.col('point') == 0]))}"


def _retention(lanes: pl.DataFrame) -> Finding:
    """Say what honest utility holds against the worst cabal of the grid, at the honest stake nearest to 60 %."""
    question = "How useful must the honest side be to keep its share?"
    needed = needed_utility(lanes)
    stake = min(needed[STAKE].unique().sort(), key=lambda share: (abs(share - 0.6), share))
    # With further swept parameters a design counts by its hardest setting; null means no utility suffices.
    parts = []
    for design in needed["design"].unique(maintain_order=True):
        values = needed.filter(pl.col("design") == design, pl.col(STAKE) == stake)["needed_utility"]
        parts.append((design, None if values.null_count() else max(values.to_list())))
    parts.sort(key=lambda part: (part[1] is None, part[1] or 0))
    said = [
        f"{design} {'never protects it' if value is None else 'needs ' + show(value, 'share')}"
        for design, value in parts
    ]
    text = f"With {100 * stake:.3g} % of stake honest, and whatever part of its weight the cabal gives to itself, "
    text += "honest stake keeps its share of emission from this honest utility on: "
    hardest = " Where further parameters are swept, the hardest setting counts." if len(needed.columns) > 4 else ""
    return Finding(question, f"{text}{', '.join(said)}.{hardest}")


def confidence(run: RunFolder, pairs: pl.DataFrame) -> str:
    """Say how many seeds there are, what brackets mean, and how many differences are more than luck."""
    seeds = len(run.seeds)
    lost = (
        f"{len(run.failed)} of {run.manifest.get('lanes', 'all')} lanes failed and are missing. " if run.failed else ""
    )
    if seeds < 2:
        return (
            lost
            + "One seed: the numbers say what happened once, not how luck would change it. More seeds give intervals."
        )
    text = f"{lost}{seeds} seeds per design; brackets are 95 % bootstrap intervals of the median over seeds."
    told = pairs.filter(pl.col("low").is_not_null())
    if len(told):
        clear = told.filter((pl.col("low") > 0) | (pl.col("high") < 0))
        text += f" Of {len(told)} same-luck differences from {told['baseline'][0]}, {len(clear)} exclude 0."
    return text
