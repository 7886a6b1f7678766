"""The command line. Everything heavy is imported inside the command that needs it."""

import json
import os
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.errors import UserError

__all__ = ["app", "main"]

FINISHED, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
_TABLE_WIDTH = 110  # columns of an epoch, when nobody says how wide the screen is

app = typer.Typer(
    name="subnetlab",
    help="Simulate the incentives of decentralised machine-learning networks: compare designs under the same luck.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Config = Annotated[
    Path,
    typer.Argument(metavar="CONFIG", help="an experiment in YAML, or the name of a ready-made one", show_default=False),
]
Runs = Annotated[
    list[Path], typer.Argument(metavar="RUN…", help="run folders; the first is the baseline", show_default=False)
]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="a run folder", show_default=False)]
Images = Annotated[
    bool, typer.Option("--images/--no-images", help="PNG and SVG of each figure, if a Chromium is found")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="no progress")]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="change one parameter, such as designs.yuma3.consensus.kappa=0.6"),
]


class ArithmeticName(StrEnum):
    """Numbers that an epoch is computed in."""

    float32 = "float32"
    float64 = "float64"
    exact = "exact"


@app.command()
def run(
    config: Config,
    sets: Sets = None,
    seeds: Annotated[int | None, typer.Option(help="number of seeds, instead of the config's")] = None,
    epochs: Annotated[int | None, typer.Option(help="number of epochs, instead of the config's")] = None,
    out: Annotated[Path, typer.Option(help="folder for run folders")] = Path("runs"),
    report: Annotated[bool, typer.Option("--report/--no-report", help="write report.html")] = True,
    images: Images = True,
    save_trace: Annotated[
        bool, typer.Option("--save-trace", help="keep what trained miners did, for other designs to replay")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Run an experiment and write its report.

    A ready-made experiment needs no path: its name is enough.

    Example: subnetlab run netuid15_designs --set designs.yuma3.consensus.kappa=0.6 --seeds 16
    """
    experiment = _experiment(config, sets, seeds, epochs)
    return _run(experiment, out, report, images, quiet, save_trace)


@app.command()
def resume(run: Run, report: Annotated[bool, typer.Option("--report/--no-report", help="write report.html")] = True,
           images: Images = True, quiet: Quiet = False) -> int:  # fmt: skip
    """Continue an interrupted run.

    It ends with the same bytes as one that was never interrupted.

    Example: subnetlab resume runs/netuid15_designs-3f9c1a7e22
    """
    file = run / "config.yaml"
    if not file.is_file():
        raise UserError(
            f"{run}: not a run folder, it has no config.yaml; give the folder that `subnetlab run CONFIG` made"
        )
    experiment = _experiment(file)
    from experiments.runner import resume_experiment

    return _finish(lambda: resume_experiment(experiment, run, progress=not quiet), run, report, images)


@app.command()
def report(run: Run, images: Images = True) -> int:
    """Write the report of a finished run anew.

    Example: subnetlab report runs/netuid15_designs-3f9c1a7e22 --no-images
    """
    from experiments.report import write_report

    print(f"report: {write_report(run, images=images)}")
    return FINISHED


@app.command()
def compare(
    runs: Runs, out: Annotated[Path, typer.Option(help="folder or .html file to write")] = Path("compare")
) -> int:
    """Compare runs over the luck they share.

    Example: subnetlab compare runs/a-0123456789 runs/b-9876543210 --out compare
    """
    from experiments.compare import compare_runs

    print(f"report: {compare_runs(runs, out)}")
    return FINISHED


@app.command()
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
    from experiments.epoch_file import read_epoch, read_epoch_text

    given = read_epoch(*read_epoch_text(state))
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


@app.command()
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


@app.command()
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
    return _complain("\n".join(given.refused.values()), SOME_FAILED) if given.refused else FINISHED


@app.command(name="list")
def list_kinds(
    slot: Annotated[
        str | None, typer.Argument(help="a slot, such as consensus or task; all without", show_default=False)
    ] = None,
) -> int:
    """List the rules that can be chosen, by slot.

    Example: subnetlab list consensus
    """
    from experiments.console import kinds_text

    print(kinds_text(slot))
    return FINISHED


@app.command()
def describe(
    kind: Annotated[str, typer.Argument(help="a rule, such as yuma, or a block, such as chain", show_default=False)],
    slot: Annotated[str | None, typer.Option(help="its slot, if several have a rule of that name")] = None,
) -> int:
    """Explain a rule and its parameters.

    Example: subnetlab describe yuma
    """
    from experiments import console

    print(console.describe(kind, slot))
    return FINISHED


@app.command()
def validate(
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="experiments in YAML", show_default=False)],
    sets: Sets = None,
) -> int:
    """Check experiments without running them.

    Example: subnetlab validate experiments/configs/copier_lag.yaml
    """
    from experiments.console import size_text
    from experiments.recordings import load_sources

    problems = []
    for file in files:
        try:
            experiment = _experiment(file, sets)
            load_sources(experiment)
            print(f"{file}: ok: {size_text(experiment)}")
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return FINISHED


@app.command()
def schema() -> int:
    """Print the JSON Schema of experiments, for editors.

    Example: subnetlab schema > schema.json
    """
    from experiments.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return FINISHED


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> int:
    """Measure speed on this machine.

    Example: subnetlab bench --json figures.json
    """
    from subnet.precision import use_all_cores

    use_all_cores()
    from experiments import bench as measured

    return int(measured.main(list(context.args)) or FINISHED)


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status: 0 done, 1 some lanes failed, 2 bad input, 130 interrupted."""
    try:
        status = app(args=arguments, prog_name="subnetlab", standalone_mode=False)
        sys.stdout.flush()
    except UserError as error:
        return _complain(str(error), BAD_INPUT)
    except KeyboardInterrupt:
        return _complain("interrupted", INTERRUPTED)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINISHED
    except OSError as error:
        return _complain(f"{error.filename or 'subnetlab'}: {error.strerror or error}", BAD_INPUT)
    except Exception as error:
        if not hasattr(error, "format_message"):
            raise
        return _complain(_usage(error), BAD_INPUT)
    return status if isinstance(status, int) else FINISHED


def _experiment(
    config: Path, sets: list[str] | None = None, seeds: int | None = None, epochs: int | None = None
) -> Any:
    from subnet.precision import use_all_cores

    use_all_cores()  # before anything imports JAX
    from experiments.config import read_experiment
    from experiments.ready_made import config_path

    return read_experiment(config_path(config), sets or (), seeds=seeds, epochs=epochs)


def _run(experiment: Any, out: Path, report: bool, images: bool, quiet: bool, save_trace: bool) -> int:
    from experiments.console import size_text
    from experiments.runner import run_experiment

    if not quiet:
        print(f"{experiment.name}: {size_text(experiment)}", flush=True)
    folder = out / f"{experiment.name}-{experiment.config_hash}"
    return _finish(
        lambda: run_experiment(experiment, out_root=out, progress=not quiet, save_trace=save_trace),
        folder, report, images,
    )  # fmt: skip


def _finish(work: Callable[[], Path], folder: Path, report: bool, images: bool) -> int:
    """Do the work, then write the report and say what came out."""
    from experiments.console import failures, summary_text, work_note

    try:
        folder = work()
    except KeyboardInterrupt:
        return _complain(f"interrupted; go on with: subnetlab resume {folder}", INTERRUPTED)
    lost, all_lost = failures(folder)
    if note := work_note(folder):
        print(note)
    if report and not all_lost:
        from experiments.report import write_report

        page = write_report(folder, images=images)
        print(summary_text(folder), end="")
        print(f"report: {page}")
    print(f"run: {folder}")
    return _complain("\n".join(lost), SOME_FAILED) if lost else FINISHED


def _complain(text: str, status: int) -> int:
    print(text, file=sys.stderr)
    return status


def _usage(error: Any) -> str:
    """Return a usage error in one line, with the command whose --help tells more."""
    if type(error).__name__ == "NoArgsIsHelpError":
        return str(error.format_message())
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "subnetlab"
    return f"{command}: {error.format_message()} See: {command} --help"


if __name__ == "__main__":
    sys.exit(main())
