"""What parties earn and lose, in words: pay next to honest peers, profits and losses, who holds on to a seat."""

from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.break_even import Attackers, attack_values
from experiments.party_values import Party, PartyValues, staying_members
from experiments.plots import Parties
from experiments.report_wording import listed, named, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval

__all__ = ["Others", "highest_pay", "losses", "pay_of_others", "pay_sentences", "power_sentence", "staying_sentence"]

Others: TypeAlias = dict[Party, dict[str, NDArray[np.float64]]]

PEERS = {"miner": "an honest miner’s pay", "validator": "what honest validators earn per stake"}
GAIN = 1.02  # what adversaries earn more than honest peers before it is worth a word
BEYOND = 100  # a multiple of almost nothing is no comparison
STILL = 1e-6  # a coefficient that moves less than this has not moved
MANY = 0.1  # of honest agents who lose money before it is worth a word


def pay_of_others(lanes: pl.DataFrame, values: PartyValues, designs: list[str]) -> Others:
    """Return what each party of adversaries is paid over what honest peers are, by design, lane by lane."""
    found: Others = {}
    for party in values.parties:
        if party.adversary:
            gains = attack_values(lanes, values, Attackers(party.name, (party,)))
            found[party] = {d: gains.filter(pl.col("design") == d)["over_honest"].to_numpy() for d in designs}
    return found


def pay_sentences(others: Others, slashed: bool, designs: int) -> list[str]:
    """Say what adversaries are paid next to honest peers, miners before validators."""
    said = []
    for role in PEERS:
        known = {party: _comparable(ratios) for party, ratios in others.items() if party.role == role}
        parts = [f"{party.name} {listed(found, 'times', designs)}" for party, found in known.items() if found]
        lost = {d: None for party in known for d in others[party] if d not in known[party]}
        nothing = f"Under {named(list(lost))} honest {role}s earn next to nothing in the end." if lost else ""
        said += [f"{_multiples(role, slashed)}: {'; '.join(parts)}."] if parts else []
        said += [nothing] if nothing else []
    return said


def highest_pay(others: Others, slashed: bool, designs: int) -> str:
    """Name the adversaries that are paid most next to honest peers, under any design."""
    known = {party: found for party, ratios in others.items() if (found := _comparable(ratios))}
    if not known:
        return ""
    most = {party: max(ratio.median or 0.0 for ratio in found.values()) for party, found in known.items()}
    party = max(most, key=lambda who: most[who])
    if most[party] < GAIN:
        return "No party of adversaries is paid more than its honest peers."
    return f"{_multiples(party.role, slashed)}, most goes to {party.name}: {listed(known[party], 'times', designs)}."


def losses(values: PartyValues, designs: list[str]) -> list[str]:
    """Say which parties lose money on average, and in which honest ones many do."""
    names = Parties(values.parties)
    cells = [(party, design) for party in values.parties for design in designs]
    profits = {cell: interval(values.lane_values(*cell, "profit")) for cell in cells}
    known = {cell: found for cell, found in profits.items() if found.median is not None}
    if not known:
        return []
    losing = {
        names.name(party): {d: known[party, d] for d in designs if (party, d) in known and _below_zero(known[party, d])}
        for party in values.parties
    }
    said = [f"{name} {listed(found, 'usd', len(designs))}" for name, found in losing.items() if found]
    if said:
        return [f"Money is lost, per agent and epoch, by {'; by '.join(said)}.", *_unlucky(values, designs)]
    party, design = min(known, key=lambda cell: known[cell].median or 0.0)
    least = f"{quoted(known[party, design], 'usd')} per {party.role} and epoch for {names.name(party)} under {design}"
    return [f"No party clearly loses money; the lowest profit is {least}.", *_unlucky(values, designs)]


def staying_sentence(run: RunFolder) -> str:
    """Say which share of each party's first miners held their seats until the end."""
    schema = run.scan("agents").collect_schema() if run.has("agents") else {}
    columns = [name for name in ("party", "adversary", "present", "generation") if name in schema]
    if "present" not in columns:
        return ""
    staying = staying_members(run.read("agents", columns, [pl.col("point") == 0]))
    last = staying.filter(pl.col("epoch") == staying["epoch"].max())
    said = []
    for party in last["party"].unique(maintain_order=True).to_list():
        rows = last.filter(pl.col("party") == party)
        shares = {d: interval(rows.filter(pl.col("design") == d)["staying"].to_numpy()) for d in run.designs}
        known = {design: share for design, share in shares.items() if share.median is not None}
        said.append(f"{party} {listed(known, 'share', len(run.designs))}")
    return f"Of the first miners these held their seat to the end: {'; '.join(said)}." if said else ""


def _unlucky(values: PartyValues, designs: list[str]) -> list[str]:
    """Name honest parties in which many lose money, whatever the party as a whole does."""
    said = []
    for party in values.parties:
        shares = {} if party.adversary else {d: interval(values.lane_values(party, d, "losing")) for d in designs}
        many = {design: share for design, share in shares.items() if (share.median or 0) >= MANY}
        if many:
            name = Parties(values.parties).name(party)
            said.append(f"Share of {name} that lose money: {listed(many, 'share', len(designs))}.")
    return said


def _multiples(role: str, slashed: bool) -> str:
    return f"In multiples of {PEERS[role]}{', less what is slashed' if slashed and role == 'miner' else ''}"


def _comparable(ratios: dict[str, NDArray[np.float64]]) -> dict[str, Interval]:
    """Return the ratios of designs under which honest peers earn anything worth comparing in most lanes."""
    known = {design: found[np.abs(found) < BEYOND] for design, found in ratios.items()}
    return {design: interval(known[design]) for design, found in ratios.items() if len(known[design]) > len(found) / 2}


def _below_zero(found: Interval) -> bool:
    return (found.median or 0) < 0 and (found.high is None or found.high < 0)


def power_sentence(run: RunFolder) -> str:
    """Say how concentrated stake becomes at the first sweep point, where it moves."""
    columns = ["gini_stake", "nakamoto_stake"]
    epochs = run.read("epochs", columns, [pl.col("point") == 0])
    gini = pl.col("gini_stake")
    ends = epochs.group_by("design", "seed", maintain_order=True).agg(
        gini.first().alias("first"), gini.last().alias("last"), pl.col("nakamoto_stake").last()
    )
    if not ((ends["last"] - ends["first"]).abs() > STILL).any():
        return ""
    by_design = {d: ends.filter(pl.col("design") == d) for d in run.designs}
    said = []
    for name, column, unit in (
        ("Gini coefficient of stake at the start", "first", "index"), ("at the end", "last", "index"),
        ("validators that hold over half of it at the end", "nakamoto_stake", "count"),
    ):  # fmt: skip
        found = {design: interval(rows[column].to_numpy()) for design, rows in by_design.items() if len(rows)}
        said.append(f"{name}: {listed(found, unit, len(run.designs))}")
    return f"{'; '.join(said)}."
