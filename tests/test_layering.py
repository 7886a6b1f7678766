"""Checks which package imports which, by reading the imports of every file."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Package -> the packages of this project it may import, besides itself.
MAY_IMPORT = {
    "tokenomics": set(),
    "miners": {"tokenomics"},
    "validators": {"tokenomics"},
    "subnet": {"miners", "validators", "tokenomics"},
    "experiments": {"subnet", "miners", "validators", "tokenomics"},
}
ROOMS = MAY_IMPORT.keys() | {"tests"}
# Files, figures and the command line are the business of experiments alone.
PEOPLE_AND_DISKS = {"yaml", "polars", "plotly", "typer", "rich"}
DATA_SETS = {"plotly.data"}  # recorded numbers that come with a library for something else
OWN_DATA = {Path("subnet/tasks/_user_eras.py"): {"polars"}}  # a task reads what a person wants learned

FILES = sorted(path.relative_to(ROOT) for package in MAY_IMPORT for path in (ROOT / package).rglob("*.py"))


def imported_modules(source: str, path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and absolute name of every module that `source`, standing at `path`, imports.

    Imports inside functions and under TYPE_CHECKING count: to know a type is to know the package.
    """
    for node in ast.walk(ast.parse(source, str(path))):
        match node:
            case ast.Import(names=names):
                yield from ((node.lineno, alias.name) for alias in names)
            case ast.ImportFrom(module=module, level=level):
                parent = path.parent.parts[: len(path.parent.parts) - level + 1] if level else ()
                yield node.lineno, ".".join([*parent, *([module] if module else [])])
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(name)), *_],
            ):
                yield node.lineno, name


def violations(source: str, path: Path) -> list[str]:
    """Return one line for every import that a file at `path` must not contain."""
    package = path.parts[0]
    forbidden = ROOMS - MAY_IMPORT[package] - {package}
    if package != "experiments":
        forbidden |= PEOPLE_AND_DISKS - OWN_DATA.get(path, set())
    return [
        f"{path}:{line}: {package} must not import {module}"
        for line, module in imported_modules(source, path)
        if module.split(".")[0] in forbidden and module not in DATA_SETS
    ]


@pytest.mark.parametrize("path", FILES, ids=str)
def test_a_file_imports_only_what_its_package_may_know(path: Path) -> None:
    assert violations((ROOT / path).read_text(encoding="utf-8"), path) == []


def test_every_package_is_read() -> None:
    assert {path.parts[0] for path in FILES} == MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tokenomics/shares.py", "import miners"),
        ("tokenomics/shares.py", "from subnet.state import NetworkState"),
        ("miners/view.py", "from validators import view"),
        ("validators/view.py", "import miners.view as view"),
        ("validators/scoring/loss.py", "def score():\n    from subnet import keys"),
        ("subnet/state.py", "from experiments.config import load"),
        ("subnet/state.py", "import jax, polars as pl"),
        ("subnet/tasks/eras.py", "import importlib\nimportlib.import_module('plotly.express')"),
        ("miners/view.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from rich.table import Table"),
        ("experiments/cli.py", "from tests.helpers import tiny_network"),
    ],
)
def test_the_checker_catches_a_violation(path: str, source: str) -> None:
    assert len(violations(source, Path(path))) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("tokenomics/payouts/split.py", "import jax.numpy as jnp\nfrom tokenomics.shares import pro_rata"),
        ("miners/strategies/lazy.py", "from ..view import MinerView\nfrom tokenomics import ledger"),
        ("subnet/epoch.py", "from miners import view\nfrom validators import view as other\nimport tokenomics"),
        ("experiments/cli.py", "import typer, yaml, polars\nfrom subnet import simulate"),
        ("subnet/state.py", "import richer, yamlish\nsubnet = miners = 'words, not imports'"),
    ],
)
def test_the_checker_allows_what_the_picture_allows(path: str, source: str) -> None:
    assert violations(source, Path(path)) == []


def test_relative_imports_are_read_as_absolute_ones() -> None:
    source = "from . import a\nfrom .b import c\nfrom ..d import e\nfrom .. import f"
    assert [module for _, module in imported_modules(source, Path("subnet/tasks/eras.py"))] == [
        "subnet.tasks",
        "subnet.tasks.b",
        "subnet.d",
        "subnet",
    ]
