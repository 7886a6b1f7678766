"""The commands that run nothing: what there is, what it means, whether a config is sound; and the benchmark."""

import json
from pathlib import Path
from typing import Annotated

import typer

from experiments.command_parts import FINISHED, Sets, read_config
from experiments.errors import UserError

__all__ = ["bench", "describe", "list_kinds", "schema", "validate"]


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
            experiment = read_config(file, sets)
            load_sources(experiment)
            print(f"{file}: ok: {size_text(experiment)}")
        except UserError as error:
            problems.append(str(error))
    if problems:
        raise UserError("\n".join(problems))
    return FINISHED


def schema() -> int:
    """Print the JSON Schema of experiments, for editors.

    Example: subnetlab schema > schema.json
    """
    from experiments.schema import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))
    return FINISHED


def bench(context: typer.Context) -> int:
    """Measure speed on this machine.

    Example: subnetlab bench --json figures.json
    """
    from subnet.precision import use_all_cores

    use_all_cores()
    from experiments import bench as measured

    return int(measured.main(list(context.args)) or FINISHED)
