"""Where an attack breaks even, in words."""

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
from experiments.metric_labels import parameter_label, parameter_value
from experiments.party_values import PartyValues
from experiments.report_wording import named
from experiments.run_folder import RunFolder
from experiments.statistics import Interval

__all__ = ["break_even_sentences"]

MAX_GROUPS = 3


def break_even_sentences(run: RunFolder, lanes: pl.DataFrame, values: PartyValues) -> list[str]:
    """Return where attacks start or stop paying, one sentence per group of attackers; none without a swept number.

    Places between two sweep points are linear interpolations, seed by seed.

    Args:
        run: a finished run.
        lanes: its lane values.
        values: its parties.
    """
    varied = [name for name in run.swept if lanes[name].n_unique() > 1]
    if len(varied) != 1 or not lanes[varied[0]].dtype.is_numeric():
        return []
    path = varied[0]
    tried = lanes[path].unique().sort()
    ends = f"{parameter_value(path, tried[0])} to {parameter_value(path, tried[-1])}"
    where = f"{len(tried)} values of {parameter_label(path)} from {ends} were tried; between them lines are straight"
    said = []
    for group in attackers_of(run, values.parties, path)[:MAX_GROUPS]:
        gains = attack_values(lanes, values, group)
        profit, ratio = (_clause(gains, quantity, path, run.designs) for quantity in QUANTITIES)
        share = "stake" if group.stakes else "miners"
        less = ", less what is slashed," if _slashed(values, group) else ""
        # Pay relative to others first: who has no costs makes a profit in any case.
        text = f"The pay of {group.name}{less} is above its share of {share} {ratio}; its profit is above 0 {profit}"
        said.append(f"{text} ({where}).")
    return said


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
