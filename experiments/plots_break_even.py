"""What an attack brings as its size, or what it is up against, grows: where it starts or stops paying."""

from collections.abc import Sequence

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.break_even import QUANTITIES, Attackers, BreakEven, Quantity, attack_values, break_even, curves
from experiments.metric_labels import parameter_axis, parameter_label, parameter_ticks, parameter_value
from experiments.party_values import PartyValues
from experiments.plots_lines import add_line
from experiments.plots_style import INK, Note, axis, finish, label

__all__ = ["MAX_GROUPS", "attack_profit"]

MAX_GROUPS = 3


def attack_profit(
    lanes: pl.DataFrame, values: PartyValues, groups: Sequence[Attackers], path: str, note: Note
) -> go.Figure:
    """Show each group's profit, and its pay over its fair share, over a swept number, one line per design.

    Args:
        lanes: lane values, see `statistics.lane_values`.
        values: of the parties, at all sweep points.
        groups: of attackers, at most three of which are shown.
        path: the swept parameter's column.
        note: the report's note.
    """
    groups = groups[:MAX_GROUPS]
    cells = [(group, quantity) for quantity in QUANTITIES for group in groups]
    rows, cols = (1, 2) if len(groups) == 1 else (2, len(groups))
    height = 360 if rows == 1 else 270 * rows
    figure = make_subplots(
        rows, cols, subplot_titles=[_title(*cell) for cell in cells], horizontal_spacing=0.09,
        vertical_spacing=70 / height if rows > 1 else 0, shared_xaxes=rows > 1,
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position, (group, quantity) in enumerate(cells):
        place = {"row": position // cols + 1, "col": position % cols + 1}
        gains = attack_values(lanes, values, group)
        hover = "$,.2f" if quantity.column == "profit" else ".3f"
        for design in note.designs:
            x, found = curves(gains.filter(pl.col("design") == design), path, quantity.column)
            add_line(
                figure, x, found, design, note, **place, show_legend=position == 0, hover=hover, mode="lines+markers"
            )
            _mark_crossing(figure, break_even(x, found, quantity.threshold), quantity, design, path, note, **place)
        figure.add_hline(y=quantity.level, line={"color": INK, "width": 1.3, "dash": "dot"}, **place)
        figure.update_yaxes(
            axis(quantity.title if place["col"] == 1 or rows == 1 else "", tickformat=quantity.ticks), **place
        )
    figure.update_xaxes(axis("", tickformat=parameter_ticks(path)))
    figure.update_xaxes(title={"text": label(parameter_axis(path))}, row=rows)
    what = f"dotted: break-even; diamond: where a line crosses it, with its 95 % interval; {note.lines()}"
    return finish(figure, note, f"Where does the attack break even, by {label(parameter_label(path))}?", what, height)


def _title(group: Attackers, quantity: Quantity) -> str:
    if quantity.column == "profit":
        return f"{label(group.name)}: profit"
    return f"{label(group.name)}: pay, 1 = the share of {'stake' if group.stakes else 'miners'}"


def _mark_crossing(
    figure: go.Figure, found: BreakEven, quantity: Quantity, design: str, path: str, note: Note, row: int, col: int
) -> None:
    middle, low, high = found.place
    if middle is None:
        return
    reach = None if low is None or high is None else {"array": [high - middle], "arrayminus": [middle - low]}
    colour = note.colour(design)
    figure.add_scatter(
        x=[middle], y=[quantity.threshold], mode="markers", showlegend=False, legendgroup=design,
        marker={"symbol": "diamond", "size": 11, "color": colour, "line": {"color": "white", "width": 1.5}},
        error_x=reach and reach | {"type": "data", "thickness": 2.5, "width": 7, "color": colour},
        hovertemplate=f"breaks even at {parameter_value(path, middle)}<extra>{label(design)}</extra>", row=row, col=col,
    )  # fmt: skip
