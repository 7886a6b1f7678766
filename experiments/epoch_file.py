"""One epoch of the chain from a JSON file: read and checked; nothing here needs JAX."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from pydantic import Field

from experiments.errors import UserError
from experiments.json_text import parse_object, read_json_text
from experiments.parameters import Refused, parameters, read_value
from experiments.wording import nearest, show

if TYPE_CHECKING:
    from tokenomics.arithmetic import Arithmetic

__all__ = ["U16", "EpochInput", "EpochParams", "State", "read_epoch", "run_epoch_file"]

U16 = 65535
_LARGEST = 2**63 - 1
_LATEST = 2**62 - 1  # block numbers: a cutoff is added to them
_MOST_NEURONS = 4096
_CUTOFF_MILLI = 13_889  # activity cutoff in thousandths of a tempo
_EXAMPLE = '{"params": …, "state": …, "emission": 1000000000}'
_TOP_KEYS = ("params", "state", "emission")
_UNREAD_KEYS = ("expected", "note", "derived_exact", "n")  # a test vector's own
_STATE_KEYS = (
    "block", "stake", "last_update", "block_at_registration", "validator_permit", "weights", "bonds", "commit_blocks",
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class EpochParams:
    """Hyperparameters in the chain's own units; specification of the epoch, section 11."""

    kappa_u16: Annotated[int, Field(ge=0, le=U16, description="majority of stake, of 65535")] = 32767
    bonds_moving_average_ppm: Annotated[int, Field(ge=0, le=10**6, description="share of old bonds kept")] = 900_000
    bonds_penalty_u16: Annotated[int, Field(ge=0, le=U16, description="how far bonds follow clipped weights")] = U16
    yuma3: Annotated[bool, Field(description="bonds on their own scale per pair")] = False
    liquid_alpha: Annotated[bool, Field(description="a bond rate per pair")] = False
    alpha_low_u16: Annotated[int, Field(ge=0, le=U16, description="slowest rate of new bonds")] = 45875
    alpha_high_u16: Annotated[int, Field(ge=0, le=U16, description="fastest rate of new bonds")] = 58982
    alpha_sigmoid_steepness: Annotated[int, Field(ge=-(2**15), lt=2**15, description="in hundredths")] = 1000
    max_allowed_validators: Annotated[int, Field(ge=0, le=U16, description="validator permits")] = 128
    stake_threshold: Annotated[int, Field(ge=0, le=2**62, description="stake below it counts as none")] = 0
    tempo: Annotated[int, Field(ge=1, le=10**9, description="blocks per epoch")] = 360
    activity_cutoff_blocks: Annotated[int, Field(ge=1, le=2**62, description="blocks until inactive")] = 5000
    last_mechanism_step_block: Annotated[int, Field(ge=0, le=_LATEST, description="last epoch's block, 0: none")] = 0
    owner_uid: Annotated[int | None, Field(ge=0, description="uid of the subnet's owner, or null")] = None
    commit_reveal: Annotated[bool, Field(description="weights are committed before they are shown")] = True


@dataclasses.dataclass(frozen=True)
class State:
    """The chain before the epoch, checked; lists as long as there are neurons."""

    block: int
    stake: list[int]
    last_update: list[int]
    registered: list[int]
    permit: list[bool]
    weights: list[dict[int, int]]
    bonds: list[dict[int, int]]
    commits: list[int | None]  # block of each neuron's earliest open commit


class EpochInput(NamedTuple):
    """All that one epoch needs."""

    params: EpochParams
    state: State
    emission: int


def run_epoch_file(path: Path | str, arithmetic: "Arithmetic") -> dict[str, Any]:
    """Return what one epoch publishes.

    Args:
        path: a JSON file, `-` for standard input.
        arithmetic: of all shares.

    Raises:
        UserError: the file cannot be read, or does not hold an epoch.
    """
    epoch = read_epoch(*read_json_text(path))
    from experiments.epoch_settle import settle

    return settle(epoch, arithmetic)


def read_epoch(text: str, source: str) -> EpochInput:
    """Return the epoch in a JSON text `{"params": …, "state": …, "emission": …}`.

    Raises:
        UserError: with one sentence; `source` names the text in it.
    """
    try:
        return _epoch(parse_object(text, _EXAMPLE))
    except Refused as refused:
        raise UserError(f"{source}: {refused}") from refused


def _epoch(data: Mapping[str, Any]) -> EpochInput:
    _refuse_unknown(data, (*_TOP_KEYS, *_UNREAD_KEYS), "an epoch", _TOP_KEYS)
    for key in ("state", "emission"):
        if key not in data:
            raise Refused(f"{key} is missing; an epoch has: {', '.join(_TOP_KEYS)}")
    params = _params(data.get("params"))
    state = _state(data["state"])
    if params.owner_uid is not None and params.owner_uid >= len(state.stake):
        raise Refused(f"params.owner_uid = {params.owner_uid} is none of the {len(state.stake)} neurons")
    return EpochInput(params, state, _whole(data["emission"], "emission", 2**62))


