"""What each party earns, spends and achieves: the agents table by party, lane by lane."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.run_folder import KEYS, RunFolder
from experiments.statistics import PROFITS, without_failed

__all__ = ["Party", "PartyValues", "party_array", "party_epochs", "party_lanes", "staying_members"]

WORK = ("skill", "accuracy", "loss")
SHARES = ("incentive", "dividends", "stake_share")
MONEY = ("pay", "earned", "slashed", "passed_on", "spent", "profit")
VALIDATORS_OWN = ("bets_won", "delegators_gain")  # what a validator wins beside its pay, and what is not its own
LOSSES = ("slashed_honest", "slashed_adversary")
ATOMS_PER_TOKEN = 1e9


class Party(NamedTuple):
    """Agents of one role that behave alike."""

    name: str
    role: str
    adversary: bool


@dataclass(frozen=True)
class PartyValues:
    """The parties of a run whose miners work: miners before validators, honest before adversaries, then by uid.

    Attributes:
        parties: who they are.
        epochs: see `party_epochs`.
        lanes: see `party_lanes`.
        swept: the swept parameters' columns.
    """

    parties: tuple[Party, ...]
    epochs: pl.DataFrame
    lanes: pl.DataFrame
    swept: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: RunFolder) -> "PartyValues | None":
        """Return the parties of a run, None where agents were not recorded or do no work.

        Agents are recorded every few epochs only. Where a party is all there is of its side, the epochs table knows
        what it earned in every epoch, and that counts.
        """
        if not run.works or not run.has("agents"):
            return None
        agents = _priced_agents(run)
        lanes = _over_all_epochs(party_lanes(agents, run.swept), _side_lanes(run))
        return cls(_parties(lanes), party_epochs(agents, run.swept), lanes, tuple(run.swept))

    def at_first_point(self) -> "PartyValues":
        """Return the values at the first sweep point; where kinds are swept, a party may be another elsewhere."""
        here = pl.col("point") == 0
        lanes = self.lanes.filter(here)
        return PartyValues(_parties(lanes), self.epochs.filter(here), lanes, self.swept)

    def lane_values(self, party: Party, design: str, column: str) -> NDArray[np.float64]:
        """Return a party's lane values under one design, one per lane in the order of seeds."""
        mine = self.lanes.filter(
            pl.col("design") == design, pl.col("role") == party.role, pl.col("party") == party.name
        )  # fmt: skip
        return mine.sort("point", "seed")[column].cast(pl.Float64).fill_null(np.nan).to_numpy()


def party_epochs(agents: pl.DataFrame, swept: Sequence[str] = ()) -> pl.DataFrame:
    """Return one row per lane, recorded epoch and party.

    Args:
        agents: rows of the agents table in order, with each one's dollars: `earned`, `slashed`, `passed_on` to its
            delegators, `spent`, and the `profit` that is left.
        swept: the swept parameters' columns.

    Returns:
        `design`, `point`, swept parameters, `seed`, `epoch`, `role`, `party`, `adversary`, `first_uid`; `members`,
        those present; per member `pay` in tokens, and the dollars; the mean `skill`, `accuracy` and `loss` of those
        present; the party's `incentive`, `dividends` and `stake_share`.
    """
    keys = [*KEYS[:2], *swept, "seed", "epoch", "role", "party"]
    there = pl.col("here")
    members = 1 / pl.when(there.sum() > 0).then(there.sum())
    return agents.group_by(keys, maintain_order=True).agg(  # in order, so that sums of floats are always the same
        pl.col("adversary").first(),
        pl.col("uid").min().alias("first_uid"),
        there.sum().alias("members"),
        *(pl.col(name).sum() * members for name in MONEY),
        *(pl.col(name).filter(there & pl.col(name).is_finite()).mean() for name in WORK),
        *(pl.col(name).fill_null(0).sum() for name in SHARES),
    )


