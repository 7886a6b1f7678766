"""Blocks of a config that hold rules: one with a kind, one without, named ones, and designs that extend each other."""

import dataclasses
import re
from collections.abc import Iterable
from typing import Any, NamedTuple, get_type_hints

from experiments import slots
from experiments.errors import UserError
from experiments.parameters import build, parameters
from experiments.reading import merged
from experiments.wording import Problems, nearest, show
from subnet.design import Design

__all__ = ["DEFAULT_KINDS", "Part", "chosen", "design_blocks", "dumped", "fixed", "read_designs", "read_overlays"]

DEFAULT_KINDS = {"actions": "recorded", "consensus": "yuma"}  # where a config names no kind
_LABEL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}")
_LABEL_RULE = "a name has letters, digits, _, + and -, at most 64"


def design_blocks() -> dict[str, type | None]:
    """Return the blocks of a design with their class, None where `kind` chooses one."""
    hints = get_type_hints(Design)
    return {
        f.name: hints[f.name] if dataclasses.is_dataclass(hints[f.name]) else None for f in dataclasses.fields(Design)
    }


class Part(NamedTuple):
    """A rule as read: its kind (None where there is no choice) and the instance."""

    kind: str | None
    rule: Any


def _block(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any] | None:
    if raw is None:
        return {}
    if isinstance(raw, dict):
        return raw
    problems.add(f"{place} = {show(raw)} is not a block of parameters; write {example}")
    return None


def fixed(cls: type, place: str, raw: Any, problems: Problems) -> Any | None:
    """Return the rule of a block without a `kind`, None after noting what is wrong."""
    first = next(iter(parameters(cls)))
    block = _block(raw, place, problems, f"{place.rpartition('.')[2]}: {{{first}: …}}")
    return None if block is None else build(cls, place.rpartition(".")[2], block, place, problems)


def chosen(slot: str, place: str, raw: Any, problems: Problems) -> Part | None:
    """Return the rule of a block with a `kind`, None after noting what is wrong."""
    block = _block(raw, place, problems, "{kind: …}")
    if block is None:
        return None
    kind = block.get("kind", DEFAULT_KINDS.get(slot))
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
    rule = build(cls, kind, {k: v for k, v in block.items() if k != "kind"}, place, problems)
    return None if rule is None else Part(kind, rule)


def _named(raw: Any, place: str, problems: Problems, example: str) -> dict[str, Any]:
    """Return a block of named blocks, without those whose name will not do."""
    block = _block(raw, place, problems, example) or {}
    for name in block:
        if not _LABEL.fullmatch(name):
            problems.add(f"{place}.{show(name)} is not a good name: {_LABEL_RULE}")
    return {name: value for name, value in block.items() if _LABEL.fullmatch(name)}


def read_overlays(raw: Any, problems: Problems) -> dict[str, Part]:
    """Return the overlays by name, without those that something is wrong with."""
    read = {}
    for name, block in _named(raw, "overlays", problems, "overlays: {copier: {kind: weight_copier}}").items():
        if name == "honest":
            problems.add("overlays.honest: this name stands for everybody else; choose another")
        part = chosen("overlays", f"overlays.{name}", block, problems)
        if part is not None:
            read[name] = part
    return read


def read_designs(raw: Any, problems: Problems) -> dict[str, dict[str, Part]]:
    """Return each design's rules by block, what it extends filled in."""
    before = len(problems.found)
    written = _named(raw, "designs", problems, "designs: {classic: {consensus: {kind: yuma}}}")
    if not written and len(problems.found) == before:
        problems.add("designs is missing; write at least one, such as designs: {classic: {consensus: {kind: yuma}}}")
    for name, block in list(written.items()):
        written[name] = _block(block, f"designs.{name}", problems, "{consensus: {kind: yuma}}") or {}
    told: dict[str, set[str]] = {}  # what is wrong with a design, so that those extending it do not repeat it
    read = {}
    for name in _by_ancestry(written, problems):
        block, parent = _with_parents(name, written), written[name].get("extends")
        own = Problems("")
        read[name] = _design(block, own)
        told[name] = {line.removeprefix(": ") for line in own.found}
        for text in sorted(told[name] - told.get(str(parent), set()), key=list(told[name]).index):
            problems.add(f"designs.{name}{'' if text[0] == ' ' else '.'}{text}")
    return {name: read[name] for name in written if name in read}


def _by_ancestry(written: dict[str, dict[str, Any]], problems: Problems) -> Iterable[str]:
    """Return design names, parents first; those whose parents are unknown or circular are noted and left out."""
    order: list[str] = []
    for name in written:
        chain, current = [name], written[name].get("extends")
        while current is not None and current not in chain:
            if not isinstance(current, str) or current not in written:
                if len(chain) == 1:
                    found = ", ".join(n for n in written if n != name) or "none"
                    problems.add(
                        f"designs.{name}.extends = {show(current)} is unknown{nearest(current, written)} found: {found}"
                    )
                break
            chain.append(current)
            current = written[current].get("extends")
        else:
            if current is None:
                order += [n for n in reversed(chain) if n not in order]
            elif current == name:
                circle = " extends ".join([*chain, current])
                problems.add(f"designs.{name}.extends goes in a circle: {circle}")
    return order


def _with_parents(name: str, written: dict[str, dict[str, Any]]) -> dict[str, Any]:
    own = {key: value for key, value in written[name].items() if key != "extends"}
    parent = written[name].get("extends")
    base = {"consensus": {"kind": DEFAULT_KINDS["consensus"]}} if parent is None else _with_parents(parent, written)
    return merged(base, own)


def _design(block: dict[str, Any], problems: Problems) -> dict[str, Part]:
    blocks, parts = design_blocks(), {}
    for key in block:
        if key not in blocks:
            takes = ", ".join([*blocks, "extends"])
            problems.add(f' has no block "{key}"{nearest(key, blocks)} a design takes: {takes}')
    for slot, cls in blocks.items():
        if cls is None:
            part = chosen(slot, slot, block.get(slot), problems)
        else:
            rule = fixed(cls, slot, block.get(slot), problems)
            part = None if rule is None else Part(None, rule)
        if part is not None:
            parts[slot] = part
    return parts


def dumped(part: Part) -> dict[str, Any]:
    """Return a rule as a config would have it, every parameter written out."""
    values = {
        name: parameter.adapter.dump_python(getattr(part.rule, name), mode="json")
        for name, parameter in parameters(type(part.rule)).items()
    }
    return values if part.kind is None else {"kind": part.kind} | values
