"""What auctions bring, what voters earn, and what becomes of supply, price and treasury."""

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.metric_labels import show, show_interval
from experiments.plots_art import ROUND, add_designs, add_intervals, designs_axis, row_height
from experiments.plots_parties import Parties
from experiments.plots_style import INK, Note, axis, finish, label
from experiments.statistics import interval

__all__ = ["auctions", "rewards", "supply_and_price"]

SPRING_2022 = 19 / 33  # of Botto's auctions at a fixed reserve of 10 ETH met it
SPRING_TEXT = "Botto, spring 2022: 19 of 33"
ETH_TICKS = ".3~g"


def auctions(epochs: pl.DataFrame, lanes: pl.DataFrame, note: Note, published: bool = False) -> go.Figure:
    """Show hammer prices over rounds, with a cross where works were not sold, and the share that is sold.

    Args:
        epochs: the epochs table at one sweep point.
        lanes: lane values at that point.
        note: the report's note.
        published: whether a fixed reserve of 10 ETH is in play, for which the share sold in 2022 is known.
    """
    titles = ["hammer prices of works sold", "share of works sold"]
    figure = make_subplots(1, 2, horizontal_spacing=0.13, column_widths=[0.6, 0.4], subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    add_designs(figure, epochs, "hammer_eth", note, (1, 1), legend=True)
    unsold = _unsold(figure, epochs, note)
    add_intervals(figure, lanes, "sold_share", note, 1, 2)
    if published:
        figure.add_vline(x=SPRING_2022, line={"color": INK, "width": 1.5, "dash": "dot"}, row=1, col=2)
        figure.add_annotation(
            x=SPRING_2022, y=0.01, xref="x2", yref="y2 domain", text=SPRING_TEXT, showarrow=False, xanchor="right",
            yanchor="bottom", xshift=-4, font={"size": 11, "color": INK},
        )  # fmt: skip
    figure.update_xaxes(axis(ROUND), col=1)
    figure.update_yaxes(axis("Hammer price (ETH)", tickformat=ETH_TICKS, rangemode="tozero"), col=1)
    figure.update_xaxes(axis("Works sold (%)", tickformat=".0%", range=[-0.04, 1.06]), col=2)
    figure.update_yaxes(designs_axis(note), col=2)
    crosses = "; cross: unsold, larger in more seeds" if unsold else ""
    what = f"left: {note.lines()}{crosses}; right: diamond: median over seeds"
    what += ", bar: 95 % interval" if note.num_seeds > 1 else ""
    return finish(figure, note, "What do auctions bring?", what, max(320, row_height(note)))


def rewards(values: pl.DataFrame, lanes: pl.DataFrame, parties: Parties, note: Note) -> go.Figure:
    """Show what each party earns by voting for what it staked, and what attackers earn for what others do.

    Args:
        values: see `art_values.party_lanes`, at one sweep point.
        lanes: lane values at that point.
        parties: of the run.
        note: the report's note.
    """
    attacked = "reward_ratio" in lanes.columns and lanes["reward_ratio"].is_finite().any()
    moved = (values["moved"].fill_null(0) != 0).any()
    titles = ["paid to voters, in ETH"]
    titles += ["moved by the rule itself, in tokens"] if moved else []
    titles += ["attackers over sincere voters"] if attacked else []
    figure = make_subplots(1, len(titles), shared_yaxes=True, horizontal_spacing=0.05, subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    _party_bars(figure, values, "reward", parties, note, 1)
    figure.update_xaxes(axis("ETH a week per 1,000 tokens staked", tickformat=".2~g", rangemode="tozero"), col=1)
    if moved:
        _party_bars(figure, values, "moved", parties, note, 2)
        figure.update_xaxes(axis("tokens a week per 1,000 staked", tickformat=".3~g"), col=2)
        figure.add_vline(x=0, line={"color": INK, "width": 1}, row=1, col=2)
    if attacked:
        add_intervals(figure, lanes, "reward_ratio", note, 1, len(titles))
        figure.add_vline(x=1, line={"color": INK, "width": 1, "dash": "dot"}, row=1, col=len(titles))
        figure.update_xaxes(axis("ratio of ETH per token (1 = alike)", tickformat=ETH_TICKS), col=len(titles))
    figure.update_yaxes(designs_axis(note))
    figure.update_layout(barmode="overlay")
    height = 60 + max(len(note.designs), 2) * max(46, 16 * len(parties.members) + 14)
    what = "means over all rounds, median over seeds" + (", bar: 95 % interval" if note.num_seeds > 1 else "")
    return finish(figure, note, "What do voters earn on what they stake?", what, height)


def supply_and_price(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show supply, price, and the treasury's tokens and ETH over rounds, a line per design.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    epochs = epochs.with_columns(pl.col("price_eth") * 1000)
    panels = {
        "supply": ("tokens that exist", "Tokens"),
        "price_eth": ("price of 1,000 tokens", "ETH"),
        "treasury_tokens": ("the treasury’s tokens", "Tokens"),
        "treasury_eth": ("the treasury’s ETH", "ETH"),
    }
    figure = make_subplots(
        2, 2, shared_xaxes=True, horizontal_spacing=0.1, vertical_spacing=0.12,
        subplot_titles=[title for title, _ in panels.values()],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position, (metric, (_, unit)) in enumerate(panels.items()):
        place = position // 2 + 1, position % 2 + 1
        add_designs(figure, epochs, metric, note, place, legend=position == 0)
        span = _still(epochs[metric])
        figure.update_yaxes(
            axis(unit, tickformat=".7~s" if unit == "Tokens" else ".4~g", **span), row=place[0], col=place[1]
        )
    figure.update_xaxes(axis(""))
    figure.update_xaxes(title={"text": ROUND}, row=2)
    return finish(figure, note, "What becomes of supply, price and treasury?", note.lines(), 480)


def _still(values: pl.Series) -> dict[str, list[float]]:
    """Return a range for values that hardly move: rounding would fill the panel otherwise."""
    known = values.cast(pl.Float64).drop_nulls().to_numpy()
    if not len(known) or np.ptp(known) > 1e-6 * np.abs(known).max():
        return {}
    middle = float(known[0])
    return {"range": [0.9 * middle, 1.1 * middle] if middle else [-1, 1]}


def _unsold(figure: go.Figure, epochs: pl.DataFrame, note: Note) -> bool:
    """Mark rounds in which a work was offered and not sold, in a strip below 0; say whether there are any."""
    highest = epochs["hammer_eth"].cast(pl.Float64).fill_nan(None).max()
    step = 0.045 * float(highest) if isinstance(highest, float) and highest > 0 else 0.05
    strips = 0
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design, pl.col("sold").is_not_null())
        missed = rows.group_by("epoch").agg((1 - pl.col("sold").cast(pl.Float64)).mean().alias("share")).sort("epoch")
        missed = missed.filter(pl.col("share") > 0)
        if not len(missed):
            continue
        strips += 1
        share = missed["share"].to_numpy()
        figure.add_scatter(
            x=missed["epoch"].to_numpy() + 1, y=np.full(len(missed), -strips * step), mode="markers",
            marker={"symbol": "x", "size": 4 + 5 * share, "color": note.colour(design)}, showlegend=False,
            legendgroup=design, customdata=share, row=1, col=1,
            hovertemplate=f"round %{{x}}: unsold in %{{customdata:.0%}} of seeds<extra>{label(design)}</extra>",
        )  # fmt: skip
    return strips > 0


def _party_bars(figure: go.Figure, values: pl.DataFrame, column: str, parties: Parties, note: Note, col: int) -> None:
    """Draw a value per design and party as bars in the parties' colours."""
    members = parties.members
    width = 0.78 / len(members)
    for position, party in enumerate(members):
        mine = values.filter(pl.col("party") == party.name)
        names, middle, above, below, said = [], [], [], [], []
        for design in note.designs:
            numbers = mine.filter(pl.col("design") == design)[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
            found = interval(numbers)
            if found.median is None:
                continue
            names.append(label(design))
            middle.append(found.median)
            above.append(0 if found.high is None else found.high - found.median)
            below.append(0 if found.low is None else found.median - found.low)
            said.append(f"{show(found.median, 'eth_stake')} {show_interval(found.low, found.high, 'eth_stake')}")
        # The axis of designs runs from the last up to the first, so that the first party stands on top.
        offset = 0.39 - (position + 1) * width
        figure.add_bar(
            x=middle, y=names, orientation="h", width=width * 0.9, offset=offset, name=label(party.name),
            legendgroup=party.name, showlegend=col == 1, marker={"color": parties.colour(party), "line": {"width": 0}},
            error_x={"type": "data", "array": above, "arrayminus": below, "thickness": 1.5,
                     "width": 4 if any(above) or any(below) else 0, "color": INK},
            customdata=said, hovertemplate=f"%{{customdata}}<extra>{label(party.name)}, %{{y}}</extra>", row=1, col=col,
        )  # fmt: skip
