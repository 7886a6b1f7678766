"""Figures over swept parameters: lines for one parameter, heat maps for two."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from experiments.art_values import ART_METRICS
from experiments.metric_labels import SCALES, metric_label, parameter_axis, parameter_label, parameter_ticks, place_text
from experiments.plots_lines import add_line
from experiments.plots_style import INK, Note, axis, facets, finish, label
from experiments.statistics import PROFITS, WHOLE
from experiments.tournament_values import TOURNAMENT_METRICS

__all__ = [
    "BARELY",
    "BREAK_EVEN",
    "HARDLY",
    "map_metric",
    "median_grid",
    "moved",
    "over_values",
    "panel_metrics",
    "sweep_lines",
    "sweep_map",
    "sweep_metrics",
    "unit_scale",
]

WITH_ADVERSARIES = ("adversary_pay_ratio", "adversary_emission_share", "gini_dividends", "gini_incentive")
WITHOUT_ADVERSARIES = ("gini_incentive", "gini_dividends", "nakamoto_incentive", "quality_correlation")
WITH_WORK = (
    "quality_correlation", "honest_miner_profit", "adversary_miner_profit", "adversary_pay_ratio", "gini_stake",
    "gini_incentive",
)  # fmt: skip
WITH_PREDICTIONS = (
    "meta_model_corr", "net_emission", "stake_return", "burn_share", "meta_model_percentile", "effective_models",
    "honest_miner_profit", "adversary_miner_profit",
)  # fmt: skip
WITH_ART = (
    "quality_percentile", "attacker_win_share", "attacker_points_share", "reward_ratio", "hammer_eth", "sincere_reward",
    "diversity", "sold_share", "gini_points", "spread",
)  # fmt: skip
# A map's colours are white where an attack breaks even.
BREAK_EVEN = {"adversary_miner_profit": 0, "adversary_pay_ratio": 1}
DECADES = 100  # times the smallest value, from which on an axis is logarithmic
MANY = 1e4  # from which on a parameter's ticks are 10k, 20k, …
MOST_WRITTEN = 36  # cells of a map that have room for their numbers
# Relative changes from which on an attack, and any other metric, is said to depend on what is swept.
BARELY, HARDLY = 0.01, 0.05


def sweep_metrics(lanes: pl.DataFrame) -> list[str]:
    """Return the metrics worth a panel: about work or art where any is made, about attackers, else inequality."""
    there = [name for name in lanes.columns if lanes[name].dtype.is_numeric() and lanes[name].is_finite().any()]
    if "meta_model_corr" in there:
        return [name for name in WITH_PREDICTIONS if name in there]
    if "quality_percentile" in there:
        return [name for name in WITH_ART if name in there]
    quality = next((name for name in ("accuracy_paid", "skill_paid") if name in there), None)
    if quality is not None:
        return [quality, *(name for name in WITH_WORK if name in there)]
    wanted = WITH_ADVERSARIES if "adversary_pay_ratio" in there else WITHOUT_ADVERSARIES
    return [name for name in wanted if name in there] or [name for name in ("honest_emission_share",) if name in there]


def map_metric(lanes: pl.DataFrame) -> str:
    """Return the metric that best shows what a sweep does: what an attack brings, else what changes most."""
    metrics = sweep_metrics(lanes)
    if "attacker_win_share" in metrics and moved(lanes, "attacker_win_share") > HARDLY:
        return "attacker_win_share"
    attack = [name for name in metrics if name in BREAK_EVEN and (moved(lanes, name) > BARELY or len(metrics) == 1)]
    if any(name.startswith("overlays.") for name in lanes.columns):  # an attack by validators
        attack = attack[::-1]
    return (attack or sorted(metrics, key=lambda name: -moved(lanes, name)))[0]


def panel_metrics(lanes: pl.DataFrame, most: int = 4) -> list[str]:
    """Return the metrics worth a panel, in their order: where there are more than `most`, those that move."""
    metrics = sweep_metrics(lanes)
    still = [name for name in metrics[1:] if moved(lanes, name) <= HARDLY]
    dropped = set(still[::-1][: max(len(metrics) - most, 0)])
    return [name for name in metrics if name not in dropped][:most]


def moved(lanes: pl.DataFrame, metric: str) -> float:
    """Return how far a metric's median moves over the sweep under any design, relative to its largest value."""
    known = lanes.filter(pl.col(metric).is_finite()).group_by("design", "point").agg(pl.col(metric).median())
    spans = known.group_by("design").agg(
        span=pl.col(metric).max() - pl.col(metric).min(), size=pl.col(metric).abs().max()
    )
    relative = spans.filter(pl.col("size") > 0).select(pl.col("span") / pl.col("size")).to_series()
    return float(relative.to_numpy().max(initial=0.0))


