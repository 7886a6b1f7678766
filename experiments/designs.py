"""The `designs:` of a config: rules by block, and designs that extend each other."""

import dataclasses
from collections.abc import Iterable
from typing import Any

from experiments import slots
from experiments.blocks import Part, as_block, chosen, dumped, fixed, named, read_named
from experiments.networks import Network
from experiments.reading import merged
from experiments.wording import Problems, nearest, show

__all__ = ["NAMED", "design_blocks", "made_design", "read_designs", "written_design"]

NAMED = {"slashing": "audit: {kind: failed_audit}"}  # blocks that hold any number of rules by name, with an example
_EXAMPLE = "{consensus: {kind: yuma}}"
Parts = dict[str, Part | dict[str, Part]]


def design_blocks(network: Network) -> dict[str, str | None]:
    """Return the blocks of a design with their slot, None where there is one rule and no choice."""
    return {f.name: f.name if f.name in slots.SLOTS else None for f in dataclasses.fields(network.design)}


def read_designs(raw: Any, network: Network, problems: Problems) -> dict[str, Parts]:
    """Return each design's rules by block, what it extends filled in."""
    before = len(problems.found)
    written = named(raw, "designs", problems, f"designs: {{classic: {_EXAMPLE}}}")
    if not written and len(problems.found) == before:
        problems.add(f"designs is missing; write at least one, such as designs: {{classic: {_EXAMPLE}}}")
    for name, block in list(written.items()):
        written[name] = as_block(block, f"designs.{name}", problems, _EXAMPLE) or {}
    told: dict[str, set[str]] = {}  # what is wrong with a design, so that those extending it do not repeat it
    read = {}
    for name in _by_ancestry(written, problems):
        block, parent = _with_parents(name, written, network), written[name].get("extends")
        own = Problems("")
        read[name] = _design(block, network, own)
        told[name] = {line.removeprefix(": ") for line in own.found}
        for text in sorted(told[name] - told.get(str(parent), set()), key=list(told[name]).index):
            problems.add(f"designs.{name}{'' if text[0] == ' ' else '.'}{text}")
    return {name: read[name] for name in written if name in read}


def made_design(parts: Parts, network: Network) -> Any:
    """Return the design that consists of these rules."""
    return network.design(**{name: _each(part, lambda p: p.rule) for name, part in parts.items()})


def written_design(parts: Parts) -> dict[str, Any]:
    """Return a design as a config would have it, every parameter written out."""
    return {name: _each(part, dumped) for name, part in parts.items()}


def _each(part: Part | dict[str, Part], function: Any) -> Any:
    return {name: function(p) for name, p in part.items()} if isinstance(part, dict) else function(part)


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


def _with_parents(name: str, written: dict[str, dict[str, Any]], network: Network) -> dict[str, Any]:
    own = {key: value for key, value in written[name].items() if key != "extends"}
    parent = written[name].get("extends")
    if parent is None:
        return merged(_default_kinds(network), own)
    inherited = _with_parents(parent, written, network)
    for block in NAMED:
        if isinstance(inherited.get(block), dict) and isinstance(own.get(block), dict):
            removed = {rule for rule, value in own[block].items() if value is None and rule in inherited[block]}
            inherited[block] = {rule: value for rule, value in inherited[block].items() if rule not in removed}
            own[block] = {rule: value for rule, value in own[block].items() if rule not in removed}
    return merged(inherited, own)


def _default_kinds(network: Network) -> dict[str, Any]:
    """Return a design that names the kinds it would have anyway, so that another kind replaces theirs."""
    defaults = {name: slots.SLOTS[slot].default for name, slot in design_blocks(network).items() if slot is not None}
    return {name: {"kind": kind} for name, kind in defaults.items() if kind is not None}


def _design(block: dict[str, Any], network: Network, problems: Problems) -> Parts:
    blocks, parts = design_blocks(network), Parts()
    for key in block:
        if key not in blocks:
            takes = ", ".join([*blocks, "extends"])
            problems.add(f' has no block "{key}"{nearest(key, blocks)} a design takes: {takes}')
    for name, slot in blocks.items():
        if name in NAMED:
            parts[name] = read_named(name, block.get(name), problems, NAMED[name])
        elif (part := _rule(name, slot, block.get(name), problems)) is not None:
            parts[name] = part
    return parts


def _rule(name: str, slot: str | None, raw: Any, problems: Problems) -> Part | None:
    if slot is not None:
        return chosen(slot, name, raw, problems, slots.SLOTS[slot].default)
    rule = fixed(slots.block_class(name), name, raw, problems)
    return None if rule is None else Part(None, rule)
