"""Figures over epochs: who earns, who loses, whom the network trusts."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.agent_cube import MAX_PANELS, AgentCube, adversary_groups, validator_groups
from experiments.plots_lines import add_line
from experiments.plots_style import Note, axis, facets, finish, party_title

__all__ = ["dividends_over_time", "incentive_over_time", "stake_over_time", "validator_trust_over_time"]

# Honest miners of a lane and epoch by their rank in incentive: (title, from, to) as shares of their number.
RANKS = (("top tenth of honest", 0.0, 0.1), ("rest of the top half", 0.1, 0.5), ("bottom half of honest", 0.5, 1.0))
FAINT_LINE = {"color": "#888888", "width": 1.2, "dash": "dot"}


@dataclass(frozen=True)
class Panel:
    """One small multiple: a value [designs, seeds, epochs] and the level it is to be read against."""

    title: str
    values: NDArray[np.float64]
    adversary: bool
    reference: float | None = None


def dividends_over_time(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show what validators earn: one panel each up to twelve, groups otherwise, then also per stake.

    Args:
        agents: the agents table at one sweep point.
        note: the report's note.
    """
    cube = AgentCube.of(agents, "validator", ("dividends", "stake_share"), note.designs)
    groups = validator_groups(cube)
    shares = [
        Panel(g.title, cube.total("dividends", g.members), g.adversary, _start(cube.total("stake_share", g.members)))
        for g in groups
    ]
    question, what = (
        "Which validators earn the dividends?",
        "share of all dividends; dotted: share of stake at the start",
    )
    if len(cube.names) <= MAX_PANELS:
        return _small_multiples(shares, cube, note, question, what, "Dividends (%)", ".0%")
    per_stake = []
    for group, share in zip(groups, shares, strict=True):
        stake = cube.total("stake_share", group.members)
        ratio = np.divide(share.values, stake, out=np.full(stake.shape, np.nan), where=stake > 0)
        per_stake.append(Panel(group.title, ratio, group.adversary, 1.0))
    figure = _grid(2, len(groups), shares, vertical_spacing=0.1)
    _draw(figure, shares, cube.epochs, note, 1, ".2%")
    _draw(figure, per_stake, cube.epochs, note, 2, ".3f")
    figure.update_xaxes(axis("", nticks=5))
    figure.update_xaxes(title={"text": "Epoch"}, row=2)
    figure.update_yaxes(axis("", matches="y", tickformat=".0%"), row=1)
    figure.update_yaxes(axis("", matches=f"y{len(groups) + 1}"), row=2)
    figure.update_yaxes(title={"text": "Dividends (%)"}, row=1, col=1, rangemode="tozero")
    figure.update_yaxes(title={"text": "Dividends per stake (×)"}, row=2, col=1)
    what = (
        "top: share of all dividends (dotted: stake at the start); bottom: dividends over stake, 1 = paid for its stake"
    )
    return finish(figure, note, question, f"{what}; {note.lines()}", 520)


