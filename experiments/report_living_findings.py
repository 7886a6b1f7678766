"""What a network whose miners work has shown, in words: what tokens buy, who gains, who loses, how sure we are."""

from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from experiments.break_even import Attackers, attack_values
from experiments.metric_labels import metric_label, place_text, show
from experiments.party_values import Party, PartyValues, staying_members
from experiments.plots import Parties, paid_quality
from experiments.report_break_even import break_even_sentences, named, quoted
from experiments.report_findings import Finding, confidence, num_miners, rewarded
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval, paired_difference

__all__ = ["living_findings"]

Others: TypeAlias = dict[Party, dict[str, NDArray[np.float64]]]

FEW = 3  # designs up to which each is named
PEER = {"miner": "an honest miner’s pay", "validator": "what honest validators earn per stake"}
PEERS = {
    "miner": "Pay less slashing, in multiples of an honest miner’s",
    "validator": "Pay per stake less slashing, in multiples of an honest validator’s",
}
GAIN = 1.02  # what an adversary earns more than honest peers before it is worth a word


def living_findings(
    run: RunFolder, lanes: pl.DataFrame, summary: pl.DataFrame, pairs: pl.DataFrame, values: PartyValues | None
) -> list[Finding]:
    """Return the answers: a short one to the question asked, then the details.

    Args:
        run: a finished run whose miners work.
        lanes: its lane values.
        summary: its summary, see `statistics.summarise`.
        pairs: its paired table, possibly empty.
        values: its parties, None where agents were not recorded.
    """
    if not len(summary):
        return [Finding("What happened?", "No epoch was recorded, so there is nothing to report.")]
    here, at = summary.filter(pl.col("point") == 0), ""
    if len(run.points) > 1:
        at = f"At {place_text(run.points[0])}: "
    first = values.at_first_point() if values is not None else None
    lanes_here = lanes.filter(pl.col("point") == 0)
    swept = break_even_sentences(run, lanes, values) if values is not None else []
    quality = _quality(lanes_here, here)
    others = _others(lanes_here, first, run.designs) if first is not None else {}
    losses = _losses(first, run.designs) if first is not None else []
    details = [
        Finding("Where do others break even?", " ".join(swept[1:])),
        Finding("What do the tokens buy?", _prefixed(at, [*quality, _order(here)])),
        Finding("What do the others earn?", _prefixed(at, _pay_texts(others))),
        Finding("Does anybody lose money?", _prefixed(at, losses)),
        Finding("Who is pushed out?", _prefixed(at, [_pushed_out(run, here)])),
        Finding("How sure are we?", " ".join(filter(None, [confidence(run, pairs), _recorded(run, first)]))),
    ]
    # What is swept is what was asked; without a sweep, what is paid for, who gains by not working, who loses.
    short = [*swept[:1], at + quality[0] if quality else ""] if swept else [*quality[:1], _highest(others), *losses[:1]]
    lead = " ".join(filter(None, short)) if swept else _prefixed(at, short)
    return [answer for answer in (Finding("In short:", lead), *details) if answer.answer]


def _quality(lanes: pl.DataFrame, here: pl.DataFrame) -> list[str]:
    """Say under which design pay goes to the best models, whether that is luck, and under which to the worst."""
    metric = paid_quality(lanes)
    unit = metric_label(metric).unit
    rows = here.filter(pl.col("metric") == metric).sort("median", descending=True, maintain_order=True).rows(named=True)
    if not rows:
        return []
    # Designs whose numbers read the same are as good as each other.
    ties = [row["design"] for row in rows if show(row["median"], unit) == show(rows[0]["median"], unit)]
    best, worst = (_quality_text(row, metric) for row in (rows[0], rows[-1]))
    if len(ties) == len(rows):
        return [f"Pay goes to models {best}{' under every design' if len(rows) > 1 else ''}."]
    said = [f"Pay goes to the best models under {named(ties)}: {best}."]
    second = rows[len(ties)]["design"]
    said.append(_runner_up(lanes, ties[0], second, metric))
    return [*said, f"{rows[-1]['design']} pays for the worst: {worst}." if rows[-1]["design"] != second else ""]


