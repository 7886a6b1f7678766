"""What the tokens buy: the quality of the work that is paid for, and whether pay follows quality."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.metric_labels import metric_label
from experiments.plots_lines import add_line, by_seed
from experiments.plots_style import INK, Note, axis, finish

__all__ = ["paid_quality", "quality_per_token"]


def quality_per_token(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show how good the models are that pay goes to, by tokens issued, and whether pay follows quality.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    metric = paid_quality(epochs)
    titles = ["quality of the models that are paid", "rank correlation of pay with true quality"]
    figure = make_subplots(1, 2, horizontal_spacing=0.1, subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design)
        if not len(rows):
            continue
        numbers, values = by_seed(rows, metric)
        issued = np.nanmedian(-by_seed(rows, "held_mint")[1], axis=0) / 1e9
        add_line(figure, issued, values, design, note, 1, 1, show_legend=True, hover=metric_label(metric).ticks)
        follows = by_seed(rows, "quality_correlation")[1]
        add_line(figure, numbers, follows, design, note, 1, 2, show_legend=False, hover=".3f")
    look = metric_label(metric)
    figure.update_yaxes(axis(look.axis, tickformat=look.ticks), col=1)
    figure.update_yaxes(axis("Rank correlation (−1 to 1)", tickformat=".2~f"), col=2)
    figure.update_xaxes(axis("Tokens issued so far", tickformat=".3~s", rangemode="tozero"), col=1)
    figure.update_xaxes(axis("Epoch"), col=2)
    _mark_edges(figure, epochs)
    what = f"left: mean over miners, weighted by pay; right: 1 = pay in the order of quality; {note.lines()}"
    return finish(figure, note, "What do the tokens buy?", what, 340)


def paid_quality(epochs: pl.DataFrame) -> str:
    """Return the column that says how good the models are that pay goes to: accuracy where there is any.

    Where models predict an order, that is the CORR of their mean, weighted by stake or pay.
    """
    if "meta_model_corr" in epochs.columns and epochs["meta_model_corr"].cast(pl.Float64).is_finite().any():
        return "meta_model_corr"
    known = "accuracy_paid" in epochs.columns and epochs["accuracy_paid"].cast(pl.Float64).is_finite().any()
    return "accuracy_paid" if known else "skill_paid"


def _mark_edges(figure: go.Figure, epochs: pl.DataFrame) -> None:
    """Draw the line at no correlation where it is in view."""
    if (epochs["quality_correlation"].cast(pl.Float64).fill_nan(None) < 0).any():
        figure.add_hline(y=0, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=2)
