"""What miners learn beside what they earn."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.party_values import Party, party_array
from experiments.plots_lines import add_band
from experiments.plots_panels import some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import Note, axis, facets, finish, label

__all__ = ["learning_and_income"]

MAX_ROWS, MAX_PANELS = 4, 8
UNLIKE = 2.0  # pay under one design over pay under another, from which on each panel has a scale of its own
# What a model is judged by, the most readable first: column, axis title, d3 format.
MEASURES = (
    ("accuracy", "Accuracy (%)", ".0%"),
    ("loss", "Loss (lower is better)", ".3~g"),
    ("skill", "Skill (1 − loss / loss of knowing nothing)", ".3~g"),
)
TINY = 1e-9
PAY = "pay"


class Panel(NamedTuple):
    """A column of the parties' values under one design, and all designs that look the same."""

    column: str
    design: str
    alike: tuple[str, ...]

    @property
    def title(self) -> str:
        """Return what stands above the panel."""
        return f"{'pay' if self.column == PAY else 'learning'}, {label(', '.join(self.alike))}"


def learning_and_income(party_epochs: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show how good each party's models get beside what each party is paid, one panel of pay per design.

    Where all designs look on at the same learning, it is drawn once, and so is pay that is the same.

    Args:
        party_epochs: see `party_values.party_epochs`, at one sweep point.
        parties: of the run.
        note: the report's note.
    """
    miners = parties.of_role("miner")
    designs = [name for name in note.designs if name in set(party_epochs["design"])]
    column, title, ticks = _measure(party_epochs, miners, designs)
    learning = _panels(party_epochs, miners, designs, column)
    if shared := len(learning) == 1:
        found = _panels(party_epochs, miners, designs, PAY)
        shown, cut = some_designs([panel.design for panel in found], {*designs}, MAX_PANELS)
        panels = [*learning, *(panel for panel in found if panel.design in shown)]
        rows, cols = facets(len(panels), most=2 if len(panels) in (2, 4) else 3)
    else:
        shown, cut = some_designs(designs, {*designs}, MAX_ROWS)
        panels = [Panel(what, design, (design,)) for design in shown for what in (column, PAY)]
        rows, cols = len(shown), 2
    height = 300 * rows if rows < 3 else 230 * rows
    titles = ["learning, the same under every design" if shared and not place and len(designs) > 1 else panel.title
              for place, panel in enumerate(panels)]  # fmt: skip
    figure = make_subplots(
        rows, cols, subplot_titles=titles, horizontal_spacing=0.085, vertical_spacing=70 / height if rows > 1 else 0
    )
    figure.update_annotations(font={"size": 14})
    own_scales = _unlike(party_epochs, miners, [panel.design for panel in panels if panel.column == PAY])
    for position, panel in enumerate(panels):
        row, col = position // cols + 1, position % cols + 1
        _add_panel(figure, party_epochs, parties, panel, row, col, show_legend=position == 0)
        first = next(number for number, other in enumerate(panels, 1) if other.column == panel.column)
        matched = {"matches": "y" if first == 1 else f"y{first}"} if first <= position else {}
        if panel.column == column:
            look = axis(title, tickformat=ticks, **matched)
        else:
            free = {} if own_scales else matched
            look = axis("Tokens per miner and epoch", tickformat=".3~g", rangemode="tozero", **free)
        figure.update_yaxes(look, row=row, col=col)
    figure.update_xaxes(axis("Epoch", nticks=6))
    scales = "; scales of pay differ" if own_scales else ""
    what = f"blue: honest, orange and red: others; mean over a party’s miners; {note.lines()}{scales}{cut}"
    return finish(figure, note, "Do those who learn also earn?", what, height)


def _panels(party_epochs: pl.DataFrame, miners: Sequence[Party], designs: Sequence[str], column: str) -> list[Panel]:
    """Return one panel per design, or for all designs in which the column is the same."""
    found: list[tuple[list[NDArray[np.float64]], list[str]]] = []
    for design in designs:
        lines = [party_array(party_epochs, who, design, column)[1] for who in miners]
        twin = next((names for others, names in found if _alike(others, lines)), None)
        if twin is None:
            found.append((lines, [design]))
        else:
            twin.append(design)
    return [Panel(column, names[0], tuple(names)) for _, names in found]


def _add_panel(
    figure: go.Figure, party_epochs: pl.DataFrame, parties: Parties, panel: Panel, row: int, col: int, show_legend: bool
) -> None:
    hover = ".1%" if panel.column == MEASURES[0][0] else ".3~g"
    for who in parties.of_role("miner"):
        epochs, values = party_array(party_epochs, who, panel.design, panel.column)
        add_band(figure, epochs, values, parties.stroke(who), row, col, show_legend=show_legend, hover=hover)


def _measure(party_epochs: pl.DataFrame, miners: Sequence[Party], designs: Sequence[str]) -> tuple[str, str, str]:
    """Return the first measure that has a value."""
    for measure in MEASURES:
        for design in designs:
            if any(np.isfinite(party_array(party_epochs, who, design, measure[0])[1]).any() for who in miners):
                return measure
    return MEASURES[-1]


def _alike(first: list[NDArray[np.float64]], second: list[NDArray[np.float64]]) -> bool:
    """Say whether two designs show the same."""
    pairs = zip(first, second, strict=True)
    return all(np.allclose(a, b, rtol=0, atol=TINY, equal_nan=True) for a, b in pairs)


def _unlike(party_epochs: pl.DataFrame, miners: Sequence[Party], designs: Sequence[str]) -> bool:
    """Say whether the highest median pay of any party differs so much between designs that they share no scale."""
    peaks = []
    for design in designs:
        pay = [party_array(party_epochs, who, design, PAY)[1] for who in miners]
        peaks.append(max(float(np.nanmax(np.nanmedian(values, axis=0), initial=0)) for values in pay))
    return max(peaks) > UNLIKE * min(peaks)