def _params(raw: Any) -> EpochParams:
    if raw is None:
        raw = {}
    if not isinstance(raw, dict):
        raise Refused(f"params = {show(raw)} is not an object of hyperparameters")
    known = parameters(EpochParams)
    _refuse_unknown(raw, (*known, *_UNREAD_KEYS), "params", known)
    values = {}
    for name, value in raw.items():
        if name not in known or (name == "owner_uid" and value is None):
            continue
        parameter = known[name] if name != "owner_uid" else known[name]._replace(type=int)
        if isinstance(value, str):
            raise Refused(f"params.{name} = {show(value)} is text, not {parameter.type_name}: {parameter.meaning}")
        try:
            values[name] = read_value(parameter, value)
        except Refused as refused:
            raise Refused(f"params.{name} = {show(value)}{refused}") from refused
    tempo = values.get("tempo", known["tempo"].default)
    params = EpochParams(**({"activity_cutoff_blocks": max(1, _CUTOFF_MILLI * tempo // 1000)} | values))
    if params.alpha_low_u16 > params.alpha_high_u16:
        raise Refused(
            f"params.alpha_low_u16 = {params.alpha_low_u16} is above alpha_high_u16 = {params.alpha_high_u16}"
        )
    return params


def _state(raw: Any) -> State:
    if not isinstance(raw, dict):
        raise Refused(f"state = {show(raw)} is not an object of lists")
    _refuse_unknown(raw, (*_STATE_KEYS, *_UNREAD_KEYS), "state", _STATE_KEYS)
    for key in ("block", "stake", "last_update", "block_at_registration", "weights"):
        if key not in raw:
            raise Refused(f"state.{key} is missing; a state has: {', '.join(_STATE_KEYS)}")
    stake = _wholes(raw["stake"], "state.stake", _LARGEST)
    n = len(stake)
    if not 1 <= n <= _MOST_NEURONS:
        raise Refused(f"state.stake has {n} neurons; an epoch takes 1 to {_MOST_NEURONS}")
    if sum(stake) > _LARGEST:
        raise Refused(f"state.stake sums to {sum(stake)}, above the largest sum {_LARGEST}")
    registered = _wholes(raw["block_at_registration"], "state.block_at_registration", _LATEST, n)
    if len(registered) < n:
        raise Refused(f"state.block_at_registration has {len(registered)} entries for {n} neurons")
    permit = _list(raw.get("validator_permit"), "state.validator_permit", n)
    for uid, value in enumerate(permit):
        if not isinstance(value, bool):
            raise Refused(f"state.validator_permit[{uid}] = {show(value)} is neither true nor false")
    return State(
        block=_whole(raw["block"], "state.block", _LATEST),
        stake=stake,
        last_update=_padded(_wholes(raw["last_update"], "state.last_update", _LATEST, n), n, 0),
        registered=registered,
        permit=_padded(permit, n, False),
        weights=_rows(raw["weights"], "state.weights", n),
        bonds=_rows(raw.get("bonds"), "state.bonds", n),
        commits=_commits(raw.get("commit_blocks"), n),
    )


def _commits(raw: Any, n: int) -> list[int | None]:
    name = "state.commit_blocks"
    blocks = _list(raw, name, n)
    return _padded([b if b is None else _whole(b, f"{name}[{uid}]", _LATEST) for uid, b in enumerate(blocks)], n, None)


def _rows(raw: Any, name: str, n: int) -> list[dict[int, int]]:
    """Return sparse rows `[[uid, u16], …]` as dictionaries."""
    rows = []
    for uid, entries in enumerate(_list(raw, name, n)):
        row: dict[int, int] = {}
        for entry in _list(entries, f"{name}[{uid}]"):
            if not isinstance(entry, list) or len(entry) != 2:
                raise Refused(f"{name}[{uid}] holds {show(entry)}; an entry is a pair [uid, value]")
            column = _whole(entry[0], f"a uid in {name}[{uid}]", n - 1)
            if column in row:
                raise Refused(f"{name}[{uid}] has uid {column} twice")
            row[column] = _whole(entry[1], f"the value for uid {column} in {name}[{uid}]", U16)
        rows.append(row)
    return rows + [{} for _ in range(n - len(rows))]


def _refuse_unknown(raw: Mapping[str, Any], known: Any, what: str, told: Any) -> None:
    for key in raw:
        if key not in known:
            raise Refused(f"{what} has no {show(key)}{nearest(key, told)} it takes: {', '.join(told)}")


def _list(raw: Any, name: str, longest: int | None = None) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise Refused(f"{name} = {show(raw)} is not a list")
    if longest is not None and len(raw) > longest:
        raise Refused(f"{name} has {len(raw)} entries for {longest} neurons")
    return raw


def _wholes(raw: Any, name: str, largest: int, longest: int | None = None) -> list[int]:
    if raw is None:
        raise Refused(f"{name} = null is not a list")
    return [_whole(value, f"{name}[{index}]", largest) for index, value in enumerate(_list(raw, name, longest))]


def _whole(value: Any, name: str, largest: int) -> int:
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Refused(f"{name} = {show(value)} is not a whole number")
    if not 0 <= value <= largest:
        raise Refused(f"{name} = {show(value)} is out of range: 0 to {largest}")
    return value


def _padded(values: list[Any], n: int, filler: Any) -> list[Any]:
    return values + [filler] * (n - len(values))
