"""Figures of levels: what an attacker is paid, how designs differ, who gets the emission, how unequally."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.agent_cube import AgentCube
from experiments.concentration import gini, hhi, lorenz, nakamoto
from experiments.metric_labels import SCALES, UNITS, metric_label, show, show_interval
from experiments.plots_lines import add_line, by_seed
from experiments.plots_style import GRID, HONEST, INK, Note, axis, facets, finish, label
from experiments.statistics import interval, lane_values_of

__all__ = ["adversary_pay", "emission_by_party", "lorenz_curves", "paired_differences"]

# Honest parties in blues, adversaries in oranges; validators darker than miners.
PARTIES = (
    ("honest validators", "validator", False, HONEST),
    ("honest miners", "miner", False, "#8CC4E8"),
    ("adversary validators", "validator", True, "#C77700"),
    ("adversary miners", "miner", True, "#F6C667"),
)
MAX_PANELS = 12
GAP = 82  # pixels between rows of panels: an axis title and a panel title


def adversary_pay(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show what an adversary validator earns per stake, relative to an honest one: over time, and per design.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    metric = "adversary_pay_ratio"
    figure = make_subplots(
        1, 2, shared_yaxes=True, horizontal_spacing=0.03, column_widths=[0.68, 0.32],
        subplot_titles=["over time", "later half of the epochs: median and 95 % interval"],
    )  # fmt: skip
    figure.update_annotations(font={"size": 13})
    for design in note.designs:
        numbers, values = by_seed(epochs.filter(pl.col("design") == design), metric)
        add_line(figure, numbers, values, design, note, 1, 1, show_legend=True, hover=".3f")
    lanes = lane_values_of(epochs, [metric])
    for design in note.designs:
        values = lanes.filter(pl.col("design") == design)[metric].to_numpy()
        _add_interval(figure, label(design), values, note.colour(design), row=1, col=2)
    figure.add_hline(y=1, line={"color": INK, "width": 1.2, "dash": "dot"})
    figure.update_xaxes(axis("Epoch"), col=1)
    figure.update_xaxes(axis("Design", tickangle=-30 if len(note.designs) > 4 else 0), col=2)
    figure.update_yaxes(axis("", tickformat=".2~f"))
    figure.update_yaxes(title={"text": metric_label(metric).axis}, col=1)
    what = "dividends per stake, adversary over honest validators; 1 (dotted): paid like an honest one of equal stake"
    return finish(figure, note, "Does the attacker out-earn its stake?", f"{what}; {note.lines()}", 380)


def paired_differences(pairs: pl.DataFrame, note: Note) -> go.Figure:
    """Show each design's same-luck difference from the baseline, one panel per metric.

    Args:
        pairs: rows of `paired_table` at one sweep point.
        note: the report's note.
    """
    every = pairs["metric"].unique(maintain_order=True).to_list()
    moved = pairs.filter(pl.any_horizontal(pl.col("median", "low", "high").fill_null(0) != 0))
    differ = [metric for metric in every if metric in set(moved["metric"])]
    metrics = (differ or every)[:MAX_PANELS]
    baselines = pairs["baseline"].unique(maintain_order=True).to_list()
    rows, cols = facets(len(metrics), most=3)
    titles = [metric_label(metric).name for metric in metrics]
    panel = 60 + 26 * len(pairs["design"].unique())
    height = rows * panel + (rows - 1) * GAP
    figure = make_subplots(
        rows, cols, shared_yaxes=True, horizontal_spacing=0.03, vertical_spacing=GAP / height, subplot_titles=titles
    )
    figure.update_annotations(font={"size": 13})
    for position, metric in enumerate(metrics):
        row, col = position // cols + 1, position % cols + 1
        for pair in pairs.filter(pl.col("metric") == metric).iter_rows(named=True):
            _add_difference(figure, pair, metric, note.colour(pair["design"]), row, col)
        title = f"difference ({UNITS[metric_label(metric).unit].difference})"
        figure.update_xaxes(axis(title, nticks=6, zeroline=True, zerolinecolor=INK, zerolinewidth=1), row=row, col=col)
    figure.update_yaxes(axis("", autorange="reversed", type="category"))
    against = f"against {baselines[0]}" if len(baselines) == 1 else "against each design’s baseline"
    still, more = len(every) - max(len(differ), len(metrics)), len(differ) - len(metrics)
    what = f"{against}, pair by pair over the same seeds; dot: median difference, bar: 95 % interval"
    what += f"; {still} other {'metrics do' if still > 1 else 'metric does'} not differ" if still else ""
    what += f"; {more} more in the table" if more > 0 else ""
    return finish(figure, note, "Which differences are more than luck?", what, height, legend=False)


def emission_by_party(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show how all tokens paid split between honest and adversary validators and miners, one bar per design.

    Args:
        agents: the agents table at one sweep point.
        note: the report's note.
    """
    figure = go.Figure()
    paid = {role: AgentCube.of(agents, role, ("pay",), note.designs) for role in ("validator", "miner")}
    amounts = [
        np.nansum(paid[role].total("pay", paid[role].adversary == hostile), axis=-1) for _, role, hostile, _ in PARTIES
    ]
    total = np.maximum(sum(amounts), 1)  # [designs, seeds]
    for (name, *_, colour), amount in zip(PARTIES, amounts, strict=True):
        share = np.median(amount / total, axis=1)
        if share.any():
            text = [f"{value:.1%}" if value >= 0.03 else "" for value in share]
            figure.add_bar(
                y=[label(design) for design in note.designs], x=share, orientation="h", name=name,
                marker={"color": colour},
                text=text, textposition="inside", insidetextanchor="middle",
                hovertemplate="%{x:.2%}<extra>" + name + "</extra>",
            )  # fmt: skip
    figure.update_layout(barmode="stack", bargap=0.35, legend_traceorder="normal")
    figure.update_xaxes(axis("Share of all tokens paid (%)", tickformat=".0%", range=[0, 1.001]))
    figure.update_yaxes(axis("", autorange="reversed", type="category", ticks=""))
    what = "over the recorded epochs; median over seeds, so a bar may miss 100 % by a little"
    return finish(figure, note, "Who gets the new tokens?", what, 60 + 38 * len(note.designs))


