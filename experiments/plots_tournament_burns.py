"""What a tournament burns, and where all its tokens are."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from experiments.metric_labels import show
from experiments.plots_lines import by_seed
from experiments.plots_money import supply_over_time
from experiments.plots_style import INK, Note, axis, finish, label, rgba
from experiments.plots_tournament import add_alike
from experiments.statistics import Interval, interval
from experiments.tournament_values import Values, rolling_sum, rounds_averaged

__all__ = ["burns_and_payouts", "tournament_supply"]

BURNT = "#4D4D4D"
THIN = 1e-3  # of all tokens: a layer of less cannot be seen
MAX_PANELS = 4
DWARFS = 4  # times all else, from which on a treasury would hide it
TREASURY = "#E3D3EC"
# Where tokens can be, the gone at the bottom, below the treasury.
PLACES = (
    ("burned", ("burned",), BURNT),
    ("staked on predictions", ("staked",), "#3B4CC0"),
    ("in wallets", ("miners", "validators", "delegators", "bets"), "#8DB0FE"),
    ("burns kept against later gains", ("netted",), "#A0A0A0"),
    ("validators’ stake", ("stake", "delegated"), "#5AA9A3"),
    ("sold to the pool", ("pool",), "#7BC8A4"),
    ("owner and reporters", ("owner", "reporters"), "#E0C7A8"),
    ("paid to nobody", ("remainder",), "#D9D9D9"),
)


def burns_and_payouts(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show which part of what changes hands is burned, over time, and all that is paid and burned per design.

    Args:
        epochs: the epochs table at one sweep point.
        note: the report's note.
    """
    titles = ["share burned, over time", "all recorded rounds together"]
    figure = make_subplots(1, 2, horizontal_spacing=0.1, column_widths=[0.6, 0.4], subplot_titles=titles)
    figure.update_annotations(font={"size": 14})
    numbers = epochs["epoch"].unique().sort().to_numpy()
    count, tables = rounds_averaged(numbers), {}
    for design in note.designs:
        rows = epochs.filter(pl.col("design") == design, pl.col("staked").is_not_null())
        if len(rows):
            tables[design] = {name: by_seed(rows, name)[1] / 1e9 for name in ("gained", "bonus", "burnt")}
    add_alike(figure, numbers, {d: _burn_share(found, count) for d, found in tables.items()}, note, 1)
    _add_totals(figure, tables, note)
    figure.update_xaxes(axis("Round (epoch)"), col=1)
    figure.update_yaxes(axis("Burned, of burns and gains (%)", tickformat=".0%", rangemode="tozero"), col=1)
    figure.update_xaxes(axis("", type="category", ticks=""), col=2)
    figure.update_yaxes(axis("Tokens", tickformat=".3~s", zeroline=True, zerolinecolor=BURNT), col=2)
    figure.update_layout(barmode="relative", bargap=0.4)
    rounds = count * (int(numbers[1] - numbers[0]) if len(numbers) > 1 else 1)
    what = f"left: the last {rounds} rounds, {note.lines()}; right: upwards paid, downwards burned"
    what += ", bar: 95 % interval" if note.num_seeds > 1 else ""
    return finish(figure, note, "How much of what is won is burned again?", what, 340)


def tournament_supply(epochs: pl.DataFrame, note: Note) -> go.Figure:
    """Show where all tokens are over time, the treasury on top: see `plots_money.supply_over_time`."""
    there, treasury = _without_reserve(epochs.filter(pl.col("staked").is_not_null()))
    places = (*PLACES, (treasury, ("treasury",), TREASURY))
    most = {name: _most_held(there, accounts) for name, accounts, _ in places}
    seen = tuple(place for place in places if most[place[0]] > THIN * sum(most.values()))
    return supply_over_time(there, note, seen, MAX_PANELS)


def _without_reserve(epochs: pl.DataFrame) -> tuple[pl.DataFrame, str]:
    """Return the table without the part of a treasury that is never touched, where it would hide all else."""
    reserve = int(epochs["held_treasury"].to_numpy().min(initial=2**62))
    others = _most_held(epochs, [name for _, accounts, _ in PLACES for name in accounts])
    if reserve < DWARFS * others:
        return epochs, "treasury"
    return epochs.with_columns(pl.col("held_treasury") - reserve), f"treasury above {reserve / 1e9:,.0f} tokens"


def _most_held(epochs: pl.DataFrame, accounts: Sequence[str]) -> float:
    """Return the most that accounts ever hold together, in any lane."""
    known = [pl.col(f"held_{name}").cast(pl.Float64) for name in accounts if f"held_{name}" in epochs.columns]
    return float(epochs.select(pl.sum_horizontal(known)).to_series().to_numpy().max(initial=0.0)) if known else 0.0


def _burn_share(found: dict[str, Values], count: int) -> Values:
    """Return burns over burns and gains of the last `count` records [seeds, epochs]; NaN where there were none."""
    burnt, gained = (rolling_sum(found[name], count) for name in ("burnt", "gained"))
    total = burnt + gained
    share: Values = np.divide(burnt, total, out=np.full(total.shape, np.nan), where=total > 0)
    return share


def _add_totals(figure: go.Figure, tables: dict[str, dict[str, Values]], note: Note) -> None:
    """Draw what each design paid upwards and what it burned downwards."""
    paid, burnt = [], []
    for found in tables.values():
        sums = {name: np.nansum(values, axis=1) for name, values in found.items()}
        paid.append(interval(sums["gained"] + sums["bonus"]))
        burnt.append(interval(-sums["burnt"]))
    colours = [rgba(note.colour(design), 0.75) for design in tables]
    for name, bounds, shape in (("paid", paid, ""), ("burned", burnt, "/")):
        _add_bars(figure, [label(design) for design in tables], bounds, colours, (name, shape))


def _add_bars(
    figure: go.Figure,
    names: Sequence[str],
    bounds: Sequence[Interval],
    colours: Sequence[str],
    look: tuple[str, str],
) -> None:
    middle = [bound.median or 0.0 for bound in bounds]
    reach = {
        "array": [
            (bound.high or m) - m if bound.high is not None else 0 for m, bound in zip(middle, bounds, strict=True)
        ],
        "arrayminus": [m - bound.low if bound.low is not None else 0 for m, bound in zip(middle, bounds, strict=True)],
    }
    what, shape = look
    several = any(bound.low is not None for bound in bounds)
    figure.add_bar(
        x=list(names), y=middle, name=what, showlegend=False,
        marker={"color": list(colours), "line": {"width": 0}, "pattern": {"shape": shape, "size": 6}},
        error_y=reach | {"type": "data", "thickness": 1.5, "width": 5 if several else 0, "color": INK},
        customdata=[show(abs(m) * 1e9, "token") for m in middle],
        hovertemplate=f"{what} %{{customdata}} tokens<extra>%{{x}}</extra>", row=1, col=2,
    )  # fmt: skip
