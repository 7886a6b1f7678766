"""Retention: how useful must the honest side be to keep the emission its stake stands for?

The Bittensor documentation argues with this plane: a cabal gives itself `cabal_self_weight` of its weight, the honest
side produces `honest_utility`, and the contour where the honest emission share equals the honest stake share separates
the protected region (above) from the one where the cabal gains.
"""

from math import prod
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.colors import sample_colorscale
from plotly.subplots import make_subplots

from experiments.metric_labels import place_text
from experiments.plots_style import Note, axis, facets, finish, label

__all__ = ["RETENTION_PARAMETERS", "needed_utility", "retention_map", "sweeps_retention"]

STAKE, UTILITY, SELF_WEIGHT = "actions.honest_stake", "actions.honest_utility", "actions.cabal_self_weight"
RETENTION_PARAMETERS = (STAKE, UTILITY, SELF_WEIGHT)
EMISSION = "honest_emission_share"
MAX_PANELS = 15
# Equality reached up to single-precision rounding counts as reached.
ROUNDING = 1e-6


def sweeps_retention(frame: pl.DataFrame) -> bool:
    """Say whether a table spans a full grid over all three parameters of a retention map."""
    swept = [name for name in frame.columns if "." in name]
    if not set(RETENTION_PARAMETERS) <= set(swept):
        return False
    return frame.select(swept).n_unique() == prod(frame[name].n_unique() for name in swept)