def lorenz_curves(agents: pl.DataFrame, note: Note) -> go.Figure:
    """Show how unequally dividends and incentive are spread, with Gini, HHI and Nakamoto coefficient in a table.

    Curves and coefficients are taken per epoch, averaged over the later half of the epochs, and then the median over
    seeds is shown; so the coefficients agree with those of the summary.

    Args:
        agents: the agents table at one sweep point.
        note: the report's note.
    """
    sides = (("dividends", "validator"), ("incentive", "miner"))
    curves, gap, table = 400, 100, 44 + 30 * len(note.designs)  # pixels
    figure = make_subplots(
        2, 2, specs=[[{}, {}], [{"type": "table", "colspan": 2}, None]], horizontal_spacing=0.1,
        vertical_spacing=gap / (curves + gap + table),
        row_heights=[curves, table], subplot_titles=["dividends among validators", "incentive among miners", ""],
    )  # fmt: skip
    figure.update_annotations(font={"size": 13})
    cells = [[label(design) for design in note.designs]]
    for col, (column, role) in enumerate(sides, 1):
        values = np.nan_to_num(AgentCube.of(agents, role, (column,), note.designs).values[column])
        late = values[:, :, values.shape[2] // 2 :]  # [designs, seeds, epochs, agents]
        figure.add_scatter(
            x=[0, 1], y=[0, 1], mode="lines", line={"color": "#888888", "dash": "dot", "width": 1.2}, showlegend=False,
            hoverinfo="skip", row=1, col=col,
        )  # fmt: skip
        for design, share in zip(note.designs, late, strict=True):
            population, curve = lorenz(share)
            add_line(figure, population, curve.mean(axis=1), design, note, 1, col, show_legend=col == 1, hover=".1%")
        for name, unit in ((gini, "index"), (hhi, "index"), (nakamoto, "count")):
            cells.append([show(float(np.median(lane)), unit) for lane in name(late).mean(axis=2)])
        figure.update_xaxes(
            axis(f"Poorest {role}s (% of their number)", tickformat=".0%", range=[0, 1]), row=1, col=col
        )
        figure.update_yaxes(axis(f"Share of {column} (%)", tickformat=".0%", range=[0, 1.005]), row=1, col=col)
    heads = ["Design", *(f"{name}, {column}" for column, _ in sides for name in ("Gini", "HHI", "Nakamoto"))]
    look = {"align": ["left"] + ["right"] * 6, "height": 26, "line": {"color": GRID}}
    figure.add_table(
        header=look | {"values": [f"<b>{head}</b>" for head in heads], "fill_color": "#F4F4F4", "font_size": 12},
        cells=look | {"values": cells, "fill": {"color": "white"}}, columnwidth=[1.4, 1.1, 1.1, 1.3, 1.1, 1.1, 1.3],
        row=2, col=1,
    )  # fmt: skip
    what = "dotted: all paid alike; Nakamoto: fewest that together hold more than half; later half of the epochs"
    return finish(figure, note, "How unequally is pay spread?", f"{what}; {note.lines()}", curves + gap + table)


def _add_interval(
    figure: go.Figure, name: str, values: Sequence[float] | NDArray[np.float64], colour: str, row: int, col: int
) -> None:
    middle, low, high = interval(values)
    if middle is None:
        return
    reach = None if low is None or high is None else {"array": [high - middle], "arrayminus": [middle - low]}
    hover = f"{show(middle, 'ratio')} {show_interval(low, high, 'ratio')}"
    figure.add_scatter(
        x=[name], y=[middle], error_y=reach and reach | {"type": "data", "thickness": 2, "width": 9, "color": colour},
        mode="markers", marker={"size": 8, "color": colour}, showlegend=False,
        hovertemplate=f"{hover}<extra>{name}</extra>",
        row=row, col=col,
    )  # fmt: skip


def _add_difference(figure: go.Figure, pair: dict[str, float], metric: str, colour: str, row: int, col: int) -> None:
    unit = metric_label(metric).unit
    scale = SCALES.get(unit, 1.0)  # a difference of shares is in percentage points
    middle, low, high = pair["median"], pair["low"], pair["high"]
    reach = None if low is None else {"array": [scale * (high - middle)], "arrayminus": [scale * (middle - low)]}
    name = label(str(pair["design"]))
    hover = f"{show(middle, unit, signed=True)} {show_interval(low, high, unit, signed=True)}"
    figure.add_scatter(
        x=[scale * middle], y=[name],
        error_x=reach and reach | {"type": "data", "thickness": 2, "width": 5, "color": colour},
        mode="markers", marker={"size": 9, "color": colour}, showlegend=False,
        hovertemplate=f"{hover}<extra>{name}</extra>",
        row=row, col=col,
    )  # fmt: skip
