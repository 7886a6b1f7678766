"""Who stays where miners can leave, how many come, and what a seat costs."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl

from experiments.party_values import party_array, staying_members
from experiments.plots_lines import add_band, add_line, by_seed
from experiments.plots_panels import designs_above, some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import Note, axis, finish

__all__ = ["survival"]

BELOW = ("registrations so far", "fee for a seat")


def survival(agents: pl.DataFrame, epochs: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show which share of each party's first miners is still there, and below how many joined and what it cost them.

    Args:
        agents: the agents table at one sweep point, of a run in which miners can leave.
        epochs: the epochs table at the same point.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(agents["design"]))
    figure, height = designs_above(shown, BELOW)
    _add_staying(figure, staying_members(agents), shown, parties)
    what = f"above: share of each party’s first miners that never lost their seat; {note.lines()}{cut}"
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design)
        if len(rows):
            numbers, joined = by_seed(rows, "joined_miners")
            fee = by_seed(rows, "registration_fee")[1] / 1e9
            add_line(figure, numbers, np.cumsum(joined, axis=1), design, note, 2, 1, show_legend=True, hover=".0f")
            add_line(figure, numbers, fee, design, note, 2, 4, show_legend=False, hover=".3~g")
    figure.update_yaxes(axis("Newcomers", rangemode="tozero"), row=2, col=1)
    figure.update_yaxes(axis("Tokens", rangemode="tozero", tickformat=".3~g"), row=2, col=4)
    figure.update_xaxes(axis("Epoch"), row=2)
    return finish(figure, note, "Who stays, and who is pushed out?", what, height)


def _add_staying(figure: go.Figure, staying: pl.DataFrame, designs: Sequence[str], parties: Parties) -> None:
    for position, design in enumerate(designs):
        col = 1 + position * (6 // len(designs))
        for who in parties.of_role("miner"):
            numbers, values = party_array(staying, who, design, "staying")
            add_band(figure, numbers, values, parties.stroke(who), 1, col, show_legend=position == 0, hover=".0%")
        figure.update_yaxes(axis("", tickformat=".0%", range=[0, 1.02]), row=1, col=col)
        figure.update_xaxes(axis("Epoch", nticks=6), row=1, col=col)
    figure.update_yaxes(title={"text": "Still there (%)"}, row=1, col=1)
