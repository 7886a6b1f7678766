"""Tournaments over time: how good the meta model is, and how much of a stake counts."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.plots_lines import FEW, Stroke, add_band, by_seed
from experiments.plots_style import FAINT, INK, Note, axis, finish
from experiments.report_wording import named
from experiments.tournament_values import Values, alike, rolling_sum, rounds_averaged

__all__ = ["add_alike", "meta_model_over_time", "payout_factor_over_time"]

MOST_NAMED = 3  # designs that share a line


def meta_model_over_time(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show the CORR of the meta model, with that of the median model, and the share of models it beats.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    titles = ["CORR of the meta model", "share of models that it beats"]
    figure = make_subplots(1, 2, horizontal_spacing=0.09, column_widths=[0.62, 0.38], subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    numbers = epochs["epoch"].unique().sort().to_numpy()
    count = rounds_averaged(numbers)
    middle = _over_designs(epochs, "models_median_corr", note, count)
    for first, designs in alike(middle).items():
        shared = len(designs) == len(middle)
        stroke = Stroke("median model", FAINT if shared else note.colour(first), "dot", band=0)
        _add_thin(figure, numbers, middle[first], stroke, show_legend=shared)
    for col, metric in enumerate(("meta_model_corr", "meta_model_percentile"), 1):
        add_alike(figure, numbers, _over_designs(epochs, metric, note, count), note, col)
    figure.add_hline(y=0, line={"color": INK, "width": 1}, row=1, col=1)
    figure.add_hline(y=0.5, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=2)
    figure.update_xaxes(axis("Round (epoch)"))
    figure.update_yaxes(axis("CORR (correlation, −1 to 1)", tickformat=".3~g"), col=1)
    figure.update_yaxes(axis("Models (%)", tickformat=".0%"), col=2)
    what = f"{_last(count, numbers)}; {note.lines()}; dotted: the median model"
    return finish(figure, note, "How good is the model that all together make?", what, 340)


def payout_factor_over_time(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show the payout factor and all that is at risk, in the rounds that pay.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    titles = ["payout factor", "stake at risk, everybody’s"]
    figure = make_subplots(1, 2, horizontal_spacing=0.1, subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    # Where nothing is at risk a round does not pay, and its factor is that of no stake.
    paying = epochs.filter(pl.col("at_risk") > 0).with_columns(pl.col("at_risk") / 1e9)
    for col, metric in enumerate(("payout_factor", "at_risk"), 1):
        for designs, x, values in _each(paying, metric, note):
            add_band(figure, x, values, _stroke(designs, note, len(note.designs)), 1, col, show_legend=col == 1)
    figure.update_xaxes(axis("Round (epoch)"))
    figure.update_yaxes(axis("Payout factor (0–1)", tickformat=".3~f", rangemode="tozero"), col=1)
    figure.update_yaxes(axis("Tokens", tickformat=".3~s", rangemode="tozero"), col=2)
    what = f"rounds that pay, at their close; 1 = a score counts in full; {note.lines()}"
    return finish(figure, note, "How much does the tournament pay per unit of score?", what, 320)


def add_alike(figure: go.Figure, numbers: NDArray[Any], found: dict[str, Values], note: Note, col: int) -> None:
    """Draw a line per design [seeds, epochs], and only one for designs that do not differ.

    Args:
        figure: with a row of panels.
        numbers: [epochs].
        found: by design.
        note: the report's note.
        col: the panel's column; the first explains the colours.
    """
    for designs in alike(found).values():
        add_band(figure, numbers, found[designs[0]], _stroke(designs, note, len(found)), 1, col, col == 1)


def _each(epochs: pl.DataFrame, metric: str, note: Note) -> list[tuple[list[str], NDArray[Any], Values]]:
    """Return the designs that share values, their rounds, and the values [seeds, rounds]."""
    found = {d: by_seed(rows, metric) for d in note.designs if len(rows := epochs.filter(pl.col("design") == d))}
    both = {design: np.vstack([numbers, values]) for design, (numbers, values) in found.items()}
    return [(designs, *found[first]) for first, designs in alike(both).items()]


def _over_designs(epochs: pl.DataFrame, metric: str, note: Note, count: int) -> dict[str, Values]:
    """Return by design the mean of a metric over the last `count` records [seeds, epochs], where it has any."""
    found = {}
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design)
        values = by_seed(rows, metric)[1] if len(rows) else np.zeros((0, 0))
        if np.isfinite(values).any():
            known = rolling_sum(np.isfinite(values).astype(float), count)
            total = rolling_sum(values, count)
            found[design] = np.divide(total, known, out=np.full(total.shape, np.nan), where=known > 0)
    return found


def _add_thin(figure: go.Figure, numbers: NDArray[Any], values: Values, stroke: Stroke, show_legend: bool) -> None:
    """Draw the median over seeds as a thin line without a band."""
    seen = np.isfinite(values).any(axis=0)
    figure.add_scatter(
        x=numbers[seen], y=np.nanmedian(values[:, seen], axis=0).astype(np.float32), mode="lines", name=stroke.name,
        legendgroup=stroke.name, showlegend=show_legend, line={"color": stroke.colour, "width": 1.2, "dash": "dot"},
        hovertemplate=f"%{{y:.3~g}}<extra>{stroke.name}</extra>", row=1, col=1,
    )  # fmt: skip


def _stroke(designs: list[str], note: Note, known: int) -> Stroke:
    """Return how the line of designs that do not differ looks."""
    first = designs[0]
    name = named(designs) if len(designs) <= MOST_NAMED else f"{first} and {len(designs) - 1} others"
    name = "every design" if 1 < known == len(designs) else name
    return Stroke(name, note.colour(first), note.dash(first), band=0.16 if known <= FEW else 0.07)


def _last(count: int, numbers: NDArray[Any]) -> str:
    """Say over which rounds a line runs."""
    rounds = count * int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1
    return f"mean over the last {rounds} rounds" if rounds > 1 else "single rounds"
