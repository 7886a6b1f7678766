"""Where every token came from and where it went: the ledger as a Sankey diagram."""

from collections.abc import Iterable
from typing import NamedTuple

import plotly.graph_objects as go
import polars as pl

from experiments.plots_panels import first_designs
from experiments.plots_style import FAINT, FONT, Note, finish, label, rgba

__all__ = ["Flow", "flow_totals", "token_flows"]

ATOMS_PER_TOKEN = 10**9
# `mint` and `outside` give and take: what came from them, and what went back.
SOURCES = {"mint": "minted", "outside": "brought in"}
ENDS = {"mint": "recycled", "outside": "left the network"}
BEFORE = "held before"
GIVERS = (*SOURCES.values(), BEFORE)
NAMES = {
    "stake": "validators’ stake", "delegated": "delegated stake", "remainder": "paid to nobody",
    "held by stake": "staked at the end", "held by delegated": "delegated at the end",
    "left the network": "sold or taken away", "pool": "sold to the pool",
}  # fmt: skip
COLOURS = {
    "minted": "#4D4D4D", "brought in": "#8A8A8A", BEFORE: "#8A8A8A", "miners": "#2A9D8F", "validators": "#5B4B9A",
    "stake": "#8375C4", "delegated": "#B3A8E0", "burned": "#8C1C13", "left the network": "#C9A227",
    "recycled": "#7BC8A4",
}  # fmt: skip
OTHER = "#B0B0B0"
GAP = 50  # pixels between panels
MAX_LEFT_OUT = 4
THIN = 2e-3  # of all tokens: a band of less cannot be seen


class Flow(NamedTuple):
    """Tokens that went from one place to another, in 10⁻⁹ tokens, and what for."""

    source: str
    target: str
    amount: int
    reasons: str


class Flows(NamedTuple):
    """All flows of one lane: those that can be drawn, and what went to and fro between two accounts."""

    drawn: list[Flow]
    to_and_fro: list[Flow]


def flow_totals(ledger: pl.DataFrame) -> Flows:
    """Return where all tokens of one lane came from and went.

    `mint` and `outside` are divided into what came from them and what went back. What an account that passes tokens on
    kept of them is a flow to `held by …`; what it passed on without taking it in, a flow from `held before`. So at
    every place in between as much comes in as goes out, to the unit.

    Args:
        ledger: rows of the ledger table, of one lane; dollars are left out.
    """
    tokens = ledger.filter(pl.col("asset") == "token")
    between: dict[tuple[str, str], int] = {}
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    totals = (
        tokens.group_by("source", "target", "reason").agg(pl.col("amount").sum()).sort("source", "target", "reason")
    )
    for source, target, reason, amount in totals.iter_rows():
        way = (source, target) if amount >= 0 else (target, source)
        between[way] = between.get(way, 0) + abs(amount)
        reasons.setdefault(way, {})[reason] = None
    to_and_fro = []
    for source, target in list(between):
        back = min(between.get((source, target), 0), between.get((target, source), 0))
        if back and source < target and not {source, target} & ENDS.keys():
            between[source, target] -= back
            between[target, source] -= back
            to_and_fro.append(
                Flow(source, target, 2 * back, _listed({**reasons[source, target], **reasons[target, source]}))
            )
    drawn = [
        Flow(SOURCES.get(source, source), ENDS.get(target, target), amount, _listed(reasons[source, target]))
        for (source, target), amount in between.items() if amount
    ]  # fmt: skip
    return Flows(drawn + _holdings(drawn), to_and_fro)


def token_flows(ledger: pl.DataFrame, note: Note) -> go.Figure:
    """Show where the tokens of each design's first lane came from and where they went.

    A design whose flows are like those of one before it, within a hundredth of what was issued, has no panel.

    Args:
        ledger: the ledger table at one sweep point.
        note: the report's note.
    """
    seed = int(ledger["seed"].to_numpy().min())
    known = [name for name in note.designs if name in set(ledger["design"])]
    flows = {
        name: flow_totals(ledger.filter(pl.col("design") == name, pl.col("seed") == seed)) for name in known
    }  # fmt: skip
    like: dict[str, list[str]] = {}
    for name in known:
        twin = next((other for other in like if _similar(flows[name], flows[other])), None)
        like.setdefault(twin or name, []).append(name)
    shown, cut = first_designs(list(like), set(like))
    panels = [_height(flows[name]) for name in shown]
    height = sum(panels) + (len(shown) - 1) * GAP
    figure = go.Figure()
    top = 1.0
    for name, panel in zip(shown, panels, strict=True):
        _add_sankey(figure, flows[name], (max(top - panel / height, 0), top))
        heading = f"<b>{label(', '.join(like[name]))}</b>   " if len(known) > 1 else ""
        figure.add_annotation(
            text=f'{heading}<span style="font-size:12px;color:{FAINT}">{label(_left_out(flows[name]))}</span>', x=0,
            xref="paper", xanchor="left", y=top, yref="paper", yanchor="bottom", yshift=10, showarrow=False,
            font={"size": 14},
        )  # fmt: skip
        top -= (panel + GAP) / height
    what = (
        f"tokens over all recorded epochs, seed {seed}; at every place as much comes in as goes out, to the unit{cut}"
    )
    title = "Where did the tokens come from, and where did they go?"
    figure = finish(figure, note, title, what, height, legend=False)
    return figure.update_layout(margin={"l": 10, "r": 10, "t": 122})


