"""What a swept parameter does, in words: where an attack breaks even, and what changes from one end to the other."""

from typing import Any

import polars as pl

from experiments.break_even import (
    QUANTITIES,
    Attackers,
    BreakEven,
    Quantity,
    attack_values,
    attackers_of,
    break_even,
    curves,
)
from experiments.metric_labels import metric_label, parameter_label, parameter_value, place_text
from experiments.party_values import PartyValues
from experiments.plots import map_metric, paid_quality
from experiments.plots_sweep import BARELY, BREAK_EVEN, HARDLY, moved
from experiments.report_wording import listed, named, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval, paired_difference, swept_axes

__all__ = ["break_even_sentences", "change_sentence"]

MAX_GROUPS = 3
ART_TOLD = ("quality_percentile", "attacker_win_share", "attacker_points_share")


def break_even_sentences(run: RunFolder, lanes: pl.DataFrame, values: PartyValues) -> list[str]:
    """Return where attacks start or stop paying, one sentence per group of attackers; none without a swept number.

    Places between two sweep points are linear interpolations, seed by seed.

    Args:
        run: a finished run.
        lanes: its lane values.
        values: its parties.
    """
    path = _only_swept(run, lanes)
    if path is None or not lanes[path].dtype.is_numeric():
        return []
    tried = lanes[path].unique().sort()
    ends = f"{parameter_value(path, tried[0])} to {parameter_value(path, tried[-1])}"
    where = f"{len(tried)} values of {parameter_label(path)} from {ends} were tried; between them lines are straight"
    said = []
    for group in attackers_of(run, values.parties, path)[:MAX_GROUPS]:
        gains = attack_values(lanes, values, group)
        profit, ratio = (_clause(gains, quantity, path, run.designs) for quantity in QUANTITIES)
        share = "stake" if group.stakes else "miners"
        less = ", less what is slashed," if not group.stakes and _slashed(values, group) else ""
        # Pay relative to others first: who has no costs makes a profit in any case.
        text = f"The pay of {group.name}{less} is above its share of {share} {ratio}; its profit is above 0 {profit}"
        said.append(f"{text} ({where}).")
    return said


def change_sentence(run: RunFolder, lanes: pl.DataFrame) -> str:
    """Say what a sweep changes: over the same seeds, or for several parameters, where it is least and most.

    Args:
        run: a finished run.
        lanes: its lane values.
    """
    path = _only_swept(run, lanes)
    if path is None:
        return _extremes(run, lanes) if len(run.points) > 1 else ""
    tried = lanes[path].unique(maintain_order=True).to_list()
    first, last = (min(tried), max(tried)) if lanes[path].dtype.is_numeric() else (tried[0], tried[-1])
    # Who counts as an adversary may be what is swept, so their profit may be that of others at each end.
    most = [name for name in (map_metric(lanes),) if moved(lanes, name) > HARDLY and not name.startswith("adversary")]
    money = "net_emission" if "net_emission" in lanes.columns else "honest_miner_profit"
    told = ART_TOLD if "quality_percentile" in lanes.columns else [paid_quality(lanes), money]
    metrics = dict.fromkeys([*told, *most])
    changes = []
    for metric in metrics:
        if metric not in lanes.columns:
            continue
        found = {design: _change(lanes, design, path, (first, last), metric) for design in run.designs}
        known = {design: change for design, change in found.items() if change.median is not None}
        if known:
            said = listed(known, metric_label(metric).unit, len(run.designs), signed=True)
            changes.append(f"{metric_label(metric).name} {said}")
    ends = " to ".join(place_text({path: value}) for value in (first, last))
    return f"What changes from {ends}, seed by seed: {'; '.join(changes)}." if changes else ""


def _extremes(run: RunFolder, lanes: pl.DataFrame) -> str:
    """Say at which setting the metric that moves most is lowest and highest."""
    metric = map_metric(lanes)
    look = metric_label(metric)
    cells = lanes.group_by("design", "point", maintain_order=True).agg(pl.col(metric)).rows(named=True)
    found = [(interval(cell[metric]), cell["design"], cell["point"]) for cell in cells]
    known = sorted((cell for cell in found if cell[0].median is not None), key=lambda cell: cell[0].median or 0.0)
    ends = []
    for word, (value, design, point) in (("lowest", known[0]), ("highest", known[-1])):
        under = f" under {design}" if len(run.designs) > 1 else ""
        ends.append(f"{word}, {quoted(value, look.unit)},{under} at {place_text(run.points[point])}")
    hardly = " hardly changes: it" if moved(lanes, metric) <= (BARELY if metric in BREAK_EVEN else HARDLY) else ""
    return f"{look.name}{hardly} is {' and '.join(ends)}."


def _change(lanes: pl.DataFrame, design: str, path: str, ends: tuple[Any, Any], metric: str) -> Interval:
    """Return the same-seed difference of a metric between two values of a swept parameter."""
    mine = lanes.filter(pl.col("design") == design)
    first, last = (mine.filter(pl.col(path) == end).select("seed", metric) for end in ends)
    both = first.join(last, on="seed", suffix="_last").sort("seed")
    return Interval(*paired_difference(both[f"{metric}_last"].to_numpy(), both[metric].to_numpy())[:3])


def _only_swept(run: RunFolder, lanes: pl.DataFrame) -> str | None:
    varied = swept_axes(lanes, run.swept)
    return varied[0] if len(varied) == 1 else None


def _slashed(values: PartyValues, group: Attackers) -> bool:
    names = [party.name for party in group.parties]
    return bool((values.lanes.filter(pl.col("party").is_in(names))["slashed"] > 0).any())


def _clause(gains: pl.DataFrame, quantity: Quantity, path: str, designs: list[str]) -> str:
    """Say it for every design; designs with the same answer share it."""
    answers: dict[str, list[str]] = {}
    for design in designs:
        x, found = curves(gains.filter(pl.col("design") == design), path, quantity.column)
        if len(found):
            answers.setdefault(_answer(break_even(x, found, quantity.threshold), path), []).append(design)
    if len(answers) == 1 and len(designs) > 1:
        return f"{next(iter(answers))} under every design"
    return ", ".join(f"{answer} under {named(who)}" for answer, who in answers.items())


def _answer(found: BreakEven, path: str) -> str:
    if found.place.median is None:
        return "at every setting" if found.starts_above > 0.5 else "at no setting"
    where = f"{parameter_value(path, found.place.median)}{_bounds(found.place, path)}"
    some = f" (in {found.crossed} of {found.seeds} seeds)" if found.crossed < found.seeds else ""
    return f"{f'from {where} on' if found.rises else f'up to {where}'}{some}"


def _bounds(place: Interval, path: str) -> str:
    if place.low is None or place.high is None:
        return ""
    low, high = (parameter_value(path, bound).removesuffix(" %") for bound in (place.low, place.high))
    return f" [{low}, {high}]"
