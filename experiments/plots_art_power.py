"""Who decides which work is minted: parties that do not simply vote for what they like, and what they hold."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.metric_labels import show, show_interval
from experiments.plots_art import designs_axis
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, facets, finish, label
from experiments.statistics import Interval, interval

__all__ = ["who_decides"]

BARS = (("won_share", "its wish was minted", 0.95, 0.19), ("pivotal_share", "its votes decided", 0.45, -0.19))
MARKS = (
    ("points_share", "its share of points", "diamond", 10),
    ("stake_share", "its share of stake", "circle-open", 14),
)
MAX_PANELS = 6


def who_decides(values: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show in how many voted rounds each attacker's wish was minted, beside what it holds, a panel per party.

    Args:
        values: see `art_values.party_lanes`, at one sweep point; only attackers.
        parties: of the run.
        note: the report's note.
    """
    attackers = [party for party in parties.members if party.adversary][:MAX_PANELS]
    rows, cols = facets(len(attackers), most=3)
    panel = 50 + 44 * max(len(note.designs), 2)
    height = panel * rows
    figure = make_subplots(
        rows, cols, shared_yaxes=True, horizontal_spacing=0.03, vertical_spacing=80 / height if rows > 1 else 0,
        subplot_titles=[f"<b>{label(party.name)}</b>" for party in attackers],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position, party in enumerate(attackers):
        place = position // cols + 1, position % cols + 1
        mine = values.filter(pl.col("party") == party.name)
        _add_bars(figure, mine, parties.colour(party), note, place)
        _add_marks(figure, mine, note, place)
    _add_legend(figure)
    figure.update_xaxes(axis("", tickformat=".0%", range=[0, 1.05]))
    figure.update_xaxes(title={"text": "Voted rounds, or share of points and stake (%)"}, row=rows)
    figure.update_yaxes(designs_axis(note))
    figure.update_layout(barmode="overlay")
    what = "decided: without its votes another work had won; median over seeds"
    what += ", bar: 95 % interval" if note.num_seeds > 1 else ""
    return finish(figure, note, "Who decides which work is minted?", what, height)


def _add_bars(figure: go.Figure, values: pl.DataFrame, colour: str, note: Note, place: tuple[int, int]) -> None:
    for column, name, opacity, offset in BARS:
        found = _by_design(values, column, note)
        middle = [value.median or 0.0 for value in found.values()]
        high = [(v.high or 0.0) - m if v.high is not None else 0.0 for v, m in zip(found.values(), middle, strict=True)]
        low = [m - v.low if v.low is not None else 0.0 for v, m in zip(found.values(), middle, strict=True)]
        several = any(value.low is not None for value in found.values())
        said = [f"{show(v.median, 'share')} {show_interval(v.low, v.high, 'share')}" for v in found.values()]
        figure.add_bar(
            x=middle, y=[label(design) for design in found], orientation="h", width=0.34, offset=offset - 0.17,
            marker={"color": colour, "opacity": opacity, "line": {"width": 0}}, showlegend=False, customdata=said,
            error_x={"type": "data", "array": high, "arrayminus": low, "thickness": 1.5,
                     "width": 4 if several else 0, "color": INK},
            hovertemplate=f"{name}: %{{customdata}}<extra>%{{y}}</extra>", row=place[0], col=place[1],
        )  # fmt: skip


def _add_marks(figure: go.Figure, values: pl.DataFrame, note: Note, place: tuple[int, int]) -> None:
    for column, name, symbol, size in MARKS:
        found = _by_design(values, column, note)
        figure.add_scatter(
            x=[value.median for value in found.values()], y=[label(design) for design in found], mode="markers",
            marker={"symbol": symbol, "size": size, "color": INK, "line": {"width": 2, "color": INK}}, showlegend=False,
            hovertemplate=f"{name}: %{{x:.1%}}<extra>%{{y}}</extra>", row=place[0], col=place[1],
        )  # fmt: skip


def _add_legend(figure: go.Figure) -> None:
    """Explain bars and marks once, in the colour of the first attackers."""
    for _, name, opacity, _ in BARS:
        mark = {"symbol": "square", "size": 13, "color": "#D55E00", "opacity": opacity}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=mark, showlegend=True)
    for _, name, symbol, size in MARKS:
        mark = {"symbol": symbol, "size": size, "color": INK, "line": {"width": 2, "color": INK}}
        figure.add_scatter(x=[None], y=[None], mode="markers", name=name, marker=mark, showlegend=True)


def _by_design(values: pl.DataFrame, column: str, note: Note) -> dict[str, Interval]:
    """Return the median of a column and its interval, by design."""
    found = {}
    for design in note.designs:
        mine = values.filter(pl.col("design") == design)[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        if np.isfinite(mine).any():
            found[design] = interval(mine)
    return found
