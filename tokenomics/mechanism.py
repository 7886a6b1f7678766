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
    fields = dataclasses.fields(made)  # type: ignore[arg-type]
    choices = tuple(f.name for f in fields if f.metadata.get("static"))
    numbers = tuple(f.name for f in fields if not f.metadata.get("static"))
    keys = tuple(jax.tree_util.GetAttrKey(name) for name in numbers)

    def flatten(x: Any) -> tuple[tuple[Any, ...], Any]:
        # The class is named in the structure: JAX itself calls the trees of two classes with equal fields equal.
        return tuple(getattr(x, n) for n in numbers), (made, tuple(getattr(x, n) for n in choices))

    def flatten_with_keys(x: Any) -> tuple[tuple[tuple[Any, Any], ...], Any]:
        leaves, chosen = flatten(x)
        return tuple(zip(keys, leaves, strict=True)), chosen

    def unflatten(chosen: Any, leaves: Any) -> Any:
        x = object.__new__(made)
        for name, value in (*zip(numbers, leaves, strict=True), *zip(choices, chosen[1], strict=True)):
            object.__setattr__(x, name, value)
        return x

    jax.tree_util.register_pytree_with_keys(made, flatten_with_keys, unflatten, flatten)
    return made
