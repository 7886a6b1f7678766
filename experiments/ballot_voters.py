"""The voters in a file of ballots: one object each, or one list per column."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from experiments.ballots import Voter, VoterNumbers
from experiments.parameters import Refused, parameters, read_value
from experiments.tally_parameters import LARGEST
from experiments.tally_rules import Rule
from experiments.wording import nearest, show

__all__ = ["VOTER_KEYS", "options_of", "read_label", "read_voters"]

_COLUMNS = {
    "ids": "id", "stakes": "stake", "credits": "credits", "lock_ends": "lock_end", "choices": "choice",
    "votes": "votes", "reports": "reports",
}  # fmt: skip
VOTER_KEYS = tuple(_COLUMNS)  # what a file may hold instead of a list of voters
_NUMBERS = parameters(VoterNumbers)
_FIELDS = ("id", "choice", "votes", "reports", *_NUMBERS)
_MOST_VOTERS = 100_000
_MOST_TOKENS = 2**60  # in all, where they are settled to the unit
_LONGEST_LABEL = 100


def read_voters(data: Mapping[str, Any], rule: Rule, name: str) -> tuple[Voter, ...]:
    """Return the voters of a file, checked for what a rule needs.

    Raises:
        Refused: something is missing or makes no sense.
    """
    rows = data["voters"] if "voters" in data else _from_columns(data)
    if "voters" in data and any(key in data for key in VOTER_KEYS):
        extra = next(key for key in VOTER_KEYS if key in data)
        raise Refused(f"voters and {extra} are both given; write one object per voter, or one list per column")
    if not isinstance(rows, list):
        raise Refused(f"voters = {show(rows)} is not a list of voters; {name} needs: {rule.needs}")
    if not 1 <= len(rows) <= _MOST_VOTERS:
        raise Refused(f"voters holds {len(rows)} voters; a vote takes 1 to {_MOST_VOTERS:,}")
    voters = tuple(_voter(row, index, rule) for index, row in enumerate(rows))
    seen: dict[str, int] = {}
    for index, voter in enumerate(voters):
        if voter.id in seen:
            raise Refused(
                f"voters[{index}].id = {show(voter.id)} is that of voters[{seen[voter.id]}], too; give each one"
            )
        seen[voter.id] = index
    if rule.whole and sum(int(voter.numbers["stake"]) for voter in voters) > _MOST_TOKENS:
        raise Refused(f"the stakes of all voters sum to more than {_MOST_TOKENS}; use a larger unit")
    return voters


def options_of(raw: Any, voters: Iterable[Voter], rule: Rule) -> tuple[str, ...]:
    """Return the options of a vote: the rule's, the file's, or all that are voted for, by name.

    Raises:
        Refused: there is a list of options and a vote is for none of them.
    """
    if rule.ballot == "reports":
        return ()
    named = {v.choice: f"the choice of {v.id}" for v in voters if v.choice is not None}
    named |= {option: f"a vote of {v.id}" for v in voters for option in v.votes or ()}
    if raw is None and not rule.options:
        return tuple(sorted(named, key=_natural))
    if rule.options:
        listed = rule.options
    elif isinstance(raw, list) and raw:
        listed = tuple(read_label(option, f"options[{index}]") for index, option in enumerate(raw))
    else:
        raise Refused(f"options = {show(raw)} is not a list of names")
    if len(set(listed)) < len(listed):
        raise Refused("options names one option twice")
    for option, whose in named.items():
        if option not in listed:
            raise Refused(f"{show(option)}, {whose}, is no option{nearest(option, listed)} found: {', '.join(listed)}")
    return listed


def read_label(raw: Any, place: str) -> str:
    """Return the name of a voter or an option, which may be a whole number.

    Raises:
        Refused: it is neither, or cannot be printed.
    """
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise Refused(f"{place} = {show(raw)} is not a name: write text, or a whole number")
    text = show(raw) if isinstance(raw, int) else raw
    if not (text.isprintable() and len(text.strip()) >= 1 and len(text) <= _LONGEST_LABEL):
        raise Refused(f"{place} = {show(raw)[:_LONGEST_LABEL]} is no name: 1 to {_LONGEST_LABEL} letters, in one line")
    return text


def _from_columns(data: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return one object per voter from one list per column; a list of votes that names options is one of choices."""
    given = {key: data[key] for key in VOTER_KEYS if key in data}
    if not given:
        raise Refused('voters is missing; write "voters": [{"id": "a", "stake": 5, "choice": "x"}, …]')
    for key, column in given.items():
        if not isinstance(column, list):
            raise Refused(f"{key} = {show(column)} is not a list with an entry for each voter")
    first, length = next((key, len(column)) for key, column in given.items())
    for key, column in given.items():
        if len(column) != length:
            raise Refused(f"{key} has {len(column)} entries, {first} has {length}; each voter has one in both")
    rows: list[dict[str, Any]] = [{} for _ in range(length)]
    for key, column in given.items():
        for row, value in zip(rows, column, strict=True):
            name = "choice" if key == "votes" and not isinstance(value, dict) else _COLUMNS[key]
            row[name] = value
    return rows


