"""What figures of art share: a value per design with its interval, a line per design, the colours of parties."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from experiments.metric_labels import metric_label, show, show_interval
from experiments.party_values import Party
from experiments.plots_lines import FEW, Stroke, add_band, by_seed
from experiments.plots_parties import Parties
from experiments.plots_style import Note, axis, label, rgba
from experiments.statistics import interval

__all__ = ["OWN_CHOICE", "ROUND", "add_designs", "add_intervals", "curator_parties", "designs_axis", "row_height"]

OWN_CHOICE = "#9A9A9A"  # what the artist chose by himself
ROUND = "Round (week)"
_THICK = 2.5
_SEEDS_SHOWN = 24  # dots of single seeds; more of them are a smear


def curator_parties(parties: Sequence[tuple[str, bool]]) -> Parties:
    """Return the parties of curators with their colours: see `art_values.art_parties`."""
    return Parties(tuple(Party(name, "curator", attacker) for name, attacker in parties))


def add_intervals(figure: go.Figure, lanes: pl.DataFrame, metric: str, note: Note, row: int, col: int) -> None:
    """Draw a metric's median over seeds and its 95 % interval into a panel, a row per design, single seeds as dots.

    Args:
        figure: made with `make_subplots`.
        lanes: lane values at one sweep point.
        metric: the column.
        note: the report's note.
        row: the panel's row, from 1.
        col: the panel's column, from 1.
    """
    unit = metric_label(metric).unit
    for design in note.designs:
        values = lanes.filter(pl.col("design") == design)[metric].to_numpy()
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        found, name, colour = interval(values), label(design), note.colour(design)
        middle = found.median or 0.0
        if 1 < len(values) <= _SEEDS_SHOWN:
            figure.add_scatter(
                x=values, y=[name] * len(values), mode="markers", showlegend=False, hoverinfo="skip",
                marker={"color": rgba(colour, 0.3), "size": 6}, row=row, col=col,
            )  # fmt: skip
        reach = {} if found.low is None or found.high is None else {
            "error_x": {"type": "data", "array": [found.high - middle], "arrayminus": [middle - found.low],
                        "thickness": _THICK, "width": 6, "color": colour},
        }  # fmt: skip
        said = f"{show(middle, unit)} {show_interval(found.low, found.high, unit)}".rstrip()
        figure.add_scatter(
            x=[middle], y=[name], mode="markers+text", showlegend=False, text=[f"<b>{show(middle, unit)}</b>"],
            textposition="top center", textfont={"size": 12, "color": colour}, cliponaxis=False,
            marker={"color": colour, "size": 11, "symbol": "diamond"}, row=row, col=col,
            hovertemplate=f"{said}<extra>{name}</extra>", **reach,
        )  # fmt: skip


def designs_axis(note: Note, **options: Any) -> dict[str, Any]:
    """Return an axis with a row per design, the first on top."""
    names = [label(design) for design in note.designs]
    return axis(
        "", type="category", categoryorder="array", categoryarray=names[::-1], ticks="", range=[-0.6, len(names) - 0.3],
        **options,
    )  # fmt: skip


def row_height(note: Note) -> int:
    """Return how high a panel with a row per design is, in pixels."""
    return 60 + 46 * max(len(note.designs), 2)


def add_designs(
    figure: go.Figure, epochs: pl.DataFrame, metric: str, note: Note, place: tuple[int, int], legend: bool
) -> None:
    """Draw a metric's median and band over rounds into a panel, a line per design.

    Args:
        figure: made with `make_subplots`.
        epochs: the epochs table at one sweep point.
        metric: the column.
        note: the report's note.
        place: the panel's row and column, from 1.
        legend: whether this is the panel that explains the colours.
    """
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design)
        if len(rows):
            x, values = by_seed(rows, metric)
            band = 0.16 if len(note.designs) <= FEW else 0.05
            stroke = Stroke(design, note.colour(design), note.dash(design), band)
            add_band(figure, x + 1, values, stroke, *place, show_legend=legend)
