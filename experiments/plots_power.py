"""Who holds the stake: shares over time, and how concentrated they are."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray

from experiments.agent_cube import AgentCube
from experiments.party_values import Party
from experiments.plots_lines import add_line, by_seed
from experiments.plots_panels import designs_above, some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import Note, axis, finish, rgba

__all__ = ["stake_and_power"]

MAX_STRIPS = 8
HONEST = "honest"


def stake_and_power(agents: pl.DataFrame, epochs: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show who holds the stake over time, stacked, and below how concentrated it is under each design.

    Args:
        agents: the agents table at one sweep point.
        epochs: the epochs table at the same point.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(agents["design"]))
    figure, height = designs_above(shown, ["Gini coefficient of stake", "Nakamoto coefficient of stake"])
    for position, design in enumerate(shown):
        cube = AgentCube.of(agents.filter(pl.col("design") == design), "validator", ("stake_share",), (design,))
        col = 1 + position * (6 // len(shown))
        _add_areas(figure, cube, parties, col, show_legend=position == 0)
        figure.update_xaxes(axis("Epoch", nticks=5), row=1, col=col)
    figure.update_yaxes(tickformat=".0%", range=[0, 1], ticks="outside", row=1)
    figure.update_yaxes(axis("Share of stake (%)", tickformat=".0%", range=[0, 1]), row=1, col=1)
    for col, metric, title in ((1, "gini_stake", "Gini (0–1)"), (4, "nakamoto_stake", "Validators, mean of seeds")):
        for design in note.designs:
            rows = epochs.filter(pl.col("design") == design)
            if len(rows):
                numbers, values = by_seed(rows, metric)
                # A count's median jumps, and its band is a block: its mean says more.
                values = values if col == 1 else values.mean(axis=0, keepdims=True)
                add_line(figure, numbers, values, design, note, 2, col, show_legend=col == 1, hover=".3~f")
        figure.update_yaxes(axis(title, rangemode="normal" if col == 1 else "tozero"), row=2, col=col)
        figure.update_xaxes(axis("Epoch"), row=2, col=col)
    what = "above: delegations included, mean over seeds; each strip of blue is an honest validator, largest first"
    what += f"; Nakamoto: fewest that hold over half{cut}"
    return finish(figure, note, "Who ends up with the power?", what, height)


def _add_areas(figure: go.Figure, cube: AgentCube, parties: Parties, col: int, show_legend: bool) -> None:
    """Stack adversaries from below, then honest validators by rank."""
    shares = np.nan_to_num(cube.values["stake_share"][0])  # [seeds, epochs, validators]
    for name in dict.fromkeys(p for p, hostile in zip(cube.parties, cube.adversary, strict=True) if hostile):
        who = Party(name, "validator", True)
        total = shares[..., np.array([p == name for p in cube.parties])].sum(axis=-1).mean(axis=0)
        look = parties.stroke(who)
        _add_area(figure, cube.epochs, total, look.name, rgba(look.colour, 0.9), look.colour, col, show_legend)
    strips = _ranked(shares[..., ~cube.adversary])
    honest = next((p for p in parties.of_role("validator") if not p.adversary), Party(HONEST, "validator", False))
    colour, name = parties.colour(honest), parties.name(honest)
    for rank, strip in enumerate(strips.T):
        opacity = 0.95 - 0.65 * rank / max(len(strips.T) - 1, 1)
        _add_area(figure, cube.epochs, strip, name, rgba(colour, opacity), "white", col, show_legend and rank == 0)


def _add_area(
    figure: go.Figure, x: NDArray[np.int64], y: NDArray[np.float64], name: str, fill: str, edge: str, col: int,
    show_legend: bool,
) -> None:  # fmt: skip
    figure.add_scatter(
        x=x, y=y.astype(np.float32), stackgroup="stake", mode="lines", line={"width": 0.7, "color": edge},
        fillcolor=fill, name=name, legendgroup=name, showlegend=show_legend,
        hovertemplate="%{y:.1%}<extra>" + name + "</extra>", row=1, col=col,
    )  # fmt: skip


def _ranked(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return shares by rank of the first stake, mean over seeds [epochs, ranks]; the smallest together in the last."""
    order = np.argsort(-shares[:, 0].round(12), axis=-1, kind="stable")
    ranked = np.take_along_axis(shares, order[:, None, :], axis=-1).mean(axis=0)
    if ranked.shape[-1] <= MAX_STRIPS:
        return ranked
    return np.concatenate([ranked[:, : MAX_STRIPS - 1], ranked[:, MAX_STRIPS - 1 :].sum(axis=1, keepdims=True)], axis=1)
