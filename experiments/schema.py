"""The JSON Schema of experiments, from the same annotations that read them."""

from typing import Any

from pydantic import TypeAdapter

from experiments import slots
from experiments.blocks import DEFAULT_KINDS, design_blocks
from experiments.config import Header, Record
from experiments.errors import UserError
from experiments.parameters import parameters

__all__ = ["json_schema"]

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
        "actions": _slot("actions", definitions),
        "overlays": _named(_slot("overlays", definitions), "adversaries and other newcomers by name"),
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
        "additionalProperties": False,
        **({"$defs": definitions} if definitions else {}),
    }


def _schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a dataclass; what it defines on the way goes to the top."""
    made = TypeAdapter(cls).json_schema()
    definitions |= made.pop("$defs", {})
    made["additionalProperties"] = False
    for name in parameters(cls):
        made["properties"][name].pop("title", None)
    made["description"] = (cls.__doc__ or "").strip().splitlines()[0]
    return made


def _slot(slot: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the alternatives of a slot. Where a kind is the default, or a parent's, it need not be named."""
    known = []
    for kind in slots.kinds(slot):
        try:
            made = _schema(slots.find(slot, kind), definitions)
        except UserError:
            continue  # a broken rule must not take the others' help away
        made["properties"] = {"kind": {"const": kind}} | made["properties"]
        if slot not in DEFAULT_KINDS:
            made["required"] = ["kind", *made.get("required", [])]
        known.append(made)
    union = "anyOf" if slot in DEFAULT_KINDS else "oneOf"
    return {"description": slots.SLOTS[slot].help, "type": "object", union: [*known, _OTHER_KIND]}


def _design(definitions: dict[str, Any]) -> dict[str, Any]:
    blocks = {
        name: _slot(name, definitions) if cls is None else _schema(cls, definitions)
        for name, cls in design_blocks().items()
    }
    return {
        "type": ["object", "null"],
        "properties": {"extends": {"type": "string", "description": "a design to change one leaf of"}} | blocks,
        "additionalProperties": False,
    }


def _named(schema: dict[str, Any], description: str) -> dict[str, Any]:
    names = {"pattern": r"^[A-Za-z0-9_][A-Za-z0-9_+-]{0,63}$"}
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
    roots = "|".join(["actions", r"overlays\.[A-Za-z0-9_][A-Za-z0-9_+-]*", *design_blocks()])
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
