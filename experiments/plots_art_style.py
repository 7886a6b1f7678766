"""How style drifts: how far the pool moves, how wide it stays, how alike the minted works are."""

import base64

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.plots_art import ROUND, add_designs, add_intervals, designs_axis, row_height
from experiments.plots_panels import some_designs
from experiments.plots_style import INK, Note, axis, facets, finish, label

__all__ = ["style_map", "style_over_time"]

MAX_PANELS = 12
_GRID = 7  # places across a map of which each shows at most one picture
_EDGE = 0.06  # of the span of works: how far the map reaches beyond them
_LEAST = 0.5  # standard deviations, if they are all alike


def style_over_time(epochs: pl.DataFrame, lanes: pl.DataFrame, note: Note) -> go.Figure:
    """Show how far the pool's style is from the start, how varied the pool is, and how varied what is minted is.

    Args:
        epochs: the epochs table at one sweep point.
        lanes: lane values at that point.
        note: the report's note.
    """
    titles = ["distance from the first style", "spread of the pool", "diversity of minted works"]
    figure = make_subplots(1, 3, horizontal_spacing=0.085, subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    add_designs(figure, epochs, "style_distance", note, (1, 1), legend=True)
    add_designs(figure, epochs, "spread", note, (1, 2), legend=False)
    figure.add_hline(y=1, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=2)
    if "diversity" in lanes.columns:
        add_intervals(figure, lanes, "diversity", note, 1, 3)
    figure.update_xaxes(axis(ROUND), col=1)
    figure.update_xaxes(axis(ROUND), col=2)
    figure.update_xaxes(axis("mean distance of two works (std. dev.)"), col=3)
    figure.update_yaxes(axis("Distance (std. dev.)", rangemode="tozero"), col=1)
    figure.update_yaxes(axis("Variance (1 = as at first)", rangemode="tozero"), col=2)
    figure.update_yaxes(designs_axis(note), col=3)
    several = ", bar: 95 % interval" if note.num_seeds > 1 else ""
    what = f"left: {note.lines()}; right: diamond: median over seeds{several}"
    return finish(figure, note, "How does style drift?", what, max(300, row_height(note)))


def style_map(works: pl.DataFrame, note: Note) -> go.Figure | None:
    """Show where minted works lie in the two directions in which they differ most, a panel per design.

    One more panel shows pictures where they lie. None where there are too few works or no pictures.

    Args:
        works: the works table at one sweep point; seeds without pictures are left out, since tastes differ by seed.
        note: the report's note.
    """
    drawn = works.filter(pl.col("picture").is_not_null())
    works = works.filter(pl.col("seed").is_in(drawn["seed"].unique().to_list()))
    if len(works) < 3:
        return None
    places, told = _plane(np.array(works["features"].to_list(), np.float64))
    shown, cut = some_designs(note.designs, set(works["design"]), MAX_PANELS - 1)
    rows, cols = facets(len(shown) + 1, most=3)
    height = 330 * rows
    figure = make_subplots(
        rows, cols, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.03,
        vertical_spacing=50 / height if rows > 1 else 0,
        subplot_titles=["how works look there", *(label(design) for design in shown)],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    low, high = places.min(axis=0), places.max(axis=0)
    edge = np.maximum(_EDGE * (high - low), _LEAST)
    low, high = low - edge, high + edge
    _add_pictures(figure, works, places, low, high)
    for position, design in enumerate(shown, 1):
        _add_works(figure, works, places, design, (position // cols + 1, position % cols + 1))
    figure.update_xaxes(axis("", range=[low[0], high[0]], showticklabels=False, ticks="", showgrid=False))
    figure.update_yaxes(axis("", range=[low[1], high[1]], showticklabels=False, ticks="", showgrid=False))
    bar = {"title": {"text": ROUND, "side": "right"}, "thickness": 14, "outlinewidth": 0,
           "lenmode": "pixels", "len": 260, "y": 1, "yanchor": "top"}  # fmt: skip
    figure.update_layout(coloraxis={"colorscale": "Cividis_r", "colorbar": bar})
    seeds = ", ".join(map(str, works["seed"].unique().sort().to_list()))
    what = f"seed {seeds}; minted works in the two directions that hold {100 * told:.0f} % of their differences{cut}"
    return finish(figure, note, "Which looks win, and do they wander?", what, height, legend=False)


def _plane(features: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Return works [n, 2] in the plane of their first two principal components, and its share of the variance."""
    centred = features - features.mean(axis=0)
    _, sizes, directions = np.linalg.svd(centred, full_matrices=False)
    # The sign of a direction is arbitrary: its largest entry is positive.
    first = directions[:2]
    first = first * np.sign(first[np.arange(2), np.abs(first).argmax(axis=1)])[:, None]
    total = float((sizes**2).sum())
    return centred @ first.T, float((sizes[:2] ** 2).sum()) / total if total > 0 else 1.0


def _add_pictures(
    figure: go.Figure, works: pl.DataFrame, places: NDArray[np.float64], low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> None:  # fmt: skip
    """Put pictures into the first panel, at most one in each place of a grid: the one nearest to its centre."""
    step = (high - low) / _GRID
    taken: dict[tuple[int, ...], tuple[float, int]] = {}
    for number in np.flatnonzero(works["picture"].is_not_null().to_numpy()).tolist():
        cell = np.clip(((places[number] - low) // step).astype(int), 0, _GRID - 1)
        away = float((((places[number] - low) / step - cell - 0.5) ** 2).sum())
        key = tuple(int(x) for x in cell)
        if key not in taken or away < taken[key][0]:
            taken[key] = away, number
    pictures = works["picture"]
    for cell_of, (_, drawn) in taken.items():
        x, y = (np.array(cell_of) + 0.5) * step + low
        figure.add_layout_image(
            source="data:image/png;base64," + base64.b64encode(pictures[drawn]).decode("ascii"), xref="x", yref="y",
            x=float(x), y=float(y), sizex=float(step[0]) * 0.96, sizey=float(step[1]) * 0.96, sizing="contain",
            xanchor="center", yanchor="middle", layer="above",
        )  # fmt: skip
    figure.add_scatter(x=[None], y=[None], showlegend=False, row=1, col=1)


def _add_works(
    figure: go.Figure, works: pl.DataFrame, places: NDArray[np.float64], design: str, place: tuple[int, int]
) -> None:
    """Draw everybody's works in grey and the design's own in the colour of their round."""
    mine = (works["design"] == design).to_numpy()
    grey = {"color": "#DDDDDD", "size": 4}
    figure.add_scatter(
        x=places[~mine, 0], y=places[~mine, 1], mode="markers", marker=grey, showlegend=False, hoverinfo="skip",
        row=place[0], col=place[1],
    )  # fmt: skip
    rounds = works["epoch"].to_numpy()[mine] + 1
    figure.add_scatter(
        x=places[mine, 0], y=places[mine, 1], mode="markers", showlegend=False,
        marker={"color": rounds, "coloraxis": "coloraxis", "size": 7, "line": {"width": 0.5, "color": "#FFFFFF"}},
        customdata=rounds, hovertemplate=f"round %{{customdata}}<extra>{label(design)}</extra>",
        row=place[0], col=place[1],
    )  # fmt: skip
