"""How good the works are that votes choose: against the pool, and round by round."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.metric_labels import metric_label
from experiments.plots_art import OWN_CHOICE, ROUND, add_intervals, designs_axis, row_height
from experiments.plots_lines import Stroke, add_band, by_seed
from experiments.plots_panels import some_designs
from experiments.plots_style import INK, Note, axis, facets, finish, label

__all__ = ["best_art", "quality_of_art"]

MAX_PANELS = 12
TITLES = {
    "quality_percentile": "How much of the pool does it beat?",
    "quality": "How good is it?",
    "vote_agreement": "Do votes follow quality?",
}
AXES = {
    "quality_percentile": "works to choose from that are worse (%)",
    "quality": "true quality (std. dev. of first works)",
    "vote_agreement": "correlation of votes and quality",
}
CHANCE = {"quality_percentile": 0.5, "quality": 0.0, "vote_agreement": 0.0}  # of a work drawn by lot
BEST, MEAN = Stroke("best of the pool", "#6B6B6B", "dot", 0), Stroke("average of the pool", "#A9A9A9", "dash", 0)


def best_art(lanes: pl.DataFrame, note: Note) -> go.Figure:
    """Show by design which part of the pool the winners of votes beat, how good they are, how votes follow quality.

    Args:
        lanes: lane values at one sweep point.
        note: the report's note.
    """
    metrics = [name for name in ("quality_percentile", "quality", "vote_agreement") if name in lanes.columns]
    titles = [TITLES[name] for name in metrics]
    figure = make_subplots(1, len(metrics), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    for col, metric in enumerate(metrics, 1):
        add_intervals(figure, lanes, metric, note, 1, col)
        figure.update_xaxes(axis(AXES[metric], tickformat=metric_label(metric).ticks), col=col)
        figure.add_vline(x=CHANCE[metric], line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=col)
    figure.update_yaxes(designs_axis(note))
    figure.update_xaxes(tickformat=".0%", range=[-0.03, 1.06], col=1)
    what = "works that won a vote; diamond: median over seeds"
    what += ", bar: its 95 % interval, dots: seeds" if note.num_seeds > 1 else ""
    what += "; dotted: a work drawn by lot from the first pool"
    return finish(figure, note, "Which vote finds the best art?", what, row_height(note), legend=False)


def quality_of_art(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show the true quality of minted works by round, with the pool's best and mean, a panel per design.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(epochs["design"]), MAX_PANELS)
    rows, cols = facets(len(shown))
    panel = 250 if rows < 3 else 200
    height = panel * rows
    figure = make_subplots(
        rows, cols, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.025,
        vertical_spacing=52 / height if rows > 1 else 0, subplot_titles=[label(design) for design in shown],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position, design in enumerate(shown):
        place = position // cols + 1, position % cols + 1
        mine = epochs.filter(pl.col("design") == design)
        for metric, stroke in (("quality_best", BEST), ("quality_mean", MEAN)):
            x, values = by_seed(mine, metric)
            add_band(figure, x + 1, values, stroke, *place, show_legend=position == 0)
        _winners(figure, mine, design, note, place, legend=position == 0)
    figure.update_xaxes(axis("", showticklabels=True))
    figure.update_xaxes(title={"text": ROUND}, row=rows)
    figure.update_yaxes(axis(""))
    figure.update_yaxes(title={"text": "True quality (std. dev.)"}, col=1)
    what = f"0 = an average first work; {note.lines()}{cut}"
    return finish(figure, note, "How good are the works that are minted?", what, height)


def _winners(
    figure: go.Figure, epochs: pl.DataFrame, design: str, note: Note, place: tuple[int, int], legend: bool
) -> None:
    """Draw the works chosen by vote as a line and those chosen by the artist as dots."""
    x, values = by_seed(epochs, "quality")
    own = by_seed(epochs, "own_choice")[1] > 0
    voted = np.where(own, np.nan, values)
    add_band(figure, x + 1, voted, Stroke(design, note.colour(design), "solid"), *place, False, mode="lines+markers")
    alone = _medians(np.where(own, values, np.nan))
    known = np.isfinite(alone)
    if known.any():
        figure.add_scatter(
            x=x[known] + 1, y=alone[known], mode="markers", name="chosen by the artist, no vote", showlegend=legend,
            legendgroup="own", marker={"symbol": "diamond-open", "size": 9, "color": OWN_CHOICE, "line": {"width": 2}},
            hovertemplate="%{y:.3~g}<extra>chosen by the artist</extra>", row=place[0], col=place[1],
        )  # fmt: skip
    if legend:
        figure.add_scatter(
            x=[None], y=[None], mode="lines+markers", name="minted by vote", line={"color": INK, "width": 2},
            row=place[0], col=place[1],
        )  # fmt: skip


def _medians(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median of each column [rows, columns], NaN where there is none."""
    seen = np.isfinite(values).any(axis=0)
    out = np.full(values.shape[1], np.nan)
    out[seen] = np.nanmedian(values[:, seen], axis=0)
    return out
