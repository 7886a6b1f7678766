"""Parameters of a rule, read from its annotations: one place per range, default and help text."""

import dataclasses
import functools
import math
import types
from collections.abc import Mapping
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from experiments.errors import UserError
from experiments.wording import Problems, nearest, number, show

__all__ = ["NO_DEFAULT", "Parameter", "Refused", "build", "parameters", "read_value"]

NO_DEFAULT = dataclasses.MISSING
_NAMES = {bool: "true or false", float: "a number", int: "a whole number", str: "text"}
_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal", "multiple_of"}
_SIGNS = (("gt", ">"), ("ge", ">="), ("lt", "<"), ("le", "<="))


class Refused(Exception):  # noqa: N818 - it is caught where the place is known, and becomes a message
    """A value that a parameter does not take: ` is out of range: …`."""


class Parameter(NamedTuple):
    """One field of a rule, as people need to know it."""

    name: str
    type: Any  # bool, int, float, str, Literal, or whatever else a rule declares
    item: Any  # what a tuple holds any number of, None for other types
    default: Any
    static: bool  # selects a compiled program
    help: str
    limits: dict[str, Any]  # gt, ge, lt, le
    choices: tuple[Any, ...]
    adapter: TypeAdapter[Any]

    @property
    def type_name(self) -> str:
        """Say what is taken, in words."""
        if self.choices:
            return " or ".join(str(choice) for choice in self.choices)
        if self.item is not None:
            return f"{_NAMES[self.item]}, or a list of them"
        return _NAMES.get(self.type, getattr(self.type, "__name__", str(self.type)))

    @property
    def range(self) -> str:
        """Return `0 < kappa <= 1`, or nothing where every value is allowed."""
        low = next(
            (f"{number(v)} {s} " for k, s in (("gt", "<"), ("ge", "<=")) if (v := self.limits.get(k)) is not None), ""
        )
        high = next(
            (f" {s} {number(v)}" for k, s in (("lt", "<"), ("le", "<=")) if (v := self.limits.get(k)) is not None), ""
        )
        if low and not high:
            return next(f"{self.name} {s} {number(self.limits[k])}" for k, s in _SIGNS if k in self.limits)
        return f"{low}{self.name}{high}" if high else ""

    @property
    def meaning(self) -> str:
        """Return help, range and default, as they end a message."""
        allowed = ", ".join(part for part in (self.help, self.range) if part) or self.type_name
        return allowed if self.default is NO_DEFAULT else f"{allowed} (default {number(self.default)})"


def parameters(cls: type) -> Mapping[str, Parameter]:
    """Return the parameters of a dataclass by name, in order.

    Raises:
        UserError: an annotation cannot be understood.
    """
    return _parameters(cls)


@functools.cache
def _parameters(cls: type) -> Mapping[str, Parameter]:
    try:
        hints = get_type_hints(cls, include_extras=True)
        fields = [f for f in dataclasses.fields(cls) if f.init]
        return types.MappingProxyType({f.name: _parameter(f, hints[f.name]) for f in fields})
    except Exception as error:  # a rule of somebody else's may be annotated with anything
        raise UserError(f"{cls.__name__}: its annotations cannot be read: {error}") from error


def _parameter(field: "dataclasses.Field[Any]", hint: Any) -> Parameter:
    plain, *extras = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    info = next((extra for extra in extras if isinstance(extra, FieldInfo)), FieldInfo())
    limits = {key: getattr(m, key) for m in info.metadata for key, _ in _SIGNS if getattr(m, key, None) is not None}
    default = field.default if field.default_factory is NO_DEFAULT else field.default_factory()
    choices = get_args(plain) if get_origin(plain) is Literal else ()
    static = bool(field.metadata.get("static"))
    help_text = info.description or ""
    return Parameter(field.name, plain, _item(plain), default, static, help_text, limits, choices, TypeAdapter(hint))


