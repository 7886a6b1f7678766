"""What a network whose miners work has shown, in words: what tokens buy, who gains, who loses, how sure we are."""

from typing import Any

import polars as pl

from experiments.metric_labels import metric_label, place_text, show
from experiments.party_values import PartyValues
from experiments.plots import paid_quality
from experiments.report_findings import Finding, confidence, num_miners, rewarded
from experiments.report_parties import (
    highest_pay,
    losses,
    pay_of_others,
    pay_sentences,
    power_sentence,
    staying_sentence,
)
from experiments.report_sweep import break_even_sentences, change_sentence
from experiments.report_wording import listed, named, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval, paired_difference

__all__ = ["living_findings", "quality_sentences"]


def living_findings(
    run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame, pairs: pl.DataFrame, values: PartyValues | None
) -> list[Finding]:
    """Return the answers: a short one to the question asked, then the details.

    Args:
        run: a finished run whose miners work.
        lanes: its lane values.
        summary: its summary, see `statistics.summarise`.
        pairs: its paired table, possibly empty.
        values: its parties, None where agents were not recorded.
    """
    if not len(summary):
        return [Finding("What happened?", "No epoch was recorded, so there is nothing to report.")]
    at = f"At {place_text(run.points[0])}: " if len(run.points) > 1 else ""
    here, lanes_here = summary.filter(pl.col("point") == 0), lanes.filter(pl.col("point") == 0)
    swept = break_even_sentences(run, lanes, values) if values is not None else []
    change = change_sentence(run, lanes)
    quality = quality_sentences(lanes_here, here)
    paid, most, lost = _parties(lanes_here, values, run.designs)
    details = [
        Finding("Where do others break even?", " ".join(swept[1:])),
        Finding("What does the sweep change?", change if swept else ""),
        Finding("What do the tokens buy?", _prefixed(at, [*quality, _order(here)])),
        Finding("What do the others earn?", _prefixed(at, paid)),
        Finding("Who makes money, and who loses it?", _prefixed(at, [_honest_profit(here, run.designs), *lost])),
        Finding("Who is pushed out?", _prefixed(at, [_pushed_out(run, here)])),
        Finding("Who holds the power?", _prefixed(at, [power_sentence(run)])),
        Finding("How sure are we?", " ".join(filter(None, [confidence(run, pairs), _recorded(run, values)]))),
    ]
    # What is swept is what was asked; without a sweep, what is paid for, who gains by not working, who loses.
    if swept:
        lead = " ".join(filter(None, [swept[0], _prefixed(at, quality[:1])]))
    else:
        lead = " ".join(filter(None, [change, _prefixed(at, [*quality[:1], most, *lost[:1]])]))
    return [answer for answer in (Finding("In short:", lead), *details) if answer.answer]


def _parties(lanes: pl.DataFrame, values: PartyValues | None, designs: list[str]) -> tuple[list[str], str, list[str]]:
    """Return what others are paid, which of them most, and who loses money; nothing where agents are unknown."""
    if values is None:
        return [], "", []
    first = values.at_first_point()
    others = pay_of_others(lanes, first, designs)
    slashed = bool((values.lanes["slashed"] > 0).any())
    paid, most = (say(others, slashed, len(designs)) for say in (pay_sentences, highest_pay))
    return list(paid), str(most), losses(first, designs)


def quality_sentences(lanes: pl.DataFrame, here: pl.DataFrame) -> list[str]:
    """Say under which design pay goes to the best models, whether that is luck, and under which to the worst.

    Args:
        lanes: lane values at one sweep point.
        here: their summary; without a metric of quality nothing is said.
    """
    metric = paid_quality(lanes)
    unit = metric_label(metric).unit
    rows = here.filter(pl.col("metric") == metric).sort("median", descending=True, maintain_order=True).rows(named=True)
    if not rows:
        return []
    # Designs whose numbers read the same are as good as each other.
    ties = [row["design"] for row in rows if show(row["median"], unit) == show(rows[0]["median"], unit)]
    best, worst = (_quality_text(row, metric) for row in (rows[0], rows[-1]))
    if len(ties) == len(rows):
        return [f"Pay goes to models {best}{' under every design' if len(rows) > 1 else ''}."]
    said = [f"Pay goes to the best models under {named(ties)}: {best}."]
    second = rows[len(ties)]["design"]
    said.append(_runner_up(lanes, ties[0], second, metric))
    return [*said, f"{rows[-1]['design']} pays for the worst: {worst}." if rows[-1]["design"] != second else ""]