def _quality_text(row: dict[str, Any], metric: str) -> str:
    text = quoted(Interval(row["median"], row["low"], row["high"]), metric_label(metric).unit)
    return f"right in {text} of all test cases" if metric == "accuracy_paid" else f"with a skill of {text}"


def _runner_up(lanes: pl.DataFrame, best: str, second: str, metric: str) -> str:
    """Say whether the best design is told apart from the next one by the same seeds."""
    a, b = (lanes.filter(pl.col("design") == name).select("seed", metric) for name in (best, second))
    both = a.join(b, on="seed", suffix="_second").sort("seed")
    result = paired_difference(both[metric].to_numpy(), both[f"{metric}_second"].to_numpy())
    found = Interval(*result[:3])
    if found.low is None or found.high is None:
        return f"Next is {second}."
    text = quoted(found, metric_label(metric).unit, signed=True)
    if found.low <= 0 <= found.high:
        return f"{result.pairs} seeds do not tell it apart from {second} (difference {text})."
    return f"Over the same {result.pairs} seeds that is {text} against {second}, the next."


def _order(here: pl.DataFrame) -> str:
    """Say under which design pay follows true quality best and worst."""
    rows = here.filter(pl.col("metric") == "quality_correlation").sort("median", maintain_order=True).rows(named=True)
    if not rows:
        return ""
    worst, best = rows[0], rows[-1]
    low, high = (quoted(Interval(row["median"], row["low"], row["high"]), "correlation") for row in (worst, best))
    if show(worst["median"], "times") == show(best["median"], "times"):
        return (
            f"The rank correlation of pay with true quality is {high}{' under every design' if len(rows) > 1 else ''}."
        )
    place = f"best under {best['design']} (rank correlation {high}), worst under {worst['design']} ({low})"
    return f"Pay follows true quality {place}."


def _others(lanes: pl.DataFrame, values: PartyValues, designs: list[str]) -> Others:
    """Return what each party of adversaries is paid over what honest peers are, by design, lane by lane."""
    found: Others = {}
    for party in values.parties:
        if party.adversary:
            gains = attack_values(lanes, values, Attackers(party.name, (party,)))
            found[party] = {d: gains.filter(pl.col("design") == d)["over_honest"].to_numpy() for d in designs}
    return found


def _pay_texts(others: Others) -> list[str]:
    """Say what adversaries are paid next to honest peers, miners before validators."""
    said = []
    for role, head in PEERS.items():
        known = {party: _comparable(ratios) for party, ratios in others.items() if party.role == role}
        parts = [f"{party.name} {_listed(found, 'times')}" for party, found in known.items() if found]
        lost = {d: None for party in known for d in others[party] if d not in known[party]}
        nothing = f" Under {named(list(lost))} honest {role}s earn next to nothing." if lost else ""
        said += [f"{head}: {'; '.join(parts)}.{nothing}"] if parts else [nothing.strip()] if lost else []
    return said


def _comparable(ratios: dict[str, NDArray[np.float64]]) -> dict[str, Interval]:
    """Return the ratios of designs under which honest peers earn anything in most lanes."""
    return {d: interval(found) for d, found in ratios.items() if len(found) and np.isfinite(found).mean() > 0.5}


def _highest(others: Others) -> str:
    """Name the adversaries that are paid most next to honest peers."""
    cells = {(party, d): found for party, ratios in others.items() for d, found in _comparable(ratios).items()}
    if not cells:
        return ""
    party, design = max(cells, key=lambda cell: cells[cell].median or 0.0)
    most = cells[party, design]
    if (most.median or 0.0) < GAIN:
        return "No party of adversaries is paid more than its honest peers."
    text = f"{quoted(most, 'times')} times {PEER[party.role]} under {design}"
    return f"Most next to honest peers goes to {party.name}: {text}."