def _item(plain: Any) -> Any:
    """Return what `tuple[X, ...]` holds, if it is a number, text or boolean; None for all other types."""
    arguments = get_args(plain)
    if get_origin(plain) is not tuple or len(arguments) != 2 or arguments[1] is not Ellipsis:
        return None
    held = get_args(arguments[0])[0] if get_origin(arguments[0]) is Annotated else arguments[0]
    return held if held in _NAMES else None


def read_value(parameter: Parameter, raw: Any) -> Any:
    """Return `raw` as the parameter's type, within its range.

    `1e12`, which YAML leaves as text, counts as a number; true and false do not. Whole numbers may be written 3.0.
    Where a list of values is taken, a single one is a list of one.

    Raises:
        Refused: ` is not a number: …`, ` is out of range: …`.
    """
    if parameter.choices:
        if not any(type(raw) is type(choice) and raw == choice for choice in parameter.choices):
            found = ", ".join(map(str, parameter.choices))
            close = nearest(raw, map(str, parameter.choices))
            raise Refused(f" is unknown{close} {parameter.help}: {found} (default {parameter.default})")
        return raw
    if parameter.item is not None:
        items = raw if isinstance(raw, list | tuple) else [raw]
        value: Any = tuple(_typed(parameter, parameter.item, item) for item in items)
    else:
        value = _typed(parameter, parameter.type, raw)
    try:
        return parameter.adapter.validate_python(value)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        what = " is out of range" if first["type"] in _OUT_OF_RANGE else " is not allowed"
        if parameter.type not in _NAMES:
            what = f" is not allowed ({first['msg'][:1].lower()}{first['msg'][1:]})"
        raise Refused(f"{what}: {parameter.meaning}") from error


def _typed(parameter: Parameter, wanted: Any, raw: Any) -> Any:
    if wanted not in _NAMES:
        return raw
    if wanted in (bool, str):
        if isinstance(raw, wanted):
            return raw
        hint = "; write it in quotes" if wanted is str and isinstance(raw, int | float) else ""
        raise Refused(f" is not {_NAMES[wanted]}{hint}: {parameter.meaning}")
    value = _number(raw)
    if value is None:
        raise Refused(f" is not {_NAMES[wanted]}: {parameter.meaning}")
    if not math.isfinite(value):
        raise Refused(f" is not a finite number: {parameter.meaning}")
    if wanted is int:
        if value != int(value):
            raise Refused(f" is not a whole number: {parameter.meaning}")
        return int(value)
    return float(value)


def _number(raw: Any) -> int | float | None:
    """Return what is written as a number, None where it is none; what overflows counts as infinite."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    if isinstance(raw, str):
        for convert in (int, float):
            try:
                raw = convert(raw)
                break
            except ValueError:
                continue
        else:
            return None
    if isinstance(raw, int):
        return raw if raw.bit_length() <= 1000 else math.inf
    return raw


def build(
    cls: type, label: str, block: Mapping[str, Any], place: str, problems: Problems, beside: tuple[str, ...] = ()
) -> Any | None:
    """Return `cls` with the parameters of a block, None after noting what is wrong with it.

    Args:
        cls: a rule.
        label: its kind, as the user calls it.
        block: parameters by name, without `kind`.
        place: the block's dotted path, for messages.
        problems: where to note.
        beside: keys that the block has beside the rule's parameters, for messages.
    """
    known, values, sound = parameters(cls), {}, True
    for name, raw in block.items():
        if name not in known:
            names = (*beside, *known)
            takes = f"{label} takes: {', '.join(names)}" if names else f"{label} takes no parameters"
            problems.add(f'{place} has no parameter "{name}"{nearest(name, names)} {takes}'.lstrip())
            sound = False
            continue
        try:
            values[name] = read_value(known[name], raw)
        except Refused as refused:
            problems.add(f"{place}.{name} = {show(raw)}{refused}".lstrip("."))
            sound = False
    for name, parameter in known.items():
        if parameter.default is NO_DEFAULT and name not in block:
            problems.add(f"{place}.{name} is missing: {parameter.meaning}")
            sound = False
    if not sound:
        return None
    try:
        return cls(**values)
    except Exception as error:  # a check of somebody else's rule
        problems.add(f"{place}: {label} refuses these parameters: {error}")
        return None
