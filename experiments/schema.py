"""The JSON Schema of experiments, from the same annotations that read them."""

from typing import Any

from pydantic import TypeAdapter

from experiments import slots
from experiments.designs import NAMED, design_blocks
from experiments.errors import UserError
from experiments.experiment import Header, Record
from experiments.networks import CHAIN, CURATION_BLOCKS, curation
from experiments.parameters import parameters
from experiments.sources import LIVING
from subnet.work.population import Party

__all__ = ["json_schema"]

_NAME = r"[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}"
_OTHER_KIND = {
    "description": "a rule of your own, by its module path",
    "properties": {"kind": {"type": "string", "pattern": r"\."}},
    "required": ["kind"],
}


def json_schema() -> dict[str, Any]:
    """Return a JSON Schema with one alternative per kind found in the slots' folders."""
    definitions: dict[str, Any] = {}
    header = _schema(Header, definitions)["properties"]
    properties = {
        **{name: header[name] for name in ("name", "question", "epochs")},
        "seeds": {
            "description": "how many seeds, or which",
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 1_000_000},
                {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "uniqueItems": True},
            ],
            "default": 8,
        },
        "arithmetic": header["arithmetic"],
        "task": _slot("task", definitions),
        "model": _slot("model", definitions),
        "training": _block("training", definitions),
        "miners": _named(_party(definitions), "miners that train, by party") | {"minProperties": 1},
        "validators": _block("validators", definitions),
        "actions": _slot("actions", definitions),
        "overlays": _named(_slot("overlays", definitions), "adversaries and other newcomers by name"),
        "stakers": _named(_slot("stakers", definitions), "how parties of miners stake on their own models"),
        "artists": _named(_slot("artists", definitions), "what makes pictures, by name"),
        "curators": _named(_slot("curators", definitions), "who votes on them, by party"),
        **{name: _block(name, definitions) for network in (CHAIN, curation()) for name in network.terms},
        "designs": _named(_design(definitions), "the rules that are compared, by name") | {"minProperties": 1},
        "sweep": _sweep(),
        "record": _schema(Record, definitions),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "subnetlab experiment",
        "type": "object",
        "properties": properties,
        "required": ["designs"],
        "not": {"anyOf": [{"required": ["actions", "miners"]}, *_apart()]},
        "dependentRequired": {key: ["miners"] for key in LIVING if key != "miners"},
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }


def _schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a dataclass; what it defines on the way goes to the top."""
    made = TypeAdapter(cls).json_schema()
    definitions |= made.pop("$defs", {})
    made["additionalProperties"] = False
    for name, parameter in parameters(cls).items():
        found = made["properties"][name]
        found.pop("title", None)
        if parameter.item is not None:  # where a list is taken, a single value is, too
            made["properties"][name] = {"anyOf": [found, found["items"]], "description": parameter.help}
    made["description"] = (cls.__doc__ or "").strip().splitlines()[0]
    return made


def _block(name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    return _schema(slots.block_class(name), definitions)


def _slot(slot: str, definitions: dict[str, Any], beside: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the alternatives of a slot. Where a kind is the default, or a parent's, it need not be named."""
    known = []
    default = slots.SLOTS[slot].default
    for kind in slots.kinds(slot):
        try:
            made = _schema(slots.find(slot, kind), definitions)
        except UserError:
            continue  # a broken rule must not take the others' help away
        made["properties"] = {"kind": {"const": kind}} | (beside or {}) | made.get("properties", {})
        if default is None:
            made["required"] = ["kind", *made.get("required", [])]
        known.append(made)
    union = "oneOf" if default is None else "anyOf"
    return {"description": slots.SLOTS[slot].help, "type": "object", union: [*known, _OTHER_KIND]}


def _party(definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the alternatives of a party of miners, each with what every party has."""
    beside = {
        "count": _schema(Party, definitions)["properties"]["count"],
        "model": _slot("model", definitions) | {"description": "a model of its own"},
        "training": _block("training", definitions) | {"description": "what differs from how all others train"},
    }
    return _slot("miners", definitions, beside)


def _design(definitions: dict[str, Any]) -> dict[str, Any]:
    blocks = {}
    for name, slot in _design_blocks().items():
        blocks[name] = _block(name, definitions) if slot is None else _slot(slot, definitions)
        if name in NAMED:  # null removes a rule that a parent has
            blocks[name] = _named({"anyOf": [blocks[name], {"type": "null"}]}, blocks[name]["description"])
    return {
        "type": ["object", "null"],
        "properties": {"extends": {"type": "string", "description": "a design to change one leaf of"}} | blocks,
        "additionalProperties": False,
    }


def _design_blocks() -> dict[str, str | None]:
    """Return the blocks of a design of either kind of network."""
    return design_blocks(CHAIN) | design_blocks(curation())


def _apart() -> list[dict[str, Any]]:
    """Return that blocks of people belong to one kind of network or to the other."""
    chain = ("actions", "miners", *CHAIN.named, *CHAIN.terms)
    return [{"required": [ours, theirs]} for ours in CURATION_BLOCKS for theirs in chain]


def _named(schema: dict[str, Any], description: str) -> dict[str, Any]:
    names = {"pattern": rf"^{_NAME}$"}
    return {"description": description, "type": "object", "propertyNames": names, "additionalProperties": schema}


def _sweep() -> dict[str, Any]:
    values = {
        "anyOf": [
            {"type": "array", "minItems": 1},
            {
                "type": "object",
                "properties": {
                    "from": {"type": "number"},
                    "to": {"type": "number"},
                    "steps": {"type": "integer", "minimum": 2},
                    "scale": {"enum": ["linear", "log"]},
                },
                "required": ["from", "to", "steps"],
                "additionalProperties": False,
            },
        ]
    }
    named = "|".join(name for network in (CHAIN, curation()) for name in network.named)
    fixed = ("actions", *(name for name in LIVING if name != "miners"), *CHAIN.terms, *curation().terms)
    blocks = [rf"{name}\.{_NAME}" if name in NAMED else name for name in _design_blocks()]
    roots = "|".join([*fixed, rf"miners\.{_NAME}(\.(training|model))?", rf"({named})\.{_NAME}", *blocks])
    paths = {"type": "object", "propertyNames": {"pattern": rf"^({roots})\.\w+$"}, "additionalProperties": values}
    block = {
        "type": "object",
        "properties": {
            "grid": paths | {"description": "every combination, the first path changing slowest"},
            "zip": paths | {"description": "lists of equal length that run along with each other"},
            "designs": {"type": "array", "items": {"type": "string"}, "description": "only these take part"},
        },
        "additionalProperties": False,
    }
    return {"description": "parameters to vary", "anyOf": [block, {"type": "array", "items": block}]}
