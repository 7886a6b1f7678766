"""What a staked tournament has shown, in words: what it emits and gets for it, who holds and earns what."""

import polars as pl

from experiments.metric_labels import metric_label, place_text
from experiments.report_findings import Finding, confidence
from experiments.report_sweep import change_sentence
from experiments.report_wording import listed, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import Interval, interval, without_failed
from experiments.tournament_values import party_stakes

__all__ = ["tournament_findings"]

MOST = 8  # designs up to which each is named
TOLD = ("net_emission", "stake_return", "meta_model_corr", "burn_share")


def tournament_findings(run: RunFolder, lanes: pl.DataFrame, pairs: pl.DataFrame) -> list[Finding]:
    """Return the answers: what the tournament costs and what its meta model is worth, then the details.

    Args:
        run: a finished run with stakes on predictions.
        lanes: its lane values.
        pairs: its paired table, possibly empty.
    """
    at = f"At {place_text(run.points[0])}: " if len(run.points) > 1 else ""
    here = lanes.filter(pl.col("point") == 0)
    said = {name: _by_design(run, here, name) for name in (*TOLD, "meta_model_percentile", "emission_per_corr")}
    change = change_sentence(run, lanes)
    answers = [
        Finding("In short:", " ".join(filter(None, [change, at + _lead(said)]))),
        Finding("What does the tournament emit?", at + _emission(said)),
        Finding("How good is the meta model?", _prefixed(at, _meta_model(said))),
        Finding("What is burned?", _prefixed(at, _sentence("Burns, of burns and gains", said["burn_share"]))),
        *_parties(run, at),
        Finding("Do the designs differ by more than luck?", _prefixed(at, _differences(run, pairs))),
        Finding("How sure are we?", f"{confidence(run, pairs)} {_recorded(run)}".rstrip()),
    ]
    return [answer for answer in answers if answer.answer]


def _lead(said: dict[str, str]) -> str:
    text = f"Net emission, gains and bonuses less burns, in tokens per round: {said['net_emission']}."
    return text + _sentence(" CORR of the meta model", said["meta_model_corr"])


def _emission(said: dict[str, str]) -> str:
    text = _sentence("In tokens per round", said["net_emission"])
    text += _sentence(" In a year, of what is staked", said["stake_return"])
    return text + _sentence(" Tokens per round for each 0.01 of the meta model’s CORR", said["emission_per_corr"])


def _meta_model(said: dict[str, str]) -> str:
    text = _sentence("Mean CORR of all rounds", said["meta_model_corr"])
    return text + _sentence(" Share of models that it beats in a round", said["meta_model_percentile"])


def _parties(run: RunFolder, at: str) -> list[Finding]:
    """Say who holds the stake in the end, and what each party made on what it had staked."""
    if not run.has("agents"):
        return []
    stakes = without_failed(run, party_stakes(run))
    keys = ["design", "seed", "party"]
    ends = stakes.group_by(keys, maintain_order=True).agg(
        pl.col("stake").last(), pl.col("stake").mean().alias("mean"), pl.col("made").last()
    )
    total = pl.col("stake").sum().over("design", "seed")
    ends = ends.with_columns(
        share=pl.when(total > 0).then(pl.col("stake") / total),
        earned=pl.when(pl.col("mean") > 0).then(pl.col("made") / pl.col("mean")),
    )
    holds, earns = (_by_party(run, ends, column, signed) for column, signed in (("share", False), ("earned", False)))
    made = f"Net payout over all {run.num_epochs} rounds, of what the party had staked on average"
    return [
        Finding("Who holds the stake in the end?", _prefixed(at, holds)),
        Finding("Who earns on its stake?", _prefixed(at, f"{made}: {earns}" if earns else "")),
    ]


def _by_party(run: RunFolder, ends: pl.DataFrame, column: str, signed: bool) -> str:
    parts = []
    for party in ends["party"].unique(maintain_order=True).to_list():
        rows = ends.filter(pl.col("party") == party)
        text = _by_design(run, rows, column, "share", signed)
        parts += [f"{party}: {text}"] if text else []
    return f"{'; '.join(parts)}." if parts else ""


def _by_design(run: RunFolder, lanes: pl.DataFrame, column: str, unit: str = "", signed: bool = False) -> str:
    """Return a column's median and interval per design, empty where there is none."""
    if column not in lanes.columns:
        return ""
    found = {d: interval(lanes.filter(pl.col("design") == d)[column].to_numpy()) for d in run.designs}
    known = {design: value for design, value in found.items() if value.median is not None}
    return listed(known, unit or metric_label(column).unit, len(run.designs), signed, MOST) if known else ""


def _differences(run: RunFolder, pairs: pl.DataFrame) -> str:
    """Say how designs differ from the first over the same seeds, where several seeds can tell."""
    said = []
    for metric in TOLD:
        rows = pairs.filter(pl.col("point") == 0, pl.col("metric") == metric, pl.col("low").is_not_null())
        if not rows.select(pl.any_horizontal(pl.col("low", "high") != 0).any()).item():
            continue  # designs that cannot differ in it
        look = metric_label(metric)
        parts = [f"{row['design']} {_difference(row, look.unit)}" for row in rows.iter_rows(named=True)]
        said += [f"{look.name}: {', '.join(parts)}"] if parts else []
    baseline = pairs["baseline"][0] if len(pairs) else ""
    return f"Against {baseline}, seed by seed. {'; '.join(said)}." if said else ""


def _difference(row: dict[str, float], unit: str) -> str:
    text = quoted(Interval(row["median"], row["low"], row["high"]), unit, signed=True)
    return text if row["low"] > 0 or row["high"] < 0 else f"{text} (not told apart)"


def _sentence(what: str, said: str) -> str:
    return f"{what}: {said}." if said else ""


def _prefixed(at: str, text: str) -> str:
    return at + text if text else ""


def _recorded(run: RunFolder) -> str:
    """Admit that models are known from some rounds only."""
    known = len(run.distinct("agents", "epoch")) if run.has("agents") else run.num_epochs
    if known >= run.num_epochs:
        return ""
    few = f"Models are known one by one from {known} of {run.num_epochs} rounds"
    return f"{few}; stakes and purses at those are exact, everybody’s sums are of all rounds."