def sweep_lines(lanes: pl.DataFrame, parameter: str, metrics: Sequence[str], note: Note) -> go.Figure:
    """Show each metric over one swept parameter, one line per design.

    Args:
        lanes: lane values (see `statistics`).
        parameter: the swept column.
        metrics: one panel each.
        note: the report's note.
    """
    rows, cols = facets(len(metrics), most=2)
    titles = [metric_label(metric).name for metric in metrics]
    figure = make_subplots(
        rows, cols, shared_xaxes=True, horizontal_spacing=0.1, vertical_spacing=0.12, subplot_titles=titles
    )
    figure.update_annotations(font={"size": 13})
    for position, metric in enumerate(metrics):
        place = position // cols + 1, position % cols + 1
        for design in note.designs:
            x, values = over_values(lanes.filter(pl.col("design") == design), parameter, metric)
            add_line(
                figure,
                x,
                values * unit_scale(metric),
                design,
                note,
                *place,
                show_legend=position == 0,
                mode="lines+markers",
            )
        if metric in BREAK_EVEN:
            figure.add_hline(
                y=BREAK_EVEN[metric], line={"color": INK, "width": 1.2, "dash": "dot"}, row=place[0], col=place[1]
            )
        look = metric_label(metric)
        figure.update_yaxes(axis(look.axis, tickformat=look.ticks), row=place[0], col=place[1])
    numeric = lanes[parameter].dtype.is_numeric()
    large = numeric and lanes[parameter].cast(pl.Float64).to_numpy().max(initial=0.0) >= MANY
    ticks = {"tickformat": ".3~s" if large else parameter_ticks(parameter)} if numeric else {}
    wide = numeric and _wide(lanes[parameter])
    figure.update_xaxes(axis("", type="log" if wide else "linear" if numeric else "category", **ticks))
    if wide:
        figure.update_xaxes(tickvals=lanes[parameter].unique().sort().to_list())
    figure.update_xaxes(title={"text": label(parameter_axis(parameter))}, row=rows)
    what = f"{_epochs_of(metrics)}; {note.lines()}; parameter {parameter}"
    return finish(figure, note, f"How much depends on {label(parameter_label(parameter))}?", what, 290 * rows)


def sweep_map(lanes: pl.DataFrame, parameters: Sequence[str], metric: str, note: Note) -> go.Figure:
    """Show one metric over two swept parameters, one heat map per design; further parameters stay at their first value.

    Args:
        lanes: lane values (see `statistics`).
        parameters: the swept columns; the first two span the map.
        metric: what is coloured; white is where an attack breaks even, if the metric says that.
        note: the report's note.
    """
    across, up, *further = parameters
    fixed = {name: lanes[name][0] for name in further}
    for name, value in fixed.items():
        lanes = lanes.filter(pl.col(name) == value)
    rows, cols = facets(len(note.designs), most=3)
    titles = [label(design) for design in note.designs]
    figure = make_subplots(
        rows,
        cols,
        shared_xaxes=True,
        shared_yaxes=True,
        horizontal_spacing=0.03,
        vertical_spacing=0.25 / rows,
        subplot_titles=titles,
    )
    figure.update_annotations(font={"size": 13})
    look, names = metric_label(metric), [label(parameter_label(name)) for name in (across, up)]
    for position, design in enumerate(note.designs):
        x, y, z = median_grid(lanes.filter(pl.col("design") == design), across, up, metric)
        z *= np.float32(unit_scale(metric))
        written = f"%{{z:{look.ticks}}}" if z.size <= MOST_WRITTEN else None
        figure.add_heatmap(
            x=x, y=y, z=z, coloraxis="coloraxis", texttemplate=written,
            hovertemplate=f"{names[0]} %{{x}}, {names[1]} %{{y}}: %{{z:.3~g}}<extra>{titles[position]}</extra>",
            row=position // cols + 1, col=position % cols + 1,
        )  # fmt: skip
    figure.update_xaxes(axis("", type="category", ticks=""))
    figure.update_yaxes(axis("", type="category", ticks=""))
    figure.update_xaxes(title={"text": names[0]}, row=rows)
    figure.update_yaxes(title={"text": names[1]}, col=1)
    bar = {
        "title": {"text": look.axis, "side": "right", "font": {"size": 13}},
        "tickformat": look.ticks,
        "thickness": 14,
        "outlinewidth": 0,
    }
    # Blue below, orange above: the colours of who gains.
    scale = {"colorscale": [[0, "#0072B2"], [0.5, "#FFFFFF"], [1, "#D98200"]], "cmid": BREAK_EVEN.get(metric)}
    figure.update_layout(coloraxis=(scale if metric in BREAK_EVEN else {"colorscale": "Cividis"}) | {"colorbar": bar})
    what = f"median over seeds, {_epochs_of([metric])}{'; ' + place_text(fixed) if fixed else ''}"
    question = f"{look.name}: where do {names[0]} and {names[1]} matter?"
    return finish(figure, note, question, what, 300 * rows, legend=False)