def _quality_text(row: dict[str, Any], metric: str) -> str:
    text = quoted(Interval(row["median"], row["low"], row["high"]), metric_label(metric).unit)
    if metric == "meta_model_corr":
        return f"with a CORR of {text} together"
    return f"right in {text} of all test cases" if metric == "accuracy_paid" else f"with a skill of {text}"


def _runner_up(lanes: pl.DataFrame, best: str, second: str, metric: str) -> str:
    """Say whether the best design is told apart from the next one by the same seeds."""
    a, b = (lanes.filter(pl.col("design") == name).select("seed", metric) for name in (best, second))
    both = a.join(b, on="seed", suffix="_second").sort("seed")
    result = paired_difference(both[metric].to_numpy(), both[f"{metric}_second"].to_numpy())
    found = Interval(*result[:3])
    if found.low is None or found.high is None:
        return f"Next is {second}."
    text = quoted(found, metric_label(metric).unit, signed=True)
    if found.low <= 0 <= found.high:
        return f"{result.pairs} seeds do not tell it apart from {second} (difference {text})."
    return f"Over the same {result.pairs} seeds that is {text} against {second}, the next."


def _order(here: pl.DataFrame) -> str:
    """Say under which design pay follows true quality best and worst."""
    rows = here.filter(pl.col("metric") == "quality_correlation").sort("median", maintain_order=True).rows(named=True)
    if not rows:
        return ""
    worst, best = rows[0], rows[-1]
    low, high = (quoted(Interval(row["median"], row["low"], row["high"]), "correlation") for row in (worst, best))
    if show(worst["median"], "times") == show(best["median"], "times"):
        return (
            f"The rank correlation of pay with true quality is {high}{' under every design' if len(rows) > 1 else ''}."
        )
    place = f"best under {best['design']} (rank correlation {high}), worst under {worst['design']} ({low})"
    return f"Pay follows true quality {place}."


def _honest_profit(here: pl.DataFrame, designs: list[str]) -> str:
    """Say what honest miners make."""
    rows = here.filter(pl.col("metric") == "honest_miner_profit").rows(named=True)
    found = {row["design"]: Interval(row["median"], row["low"], row["high"]) for row in rows}
    return f"Honest miners’ profit per epoch: {listed(found, 'usd', len(designs))}." if found else ""


def _pushed_out(run: RunFolder, here: pl.DataFrame) -> str:
    """Say who earns nothing, and where people come and go how many seats changed hands."""
    rows = here.filter(pl.col("metric") == "rewarded_miners").sort("median", maintain_order=True).rows(named=True)
    text = rewarded(rows, num_miners(run))
    if "joined_miners" not in set(here["metric"]):
        return text
    epochs = run.read("epochs", ["joined_miners"], [pl.col("point") == 0])
    joined = epochs.group_by("design", "seed").agg(pl.col("joined_miners").sum())
    counts = {d: interval(joined.filter(pl.col("design") == d)["joined_miners"].to_numpy()) for d in run.designs}
    known = {design: count for design, count in counts.items() if count.median is not None}
    came = listed(known, "count", len(run.designs))
    return " ".join(filter(None, [text, f"Newcomers over all recorded epochs: {came}.", staying_sentence(run)]))


def _recorded(run: RunFolder, values: PartyValues | None) -> str:
    """Admit that parties are known from some epochs only."""
    if values is None or values.epochs["epoch"].n_unique() >= run.num_epochs:
        return ""
    return f"What parties earn is known from {values.epochs['epoch'].n_unique()} of {run.num_epochs} epochs."


def _prefixed(at: str, sentences: list[str]) -> str:
    text = " ".join(filter(None, sentences))
    return at + text if text else ""
