"""Where an attack starts or stops paying: the crossing of a curve with a level, and how sure it is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from experiments.party_values import Party, PartyValues
from experiments.run_folder import KEYS, RunFolder
from experiments.statistics import Interval, interval

__all__ = [
    "QUANTITIES",
    "Attackers",
    "BreakEven",
    "Quantity",
    "attack_values",
    "attackers_of",
    "break_even",
    "crossing",
    "curves",
]


class Quantity(NamedTuple):
    """What an attack brings: a column of `attack_values`, the value at which it pays no more than honesty.

    Somebody who does what all do is paid its fair share up to noise, so an attack pays from `margin` above on.
    """

    column: str
    level: float
    margin: float
    title: str
    ticks: str

    @property
    def threshold(self) -> float:
        """Return the value above which the attack pays."""
        return self.level + self.margin


QUANTITIES = (
    Quantity("profit", 0.0, 0.0, "Profit (dollars per agent and epoch)", "$~s"),
    Quantity("ratio", 1.0, 0.01, "Pay over fair share (×)", ".4~g"),
)


class BreakEven(NamedTuple):
    """Where curves, one per seed, first cross a level.

    `place` is the median over the seeds that cross, with its interval; `rises` says whether they come from below;
    `starts_above` is the share of seeds whose first value lies above the level.
    """

    place: Interval
    rises: bool
    crossed: int
    seeds: int
    starts_above: float


class Attackers(NamedTuple):
    """Parties of adversaries that act together, and what they are called."""

    name: str
    parties: tuple[Party, ...]

    @property
    def stakes(self) -> bool:
        """Say whether there are validators among them."""
        return any(party.role == "validator" for party in self.parties)


def crossing(x: ArrayLike, y: ArrayLike, level: float) -> float:
    """Return where the line through (x, y) first comes to lie on the other side of `level`, NaN if it never does.

    Between two points the line is straight. A value equal to the level counts as lying below it.

    Args:
        x: [n] ascending.
        y: [n] NaN where there is no value; such a point is left out.
        level: what to cross.
    """
    places, values = np.asarray(x, np.float64), np.asarray(y, np.float64) - level
    places, values = places[np.isfinite(values)], values[np.isfinite(values)]
    above = values > 0
    if not len(above) or (above == above[0]).all():
        return float("nan")
    after = int((above != above[0]).argmax())
    before = after - 1
    part = values[before] / (values[before] - values[after])
    return float(places[before] + part * (places[after] - places[before]))


def break_even(x: ArrayLike, curves: ArrayLike, level: float) -> BreakEven:
    """Return where `curves` [seeds, n] over `x` [n] cross `level`."""
    rows = np.asarray(curves, np.float64)
    rows = rows[np.isfinite(rows).any(axis=1)]
    places = np.array([crossing(x, row, level) for row in rows])
    first = np.array([row[np.isfinite(row)][0] > level for row in rows])
    found = np.isfinite(places)
    rises = bool((~first[found]).mean() >= 0.5) if found.any() else False
    starts = float(first.mean()) if len(first) else 0.0
    return BreakEven(interval(places[found]), rises, int(found.sum()), len(rows), starts)


def attackers_of(run: RunFolder, parties: Sequence[Party], path: str) -> list[Attackers]:
    """Return the adversaries that a swept parameter is about: those it names, otherwise all of them.

    An overlay and the miners it backs are one.

    Args:
        run: a finished run.
        parties: of the run, see `party_values.parties_of`.
        path: the swept parameter's dotted path.
    """
    hostile = [party for party in parties if party.adversary]
    overlays: dict[str, Any] = run.config.get("overlays") or {}
    backed = {str(block.get("backs")): name for name, block in overlays.items() if block and block.get("backs")}
    groups: dict[str, list[Party]] = {}
    for party in hostile:
        groups.setdefault(backed.get(party.name, party.name), []).append(party)
    root, _, rest = path.partition(".")
    named = rest.split(".")[0] if root in ("overlays", "miners") else ""
    named = backed.get(named, named)
    chosen = {named: groups[named]} if named in groups else groups
    return [Attackers(" and ".join(dict.fromkeys(p.name for p in reversed(g))), tuple(g)) for g in chosen.values()]


def attack_values(lanes: pl.DataFrame, values: PartyValues, group: Attackers) -> pl.DataFrame:
    """Return what a group of attackers gains: one row per lane with `profit`, `ratio` and `over_honest`.

    profit: dollars per agent and epoch, over all of them. ratio: what the group is paid over its fair share of pay,
    which is its share of stake where it has stake, and its share of miners otherwise. over_honest: the same per stake,
    or per miner, over that of honest peers. Miners' pay is what slashing leaves of it; validators lose stake, not pay.
    Shares are those of the later half of the epochs.

    Args:
        lanes: lane values, see `statistics.lane_values`. They know every epoch, but only all adversaries together.
        values: of the parties, from the recorded agents; they serve where the group is not all adversaries.
        group: whom to look at.
    """
    role = "validator" if group.stakes else "miner"
    keys = [*KEYS[:2], *values.swept, "seed"]
    worth, base = ("dividends", "stake_share") if group.stakes else ("incentive", "members")
    theirs = pl.any_horizontal(
        (pl.col("role") == party.role) & (pl.col("party") == party.name) for party in group.parties
    )  # fmt: skip
    people = values.lanes.with_columns(theirs=theirs, peer=pl.col("role") == role)
    sides = {"their": pl.col("theirs") & pl.col("peer"), "honest": pl.col("peer") & ~pl.col("adversary")}
    found = people.group_by(keys, maintain_order=True).agg(
        _per_member("profit", "theirs").alias("profit"),
        *(
            (1 - _per_member("slashed", who) / _per_member("earned", who)).alias(f"{s}_kept")
            for s, who in sides.items()
        ),
        *(
            (pl.col(name).filter(who).sum() / pl.col(name).filter("peer").sum()).alias(f"{side}_{name}")
            for side, who in sides.items()
            for name in (worth, base)
        ),
    )
    found = _over_all_epochs(found, lanes, values, group)
    kept = {s: 1 if group.stakes else pl.col(f"{s}_kept").fill_nan(1) for s in sides}
    rate = {s: pl.col(f"{s}_{worth}") / pl.col(f"{s}_{base}") * kept[s] for s in sides}
    ratios = {"ratio": rate["their"], "over_honest": rate["their"] / rate["honest"]}
    return found.select(*keys, "profit", **ratios).sort(keys)


def _kept(who: pl.Expr) -> pl.Expr:
    """Return the share of what some people earned that they were not slashed."""
    return 1 - _per_member("slashed", who) / _per_member("earned", who)


def _per_member(column: str, who: pl.Expr | str) -> pl.Expr:
    members = pl.col("members").filter(who)
    return (pl.col(column).filter(who) * members).sum() / members.sum()


def _over_all_epochs(found: pl.DataFrame, lanes: pl.DataFrame, values: PartyValues, group: Attackers) -> pl.DataFrame:
    """Return the shares of pay and stake over every epoch, where the group holds all adversaries of its role."""
    role = "validator" if group.stakes else "miner"
    others = {party for party in values.parties if party.adversary and party.role == role} - set(group.parties)
    known = {"dividends": "adversary_dividend_share", "stake_share": "adversary_stake_share"}
    known = known if group.stakes else {"incentive": "adversary_incentive_share"}
    if others or not set(known.values()) <= set(lanes.columns):
        return found
    exact = lanes.select(*KEYS, *(pl.col(column).fill_nan(None).alias(f"_{name}") for name, column in known.items()))
    joined = found.join(exact, KEYS, how="left", maintain_order="left")
    return joined.with_columns(
        pl.coalesce(share, f"{side}_{name}").alias(f"{side}_{name}")
        for name in known
        for side, share in (("their", pl.col(f"_{name}")), ("honest", 1 - pl.col(f"_{name}")))
    ).drop(f"_{name}" for name in known)


def curves(values: pl.DataFrame, path: str, column: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a swept parameter's values [n], ascending, and one design's column [seeds, n]."""
    x, seeds = values[path].unique().sort().to_numpy(), values["seed"].unique().sort().to_numpy()
    found = np.full((len(seeds), len(x)), np.nan)
    where = np.searchsorted(seeds, values["seed"].to_numpy()), np.searchsorted(x, values[path].to_numpy())
    found[where] = values[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return x.astype(np.float64), found