def _wide(values: pl.Series) -> bool:
    """Say whether numbers span so much that an axis shows them only if it is logarithmic."""
    numbers = values.cast(pl.Float64).to_numpy()
    return bool(numbers.min() > 0 and numbers.max() / numbers.min() >= DECADES)


def unit_scale(metric: str) -> float:
    """Return what a metric is multiplied by to be drawn: amounts are stored in 10⁻⁹ tokens, per cent are ticks."""
    unit = metric_label(metric).unit
    return 1.0 if unit == "share" else SCALES.get(unit, 1.0)


def _epochs_of(metrics: Sequence[str]) -> str:
    """Say which epochs lane values are about."""
    whole = [name for name in metrics if name in (*WHOLE, *TOURNAMENT_METRICS, *ART_METRICS)]
    if len(whole) == len(metrics):
        return "all epochs"
    if set(whole) <= set(PROFITS):
        return "later half of the epochs" + ("; profits: all of them" if whole else "")
    rest = [metric_label(name).name.lower() for name in metrics if name not in whole]
    return f"all epochs; {', '.join(rest)}: the later half"


def over_values(lanes: pl.DataFrame, parameter: str, metric: str) -> tuple[NDArray[np.object_], NDArray[np.float64]]:
    """Return the parameter's values in order, and the metric [lanes at a value, values], NaN where there are fewer."""
    lanes = lanes.select(parameter, "seed", metric)
    numeric = lanes[parameter].dtype.is_numeric()
    lanes = lanes.sort(parameter, "seed", maintain_order=True) if numeric else lanes
    x = lanes[parameter].unique(maintain_order=True).to_list()
    columns = [lanes.filter(pl.col(parameter) == value)[metric].to_numpy() for value in x]
    values = np.full((max(map(len, columns), default=0), len(x)), np.nan)
    for position, column in enumerate(columns):
        values[: len(column), position] = column
    return np.array(x), values


def median_grid(
    lanes: pl.DataFrame, across: str, up: str, metric: str
) -> tuple[list[str], list[str], NDArray[np.float32]]:
    """Return both parameters' values as text, and the median metric [up, across], NaN without finite values."""
    keys = [lanes[name].unique(maintain_order=True).to_list() for name in (across, up)]
    ordered = [sorted(key) if all(isinstance(v, int | float) for v in key) else key for key in keys]
    z = np.full((len(ordered[1]), len(ordered[0])), np.nan, np.float32)
    for (x, y), cell in lanes.partition_by(across, up, as_dict=True).items():
        values = cell[metric].to_numpy()
        values = values[np.isfinite(values)]
        if len(values):
            z[ordered[1].index(y), ordered[0].index(x)] = np.median(values)
    return (
        [f"{v:.4g}" if isinstance(v, float) else str(v) for v in ordered[0]],
        [f"{v:.4g}" if isinstance(v, float) else str(v) for v in ordered[1]],
        z,
    )
