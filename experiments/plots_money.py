"""Who makes money and who loses it, and where the tokens are."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.metric_labels import show, show_interval
from experiments.party_values import Party, PartyValues
from experiments.plots_lines import by_seed
from experiments.plots_panels import MAX_DESIGNS, some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, facets, finish, label, rgba
from experiments.statistics import interval

__all__ = ["profit_and_loss", "supply_over_time"]

Places: TypeAlias = tuple[tuple[str, tuple[str, ...], str], ...]

MAX_PANELS = 6
REACH = 0.6  # of the span of bars, beyond which an interval is cut off: one slashed whale would dwarf all else
GAP = 100  # pixels between rows of panels
# What goes out: column, name, colour.
OUTGOINGS = (
    ("spent", "costs", "#BDBDBD"),
    ("passed_on", "passed on to delegators", "#D9CBEE"),
    ("slashed", "slashed", "#5A5A5A"),
)
# Where tokens can be, from the most firmly held to the gone: name, accounts, colour.
PLACES: Places = (
    ("staked", ("stake", "delegated", "staked"), "#3B4CC0"),
    ("held by miners and validators", ("miners", "validators", "delegators", "bets"), "#8DB0FE"),
    ("sold to the pool", ("pool",), "#7BC8A4"),
    ("owner and treasury", ("owner", "treasury", "reporters", "netted"), "#C9A0DC"),
    ("paid to nobody", ("remainder",), "#D9D9D9"),
    ("burned", ("burned",), "#4D4D4D"),
)


def profit_and_loss(values: PartyValues, parties: Parties, note: Note) -> go.Figure:
    """Show dollars earned and spent per agent and epoch by party, one panel per design.

    Args:
        values: of the parties, at one sweep point.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(values.lanes["design"]), MAX_PANELS)
    rows, cols = facets(len(shown), most=3)
    panel = 50 + (46 if rows == 1 else 36) * len(parties.members)
    height = rows * panel + (rows - 1) * GAP
    figure = make_subplots(
        rows, cols, shared_yaxes=True, horizontal_spacing=0.03, vertical_spacing=GAP / height if rows > 1 else 0,
        subplot_titles=[label(name) for name in shown],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    explained = _visible(values, parties, shown)
    for position, design in enumerate(shown):
        place = {"row": position // cols + 1, "col": position % cols + 1}
        _add_bars(figure, values, parties, design, place, explained if position == 0 else [])
        _add_profits(figure, values, parties, design, place)
    figure.update_layout(barmode="relative", bargap=0.4, legend_traceorder="normal")
    zero = {"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1.2}
    low, high, whole = _limits(values, parties, shown)
    span = [low - 0.03 * (high - low), high + 0.22 * (high - low)]  # room for the numbers
    figure.update_xaxes(axis("Dollars per agent and epoch", tickformat="$~s", nticks=7, range=span, **zero))
    figure.update_yaxes(axis("", autorange="reversed", type="category", ticks=""))
    what = f"in colour: earned; diamond: profit with its 95 % interval; median over seeds, all recorded epochs{cut}"
    what += "" if whole else "; long intervals are cut off"
    return finish(figure, note, "Who makes money, and who loses it?", what, height, legend=bool(explained))


def supply_over_time(epochs: pl.DataFrame, note: Note, places: Places = PLACES, most: int = MAX_DESIGNS) -> go.Figure:
    """Show where all tokens are over time, stacked, one panel per design.

    Args:
        epochs: the epochs table at one sweep point, with its `held_…` columns.
        note: the report's note.
        places: name, accounts and colour of each layer, from the bottom.
        most: designs that are shown.
    """
    shown, cut = some_designs(note.designs, set(epochs["design"]), most)
    figure = make_subplots(
        1, len(shown), shared_yaxes=True, horizontal_spacing=0.03, subplot_titles=[label(name) for name in shown]
    )
    figure.update_annotations(font={"size": 14})
    explained: set[str] = set()
    for col, design in enumerate(shown, 1):
        rows = epochs.filter(pl.col("design") == design)
        for name, accounts, colour in places:
            numbers, held = _held(rows, accounts)
            if held.any():
                figure.add_scatter(
                    x=numbers, y=held.astype(np.float32), stackgroup="supply", mode="lines", fillcolor=colour,
                    line={"width": 0.5, "color": colour}, name=name, legendgroup=name, showlegend=name not in explained,
                    hovertemplate="%{y:,.4~s}<extra>" + name + "</extra>", row=1, col=col,
                )  # fmt: skip
                explained.add(name)
    figure.update_xaxes(axis("Epoch", nticks=6))
    figure.update_yaxes(axis("", tickformat=".3~s", matches="y"))
    figure.update_yaxes(title={"text": "Tokens"}, col=1)
    pooled = "held_pool" in epochs.columns and (epochs["held_pool"].fill_null(0) > 0).any()
    what = f"all tokens issued or brought in{', but the pool’s first reserve' if pooled else ''}; mean over seeds{cut}"
    return finish(figure, note, "Where do the tokens end up?", what, 320)


def _add_bars(
    figure: go.Figure,
    values: PartyValues,
    parties: Parties,
    design: str,
    place: dict[str, int],
    explained: Sequence[str],
) -> None:
    """Draw what each party earns to the right and all that goes out to the left."""
    names = [label(parties.name(who)) for who in parties.members]
    colours = [rgba(parties.colour(who), 0.85) for who in parties.members]
    bars = [("earned", "earned", 1, colours), *((what, name, -1, colour) for what, name, colour in OUTGOINGS)]
    for what, title, sign, colour in bars:
        amounts = [_middle(values, who, design, what) for who in parties.members]
        figure.add_bar(
            y=names, x=[sign * amount for amount in amounts], orientation="h", name=title, legendgroup=what,
            showlegend=what in explained, marker={"color": colour, "line": {"width": 0}},
            customdata=[show(amount, "usd") for amount in amounts],
            hovertemplate=f"{title} %{{customdata}}<extra>%{{y}}</extra>", **place,
        )  # fmt: skip


def _add_profits(figure: go.Figure, values: PartyValues, parties: Parties, design: str, place: dict[str, int]) -> None:
    """Draw each party's profit with its interval, and write it to the right of everything."""
    found = {who: interval(values.lane_values(who, design, "profit")) for who in parties.members}
    known = {who: (middle, low, high) for who, (middle, low, high) in found.items() if middle is not None}
    names = [label(parties.name(who)) for who in known]
    places = [middle for middle, _, _ in known.values()]
    reach = {
        "array": [(middle if high is None else high) - middle for middle, _, high in known.values()],
        "arrayminus": [middle - (middle if low is None else low) for middle, low, _ in known.values()],
    }
    bounds = [show_interval(low, high, "usd") for _, low, high in known.values()]
    texts = [show(middle, "usd") for middle in places]
    figure.add_scatter(
        y=names, x=places, mode="markers", name="profit", showlegend=False,
        marker={"symbol": "diamond", "size": 9, "color": INK, "line": {"color": "white", "width": 1}},
        error_x=reach | {"type": "data", "thickness": 2, "width": 6 if any(bounds) else 0, "color": INK},
        customdata=[f"{text} {bound}" for text, bound in zip(texts, bounds, strict=True)],
        hovertemplate="profit %{customdata}<extra>%{y}</extra>", **place,
    )  # fmt: skip
    ends = [
        max(middle, high or middle, _middle(values, who, design, "earned")) for who, (middle, _, high) in known.items()
    ]
    figure.add_scatter(
        y=names, x=ends, mode="text", text=[f"  {text}" for text in texts], textposition="middle right",
        textfont={"size": 12}, cliponaxis=False, showlegend=False, hoverinfo="skip", **place,
    )  # fmt: skip


def _limits(values: PartyValues, parties: Parties, designs: Sequence[str]) -> tuple[float, float, bool]:
    """Return the ends of the longest bars and intervals, and whether all intervals lie in between."""
    cells = [(who, design) for who in parties.members for design in designs]
    found = [interval(values.lane_values(*cell, "profit")) for cell in cells]
    middle = [bound.median or 0.0 for bound in found]
    low = min(*middle, -max(sum(_middle(values, *cell, what) for what, *_ in OUTGOINGS) for cell in cells))
    high = max(*middle, *(_middle(values, *cell, "earned") for cell in cells), 1e-9)
    beyond = REACH * (high - low)
    lowest, highest = (
        min(low, *(bound.low or 0.0 for bound in found)),
        max(high, *(bound.high or 0.0 for bound in found)),
    )
    ends = max(lowest, low - beyond), min(highest, high + beyond)
    return *ends, ends == (lowest, highest)


def _visible(values: PartyValues, parties: Parties, designs: Sequence[str]) -> list[str]:
    """Return which outgoings are large enough to be seen as bars."""
    largest = {
        what: max(_middle(values, who, design, what) for who in parties.members for design in designs)
        for what in ("earned", *(what for what, *_ in OUTGOINGS))
    }
    return [what for what, *_ in OUTGOINGS if largest[what] > 0.004 * max(largest.values())]


def _middle(values: PartyValues, who: Party, design: str, column: str) -> float:
    return interval(values.lane_values(who, design, column)).median or 0.0


def _held(rows: pl.DataFrame, accounts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return epoch numbers, and the mean over seeds of what the accounts hold, in tokens."""
    there = [f"held_{name}" for name in accounts if f"held_{name}" in rows.columns]
    if not there:
        return rows["epoch"].unique().sort().to_numpy(), np.zeros(rows["epoch"].n_unique())
    summed = rows.with_columns(held=pl.sum_horizontal(pl.col(there).cast(pl.Float64)))
    numbers, values = by_seed(summed, "held")
    held = np.nanmean(values, axis=0) / 1e9
    return numbers, held - held.min() if "pool" in accounts else held  # its own reserve would dwarf all else