def party_lanes(agents: pl.DataFrame, swept: Sequence[str] = ()) -> pl.DataFrame:
    """Return one row per lane and party: the columns of `party_epochs` as means over the later half of the epochs.

    Money is averaged over all recorded epochs, since what was lost at the start stays lost. `losing` is the share of
    the party's uids that spend more than they earn.
    """
    numbers = agents["epoch"].unique().sort()
    late = pl.col("epoch") >= (numbers[len(numbers) // 2] if len(numbers) else 0)
    keys = [*KEYS[:2], *swept, "seed", "role", "party"]
    means = party_epochs(agents, swept).group_by([*keys, "adversary"], maintain_order=True).agg(
        pl.col("first_uid").min(),
        *(pl.col(name).filter(late).mean() for name in ("members", *WORK, *SHARES)),
        *(pl.col(name).mean() for name in MONEY),
    )  # fmt: skip
    each = agents.group_by([*keys, "uid"], maintain_order=True).agg(pl.col("profit").sum())
    losing = each.group_by(keys, maintain_order=True).agg((pl.col("profit") < 0).mean().alias("losing"))
    return means.join(losing, keys, maintain_order="left")


def party_array(
    epochs: pl.DataFrame, party: Party, design: str, column: str
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return epoch numbers, and a party's values under one design [seeds, epochs], NaN where there are none."""
    numbers, seeds = epochs["epoch"].unique().sort().to_numpy(), epochs["seed"].unique().sort().to_numpy()
    values = np.full((len(seeds), len(numbers)), np.nan)
    rows = epochs.filter(
        pl.col("design") == design, pl.col("role") == party.role, pl.col("party") == party.name
    )  # fmt: skip
    where = np.searchsorted(seeds, rows["seed"].to_numpy()), np.searchsorted(numbers, rows["epoch"].to_numpy())
    values[where] = rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
    return numbers, values


def staying_members(agents: pl.DataFrame) -> pl.DataFrame:
    """Return which share of each party's first miners still sits where it sat.

    Args:
        agents: rows of the agents table with `present` and `generation`.

    Returns:
        One row per lane, recorded epoch and party: `design`, `point`, `seed`, `epoch`, `role`, `party`, `staying`.
    """
    miners = agents.filter(pl.col("role") == "miner").sort(*KEYS, "uid", "epoch")
    first = (pl.col("generation") == 0) & (pl.col("present") > 0)
    staying = miners.with_columns(staying=first.cast(pl.Float64))
    return staying.group_by(*KEYS, "epoch", "role", "party", maintain_order=True).agg(pl.col("staying").mean())


def _side_lanes(run: RunFolder) -> pl.DataFrame:
    """Return what the epochs table knows of each lane, by side: profits per agent and epoch, tokens slashed."""
    rows = run.read("epochs", [*PROFITS, *LOSSES])
    return rows.group_by(KEYS, maintain_order=True).agg(
        pl.col(name).cast(pl.Float64).fill_nan(None).mean() for name in (*PROFITS, *LOSSES)
    )


def _parties(lanes: pl.DataFrame) -> tuple[Party, ...]:
    """Return the parties of some lanes; one that is an adversary's anywhere counts as such."""
    found = lanes.group_by("role", "party").agg(pl.col("adversary").max(), pl.col("first_uid").min())
    rows = found.sort("role", "adversary", "first_uid").select("party", "role", "adversary").iter_rows()
    return tuple(Party(*row) for row in rows)


def _over_all_epochs(sampled: pl.DataFrame, sides: pl.DataFrame) -> pl.DataFrame:
    """Return the lanes of parties with profits over all epochs, where a party is the only one of its side and role.

    What fits its profit then is what it earned or, where its side was slashed at all, what it was slashed: the rare and
    the lucky is what a record every few epochs gets wrong.
    """
    crooked, miner = pl.col("adversary"), pl.col("role") == "miner"
    by_side = [
        pl.when(crooked).then(f"adversary_{role}_profit").otherwise(f"honest_{role}_profit")
        for role in ("miner", "validator")
    ]
    profit = pl.when(miner).then(by_side[0]).otherwise(by_side[1])
    free = pl.when(crooked).then("slashed_adversary").otherwise("slashed_honest") == 0
    left = profit + pl.col("spent") + pl.col("passed_on")
    earned = pl.when(free).then(left).otherwise("earned")
    exact = {"profit": profit, "earned": earned, "slashed": (earned - left).clip(0)}
    alone = (pl.len().over(*KEYS, "role", "adversary") == 1) & profit.is_not_null()
    known = sampled.join(sides, KEYS, how="left", maintain_order="left")
    known = known.with_columns(pl.when(alone).then(value).otherwise(name).alias(name) for name, value in exact.items())
    return known.select(sampled.columns)


def _priced_agents(run: RunFolder) -> pl.DataFrame:
    """Return the agents of all lanes that did not fail, with what they earn, lose, pass on and spend in dollars."""
    known = run.scan("agents").collect_schema()
    further = [name for name in ("present", *VALIDATORS_OWN) if name in known]
    columns = [*run.swept, "party", "adversary", "pay", "slashed", "cost", *WORK, *SHARES, *further]
    agents = without_failed(run, run.read("agents", columns)).sort("epoch", maintain_order=True)
    prices = run.read("epochs", ["price"]).select(*KEYS, "epoch", "price").sort("epoch")
    # Where agents were recorded in an epoch that the epochs table left out, the nearest price serves.
    agents = agents.join_asof(prices, on="epoch", by=KEYS, strategy="nearest", check_sortedness=False)
    rate = pl.col("price") / ATOMS_PER_TOKEN
    won, gained = (pl.col(name).fill_null(0) if name in known else pl.lit(0) for name in VALIDATORS_OWN)
    here = pl.col("present").fill_null(1) > 0 if "present" in known else pl.lit(True)
    money = {"earned": pl.col("pay") + won, "slashed": pl.col("slashed"), "passed_on": gained}
    dollars = {name: amount * rate for name, amount in money.items()} | {"spent": pl.col("cost")}
    agents = agents.with_columns(here=here, pay=pl.col("pay") / ATOMS_PER_TOKEN, **dollars)
    profit = pl.col("earned") - pl.col("slashed") - pl.col("passed_on") - pl.col("spent")
    return agents.with_columns(profit=profit).sort(*KEYS, "epoch", "role", "uid")