def stake_over_time(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show who gains and who loses stake, in the same panels as the dividends."""
    cube = AgentCube.of(agents, "validator", ("stake_share",), note.designs)
    panels = []
    for group in validator_groups(cube):
        share = cube.total("stake_share", group.members)
        panels.append(Panel(group.title, share, group.adversary, _start(share)))
    what = "share of all stake; dotted: at the start"
    return _small_multiples(panels, cube, note, "Who gains stake, and who is pushed out?", what, "Stake (%)", ".0%")


def validator_trust_over_time(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show how much of each validator's weight consensus accepts; the mean within a group."""
    cube = AgentCube.of(agents, "validator", ("validator_trust", "stake_share"), note.designs)
    panels = [Panel(g.title, cube.mean("validator_trust", g.members), g.adversary) for g in validator_groups(cube)]
    what = "share of a validator’s weight that survives clipping by consensus" + (
        "" if len(cube.names) <= MAX_PANELS else "; mean of each group"
    )
    return _small_multiples(panels, cube, note, "Whom does consensus trust?", what, "Validator trust (%)", ".0%")


def incentive_over_time(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show what miners earn: one panel each up to twelve, otherwise adversary parties and honest ranks.

    Honest ranks are taken anew in every lane and epoch, so a panel says how concentrated pay is, not who holds the
    rank.
    """
    cube = AgentCube.of(agents, "miner", ("incentive",), note.designs)
    count = len(cube.names)
    if count <= MAX_PANELS:
        members = np.eye(count, dtype=bool)
        totals = [cube.total("incentive", row) for row in members]
        panels = [Panel(n, v, bool(h), 1 / count) for n, v, h in zip(cube.names, totals, cube.adversary, strict=True)]
    else:
        groups = adversary_groups(cube, "miner")
        panels = [Panel(g.title, cube.total("incentive", g.members), True, g.members.sum() / count) for g in groups]
        panels += _rank_panels(cube)
    what = "share of all incentive; dotted: its size among miners, the share if all were paid alike"
    return _small_multiples(panels, cube, note, "Which miners earn the incentive?", what, "Incentive (%)", ".0%")


def _rank_panels(cube: AgentCube) -> list[Panel]:
    honest = np.nan_to_num(cube.values["incentive"][..., ~cube.adversary])
    ranked = -np.sort(-honest, axis=-1)
    size, total = ranked.shape[-1], len(cube.names)
    panels = []
    for title, low, high in RANKS:
        start, stop = round(low * size), round(high * size)
        if stop > start:
            share = ranked[..., start:stop].sum(axis=-1)
            panels.append(Panel(f"{title} ({stop - start})", share, False, (stop - start) / total))
    return panels


def _start(values: NDArray[np.float64]) -> float | None:
    """Return the median over designs and seeds at the first epoch."""
    first = values[..., 0]
    return float(np.nanmedian(first)) if np.isfinite(first).any() else None


def _small_multiples(
    panels: list[Panel], cube: AgentCube, note: Note, question: str, what: str, title: str, ticks: str
) -> go.Figure:
    rows, cols = facets(len(panels), most=max(4, len(panels) if len(panels) <= 5 else 4))
    figure = _grid(rows, cols, panels, vertical_spacing=0.16 / rows if rows > 1 else 0)
    for row in range(rows):
        _draw(figure, panels[row * cols : (row + 1) * cols], cube.epochs, note, row + 1, ".2%")
    figure.update_xaxes(axis("", matches="x", nticks=5))
    figure.update_yaxes(axis("", matches="y", tickformat=ticks))
    figure.update_yaxes(title={"text": title}, col=1)
    for position in range(len(panels)):
        if position + cols >= len(panels):  # nothing below it
            figure.update_xaxes(
                title={"text": "Epoch"}, showticklabels=True, row=position // cols + 1, col=position % cols + 1
            )
    return finish(figure, note, question, f"{what}; {note.lines()}", 280 if rows == 1 else 215 * rows)


def _grid(rows: int, cols: int, panels: list[Panel], vertical_spacing: float) -> go.Figure:
    figure = make_subplots(
        rows, cols, shared_yaxes=True, shared_xaxes=True, horizontal_spacing=0.02, vertical_spacing=vertical_spacing,
        subplot_titles=[party_title(panel.title, panel.adversary) for panel in panels],
    )  # fmt: skip
    return figure.update_annotations(font={"size": 13})


def _draw(figure: go.Figure, panels: list[Panel], epochs: NDArray[np.int64], note: Note, row: int, hover: str) -> None:
    for col, panel in enumerate(panels, 1):
        if panel.reference is not None:
            ends = epochs[[0, -1]]
            figure.add_scatter(
                x=ends,
                y=[panel.reference] * 2,
                mode="lines",
                line=FAINT_LINE,
                hoverinfo="skip",
                showlegend=False,
                row=row,
                col=col,
            )
        for design, values in zip(note.designs, panel.values, strict=True):
            add_line(figure, epochs, values, design, note, row, col, show_legend=row == col == 1, hover=hover)
