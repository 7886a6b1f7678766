"""Blocks of a config that hold rules: one with a kind, one without, and blocks of named ones."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from experiments import slots
from experiments.errors import UserError
from experiments.parameters import Parameter, Refused, build, parameters, read_value
from experiments.wording import Problems, show

__all__ = ["Part", "as_block", "chosen", "dumped", "fixed", "named", "read_named", "single", "values_of"]

_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}")
_LABEL_RULE = "a name has letters, digits, _, + and -, at most 64"


class Part(NamedTuple):
    """A rule as read: its kind (None where there is no choice) and the instance."""

    kind: str | None
    rule: Any


def as_block(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any] | None:
    """Return a block of parameters, empty where there is none; None after noting that it is something else."""
    if raw is None:
        return {}
    if isinstance(raw, dict):
        return raw
    problems.add(f"{place} = {show(raw)} is not a block of parameters; write {example}")
    return None


def fixed(cls: type, place: str, raw: Any, problems: Problems) -> Any | None:
    """Return the rule of a block without a `kind`, None after noting what is wrong."""
    label, first = place.rpartition(".")[2], next(iter(parameters(cls)))
    block = as_block(raw, place, problems, f"{label}: {{{first}: …}}")
    return None if block is None else build(cls, label, block, place, problems)


def chosen(
    slot: str, place: str, raw: Any, problems: Problems, default: str | None = None, beside: tuple[str, ...] = ()
) -> Part | None:
    """Return the rule of a block with a `kind`, None after noting what is wrong.

    Args:
        slot: a key of `slots.SLOTS`.
        place: the block's dotted path, for messages.
        raw: the block.
        problems: where to note.
        default: the kind where none is named; None: it must be.
        beside: other keys that the block may have; they are the caller's.
    """
    block = as_block(raw, place, problems, "{kind: …}")
    if block is None:
        return None
    kind = block.get("kind", default)
    found = ", ".join(slots.kinds(slot))
    if kind is None:
        problems.add(f"{place}.kind is missing; found: {found}, or any module path")
        return None
    if not isinstance(kind, str):
        problems.add(f"{place}.kind = {show(kind)} is not the name of a kind; found: {found}, or any module path")
        return None
    try:
        cls = slots.find(slot, kind)
    except UserError as error:
        problems.add(f"{place}.{error}")
        return None
    own = {key: value for key, value in block.items() if key != "kind" and key not in beside}
    rule = build(cls, kind, own, place, problems, beside)
    return None if rule is None else Part(kind, rule)


def named(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any]:
    """Return a block of named blocks, without those whose name will not do."""
    block = as_block(raw, place, problems, example) or {}
    for name in block:
        if not _LABEL.fullmatch(name):
            problems.add(f"{place}.{show(name)} is not a good name: {_LABEL_RULE}")
    return {name: value for name, value in block.items() if _LABEL.fullmatch(name)}


def read_named(slot: str, raw: Any, problems: Problems, example: str) -> dict[str, Part]:
    """Return the rules of a block such as `overlays`, by name, without those that something is wrong with."""
    read = {}
    for name, block in named(raw, slot, problems, f"{slot}: {{{example}}}").items():
        if slot == "overlays" and name == "honest":
            problems.add("overlays.honest: this name stands for everybody else; choose another")
        part = chosen(slot, f"{slot}.{name}", block, problems, slots.SLOTS[slot].default)
        if part is not None:
            read[name] = part
    return read


def single(parameter: Parameter, place: str, raw: Any, problems: Problems) -> Any | None:
    """Return one value, None after noting what is wrong with it."""
    try:
        return read_value(parameter, raw)
    except Refused as refused:
        problems.add(f"{place} = {show(raw)}{refused}")
        return None


def values_of(rule: Any) -> dict[str, Any]:
    """Return a rule's parameters as a config would have them, every one written out."""
    known: Mapping[str, Parameter] = parameters(type(rule))
    return {name: p.adapter.dump_python(getattr(rule, name), mode="json") for name, p in known.items()}


def dumped(part: Part) -> dict[str, Any]:
    """Return a rule as a config would have it, with its kind."""
    values = values_of(part.rule)
    return values if part.kind is None else {"kind": part.kind} | values
