"""What commands share: exit statuses, arguments that several take, and how an experiment is read."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

__all__ = [
    "BAD_INPUT", "FINISHED", "INTERRUPTED", "SOME_FAILED", "Config", "Images", "Quiet", "Run", "Runs", "Sets",
    "complain", "read_config",
]  # fmt: skip

FINISHED, SOME_FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

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


def read_config(
    config: Path, sets: list[str] | None = None, seeds: int | None = None, epochs: int | None = None
) -> Any:
    """Return the experiment in a config, or of a ready-made one by its name."""
    from subnet.precision import use_all_cores

    use_all_cores()  # before anything imports JAX
    from experiments.config import read_experiment
    from experiments.ready_made import config_path

    return read_experiment(config_path(config), sets or (), seeds=seeds, epochs=epochs)


def complain(text: str, status: int) -> int:
    """Tell people on standard error what is wrong, and return the exit status."""
    print(text, file=sys.stderr)
    return status
