"""A tournament over one or two swept numbers: what it is worth, what it costs, and whom it makes rich."""

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.metric_labels import metric_label, parameter_axis, parameter_label
from experiments.plots_lines import add_band
from experiments.plots_panels import some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, facets, finish, label
from experiments.plots_sweep import median_grid, over_values, unit_scale

__all__ = ["returns_over", "tournament_maps"]

METRICS = {"meta_model_corr": ".4f", "net_emission": ".3~g", "burn_share": ".0%"}
_ACROSS = 3
_PANELS = 6
_DECADES = 100  # times the smallest value, from which on an axis is logarithmic
_PALE = [[0, "#FFFFFF"], [1, "#7BA7D6"]]  # numbers written on it can be read anywhere


def returns_over(holdings: pl.DataFrame, parameter: str, parties: Parties, note: Note) -> go.Figure:
    """Show what each party makes in a run over one swept number, a panel per design in which people stake.

    Args:
        holdings: see `tournament_values.final_holdings`.
        parameter: the swept column.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(holdings["design"]), _PANELS)
    rows, cols = facets(len(shown), most=_ACROSS)
    figure = make_subplots(
        rows, cols, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.25 / rows,
        subplot_titles=[label(design) for design in shown],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position, design in enumerate(shown):
        here = holdings.filter(pl.col("design") == design)
        for party in parties.of_role("miner"):
            own = here.filter(pl.col("party") == party.name).with_columns(pl.col("made_share").fill_null(np.nan))
            if len(own):
                x, values = over_values(own, parameter, "made_share")
                place = position // cols + 1, position % cols + 1
                add_band(figure, x, values, parties.stroke(party), *place, position == 0, ".1%", "lines+markers")
    numbers = holdings[parameter].cast(pl.Float64).to_numpy()
    wide = numbers.min() > 0 and numbers.max() / numbers.min() >= _DECADES
    figure.update_xaxes(axis("", type="log" if wide else "linear", **({"dtick": 1} if wide else {})))
    figure.update_xaxes(title={"text": label(parameter_axis(parameter))}, row=rows)
    figure.update_yaxes(axis("", tickformat=".0%"))
    figure.update_yaxes(title={"text": "Net payout (% of first holdings)"}, col=1)
    figure.add_hline(y=0, line={"color": INK, "width": 1}, row="all", col="all")
    what = f"gains and bonuses less burns of the whole run; {note.lines()}{cut}"
    question = f"Who earns, by {label(parameter_label(parameter))}?"
    return finish(figure, note, question, what, 300 * rows)


def tournament_maps(
    lanes: pl.DataFrame, shares: Mapping[str, pl.DataFrame], parameters: Sequence[str], design: str, note: Note
) -> go.Figure:
    """Show what comes of two swept numbers, a panel each: quality, cost, burns, and each party's stake in the end.

    Args:
        lanes: lane values of one design.
        shares: by party, rows with the swept columns and `share` of all stake in the end.
        parameters: the two swept columns.
        design: whose numbers these are.
        note: the report's note.
    """
    across, up = parameters
    panels = [(metric_label(name).name, lanes, name, unit_scale(name), ticks) for name, ticks in METRICS.items()]
    panels += [(f"stake of {party} in the end", rows, "share", 1.0, ".0%") for party, rows in shares.items()]
    rows, cols = facets(len(panels), most=_ACROSS)
    figure = make_subplots(
        rows, cols, shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.04, vertical_spacing=0.3 / rows,
        subplot_titles=[label(title) for title, *_ in panels],
    )  # fmt: skip
    figure.update_annotations(font={"size": 13})
    for position, (title, table, column, scale, ticks) in enumerate(panels):
        x, y, z = median_grid(table, across, up, column)
        figure.add_heatmap(
            x=x, y=y, z=z * np.float32(scale), colorscale=_PALE, showscale=False, texttemplate=f"%{{z:{ticks}}}",
            hovertemplate=f"%{{x}}, %{{y}}: %{{z:{ticks}}}<extra>{label(title)}</extra>", xgap=1, ygap=1,
            row=position // cols + 1, col=position % cols + 1,
        )  # fmt: skip
    names = [label(parameter_label(name)) for name in (across, up)]
    figure.update_xaxes(axis("", type="category", ticks="", showgrid=False))
    figure.update_yaxes(axis("", type="category", ticks="", showgrid=False))
    for col in range(1, cols + 1):  # the lowest panel of each column
        lowest = (len(panels) - col) // cols + 1
        figure.update_xaxes(title={"text": names[0]}, showticklabels=True, row=lowest, col=col)
    figure.update_yaxes(title={"text": names[1]}, col=1)
    what = f"{label(design)}; median over seeds, all rounds; each panel shaded from its lowest to its highest"
    question = f"What do {names[0]} and {names[1]} buy, and whom do they make rich?"
    return finish(figure, note, question, what, 230 * rows, legend=False)
