"""A file of ballots: read and checked; nothing here needs JAX."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from experiments.ballot_voters import VOTER_KEYS, options_of, read_voters
from experiments.ballots import Ballots
from experiments.errors import UserError
from experiments.json_text import parse_object, read_json_text
from experiments.parameters import NO_DEFAULT, Parameter, Refused, parameters, read_value
from experiments.reading import parse_yaml, plain
from experiments.tally_rules import ALIASES, RULES, Rule
from experiments.wording import nearest, show

__all__ = ["parse_ballots", "read_ballots", "rule_named"]

_EXAMPLE = '{"rule": "token_weighted", "voters": [{"id": "a", "stake": 5, "choice": "x"}]}'
_UNREAD = ("id", "note", "expected")  # a test vector's own
_BLOCKS = ("rule", "options", "voters", "parameters")
_EVERY = {name for rule in RULES.values() for name in parameters(rule.parameters)}
_SCALARS = (bool, int, float, str)


def rule_named(name: str) -> str:
    """Return the name of a rule, of which the shared vectors' own is another.

    Raises:
        Refused: there is none of that name.
    """
    name = ALIASES.get(name, name)
    if name not in RULES:
        raise Refused(f"{show(name)} is no rule{nearest(name, RULES)} found: {', '.join(RULES)}")
    return name


def read_ballots(path: Path | str, rule: str | None = None, sets: Iterable[str] = ()) -> Ballots:
    """Return the ballots in a JSON file, `-` for standard input.

    Args:
        path: the file.
        rule: how to count them, instead of the file's own rule.
        sets: `KEY=VALUE` texts that change parameters.

    Raises:
        UserError: something is missing or makes no sense; the text says what.
    """
    return parse_ballots(*read_json_text(path), rule=rule, sets=sets)


def parse_ballots(text: str, source: str, rule: str | None = None, sets: Iterable[str] = ()) -> Ballots:
    """Return the ballots in a JSON text; `source` names it in messages, see `read_ballots`.

    Raises:
        UserError: something is missing or makes no sense; the text says what.
    """
    if rule is not None:
        try:
            rule = rule_named(rule)
        except Refused as refused:
            raise UserError(f"tally: --rule {refused}") from refused
    try:
        if not text.strip():
            raise Refused(f"is empty; it takes an object such as {_EXAMPLE}")
        data = _unwrapped(parse_object(text, _EXAMPLE))
        plain(data, source)
        name = rule or _own_rule(data)
        given = _given(data, RULES[name])
    except Refused as refused:
        raise UserError(f"{source}: {refused}") from refused
    changed = _changed(given, sets, name)
    try:
        return _ballots(data, name, given, changed)
    except Refused as refused:
        raise UserError(f"{source}: {refused}") from refused


def _unwrapped(data: dict[str, Any]) -> dict[str, Any]:
    """Return the inputs of a test vector together with its rule, and any other file as it is."""
    inputs = data.get("inputs")
    if not isinstance(inputs, dict):
        return data
    return ({"rule": data["rule"]} if "rule" in data else {}) | inputs


def _own_rule(data: Mapping[str, Any]) -> str:
    if "rule" not in data:
        raise Refused(f'says no rule; add --rule NAME or "rule": NAME, one of: {", ".join(RULES)}')
    if not isinstance(data["rule"], str):
        raise Refused(f"rule = {show(data['rule'])} is not the name of a rule, such as token_weighted")
    try:
        return rule_named(data["rule"])
    except Refused as refused:
        raise Refused(f"rule = {refused}") from refused


def _given(data: Mapping[str, Any], rule: Rule) -> dict[str, Any]:
    """Return all parameters in the file, those of other rules included: beside the voters, or in their own block."""
    block = data.get("parameters", {})
    if not isinstance(block, dict):
        raise Refused(f"parameters = {show(block)} is not an object of parameters by name")
    voting = () if rule.ballot == "none" else VOTER_KEYS
    beside = {k: v for k, v in data.items() if k not in (*_BLOCKS, *_UNREAD, *voting)}
    for name in beside:
        if name in block:
            raise Refused(f"{name} is given twice: beside the voters and in parameters")
        if name not in _EVERY and name not in VOTER_KEYS:
            known = (*_BLOCKS, *parameters(rule.parameters), *voting)
            raise Refused(f"ballots have no {show(name)}{nearest(name, known)} they take: {', '.join(known)}")
    for name in block:
        if name not in _EVERY:
            raise _unknown(name, rule)
    return {**beside, **block}


def _unknown(name: str, rule: Rule) -> Refused:
    known = parameters(rule.parameters)
    takes = f"the rule takes: {', '.join(known)}" if known else "the rule takes none"
    return Refused(f"parameters have no {show(name)}{nearest(name, known)} {takes}")


def _changed(given: dict[str, Any], sets: Iterable[str], rule: str) -> set[str]:
    """Carry out `--set KEY=VALUE` and return what was set; `shares.active=0.5` changes one entry of a block."""
    changed = set()
    for text in sets:
        key, equals, value = text.partition("=")
        source = f"--set {' '.join(text.split())[:100]}"
        name, dot, entry = key.strip().partition(".")
        if not (equals and name) or (dot and not entry):
            raise UserError(f"{source}: write KEY=VALUE, such as --set quorum=0.2")
        if name not in parameters(RULES[rule].parameters):
            raise UserError(f"{source}: {_unknown(name, RULES[rule])}")
        read = parse_yaml(value, source)
        if dot:
            block = given.get(name)
            given[name] = {**(block if isinstance(block, dict) else {}), entry: read}
        else:
            given[name] = read
        changed.add(name)
    return changed


def _ballots(data: Mapping[str, Any], name: str, given: Mapping[str, Any], changed: set[str]) -> Ballots:
    rule = RULES[name]
    known = parameters(rule.parameters)
    values = {key: _value(known[key], raw, key in changed) for key, raw in given.items() if key in known}
    for key, parameter in known.items():
        if parameter.default is NO_DEFAULT and key not in values:
            raise Refused(f"{key} is missing, which {name} needs: {parameter.meaning}")
    counted = rule.ballot != "none" and values.get("tally") is None
    voters = read_voters(data, rule, name) if counted else ()
    options = options_of(data.get("options"), voters, rule) if counted else ()
    unused = tuple(sorted(set(given) - set(known) - set(VOTER_KEYS)))
    return Ballots(name, rule.parameters(**values), voters, options, unused)


def _value(parameter: Parameter, raw: Any, is_set: bool) -> Any:
    if isinstance(raw, str) and parameter.type in (int, float) and not is_set:
        raise Refused(f"{parameter.name} = {show(raw)} is text, not {parameter.type_name}: {parameter.meaning}")
    if parameter.choices or parameter.item is not None or parameter.type in _SCALARS:
        try:
            return read_value(parameter, raw)
        except Refused as refused:
            raise Refused(f"{parameter.name} = {show(raw)}{refused}") from refused
    try:
        return parameter.adapter.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place, value = _place(parameter.name, raw, first["loc"])
        message = first["msg"][:1].lower() + first["msg"][1:]
        raise Refused(f"{place} = {show(value)} is not allowed ({message}): {parameter.help}") from error


def _place(name: str, raw: Any, location: Iterable[int | str]) -> tuple[str, Any]:
    """Return how to call the value at a location, and the value; what names a type in the location is passed over."""
    for part in location:
        if isinstance(raw, list) and isinstance(part, int) and part < len(raw):
            name, raw = f"{name}[{part}]", raw[part]
        elif isinstance(raw, dict) and part in raw:
            name, raw = f"{name}.{part}", raw[part]
    return name, raw
