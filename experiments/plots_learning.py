"""What miners learn and what they earn: learning beside income, and what the tokens buy."""

from collections.abc import Callable, Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.metric_labels import metric_label
from experiments.party_values import Party, party_array
from experiments.plots_lines import add_band, add_line, by_seed
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, facets, finish, label

__all__ = ["learning_and_income", "paid_quality", "quality_per_token"]

MAX_DESIGNS = 5
UNLIKE = 2.0  # pay under one design over pay under another, from which on each panel has a scale of its own
# What a model is judged by, the most readable first: column, axis title, d3 format.
MEASURES = (
    ("accuracy", "Accuracy (%)", ".0%"),
    ("loss", "Loss (lower is better)", ".3~g"),
    ("skill", "Skill (1 − loss / loss of knowing nothing)", ".3~g"),
)
TINY = 1e-9


def learning_and_income(party_epochs: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show how good each party's models get beside what each party is paid, one panel of pay per design.

    Where all designs look on at the same learning, it is drawn once.

    Args:
        party_epochs: see `party_values.party_epochs`, at one sweep point.
        parties: of the run.
        note: the report's note.
    """
    miners = parties.of_role("miner")
    designs = [name for name in note.designs if name in set(party_epochs["design"])]
    shown = designs[:MAX_DESIGNS]
    column, title, ticks = _measure(party_epochs, miners, shown)
    learning = {design: [party_array(party_epochs, who, design, column) for who in miners] for design in shown}
    shared = all(_alike(learning[shown[0]], learning[design]) for design in shown[1:])
    panels = [(design, column) for design in (shown[:1] if shared else shown)]
    panels = panels + [(design, "pay") for design in shown] if shared else _beside(shown, column)
    rows, cols = (len(shown), 2) if not shared else facets(len(panels), most=3 if len(panels) % 2 else 2)
    titles = [_panel_title(design, what, shared and len(designs) > 1) for design, what in panels]
    height = 300 * rows if rows < 3 else 230 * rows
    figure = make_subplots(
        rows, cols, subplot_titles=titles, horizontal_spacing=0.085, vertical_spacing=70 / height if rows > 1 else 0
    )
    figure.update_annotations(font={"size": 14})
    own_scales = _highest_pay(party_epochs, miners, shown, max) > UNLIKE * _highest_pay(
        party_epochs, miners, shown, min
    )
    for position, (design, what) in enumerate(panels):
        row, col = position // cols + 1, position % cols + 1
        for who in miners:
            epochs, values = party_array(party_epochs, who, design, what)
            hover = ticks if what == column else ".3~g"
            add_band(figure, epochs, values, parties.stroke(who), row, col, show_legend=position == 0, hover=hover)
        first = next(number for number, panel in enumerate(panels, 1) if panel[1] == what)
        matched = {"matches": "y" if first == 1 else f"y{first}"} if first <= position else {}
        if what == column:
            figure.update_yaxes(axis(title, tickformat=ticks, **matched), row=row, col=col)
        else:
            matched = {} if own_scales else matched
            look = axis("Tokens per miner and epoch", tickformat=".3~g", rangemode="tozero", **matched)
            figure.update_yaxes(look, row=row, col=col)
    figure.update_xaxes(axis("Epoch", nticks=6))
    left_out = f"; first {MAX_DESIGNS} of {len(designs)} designs" if len(designs) > MAX_DESIGNS else ""
    scales = "; scales of pay differ" if own_scales else ""
    what = f"blue: honest, orange and red: others; mean over a party’s miners; {note.lines()}{scales}{left_out}"
    return finish(figure, note, "Do those who learn also earn?", what, height)


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
    """Return the column that says how good the models are that pay goes to: accuracy where there is any."""
    known = "accuracy_paid" in epochs.columns and epochs["accuracy_paid"].cast(pl.Float64).is_finite().any()
    return "accuracy_paid" if known else "skill_paid"


def _measure(party_epochs: pl.DataFrame, miners: Sequence[Party], designs: Sequence[str]) -> tuple[str, str, str]:
    """Return the first measure that has a value."""
    for measure in MEASURES:
        for design in designs:
            if any(np.isfinite(party_array(party_epochs, who, design, measure[0])[1]).any() for who in miners):
                return measure
    return MEASURES[-1]


def _alike(first: list[tuple[NDArray, NDArray]], second: list[tuple[NDArray, NDArray]]) -> bool:
    """Say whether two designs look on at the same learning."""
    pairs = zip(first, second, strict=True)
    return all(np.allclose(a, b, rtol=0, atol=TINY, equal_nan=True) for (_, a), (_, b) in pairs)


def _highest_pay(
    party_epochs: pl.DataFrame, miners: Sequence[Party], designs: Sequence[str], pick: Callable[[list[float]], float]
) -> float:
    """Return the highest median pay of any party, of the design where that is largest or smallest."""
    peaks = []
    for design in designs:
        pay = [party_array(party_epochs, who, design, "pay")[1] for who in miners]
        peaks.append(max(float(np.nanmax(np.nanmedian(values, axis=0), initial=0)) for values in pay))
    return pick(peaks)


def _beside(designs: Sequence[str], column: str) -> list[tuple[str, str]]:
    return [(design, what) for design in designs for what in (column, "pay")]


def _panel_title(design: str, what: str, shared: bool) -> str:
    if what != "pay":
        return "learning, the same under every design" if shared else f"learning, {label(design)}"
    return f"pay, {label(design)}"


def _mark_edges(figure: go.Figure, epochs: pl.DataFrame) -> None:
    """Draw the line at no correlation where it is in view."""
    if (epochs["quality_correlation"].cast(pl.Float64).fill_nan(None) < 0).any():
        figure.add_hline(y=0, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=2)
