"""The rules of a folder, found as configs find them: by file name."""

import importlib
from pathlib import Path

from experiments.parameters import parameters

ROOT = Path(__file__).parents[2]


def rules_in(package: str) -> dict[str, type]:
    """Return the one class that each file of a slot's folder exposes, by kind."""
    files = sorted(ROOT.joinpath(*package.split(".")).glob("*.py"))
    kinds = [f.stem for f in files if not f.stem.startswith("_") and f.stem != "base"]
    found = {}
    for kind in kinds:
        module = importlib.import_module(f"{package}.{kind}")
        (name,) = module.__all__
        found[kind] = getattr(module, name)
    return found


def undocumented(rule: type) -> list[str]:
    """Return the parameters of a rule that a person could not set from its help: no words, or no range."""
    return [name for name, p in parameters(rule).items() if not p.help or not (p.limits or p.choices or p.static)]