def _losses(values: PartyValues, designs: list[str]) -> list[str]:
    """Say which parties lose money on average, and how many honest agents do."""
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
    said = [f"{name} {_listed(found, 'usd')}" for name, found in losing.items() if found]
    if said:
        return [f"Money is lost, per agent and epoch, by {'; by '.join(said)}.", *_unlucky(values, designs)]
    party, design = min(known, key=lambda cell: known[cell].median or 0.0)
    least = f"{quoted(known[party, design], 'usd')} per {party.role} and epoch for {names.name(party)} under {design}"
    return [f"No party clearly loses money; the lowest profit is {least}.", *_unlucky(values, designs)]


def _unlucky(values: PartyValues, designs: list[str]) -> list[str]:
    """Name honest parties in which many lose money, whatever the party as a whole does."""
    said = []
    for party in values.parties:
        shares = {} if party.adversary else {d: interval(values.lane_values(party, d, "losing")) for d in designs}
        many = {design: share for design, share in shares.items() if (share.median or 0) >= 0.1}
        if many:
            name = Parties(values.parties).name(party)
            said.append(f"Share of {name} that spend more than they earn: {_listed(many, 'share')}.")
    return said


def _below_zero(found: Interval) -> bool:
    return (found.median or 0) < 0 and (found.high is None or found.high < 0)


def _listed(found: dict[str, Interval], unit: str) -> str:
    """Return a value per design: each of a few, otherwise the lowest and the highest; once where all read the same."""
    texts = {design: quoted(value, unit) for design, value in found.items()}
    if len({show(value.median, unit) for value in found.values()}) == 1:
        return f"{next(iter(texts.values()))} under {'every design' if len(texts) > 1 else next(iter(texts))}"
    if len(texts) <= FEW:
        return ", ".join(f"{text} under {design}" for design, text in texts.items())
    ranked = sorted(found, key=lambda design: found[design].median or 0.0)
    return f"from {texts[ranked[0]]} under {ranked[0]} to {texts[ranked[-1]]} under {ranked[-1]}"


def _pushed_out(run: RunFolder, here: pl.DataFrame) -> str:
    """Say who earns nothing, and where people come and go how many seats changed hands."""
    rows = here.filter(pl.col("metric") == "rewarded_miners").sort("median", maintain_order=True).rows(named=True)
    text = rewarded(rows, num_miners(run))
    if "joined_miners" not in set(here["metric"]):
        return text
    epochs = run.read("epochs", ["joined_miners"], [pl.col("point") == 0])
    joined = epochs.group_by("design", "seed").agg(pl.col("joined_miners").sum())
    counts = {d: interval(joined.filter(pl.col("design") == d)["joined_miners"].to_numpy()) for d in run.designs}
    came = _listed({design: count for design, count in counts.items() if count.median is not None}, "count")
    return " ".join(filter(None, [text, f"Newcomers over all recorded epochs: {came}.", *_stayed(run)]))


def _stayed(run: RunFolder) -> list[str]:
    """Say which share of each party's first miners held their seats until the end."""
    known = run.scan("agents").collect_schema() if run.has("agents") else {}
    columns = [name for name in ("party", "adversary", "present", "joined", "generation") if name in known]
    if "present" not in columns:
        return []
    staying = staying_members(run.read("agents", columns, [pl.col("point") == 0]))
    if staying is None:
        return []
    last = staying.filter(pl.col("epoch") == staying["epoch"].max())
    said = []
    for party in last["party"].unique(maintain_order=True).to_list():
        rows = last.filter(pl.col("party") == party)
        shares = {
            d: interval(rows.filter(pl.col("design") == d).sort("seed")["staying"].to_numpy()) for d in run.designs
        }
        said.append(f"{party} {_listed({d: s for d, s in shares.items() if s.median is not None}, 'share')}")
    return [f"Of the first miners these held their seat to the end: {'; '.join(said)}."] if said else []


def _recorded(run: RunFolder, values: PartyValues | None) -> str:
    """Admit that parties are known from some epochs only."""
    if values is None or values.epochs["epoch"].n_unique() >= run.num_epochs:
        return ""
    return f"What parties earn is known from {values.epochs['epoch'].n_unique()} of {run.num_epochs} epochs."


def _prefixed(at: str, sentences: list[str]) -> str:
    text = " ".join(filter(None, sentences))
    return at + text if text else ""
