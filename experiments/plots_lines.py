"""A line over epochs: the median over seeds, and the band around it."""

from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from experiments.plots_style import BAND, Note, label, rgba

__all__ = ["Stroke", "add_band", "add_line", "by_seed"]

FEW = 4  # designs; the bands of more would hide each other


class Stroke(NamedTuple):
    """How a line looks, how opaque its band is, and what the legend calls it."""

    name: str
    colour: str
    dash: str = "solid"
    band: float = 0.16


def add_line(
    figure: go.Figure, x: NDArray[Any], values: NDArray[np.float64], design: str, note: Note, row: int, col: int,
    show_legend: bool, hover: str = ".3~g", mode: str = "lines",
) -> None:  # fmt: skip
    """Draw one design's median over seeds with its band into a panel: see `add_band`."""
    stroke = Stroke(design, note.colour(design), note.dash(design), band=0.16 if len(note.designs) <= FEW else 0.07)
    add_band(figure, x, values, stroke, row, col, show_legend, hover, mode)


def add_band(
    figure: go.Figure, x: NDArray[Any], values: NDArray[np.float64], stroke: Stroke, row: int, col: int,
    show_legend: bool, hover: str = ".3~g", mode: str = "lines",
) -> None:  # fmt: skip
    """Draw a median over seeds with its band into a panel.

    Args:
        figure: made with `make_subplots`.
        x: [epochs] or any horizontal positions.
        values: [seeds, epochs]; NaN where a seed has no value.
        stroke: colour, dash and name; lines of one name are shown and hidden together.
        row: the panel's row, from 1.
        col: the panel's column, from 1.
        show_legend: whether this is the panel that explains the colour.
        hover: d3 format of the value under the pointer.
        mode: plotly's `lines`, `markers` or `lines+markers`.
    """
    seen = np.isfinite(values).any(axis=0)
    if not seen.any():
        return
    x, values = x[seen], values[:, seen]
    low, middle, high = np.nanpercentile(values, [BAND[0], 50, BAND[1]], axis=0).astype(np.float32)
    place = {"row": row, "col": col, "legendgroup": stroke.name}
    if len(values) > 1 and len(x) > 1:
        edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
        figure.add_scatter(x=x, y=low, **edge, **place)
        figure.add_scatter(x=x, y=high, fill="tonexty", fillcolor=rgba(stroke.colour, stroke.band), **edge, **place)
    figure.add_scatter(
        x=x, y=middle, mode=mode if len(x) > 1 else "markers", name=label(stroke.name), showlegend=show_legend,
        line={"color": stroke.colour, "width": 2, "dash": stroke.dash},
        marker={"size": 6, "color": stroke.colour},
        hovertemplate=f"%{{y:{hover}}}<extra>{label(stroke.name)}</extra>", **place,
    )  # fmt: skip


def by_seed(epochs: pl.DataFrame, metric: str) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return epoch numbers, and one design's metric [seeds, epochs]."""
    numbers, seeds = epochs["epoch"].unique().sort().to_numpy(), epochs["seed"].unique().sort().to_numpy()
    values = np.full((len(seeds), len(numbers)), np.nan)
    where = np.searchsorted(seeds, epochs["seed"].to_numpy()), np.searchsorted(numbers, epochs["epoch"].to_numpy())
    values[where] = epochs[metric].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return numbers, values