def needed_utility(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the honest utility needed against the worst cabal of the grid.

    The smallest honest utility from which on `honest_emission_share >= honest_stake`, linearly interpolated between
    grid points, and then the largest of these over all cabal self-weights. A cabal that gives nothing away is not
    always the worst: with little noise, one that votes almost as the honest side does loses less. Null where some
    self-weight beats every utility of the grid.

    Args:
        frame: lane values or rows of the epochs table with the three parameters; several seeds count by their median.

    Returns:
        Columns `design`, any further swept parameter, `actions.honest_stake`, `needed_utility` and `worst_self_weight`,
        sorted, designs in the order of `frame`.
    """
    boundary = _boundary(frame)
    keys = [name for name in boundary.columns if name not in (SELF_WEIGHT, "needed_utility")]
    worst_first = boundary.with_columns(rank=pl.col("needed_utility").fill_null(np.inf))
    worst_first = worst_first.sort("rank", descending=True, maintain_order=True)
    worst = worst_first.unique(keys, keep="first").rename({SELF_WEIGHT: "worst_self_weight"})
    return (
        boundary.select(keys)
        .unique(maintain_order=True)
        .join(worst, keys, how="left", maintain_order="left")
        .select(*keys, "needed_utility", "worst_self_weight")
    )


def retention_map(frame: pl.DataFrame, note: Note) -> go.Figure:
    """Show the honest utility needed over the cabal's self-weight: a line per honest stake, a panel per design.

    Args:
        frame: as for `needed_utility`. A further swept parameter makes one row of panels per value.
        note: the report's note.
    """
    boundary = _boundary(frame)
    panels = boundary.select(*_further(boundary), "design").unique(maintain_order=True).rows(named=True)
    # A cabal without stake has nothing to defend against, so the line of 100 % honest stake would say nothing.
    boundary = boundary.filter(pl.col(STAKE) < 1)
    panels = sorted(panels, key=lambda panel: (list(panel.values())[:-1], note.designs.index(panel["design"])))[
        :MAX_PANELS
    ]
    places = len({tuple(panel.values())[:-1] for panel in panels})
    ragged = len(panels) != places * len(note.designs)
    rows, cols = facets(len(panels), most=3) if ragged or places == 1 else (places, len(note.designs))
    titles = [label(_panel_title(**panel)) for panel in panels]
    figure = make_subplots(
        rows,
        cols,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.05,
        vertical_spacing=0.2 / rows,
        subplot_titles=titles,
    )
    figure.update_annotations(font={"size": 13})
    stakes = boundary[STAKE].unique().sort().to_list()
    for position, panel in enumerate(panels):
        chosen = boundary.filter(pl.col(name) == value for name, value in panel.items())
        _draw_lines(figure, chosen, stakes, position // cols + 1, position % cols + 1, first=position == 0)
    grid = frame.select(
        low=pl.col(UTILITY).min(),
        high=pl.col(UTILITY).max(),
        left=pl.col(SELF_WEIGHT).min(),
        right=pl.col(SELF_WEIGHT).max(),
    )
    low, high, left, right = grid.row(0)
    figure.update_xaxes(axis("", tickformat=".0%", range=[left, right]))
    figure.update_yaxes(axis("", tickformat=".0%", range=[low, high + 0.005]))
    for position in range(max(len(panels) - cols, 0), len(panels)):  # nothing below these
        place = {"row": position // cols + 1, "col": position % cols + 1}
        figure.update_xaxes(title={"text": "Cabal self-weight (%)"}, showticklabels=True, **place)
    figure.update_yaxes(title={"text": "Honest utility (%)"}, col=1)
    what = "on a line the honest share of emission equals the honest share of stake; above it honest stake is protected"
    figure = finish(figure, note, "How useful must the honest side be to keep its share?", what, 360 * rows)
    return figure.update_layout(legend_title={"text": "Honest stake  ", "font": {"size": 13}})


def _panel_title(design: str, **place: Any) -> str:
    return ", ".join(filter(None, (design, place_text(place))))


def _draw_lines(figure: go.Figure, chosen: pl.DataFrame, stakes: list[float], row: int, col: int, first: bool) -> None:
    """Draw one boundary per honest stake; stakes the cabal always beats have none."""
    colours = sample_colorscale("Viridis", np.linspace(0, 0.92, len(stakes)).tolist() if len(stakes) > 1 else [0.4])
    for stake, colour in zip(stakes, colours, strict=True):
        line = chosen.filter(pl.col(STAKE) == stake)
        name = f"{stake:.3g}" if stake > 1 else f"{100 * stake:.3g} %"
        figure.add_scatter(
            x=line[SELF_WEIGHT].to_numpy().astype(np.float32), y=line["needed_utility"].to_numpy().astype(np.float32),
            mode="lines", line={"color": colour, "width": 2}, name=name, legendgroup=name, showlegend=first,
            hovertemplate=f"honest stake {name}: needs %{{y:.1%}} at self-weight %{{x:.0%}}<extra></extra>", row=row,
            col=col,
        )  # fmt: skip


def _boundary(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the needed utility per design, further parameters, honest stake and cabal self-weight."""
    order = {name: position for position, name in enumerate(frame["design"].unique(maintain_order=True))}
    keys = ["design", *_further(frame), STAKE, SELF_WEIGHT]
    columns = [*keys, UTILITY, "seed", EMISSION]
    ranked = pl.col("design").replace_strict(order, return_dtype=pl.Int32)
    table = frame.select(columns).sort(ranked, *keys[1:], UTILITY, "seed")
    # A grid: every key has the same utilities, every utility the same seeds.
    utilities, seeds = table[UTILITY].unique().sort().to_numpy(), table["seed"].n_unique()
    cells = table.unique(keys, keep="first", maintain_order=True).select(keys)
    if len(table) != len(cells) * len(utilities) * seeds:
        raise ValueError(f"the sweep is not a full grid over {', '.join(RETENTION_PARAMETERS)}: {len(table)} rows")
    emission = np.median(table[EMISSION].to_numpy().reshape(len(cells), len(utilities), seeds), axis=2)
    excess = emission - cells[STAKE].to_numpy()[:, None]
    return cells.with_columns(needed_utility=pl.Series(_last_crossing(utilities, excess), nan_to_null=True))


def _last_crossing(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each row [rows, n] the x from which on y stays at or above 0, NaN where it ends below."""
    short = y < -ROUNDING
    after = y.shape[1] - short[:, ::-1].argmax(axis=1)  # one past the last that falls short
    after = np.where(short.any(axis=1), after, 0)
    at, before = np.minimum(after, y.shape[1] - 1), np.maximum(after - 1, 0)
    row = np.arange(len(y))
    rise = y[row, at] - y[row, before]
    part = np.divide(-y[row, before], rise, out=np.zeros(len(y)), where=rise > 0).clip(0, 1)
    crossing = np.where(after > 0, x[before] + part * (x[at] - x[before]), x[0])
    return np.where(after < y.shape[1], crossing, np.nan)


def _further(frame: pl.DataFrame) -> list[str]:
    """Return the swept parameters beyond the three: the dotted columns."""
    return [name for name in frame.columns if "." in name and name not in RETENTION_PARAMETERS]
