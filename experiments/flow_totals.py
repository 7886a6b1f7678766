"""Where every token came from and where it went: the ledger summed up, to the unit."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import polars as pl

__all__ = ["BEFORE", "GIVERS", "Flow", "Flows", "flow_totals", "issued"]

# `mint` and `outside` give and take: what came from them, and what went back.
SOURCES = {"mint": "minted", "outside": "brought in"}
ENDS = {"mint": "recycled", "outside": "left the network"}
BEFORE = "held before"
GIVERS = (*SOURCES.values(), BEFORE)


class Flow(NamedTuple):
    """Tokens that went from one place to another, in 10⁻⁹ tokens, and what for."""

    source: str
    target: str
    amount: int
    reasons: str


class Flows(NamedTuple):
    """All flows of one lane: from place to place, and what went to and fro between two accounts."""

    onward: list[Flow]
    to_and_fro: list[Flow]


def flow_totals(ledger: pl.DataFrame) -> Flows:
    """Return where all tokens of one lane came from and went.

    `mint` and `outside` are divided into what came from them and what went back. What an account that passes tokens on
    kept of them is a flow to `held by …`; what it passed on without taking it in, a flow from `held before`. So at
    every place in between as much comes in as goes out, to the unit. What two accounts moved to and fro is taken out of
    both ways, and stands apart.

    Args:
        ledger: rows of the ledger table, of one lane; dollars are left out.
    """
    amounts, reasons = _by_way(ledger.filter(pl.col("asset") == "token"))
    to_and_fro = []
    for source, target in [way for way in amounts if way[0] < way[1] and not {*way} & ENDS.keys()]:
        back = min(amounts[source, target], amounts.get((target, source), 0))
        if back:
            amounts[source, target] -= back
            amounts[target, source] -= back
            why = dict.fromkeys([*reasons[source, target], *reasons[target, source]])
            to_and_fro.append(Flow(source, target, 2 * back, ", ".join(why)))
    onward = [
        Flow(SOURCES.get(source, source), ENDS.get(target, target), amount, ", ".join(reasons[source, target]))
        for (source, target), amount in amounts.items() if amount
    ]  # fmt: skip
    return Flows(onward + _holdings(onward), to_and_fro)


def issued(flows: Flows) -> int:
    """Return all tokens that came in, minted or brought."""
    return sum(flow.amount for flow in flows.onward if flow.source in SOURCES.values())


def _by_way(ledger: pl.DataFrame) -> tuple[dict[tuple[str, str], int], dict[tuple[str, str], list[str]]]:
    """Return amounts and reasons by source and target; a negative amount goes the other way."""
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    reasons: dict[tuple[str, str], list[str]] = defaultdict(list)
    keys = ["source", "target", "reason"]
    for source, target, reason, amount in ledger.group_by(keys).agg(pl.col("amount").sum()).sort(keys).iter_rows():
        way = (source, target) if amount >= 0 else (target, source)
        amounts[way] += abs(amount)
        reasons[way].append(reason)
    return dict(amounts), dict(reasons)


def _holdings(flows: Iterable[Flow]) -> list[Flow]:
    """Return what each account that passes tokens on kept of them, or had before."""
    flows = list(flows)
    change: dict[str, int] = {}
    for source, target, amount, _ in flows:
        change[source] = change.get(source, 0) - amount
        change[target] = change.get(target, 0) + amount
    passes_on = {flow.source for flow in flows} - set(SOURCES.values())
    return [
        Flow(name, f"held by {name}", change[name], "held at the end") if change[name] > 0
        else Flow(BEFORE, name, -change[name], BEFORE) for name in change if name in passes_on and change[name]
    ]  # fmt: skip
