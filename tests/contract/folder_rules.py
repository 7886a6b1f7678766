"""Every rule of a folder, found by its file."""

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.parameters import parameters

ROOT = Path(__file__).resolve().parents[2]


def rules_in(package: str) -> dict[str, type]:
    """Return the one class that each file of a folder exposes, by the file's name."""
    files = sorted((ROOT / package.replace(".", "/")).glob("*.py"))
    kinds = [f.stem for f in files if not f.stem.startswith("_") and f.stem != "base"]
    return {kind: _only_class(f"{package}.{kind}") for kind in kinds}


def undocumented(rule: type) -> list[str]:
    """Return the parameters of a rule that a person could not set from its help: no words, or no range."""
    known = parameters(rule).items()
    return [n for n, p in known if not p.help or not (p.limits or p.choices or p.static or p.type is bool)]


def as_arrays(rule: Any) -> Any:
    """Return a rule with each number an array of 64 bits, as the runner hands it over."""
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.int64 if type(x) is int else jnp.float64), rule)


def shifted(rule: Any, factor: float) -> Any:
    """Return a rule with every number a little smaller: still allowed."""
    return jax.tree.map(lambda x: (x * factor).astype(x.dtype), as_arrays(rule))


def counted(function: Callable[..., Any]) -> tuple[Callable[..., Any], list[None]]:
    """Return a compiled function, and a list that grows with each trace of it."""
    traces: list[None] = []

    def traced(*args: Any) -> Any:
        traces.append(None)
        return function(*args)

    return jax.jit(traced), traces


def assert_trees_close(got: Any, expected: Any, rtol: float = 0.0, atol: float = 0.0) -> None:
    """Compare two trees of numbers, structure included."""
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


def _only_class(module: str) -> type:
    made = importlib.import_module(module)
    (found,) = (x for name in made.__all__ if isinstance(x := getattr(made, name), type))
    return found
