"""The commands that calculate from a file: an epoch, payouts, scores, votes."""

import json
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from experiments.command_parts import FINISHED, SOME_FAILED, complain
from experiments.errors import UserError

__all__ = ["epoch", "payout", "score", "tally"]

_TABLE_WIDTH = 110  # columns of a table, when nobody says how wide the screen is


class ArithmeticName(StrEnum):
    """Numbers that an epoch is computed in."""

    float32 = "float32"
    float64 = "float64"
    exact = "exact"


def epoch(
    state: Annotated[
        str, typer.Argument(metavar="STATE", help="a JSON file, or - for standard input", show_default=False)
    ],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object and nothing else")] = False,
    arithmetic: Annotated[ArithmeticName, typer.Option(help="numbers to compute in; exact: the chain's own")] = (
        ArithmeticName.exact
    ),
) -> int:
    """Settle one epoch of the chain from a JSON file.

    The file holds {"params": ..., "state": ..., "emission": ...}.

    Example: subnetlab epoch state.json --json --arithmetic exact
    """
    from experiments.console import epoch_table, epoch_totals
    from experiments.epoch_file import read_epoch
    from experiments.json_text import read_json_text

    given = read_epoch(*read_json_text(state))
    from experiments.epoch_settle import settle
    from subnet.precision import enable_cache

    enable_cache()
    result = settle(given, arithmetic.value)
    if as_json:
        print(json.dumps(result, allow_nan=False))
        return FINISHED
    from rich.console import Console

    console = Console(width=max(Console().width, _TABLE_WIDTH))
    console.print(epoch_table(result, given.state.stake))
    print(epoch_totals(result, given.emission))
    return FINISHED


def payout(
    scores: Annotated[
        Path | None,
        typer.Argument(metavar="SCORES", help="a .csv or .parquet, or numerai_live_scores", show_default=False),
    ] = None,
    rule: Annotated[str, typer.Option(help="a rule of the tournament, or by-round")] = "corr_mmc_2026",
    stake: Annotated[
        float, typer.Option(min=0, help="NMR staked on each model, unless a column stake says so")
    ] = 100.0,
    at_risk: Annotated[float | None, typer.Option(min=0, help="NMR at risk in all, which sets the factor")] = None,
    factor: Annotated[float | None, typer.Option(help="payout factor, instead")] = None,
    instead: Annotated[
        list[str] | None, typer.Option(metavar="SCORE=COLUMN", help="a column that stands in for a score, as tc=mmc")
    ] = None,
    compound: Annotated[bool, typer.Option("--compound", help="add payouts to the stake once they resolve")] = False,
    rules: Annotated[bool, typer.Option("--rules", help="list the rules, their dates and formulas")] = False,
    out: Annotated[Path | None, typer.Option(help="also write every row with its payout, .csv or .parquet")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON and nothing else")] = False,
) -> int:
    """Say what stakes earn and burn for given scores, as Numerai pays or ever paid.

    SCORES has a column per score that the rule weighs (corr, mmc, ...), and may have round, model, stake,
    payout_factor and at_risk.

    Example: subnetlab payout scores.csv --rule corr_mmc_2024 --stake 250 --at-risk 650000
    """
    if scores is None and not rules:
        raise UserError("payout: give a table of scores, or --rules for a list of the rules")
    from experiments.payout_text import rules_text, totals_text
    from experiments.payouts import Terms, read_payouts, rules_table, stand_ins, totals
    from experiments.table_file import write_table
    from subnet.precision import enable_x64

    enable_x64()
    if rules or scores is None:
        print(rules_text(rules_table(), as_json))
        return FINISHED
    paid = read_payouts(scores, Terms(rule, stake, factor, at_risk, stand_ins(instead or ())))
    print(totals_text(totals(paid, compound), paid, as_json))
    if out is not None:
        write_table(paid, out)
    return FINISHED


def score(
    predictions: Annotated[Path, typer.Option(help="id, perhaps era, and a column per model")],
    targets: Annotated[Path, typer.Option(help="id, perhaps era, and the target")],
    meta_model: Annotated[Path | None, typer.Option(help="id and one column of numbers; for MMC")] = None,
    features: Annotated[Path | None, typer.Option(help="id and a column per feature; for FNC")] = None,
    target: Annotated[str | None, typer.Option(help="the target's column; by default target, or the only one")] = None,
    out: Annotated[Path | None, typer.Option(help="also write the scores of every era, .csv or .parquet")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON and nothing else")] = False,
) -> int:
    """Score predictions by era, as Numerai does: CORR, MMC and FNC.

    Files are .csv or .parquet, joined by id, and by era where they have it. A column that is no valid submission is
    refused; the others are scored.

    Example: subnetlab score --predictions mine.parquet --targets validation.parquet --meta-model meta_model.parquet
    """
    # Its threads get in each other's way: an era of 2,000 rows and 40 features took 140 ms with two, 7 with one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from experiments.scorable import ScoringFiles, read_scorable
    from experiments.score_text import scores_text
    from experiments.scores import era_scores, summary
    from experiments.table_file import write_table
    from subnet.precision import enable_x64

    given = read_scorable(ScoringFiles(predictions, targets, meta_model, features, target))
    enable_x64()
    eras = era_scores(given)
    print(scores_text(summary(eras), eras, given, as_json))
    if out is not None:
        write_table(eras, out)
    for note in given.notes:
        print(note, file=sys.stderr)
    return complain("\n".join(given.refused.values()), SOME_FAILED) if given.refused else FINISHED


def tally(
    ballots: Annotated[
        str | None, typer.Argument(metavar="BALLOTS", help="a JSON file, or - for standard input", show_default=False)
    ] = None,
    rule: Annotated[str | None, typer.Option(help="how to count, instead of the file's own rule")] = None,
    sets: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="change a parameter, such as quorum=0.2")
    ] = None,
    rules: Annotated[bool, typer.Option("--rules", help="list the rules, what they need and answer")] = False,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="write JSON to a file; -: print it and nothing else")
    ] = None,
) -> int:
    """Count a vote under any rule of the family: who wins, who is paid, what turning it costs.

    BALLOTS has voters with stake or credits and what they vote for; --rules says what else each rule needs.

    Example: subnetlab tally ballots.json --rule quadratic --set sybil_wallets=4
    """
    if ballots is None and not rules:
        raise UserError("tally: give a file of ballots, or --rules for a list of the rules")
    from experiments.tally_rules import rules_text

    if rules or ballots is None:
        print(rules_text(), end="")
        return FINISHED
    from experiments.ballot_file import read_ballots
    from subnet.precision import enable_cache, enable_x64

    given = read_ballots(ballots, rule, sets or ())
    enable_cache()
    enable_x64()
    from experiments.tallies import tally as counted
    from experiments.tally_text import json_text, tally_tables, tally_words

    found = counted(given, "standard input" if ballots == "-" else ballots)
    if json_to == "-":
        print(json_text(found))
        return FINISHED
    from rich.console import Console

    console = Console(width=max(Console().width, _TABLE_WIDTH))
    for table in tally_tables(found):
        console.print(table)
    print(tally_words(found, given), end="")
    if json_to is not None:
        Path(json_to).write_text(json_text(found) + "\n", encoding="utf-8")
    return FINISHED
