"""Who rises and who falls: ranks of miners by pay."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.agent_cube import AgentCube
from experiments.party_values import Party
from experiments.plots_panels import some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import Note, axis, finish, label

__all__ = ["miner_ranks"]

BEST_HONEST = 3
GREY = "#CFCFCF"
WINDOW = 0.06  # of the records over which pay is averaged, so that one lucky epoch is no rank
HEIGHT = 420
LABEL = 15  # pixels that a name needs


def miner_ranks(agents: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show miners' ranks by pay over time in each design's first lane; a few lines in colour, the rest grey.

    In colour are the best three honest miners at the end, and the best of every party of adversaries.

    Args:
        agents: the agents table at one sweep point.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(agents["design"]))
    figure = make_subplots(
        1, len(shown), shared_yaxes=True, horizontal_spacing=0.1, subplot_titles=[label(name) for name in shown]
    )
    figure.update_annotations(font={"size": 14})
    first = agents.filter(pl.col("seed") == pl.col("seed").min().over("design"))
    for col, design in enumerate(shown, 1):
        cube = AgentCube.of(first.filter(pl.col("design") == design), "miner", ("incentive",), (design,))
        ranks = _ranks(cube.values["incentive"][0, 0])
        kept = _highlighted(cube, ranks)
        _add_others(figure, cube, np.delete(ranks, kept, axis=1), col)
        shades = [parties.colour(Party(cube.parties[uid], "miner", bool(cube.adversary[uid]))) for uid in kept]
        for uid, shade in zip(kept, shades, strict=True):
            _add_rank(figure, cube, ranks, uid, shade, col)
        _add_names(figure, cube, ranks, kept, shades, col)
        figure.update_xaxes(range=cube.epochs[[0, -1]].tolist(), row=1, col=col)
    most = agents.filter(pl.col("role") == "miner")["uid"].n_unique()
    ticks = [1, *range(10, most + 1, 10)] if most > 12 else list(range(1, most + 1))
    figure.update_xaxes(axis("Epoch", nticks=5, showgrid=False))
    figure.update_yaxes(axis("", range=[most + 0.5, 0.5], showgrid=False, tickvals=ticks, matches="y"))
    figure.update_yaxes(title={"text": "Rank by pay (1 = earns most)"}, col=1)
    width = _window(first["epoch"].n_unique())
    lately = f"pay averaged over {width} records; " if width > 1 else ""
    chosen = "in colour: at the end the best honest miners, and the best of each other party"
    seeds = first["seed"].unique().to_list()
    seed = f"seed {seeds[0]}" if len(seeds) == 1 else "each design’s first seed"
    what = f"{seed}; {lately}equal pay shares a rank; {chosen}{cut}"
    figure = finish(figure, note, "Who rises, and who falls behind?", what, HEIGHT, legend=False)
    return figure.update_layout(margin={"r": 110})


def _ranks(incentive: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks by pay lately at every epoch, 1 for the best, ties at their mean rank: [epochs, miners]."""
    total = np.cumsum(np.nan_to_num(incentive), axis=0)
    before = np.zeros_like(total)
    width = _window(len(total))
    before[width:] = total[:-width]
    pay = (total - before).round(12)
    above = (pay[:, None, :] > pay[:, :, None]).sum(axis=2)
    equal = (pay[:, None, :] == pay[:, :, None]).sum(axis=2)
    return np.asarray(above + (equal + 1) / 2)


def _window(records: int) -> int:
    return max(1, round(WINDOW * records))


def _highlighted(cube: AgentCube, ranks: NDArray[np.float64]) -> list[int]:
    """Return which miners to show in colour: among equals at the end, those who were ahead on the whole."""
    best_first = np.lexsort((ranks.mean(axis=0), ranks[-1]))
    kept: list[int] = []
    for party in dict.fromkeys(cube.parties):
        members = [int(uid) for uid in best_first if cube.parties[uid] == party]
        kept += members[: 1 if cube.adversary[members[0]] else BEST_HONEST]
    return kept


def _spread(places: NDArray[np.float64], gap: float) -> NDArray[np.float64]:
    """Return the places moved apart, in their order, so that neighbours are at least `gap` from each other.

    Each group that would overlap is centred on where it wants to be: an isotonic regression of places less gaps, by
    pooling adjacent violators.
    """
    order = np.argsort(places, kind="stable")
    steps = gap * np.arange(len(places))
    pools: list[list[float]] = []
    for place in places[order] - steps:
        pools.append([float(place)])
        while len(pools) > 1 and np.mean(pools[-2]) > np.mean(pools[-1]):
            last = pools.pop()
            pools[-1] += last
    moved = np.array([np.mean(pool) for pool in pools for _ in pool]) + steps
    return moved[np.argsort(order)]


def _add_others(figure: go.Figure, cube: AgentCube, ranks: NDArray[np.float64], col: int) -> None:
    """Draw everybody else's ranks [epochs, miners] as one line with gaps."""
    gap = np.full((1, ranks.shape[1]), np.nan)
    y = np.concatenate([ranks, gap]).T.ravel().astype(np.float32)
    x = np.tile(np.append(cube.epochs, cube.epochs[-1]), ranks.shape[1])
    line = {"color": GREY, "width": 1}
    figure.add_scatter(x=x, y=y, mode="lines", line=line, showlegend=False, hoverinfo="skip", row=1, col=col)


def _add_rank(figure: go.Figure, cube: AgentCube, ranks: NDArray[np.float64], uid: int, colour: str, col: int) -> None:
    figure.add_scatter(
        x=cube.epochs, y=ranks[:, uid].astype(np.float32), mode="lines", showlegend=False, name=label(cube.names[uid]),
        line={"color": colour, "width": 2.6}, hovertemplate=f"%{{y:.0f}}<extra>{label(cube.names[uid])}</extra>",
        row=1, col=col,
    )  # fmt: skip


def _add_names(
    figure: go.Figure, cube: AgentCube, ranks: NDArray[np.float64], kept: list[int], shades: list[str], col: int
) -> None:
    """Write names at the ends of their lines, moved apart where they would overlap."""
    heights = _spread(ranks[-1, kept], len(cube.names) * LABEL / HEIGHT)
    figure.add_scatter(
        x=[cube.epochs[-1]] * len(kept), y=heights, mode="text", text=[f" {label(cube.names[uid])}" for uid in kept],
        textposition="middle right", textfont={"size": 12, "color": shades}, cliponaxis=False, showlegend=False,
        hoverinfo="skip", row=1, col=col,
    )  # fmt: skip