def _voter(row: Any, index: int, rule: Rule) -> Voter:
    place = f"voters[{index}]"
    if not isinstance(row, dict):
        raise Refused(f'{place} = {show(row)} is not an object such as {{"id": "a", "stake": 5, "choice": "x"}}')
    for key in row:
        if key not in _FIELDS:
            raise Refused(f"{place} has no {show(key)}{nearest(key, _FIELDS)} a voter takes: {', '.join(_FIELDS)}")
    numbers = {key: _number(key, row[key], place) for key in _NUMBERS if row.get(key) is not None}
    if rule.weight is not None and rule.weight not in numbers and not (rule.weight == "credits" and row.get("votes")):
        raise Refused(f"{place}.{rule.weight} is missing, which the rule needs: {_NUMBERS[rule.weight].meaning}")
    if rule.whole and not float(numbers["stake"]).is_integer():
        raise Refused(f"{place}.stake = {show(row['stake'])} is not a whole number; the rule settles whole tokens")
    name = read_label(row.get("id", index), f"{place}.id")
    return Voter(name, *_ballot(row, place, rule), numbers)


def _ballot(
    row: Mapping[str, Any], place: str, rule: Rule
) -> tuple[str | None, dict[str, float] | None, tuple[str | None, ...] | None]:
    """Return choice, votes and reports of a voter."""
    choice, votes = row.get("choice"), row.get("votes")
    if choice is not None and votes is not None:
        raise Refused(f"{place} has both a choice and votes; give one of them")
    needed = {"choice": ("choice", "votes"), "votes": ("votes", "choice"), "reports": ("reports",)}[rule.ballot]
    if not any(key in row for key in needed):
        absent = f'; if it is absent, write "{needed[0]}": null' if rule.ballot != "reports" else ""
        raise Refused(f"{place}.{needed[0]} is missing{absent}")
    reports = row.get("reports")
    if reports is not None and not isinstance(reports, list):
        raise Refused(f"{place}.reports = {show(reports)} is not a list with an entry for each item")
    return (
        None if choice is None else _choice(choice, f"{place}.choice", rule),
        None if votes is None else _votes(votes, f"{place}.votes"),
        None if reports is None else tuple(
            None if x is None else read_label(x, f"{place}.reports[{i}]") for i, x in enumerate(reports)
        ),
    )  # fmt: skip


def _choice(raw: Any, place: str, rule: Rule) -> str:
    if rule.options and type(raw) is int and raw in (0, 1):
        return rule.options[1 - raw]
    return read_label(raw, place)


def _votes(raw: Any, place: str) -> dict[str, float]:
    if not isinstance(raw, dict):
        raise Refused(f'{place} = {show(raw)} is not an object such as {{"x": 3, "y": -1}}')
    found = {}
    for option, amount in raw.items():
        read_label(option, f"an option in {place}")
        if isinstance(amount, bool) or not isinstance(amount, int | float):
            raise Refused(f"{place}.{option} = {show(amount)} is not a number, above 0 in favour, below 0 against")
        if not (math.isfinite(amount) if isinstance(amount, float) else True) or abs(amount) > LARGEST:
            raise Refused(f"{place}.{option} = {show(amount)} is out of range: -{LARGEST:g} to {LARGEST:g}")
        found[option] = float(amount)
    return found


def _number(name: str, raw: Any, place: str) -> Any:
    parameter = _NUMBERS[name]
    if isinstance(raw, str):
        raise Refused(f"{place}.{name} = {show(raw)} is text, not {parameter.type_name}: {parameter.meaning}")
    try:
        return read_value(parameter, raw)
    except Refused as refused:
        raise Refused(f"{place}.{name} = {show(raw)}{refused}") from refused


def _natural(option: str) -> tuple[int, int, str]:
    """Return the key by which options are sorted: whole numbers by value and first, then by name."""
    number = option.isascii() and option.isdecimal()
    return (0, int(option), "") if number else (1, 0, option)
