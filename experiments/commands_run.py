"""The commands that run experiments and report on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.command_parts import (
    FINISHED,
    INTERRUPTED,
    SOME_FAILED,
    Config,
    Images,
    Quiet,
    Run,
    Runs,
    Sets,
    complain,
    read_config,
)  # fmt: skip
from experiments.errors import UserError

__all__ = ["compare", "report", "resume", "run"]


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
    experiment = read_config(config, sets, seeds, epochs)
    return _run(experiment, out, report, images, quiet, save_trace)


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
    experiment = read_config(file)
    from experiments.runner import resume_experiment

    return _finish(lambda: resume_experiment(experiment, run, progress=not quiet), run, report, images)


def report(run: Run, images: Images = True) -> int:
    """Write the report of a finished run anew.

    Example: subnetlab report runs/netuid15_designs-3f9c1a7e22 --no-images
    """
    from experiments.report import write_report

    print(f"report: {write_report(run, images=images)}")
    return FINISHED


def compare(
    runs: Runs, out: Annotated[Path, typer.Option(help="folder or .html file to write")] = Path("compare")
) -> int:
    """Compare runs over the luck they share.

    Example: subnetlab compare runs/a-0123456789 runs/b-9876543210 --out compare
    """
    from experiments.compare import compare_runs

    print(f"report: {compare_runs(runs, out)}")
    return FINISHED


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
        return complain(f"interrupted; go on with: subnetlab resume {folder}", INTERRUPTED)
    lost, all_lost = failures(folder)
    if note := work_note(folder):
        print(note)
    if report and not all_lost:
        from experiments.report import write_report

        page = write_report(folder, images=images)
        print(summary_text(folder), end="")
        print(f"report: {page}")
    print(f"run: {folder}")
    return complain("\n".join(lost), SOME_FAILED) if lost else FINISHED
