"""Who takes part in a tournament: what parties stake and make, and what their models are worth."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.party_values import Party, party_array
from experiments.plots_lines import add_band
from experiments.plots_panels import some_designs
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, finish, label
from experiments.tournament_values import alike

__all__ = ["corr_and_contribution", "stakes_and_payouts"]

MAX_PANELS = 4
PANEL, GAP = 230, 62  # pixels
ROWS = (
    ("stake", "Staked (tokens)", ".3~s", ",.4~s"),
    ("made_share", "Net payout (% of first holdings)", ".0%", ".1%"),
)  # column, axis title, d3 formats of ticks and values


def stakes_and_payouts(stakes: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show what each party has staked and what it has been paid on balance, one column of panels per design.

    Args:
        stakes: see `tournament_values.party_stakes`.
        parties: of the run.
        note: the report's note.
    """
    shown, cut = some_designs(note.designs, set(stakes["design"]), MAX_PANELS)
    height = 2 * PANEL + GAP
    figure = make_subplots(
        2, len(shown), shared_xaxes=True, horizontal_spacing=0.03, vertical_spacing=GAP / height,
        subplot_titles=[*map(label, shown), *[""] * len(shown)],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    table = stakes.with_columns(role=pl.lit("miner"))
    members = [party for party in parties.of_role("miner") if party.name in set(stakes["party"])]
    for row, (column, title, ticks, hover) in enumerate(ROWS, 1):
        for col, design in enumerate(shown, 1):
            _add_parties(figure, table, members, parties, design, (column, hover), row, col)
            figure.update_yaxes(
                axis(title if col == 1 else "", tickformat=ticks, showticklabels=col == 1, rangemode="tozero"),
                matches="y" if row == 1 else f"y{len(shown) + 1}",
                row=row, col=col,
            )  # fmt: skip
    figure.update_xaxes(axis("", nticks=5))
    figure.update_xaxes(title={"text": "Round (epoch)"}, row=2)
    figure.add_hline(y=0, line={"color": INK, "width": 1}, row=2, col="all")
    when = f"at {stakes['epoch'].n_unique()} recorded rounds"
    what = f"whole parties, {when}; net payout: gains and bonuses less burns so far; {note.lines()}"
    return finish(figure, note, "Who stakes, and who is paid for it?", f"{what}{cut}", height)


def corr_and_contribution(agents: pl.DataFrame, parties: Parties, note: Note, rounds: int) -> go.Figure:
    """Show each model's mean CORR against its mean MMC; designs under which models score the same share a panel.

    Args:
        agents: rows of the agents table of one seed at one sweep point, with `corr` and `mmc`.
        parties: of the run.
        note: the report's note.
        rounds: how many there were, recorded or not.
    """
    means = _means(agents)
    found = {d: rows.select("corr", "mmc").to_numpy() for d in note.designs if len(rows := _of(means, d))}
    groups = alike(found)
    shown, cut = some_designs(list(groups), set(groups))
    titles = ["" if len(groups) == 1 else label(", ".join(groups[first])) for first in shown]
    figure = make_subplots(
        1, len(shown), shared_yaxes=True, shared_xaxes="all", horizontal_spacing=0.03, subplot_titles=titles
    )
    figure.update_annotations(font={"size": 14})
    explained: set[str] = set()
    for col, design in enumerate(shown, 1):
        _add_models(figure, _of(means, design), parties, col, explained)
    zero = {"zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1}
    figure.update_xaxes(axis("Mean CORR (correlation)", tickformat=".3~g", nticks=7, **zero))
    figure.update_yaxes(axis("", tickformat=".3~g", **zero))
    figure.update_yaxes(title={"text": "Mean MMC (on the scale of CORR)"}, col=1)
    every = " under every design" if len(groups) == 1 < len(found) else ""
    seed = int(agents["seed"].to_numpy().min())
    when = f"{agents['epoch'].n_unique()} recorded of {rounds} rounds"
    what = f"a dot per model{every}: its mean over {when}; seed {seed}"
    return finish(figure, note, "Which models are right, and which add something of their own?", what + cut, 380)


def _add_parties(
    figure: go.Figure, table: pl.DataFrame, members: list[Party], parties: Parties, design: str,
    what: tuple[str, str], row: int, col: int,
) -> None:  # fmt: skip
    for party in members:
        numbers, values = party_array(table, party, design, what[0])
        add_band(figure, numbers, values, parties.stroke(party), row, col, row == col == 1, hover=what[1])


def _means(agents: pl.DataFrame) -> pl.DataFrame:
    """Return each model's mean scores over the recorded rounds in which it had them; MMC needs a meta model."""
    keys = ["design", "uid", "name", "party"]
    known = agents.with_columns(pl.col("corr", "mmc").fill_nan(None))
    means = known.group_by(keys).agg(pl.col("corr", "mmc").mean(), pl.col("corr").count().alias("rounds"))
    return means.drop_nulls(["corr", "mmc"]).sort(keys)


def _of(means: pl.DataFrame, design: str) -> pl.DataFrame:
    return means.filter(pl.col("design") == design)


def _add_models(figure: go.Figure, means: pl.DataFrame, parties: Parties, col: int, explained: set[str]) -> None:
    for party in parties.of_role("miner"):
        rows = means.filter(pl.col("party") == party.name)
        if not len(rows):
            continue
        name = parties.name(party)
        x, y = (rows[column].to_numpy().astype(np.float32) for column in ("corr", "mmc"))
        figure.add_scatter(
            x=x, y=y, mode="markers", name=label(name), legendgroup=name, showlegend=name not in explained,
            marker={"size": 9, "color": parties.colour(party), "opacity": 0.8, "line": {"color": "white", "width": 1}},
            customdata=[f"{label(who)}, {n} rounds" for who, n in rows.select("name", "rounds").iter_rows()],
            hovertemplate="CORR %{x:.4f}, MMC %{y:.4f}<extra>%{customdata}</extra>", row=1, col=col,
        )  # fmt: skip
        explained.add(name)