def _height(flows: Flows) -> int:
    """Return the pixels of a panel: more where more places stand above each other."""
    sources, targets = {flow.source for flow in flows.drawn}, {flow.target for flow in flows.drawn}
    return 130 + 36 * max(len(targets - sources), len(sources - targets), len(sources & targets))


def _left_out(flows: Flows) -> str:
    """Say which tokens of a lane have no band: amounts too small to see, and what went to and fro."""
    said = [
        f"{tokens(flow.amount)} {place_name(flow.source)} → {place_name(flow.target)}"
        for flow in flows.drawn if _thin(flow, flows)
    ]  # fmt: skip
    said += [f"{tokens(flow.amount)} to and fro ({flow.reasons})" for flow in flows.to_and_fro]
    more = f"; {len(said) - MAX_LEFT_OUT} more" if len(said) > MAX_LEFT_OUT else ""
    return f"too thin to draw: {'; '.join(said[:MAX_LEFT_OUT])}{more}" if said else ""


def _thin(flow: Flow, flows: Flows) -> bool:
    return flow.amount < THIN * _issued(flows)


def _add_sankey(figure: go.Figure, flows: Flows, up: tuple[float, float]) -> None:
    drawn = [flow for flow in flows.drawn if not _thin(flow, flows)]
    places = list(dict.fromkeys(place for flow in drawn for place in flow[:2]))
    where = {place: position for position, place in enumerate(places)}
    shades = [COLOURS.get(flow.target if flow.source in GIVERS else flow.source, OTHER) for flow in drawn]
    figure.add_sankey(
        domain={"x": [0, 1], "y": list(up)}, arrangement="snap", textfont={"family": FONT, "size": 13},
        node={
            "label": [f"{label(place_name(place))}  {tokens(_through(place, flows))}" for place in places],
            "color": [COLOURS.get(place.removeprefix("held by "), OTHER) for place in places],
            "pad": 22, "thickness": 14, "line": {"width": 0}, "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [where[flow.source] for flow in drawn],
            "target": [where[flow.target] for flow in drawn],
            "value": [flow.amount / ATOMS_PER_TOKEN for flow in drawn],
            "color": [rgba(shade, 0.35) for shade in shades],
            "customdata": [f"{tokens(flow.amount, exact=True)} tokens: {label(flow.reasons)}" for flow in drawn],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata}<extra></extra>",
        },
    )  # fmt: skip


def _through(place: str, flows: Flows) -> int:
    """Return what came to a place or left it, whichever is more: the same but at the ends."""
    ways = ([flow.amount for flow in flows.drawn if flow[side] == place] for side in (0, 1))
    return max(sum(amounts) for amounts in ways)


def place_name(place: str) -> str:
    """Return what people call a place where tokens are."""
    return NAMES.get(place, place)


def tokens(amount: int, exact: bool = False) -> str:
    """Return 10⁻⁹ tokens as tokens: whole ones where there are many, all nine places if `exact`."""
    whole, rest = divmod(amount, ATOMS_PER_TOKEN)
    if exact:
        return f"{whole:,}.{rest:09d}"
    if whole < 10:
        return f"{amount / ATOMS_PER_TOKEN:.2f}" if amount >= ATOMS_PER_TOKEN // 100 else "under 0.01"
    return f"{amount / ATOMS_PER_TOKEN:,.0f}"


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


def _listed(reasons: dict[str, None]) -> str:
    return ", ".join(reasons)


def _issued(flows: Flows) -> int:
    return sum(flow.amount for flow in flows.drawn if flow.source in SOURCES.values())


def _similar(first: Flows, second: Flows) -> bool:
    """Say whether two lanes' tokens went the same ways, each within a hundredth of all that came in."""
    amounts = [{flow[:2]: flow.amount for flow in flows.drawn} for flows in (first, second)]
    limit = max(_issued(first), _issued(second)) / 100
    return all(abs(amounts[0].get(way, 0) - amounts[1].get(way, 0)) <= limit for way in {*amounts[0], *amounts[1]})
