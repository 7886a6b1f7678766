"""A gallery: the works that were minted, round by round, as pictures."""

import base64
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from experiments.metric_labels import show
from experiments.plots_art import OWN_CHOICE
from experiments.plots_panels import some_designs
from experiments.plots_style import ADVERSARY, BOTTOM, FAINT, HONEST, INK, Note, finish, label

__all__ = ["gallery"]

ACROSS = 13  # pictures in a row: a period of thirteen weeks
ROWS = 12  # rows of pictures, in all designs together
# Pixels: of a picture, of the lines below it, of a design's name, of the numbers of rounds, between rows.
CELL, WORDS, HEADING, NUMBERS, ROW_GAP = 76, 32, 26, 16, 8
FOOTER = 50  # pixels below the last row
MARGIN = 34
FRAME = 0.055  # of a picture's width: the mat around it
OWN, THEIRS, CROWD = "chosen by the artist, no vote", "what an attacker wanted", "what the others voted for"
COLOURS = {CROWD: HONEST, THEIRS: ADVERSARY, OWN: OWN_CHOICE}


def gallery(works: pl.DataFrame, note: Note) -> go.Figure | None:
    """Show the minted works of one seed with their pictures, a row per design, or None without pictures.

    Of more rounds than there is room for, some are shown, evenly chosen.

    Args:
        works: the works table at one sweep point, with `attacker_won` from the epochs table.
        note: the report's note.
    """
    drawn = works.filter(pl.col("picture").is_not_null())
    if not len(drawn):
        return None
    shown, cut = some_designs(note.designs, set(drawn["design"]), ROWS)
    last = int(drawn["epoch"].to_numpy().max()) + 1
    lines = max(1, min(-(-last // ACROSS), ROWS // len(shown)))
    rounds = _some_rounds(drawn, last, lines * ACROSS)
    figure, top = go.Figure(), 0.0
    for position, design in enumerate(shown):
        rows = drawn.filter(pl.col("design") == design)
        _heading(figure, rows, design, note, top)
        top += HEADING
        for start in range(0, len(rounds), ACROSS):
            if position == 0 or lines > 1:
                _numbers(figure, rounds[start : start + ACROSS], top)
                top += NUMBERS
            _line(figure, rows, rounds[start : start + ACROSS], top)
            top += CELL + WORDS + ROW_GAP
    attacked = drawn["attacker_won"].is_not_null().any()
    names = COLOURS if attacked else {"minted by vote": HONEST, OWN: OWN_CHOICE}
    for name, colour in names.items():
        mark = {"color": colour, "symbol": "square", "size": 13}
        figure.add_scatter(x=[None], y=[None], mode="markers", marker=mark, name=name, showlegend=True)
    figure.update_xaxes(visible=False, range=[0, ACROSS], fixedrange=True)
    figure.update_yaxes(visible=False, range=[top, 0], fixedrange=True)
    seeds = drawn["seed"].unique().to_list()
    what = f"seed {seeds[0]}; below: share of the pool that the work beats, and the hammer price"
    some = "" if len(rounds) == last else f"; {len(rounds)} of {last} rounds, evenly chosen"
    question = "Which works were minted, and whose wish were they?"
    finish(figure, note, question, f"{what}{some}{cut}", int(top) + FOOTER - BOTTOM)
    figure.update_layout(margin={"l": MARGIN, "r": MARGIN, "b": FOOTER}, plot_bgcolor="#FFFFFF")
    figure.layout.annotations[-1].yshift = 8 - FOOTER
    return figure


def _some_rounds(works: pl.DataFrame, last: int, most: int) -> list[int]:
    """Return all rounds up to the last one, evenly chosen ones where there are more than `most`."""
    if last <= most:
        return list(range(last))
    return [int(number) for number in np.unique(np.linspace(0, last - 1, most).round())]


def _heading(figure: go.Figure, rows: pl.DataFrame, design: str, note: Note, top: float) -> None:
    """Write the design's name, and whose wish its votes were."""
    voted = rows.filter(pl.col("own_choice") == 0)
    wished = int((voted["attacker_won"].fill_null(0) > 0).sum())
    attacked = rows["attacker_won"].is_not_null().any()
    said = f"  ·  an attacker’s wish in {wished} of {len(voted)} works minted by vote" if attacked else ""
    figure.add_annotation(
        x=0, y=top + HEADING - 4, xanchor="left", yanchor="bottom", showarrow=False, align="left",
        text=f'<b><span style="color:{note.colour(design)}">{label(design)}</span></b>'
        f'<span style="color:{FAINT}">{said}</span>', font={"size": 14},
    )  # fmt: skip


def _numbers(figure: go.Figure, rounds: list[int], top: float) -> None:
    """Write which rounds the pictures below are of."""
    for column, number in enumerate(rounds):
        _text(figure, column, top, f"round {number + 1}" if column == 0 else str(number + 1), FAINT, "top")


def _line(figure: go.Figure, rows: pl.DataFrame, rounds: list[int], top: float) -> None:
    """Draw one row of pictures, an empty place where nothing was minted."""
    found = {row["epoch"]: row for row in rows.iter_rows(named=True)}
    for column, number in enumerate(rounds):
        if number in found:
            _work(figure, found[number], column, top)
        else:
            _text(figure, column, top + CELL / 2, "nothing<br>minted", FAINT, "middle")


def _work(figure: go.Figure, work: dict[str, Any], column: int, top: float) -> None:
    kind = _kind(work)
    colour, pad = COLOURS[kind], FRAME / 2
    figure.add_shape(
        type="rect", x0=column + pad, x1=column + 1 - pad, y0=top + CELL * pad, y1=top + CELL * (1 - pad),
        fillcolor=colour, line={"width": 0}, layer="below",
    )  # fmt: skip
    source = "data:image/png;base64," + base64.b64encode(work["picture"]).decode("ascii")
    figure.add_layout_image(
        source=source, x=column + pad + FRAME, y=top + CELL * (pad + FRAME), sizex=1 - 2 * pad - 2 * FRAME,
        sizey=CELL * (1 - 2 * pad - 2 * FRAME), xref="x", yref="y", sizing="contain", layer="above",
    )  # fmt: skip
    price = f"{work['hammer_eth']:.3g} ETH" if work["hammer_eth"] is not None else "<i>unsold</i>"
    beaten = show(work["quality_percentile"], "share").replace(".0 %", " %")
    beaten = f"{100 * work['quality_percentile']:.0f} %" if work["quality_percentile"] is not None else beaten
    _text(figure, column, top + CELL + 1, f"beats {beaten}<br>{price}", INK, "top")
    figure.add_scatter(
        x=[column + 0.5], y=[top + CELL / 2], mode="markers", showlegend=False,
        marker={"size": CELL * 0.8, "opacity": 0, "symbol": "square"},
        hovertemplate=f"round {work['epoch'] + 1}: {kind}<br>by {label(work['artist'])}, work {work['id']}<br>"
        f"true quality {work['quality']:.2f}, beats {beaten} of the pool<br>{price}<extra></extra>",
    )  # fmt: skip


def _text(figure: go.Figure, column: int, y: float, text: str, colour: str, anchor: str) -> None:
    figure.add_annotation(
        x=column + 0.5, y=y, text=text, showarrow=False, yanchor=anchor, font={"size": 11, "color": colour},
        align="center", borderpad=0,
    )  # fmt: skip


def _kind(work: dict[str, Any]) -> str:
    if work["own_choice"]:
        return OWN
    return THEIRS if (work["attacker_won"] or 0) > 0 else CROWD
