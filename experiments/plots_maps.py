"""Maps of who rates and owns whom: weights and bonds between validators and miners, one panel per design."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.plots_style import Note, axis, facets, finish, label

__all__ = ["bond_map", "weight_map"]

MAX_MINERS, MAX_VALIDATORS = 40, 40
# White where there is nothing, then Cividis: readable without colour vision.
COLOURS = [[0, "#FFFFFF"], [0.001, "#FDEA9B"], [0.25, "#D2BE62"], [0.5, "#7C7B78"], [0.75, "#3B496C"], [1, "#00204D"]]


def weight_map(matrices: pl.DataFrame, note: Note) -> go.Figure:
    """Show what weight each validator gives each miner at the last epoch of each design's first lane."""
    return _map(matrices, "weight", note, "Whom do validators rate?", "weight a validator gives a miner", "Weight (%)")


def bond_map(matrices: pl.DataFrame, note: Note) -> go.Figure:
    """Show how strongly each validator is bonded to each miner; designs without bonds have no panel."""
    kept = matrices.filter(pl.col("bond").is_not_null())
    what = "bond of a validator to a miner, as share of the miner’s bonds"
    shares = kept.with_columns(bond=_share_of_miner(kept))
    return _map(shares, "bond", note, "Who holds the claims on whose pay?", what, "Bond (%)")


def _share_of_miner(matrices: pl.DataFrame) -> pl.Series:
    """Return each bond over the sum of its miner's bonds; rules scale bonds differently, shares compare."""
    miners = matrices.select(pl.struct("design", "miner").rank("dense")).to_series().to_numpy().astype(int)
    bonds = matrices["bond"].to_numpy()
    total = np.bincount(miners, weights=bonds)[miners] if len(bonds) else bonds
    return pl.Series("bond", np.divide(bonds, total, out=np.zeros(len(bonds)), where=total > 0))


def _map(matrices: pl.DataFrame, column: str, note: Note, question: str, what: str, title: str) -> go.Figure:
    designs = [design for design in note.designs if design in set(matrices["design"])]
    validators, rows_cut = _largest(matrices, "validator", column, MAX_VALIDATORS)
    miners, columns_cut = _largest(matrices, "miner", "weight", MAX_MINERS)
    grids = {
        design: _grid(matrices.filter(pl.col("design") == design), column, validators, miners) for design in designs
    }
    top = max((float(grid.max(initial=0)) for grid in grids.values()), default=0) or 1.0
    rows, cols = facets(len(designs), most=2 if len(miners) > 25 else 3)
    height = max(150, 13 * len(validators)) + 45
    figure = make_subplots(
        rows, cols, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.02,
        vertical_spacing=0.3 / rows * 200 / height if rows > 1 else 0,
        subplot_titles=[label(design) for design in designs],
    )  # fmt: skip
    figure.update_annotations(font={"size": 13})
    for position, (_, grid) in enumerate(grids.items()):
        figure.add_heatmap(
            z=np.sqrt(grid).astype(np.float32), x=[label(name) for name in miners.values()],
            y=[label(name) for name in validators.values()], customdata=grid.astype(np.float32), coloraxis="coloraxis",
            xgap=0.5, ygap=0.5, hovertemplate="%{y} → %{x}: %{customdata:.2%}<extra></extra>",
            row=position // cols + 1, col=position % cols + 1,
        )  # fmt: skip
    small = {"tickfont": {"size": 9}, "type": "category", "ticks": "", "gridcolor": "white"}
    figure.update_xaxes(axis("", showticklabels=False, **small))
    figure.update_yaxes(axis("", autorange="reversed", dtick=max(1, len(validators) // 20), **small))
    figure.update_xaxes(title={"text": f"{len(miners)} miners, by uid"}, row=rows)
    levels = [level for level in (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0) if level <= top]
    bar = {
        "title": {"text": title, "side": "right", "font": {"size": 13}},
        "tickvals": np.sqrt(levels),
        "ticktext": [f"{100 * level:g}%" for level in levels],
    }
    figure.update_layout(
        coloraxis={
            "colorscale": COLOURS,
            "cmin": 0,
            "cmax": np.sqrt(top),
            "colorbar": bar | {"thickness": 14, "outlinewidth": 0},
        }
    )
    cut = f"; {columns_cut}{rows_cut}" if columns_cut or rows_cut else ""
    subtitle = f"{what}, first lane, last epoch; colour by square root{cut}"
    return finish(figure, note, question, subtitle, rows * height, legend=False)


def _largest(matrices: pl.DataFrame, side: str, column: str, most: int) -> tuple[dict[int, str], str]:
    """Return the uids with the largest totals and their names, in uid order, and how many were left out, in words."""
    names = dict(
        matrices.unique(side, keep="first", maintain_order=True).sort(side).select(side, f"{side}_name").iter_rows()
    )
    uids = np.array(list(names), int)
    total = np.bincount(
        np.searchsorted(uids, matrices[side].to_numpy()), weights=matrices[column].fill_null(0).to_numpy()
    )
    kept = np.sort(uids[np.argsort(-total.round(9), kind="stable")[:most]]) if len(uids) else uids
    cut = f"the {most} {side}s with most {column} of {len(uids)}" if len(uids) > most else ""
    return {int(uid): names[int(uid)] for uid in kept}, cut


def _grid(
    matrices: pl.DataFrame, column: str, validators: dict[int, str], miners: dict[int, str]
) -> NDArray[np.float64]:
    """Return one design's matrix [validators, miners], 0 where the table has no row."""
    rows = matrices.filter(pl.col("validator").is_in(list(validators)), pl.col("miner").is_in(list(miners)))
    grid = np.zeros((len(validators), len(miners)))
    where = [
        np.searchsorted(list(side), rows[key].to_numpy())
        for side, key in ((validators, "validator"), (miners, "miner"))
    ]
    grid[tuple(where)] = rows[column].fill_null(0).to_numpy()
    return grid
