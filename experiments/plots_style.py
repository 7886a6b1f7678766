"""The look every figure shares: colours, title, legend, footer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Any

import plotly.graph_objects as go

from experiments.run_folder import RunFolder

__all__ = [
    "ADVERSARY",
    "BAND",
    "FAINT",
    "FONT",
    "GRID",
    "HONEST",
    "INK",
    "Note",
    "axis",
    "facets",
    "finish",
    "label",
    "party_title",
    "rgba",
]

# Okabe and Ito's colour-blind safe palette. Blue and orange are kept for parties, so designs start with the other six;
# from the seventh design on, colours return with another dash.
HONEST, ADVERSARY = "#0072B2", "#E69F00"
DESIGN_COLOURS = ("#000000", "#56B4E9", "#009E73", "#CC79A7", "#D55E00", "#B8A800")
# Where parties have colours too, every blue and every orange or red is theirs.
DESIGNS_BESIDE_PARTIES = ("#000000", "#009E73", "#CC79A7", "#7A7A7A", "#6A3D9A", "#B8A800")
DASHES = ("solid", "dash", "dot", "dashdot")
INK, FAINT, GRID = "#222222", "#666666", "#E6E6E6"
FONT = "Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif"
BAND = (10, 90)
WIDTH = 1080  # pixels of an image; on the page a figure takes the width it is given
TOP, BOTTOM = 92, 92
MISSING = "rgba(0,0,0,0)"


@dataclass(frozen=True)
class Note:
    """What all figures of one report have in common.

    Attributes:
        designs: names in the order that fixes their colours.
        footer: where the numbers come from: configuration hash, seeds, epochs.
        num_seeds: seeds behind each line.
        place: the sweep point of figures that show only one, empty without a sweep.
        palette: the designs' colours, in turn.
    """

    designs: tuple[str, ...]
    footer: str
    num_seeds: int
    place: str = ""
    palette: tuple[str, ...] = DESIGN_COLOURS

    @classmethod
    def of(cls, run: RunFolder) -> "Note":
        """Return the note of a run."""
        length = _count(run.num_epochs, "round" if run.makes_art else "epoch")
        footer = f"{run.name} · config {run.config_hash} · {_seeds(run.seeds)} · {length}"
        note = cls(tuple(run.designs), footer, len(run.seeds))
        return note.beside_parties() if run.works or run.makes_art else note

    def at(self, place: str) -> "Note":
        """Return the note for figures at one sweep point."""
        return replace(self, place=place)

    def beside_parties(self) -> "Note":
        """Return the note for figures in which parties have colours too."""
        return replace(self, palette=DESIGNS_BESIDE_PARTIES)

    def colour(self, design: str) -> str:
        """Return the design's colour, the same in every figure."""
        return self.palette[self.designs.index(design) % len(self.palette)]

    def dash(self, design: str) -> str:
        """Return the design's line dash: beside parties every design has one of its own, so that none hides another."""
        position = self.designs.index(design)
        turn = position if self.palette == DESIGNS_BESIDE_PARTIES else position // len(self.palette)
        return DASHES[turn % len(DASHES)]

    def lines(self) -> str:
        """Return in words what a line and its band are."""
        if self.num_seeds < 2:
            return "one seed, so no band"
        return f"line: median of {self.num_seeds} seeds, band: {BAND[0]}–{BAND[1]} %"


def label(text: str) -> str:
    """Return a user's text safe to stand in a figure, where tags would be read as formatting."""
    return escape(text, quote=False)


def rgba(colour: str, opacity: float) -> str:
    """Return `#rrggbb` with an opacity."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def party_title(text: str, adversary: bool) -> str:
    """Return a panel title in the colour of its party."""
    return f'<span style="color:{"#A86F00" if adversary else HONEST}">{label(text)}</span>'


def facets(count: int, most: int = 4) -> tuple[int, int]:
    """Return rows and columns for `count` panels, as even as possible with at most `most` columns."""
    rows = -(-count // most)
    return rows, -(-count // rows)


def axis(title: str, **options: Any) -> dict[str, Any]:
    """Return an axis with the shared look."""
    base = {
        "title": {"text": title, "standoff": 8, "font": {"size": 13}},
        "gridcolor": GRID,
        "zeroline": False,
        "linecolor": "#999999",
    }
    return base | {"ticks": "outside", "ticklen": 4, "tickcolor": "#999999", "automargin": True} | options


def finish(figure: go.Figure, note: Note, title: str, subtitle: str, height: int, legend: bool = True) -> go.Figure:
    """Give a figure its title, legend, footer and fonts.

    Args:
        figure: with its traces.
        note: the report's note.
        title: the question the figure answers.
        subtitle: what is drawn and how to read it.
        height: pixels of the panels, without title, legend and footer.
        legend: whether to show which colour is which design.
    """
    rows = _legend_rows(figure) if legend else 0
    top = TOP + 22 * rows
    total = height + top + BOTTOM
    place = f" · at {note.place}" if note.place else ""
    figure.update_layout(
        title={
            "text": f"<b>{title}</b>", "x": 0, "xref": "paper", "xanchor": "left", "y": 1 - 26 / total,
            "yref": "container",
            "yanchor": "middle", "font": {"size": 19},
            "subtitle": {"text": label(subtitle + place), "font": {"size": 13, "color": FAINT}},
        },
        font={"family": FONT, "size": 13, "color": INK}, paper_bgcolor="white", plot_bgcolor="white",
        margin={"l": 70, "r": 30, "t": top, "b": BOTTOM}, height=total, autosize=True, showlegend=legend,
        legend={"orientation": "h", "x": 0, "xref": "paper", "y": 1 - 62 / total, "yref": "container", "yanchor": "top",
                "font": {"size": 13}, "bgcolor": MISSING, "itemwidth": 30},
        hoverlabel={"font": {"family": FONT}},
    )  # fmt: skip
    figure.add_annotation(
        text=label(note.footer), x=0, xref="paper", xanchor="left", y=0, yref="paper", yanchor="bottom",
        yshift=8 - BOTTOM,
        showarrow=False, font={"size": 11, "color": FAINT},
    )  # fmt: skip
    return figure


def _legend_rows(figure: go.Figure) -> int:
    shown = [trace for trace in figure.data if trace.name and getattr(trace, "showlegend", False) is not False]
    names = [trace.name for trace in shown]
    return int(-(-sum(55 + 7.5 * len(name) for name in names) // (WIDTH - 100)))


def _seeds(seeds: Sequence[int]) -> str:
    if len(seeds) < 2:
        return f"seed {seeds[0]}" if seeds else "no seeds"
    span = f"{seeds[0]}–{seeds[-1]}" if seeds[-1] - seeds[0] == len(seeds) - 1 else "listed in the manifest"
    return f"{len(seeds)} seeds ({span})"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}".replace(",", " ")
