"""What a rule of the game is: a frozen pytree of parameters with pure methods."""

import dataclasses
from typing import Any, TypeVar, dataclass_transform

import jax

__all__ = ["mechanism", "static"]

T = TypeVar("T")


def static(default: Any) -> Any:
    """Declare a field that selects a program (a choice), not a number that may be swept."""
    if isinstance(default, (list, dict)):
        raise TypeError("a static field must be hashable, so that it can select a compiled program; use a tuple")
    return dataclasses.field(default=default, metadata={"static": True})


@dataclass_transform(frozen_default=True, field_specifiers=(dataclasses.field,))
def mechanism(cls: type[T]) -> type[T]:
    """Make `cls` a frozen dataclass and a pytree whose unknown config keys are refused.

    Fields made by `static` become part of the tree's structure; all others are leaves, free to be traced, swept and
    stacked. Pydantic reads ranges and help texts from the same annotations.
    """
    cls.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    made = dataclasses.dataclass(frozen=True)(cls)
    fixed = [f.name for f in dataclasses.fields(made) if f.metadata.get("static")]  # type: ignore[arg-type]
    leaves = [f.name for f in dataclasses.fields(made) if not f.metadata.get("static")]  # type: ignore[arg-type]
    return jax.tree_util.register_dataclass(made, data_fields=leaves, meta_fields=fixed)
