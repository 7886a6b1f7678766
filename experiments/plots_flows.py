"""Where every token came from and where it went: the ledger as a Sankey diagram."""

import plotly.graph_objects as go
import polars as pl

from experiments.flow_totals import BEFORE, GIVERS, Flow, Flows, flow_totals, issued
from experiments.plots_panels import some_designs
from experiments.plots_style import FAINT, FONT, Note, finish, label, rgba

__all__ = ["token_flows"]

ATOMS_PER_TOKEN = 10**9
NAMES = {
    "stake": "validators’ stake", "delegated": "delegated stake", "remainder": "paid to nobody",
    "held by stake": "staked at the end", "held by delegated": "delegated at the end",
    "left the network": "sold or taken away", "pool": "sold to the pool", "staked": "stakes",
    "held by staked": "added to stakes", "netted": "burns kept for gains",
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
    shown, cut = some_designs(list(like), set(like))
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
    what = f"tokens over all recorded epochs, seed {seed}; everywhere as much comes in as goes out, to the unit{cut}"
    title = "Where did the tokens come from, and where did they go?"
    figure = finish(figure, note, title, what, height, legend=False)
    return figure.update_layout(margin={"l": 10, "r": 10, "t": 122})


def _height(flows: Flows) -> int:
    """Return the pixels of a panel: more where more places stand above each other."""
    sources, targets = {flow.source for flow in flows.onward}, {flow.target for flow in flows.onward}
    return 130 + 36 * max(len(targets - sources), len(sources - targets), len(sources & targets))


def _left_out(flows: Flows) -> str:
    """Say which tokens of a lane have no band: amounts too small to see, and what went to and fro."""
    said = [
        f"{_tokens(flow.amount)} {_place_name(flow.source)} → {_place_name(flow.target)}"
        for flow in flows.onward if _thin(flow, flows)
    ]  # fmt: skip
    said += [f"{_tokens(flow.amount)} to and fro ({flow.reasons})" for flow in flows.to_and_fro]
    more = f"; {len(said) - MAX_LEFT_OUT} more" if len(said) > MAX_LEFT_OUT else ""
    return f"not drawn: {'; '.join(said[:MAX_LEFT_OUT])}{more}" if said else ""


def _thin(flow: Flow, flows: Flows) -> bool:
    return flow.amount < THIN * issued(flows)


def _add_sankey(figure: go.Figure, flows: Flows, up: tuple[float, float]) -> None:
    drawn = [flow for flow in flows.onward if not _thin(flow, flows)]
    places = list(dict.fromkeys(place for flow in drawn for place in flow[:2]))
    where = {place: position for position, place in enumerate(places)}
    shades = [COLOURS.get(flow.target if flow.source in GIVERS else flow.source, OTHER) for flow in drawn]
    figure.add_sankey(
        domain={"x": [0, 1], "y": list(up)}, arrangement="snap", textfont={"family": FONT, "size": 13},
        node={
            "label": [f"{label(_place_name(place))}  {_tokens(_through(place, flows))}" for place in places],
            "color": [COLOURS.get(place.removeprefix("held by "), OTHER) for place in places],
            "pad": 22, "thickness": 14, "line": {"width": 0}, "hovertemplate": "%{label}<extra></extra>",
        },
        link={
            "source": [where[flow.source] for flow in drawn],
            "target": [where[flow.target] for flow in drawn],
            "value": [flow.amount / ATOMS_PER_TOKEN for flow in drawn],
            "color": [rgba(shade, 0.35) for shade in shades],
            "customdata": [f"{_tokens(flow.amount, exact=True)} tokens: {label(flow.reasons)}" for flow in drawn],
            "hovertemplate": "%{source.label} → %{target.label}<br>%{customdata}<extra></extra>",
        },
    )  # fmt: skip


def _through(place: str, flows: Flows) -> int:
    """Return what came to a place or left it, whichever is more: the same but at the ends."""
    ways = ([flow.amount for flow in flows.onward if flow[side] == place] for side in (0, 1))
    return max(sum(amounts) for amounts in ways)


def _place_name(place: str) -> str:
    """Return what people call a place where tokens are."""
    return NAMES.get(place, place)


def _tokens(amount: int, exact: bool = False) -> str:
    """Return 10⁻⁹ tokens as tokens: whole ones where there are many, all nine places if `exact`."""
    whole, rest = divmod(amount, ATOMS_PER_TOKEN)
    if exact:
        return f"{whole:,}.{rest:09d}"
    if whole < 10:
        return f"{amount / ATOMS_PER_TOKEN:.2f}" if amount >= ATOMS_PER_TOKEN // 100 else "under 0.01"
    return f"{amount / ATOMS_PER_TOKEN:,.0f}"


def _similar(first: Flows, second: Flows) -> bool:
    """Say whether two lanes' tokens went the same ways, each within a hundredth of all that came in."""
    amounts = [{flow[:2]: flow.amount for flow in flows.onward} for flows in (first, second)]
    limit = max(issued(first), issued(second)) / 100
    return all(abs(amounts[0].get(way, 0) - amounts[1].get(way, 0)) <= limit for way in {*amounts[0], *amounts[1]})
