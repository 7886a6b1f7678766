"""Traces: the work that trained miners did in an earlier run, read back for other designs to settle."""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from experiments.archives import Arrays, check_stake, is_file, load_archive, shape_text
from experiments.errors import UserError
from experiments.wording import show
from subnet.actions.base import Population, Recording
from subnet.actions.replayed import Replayed
from subnet.scenario import Scenario
from subnet.work.trace import Trace, TraceStep

__all__ = ["TraceFacts", "misfits", "read_trace", "trace_facts"]

# Axes of what a trace holds: K worlds, E epochs, V validators, M miners, N rows that are ranked.
_RANKED = {"corr": "KEM", "valid": "KEM", "churn": "KEM", "ranks": "KEMN", "target": "KEN"}
_AXES = dict.fromkeys((name for name in TraceStep._fields if name not in _RANKED), "KEM") | {
    "values": "KEVM", "evaluated": "KEVM", "base": "KEV", "whole_base": "KE", "validator_flops": "KEV",
}  # fmt: skip
_KINDS = dict.fromkeys(TraceStep._fields, np.float32) | {"evaluated": np.bool_, "valid": np.bool_, "ranks": np.uint16}
_SAYS = {"stake": "KV", "crooked": "M", "seeds": "K", "validator_names": "V", "miner_names": "M", "miner_parties": "M"}


class TraceFacts(NamedTuple):
    """What decides whether a trace serves an experiment.

    The class that measured, each world's seed, the parties, and whether there are orders of stocks to stake on.
    """

    scoring: str
    seeds: tuple[int, ...]
    parties: tuple[str, ...]
    ranked: bool


def read_trace(file: str) -> tuple[Recording, Population]:
    """Return the work in a trace, and who did it.

    Raises:
        UserError: the file is missing, damaged, or no trace.
    """
    arrays, place = load_archive(file)
    _check(arrays, place)
    found: dict[str, Any] = {
        name: arrays[f"step_{name}"].astype(kind) for name, kind in _KINDS.items() if f"step_{name}" in arrays
    }
    check_stake(arrays["stake"], place)
    trace = Trace(TraceStep(**found), arrays["stake"], arrays["crooked"].astype(bool), arrays["seed_key"])
    validators, miners, parties = (tuple(map(str, arrays[k])) for k in list(_SAYS)[3:])
    V = len(validators)
    uids = tuple(range(V)), tuple(range(V, V + len(miners)))
    return Recording(trace=trace), Population(*uids, validators, miners, parties if any(parties) else None)


def trace_facts(source: Any) -> TraceFacts | None:
    """Return the facts of the trace that a source replays; None where it replays none, or one that cannot be read."""
    if not isinstance(source, Replayed) or not is_file(Path(source.file)):
        return None
    return _facts(source.file, Path(source.file).stat().st_mtime_ns)


def misfits(scenario: Scenario, seeds: Sequence[int]) -> Iterator[tuple[str, str]]:
    """Yield place and text of what an experiment asks of a trace that it does not have."""
    facts = trace_facts(scenario.actions)
    if facts is None:
        return
    if scenario.design.registration.opens:
        yield "{design}.registration", ": miners come and go, but a trace has what a fixed set of them did; take closed"
    judge = type(scenario.design.scoring).__name__
    if judge != facts.scoring:
        yield "{design}.scoring", f": the trace was measured by {facts.scoring}, which {judge} cannot take up"
    worlds, world = len(facts.seeds), scenario.actions.world
    if world >= worlds:
        yield "actions.world", f" = {world}, but the trace has {worlds}: 0 to {worlds - 1}, or -1 to go by the seed"
    if world < 0:
        yield from _by_seed(facts.seeds, seeds)


def _by_seed(there: tuple[int, ...], wanted: Sequence[int]) -> Iterator[tuple[str, str]]:
    missing = sorted(set(wanted) - set(there))
    if missing:
        yield "seeds", f": the trace has no world of seed {missing[0]}; it has {show(sorted(set(there)))}"
    twice = sorted(seed for seed in set(wanted) if there.count(seed) > 1)
    if twice:
        yield "actions.world", f" must be given, since the trace has several worlds of seed {twice[0]}"


@functools.lru_cache(maxsize=64)
def _facts(file: str, changed: int) -> TraceFacts | None:
    try:
        arrays, place = load_archive(file)
        _check(arrays, place)
    except UserError:
        return None  # told where the recording is read
    parties = dict.fromkeys(map(str, arrays["miner_parties"]))
    return TraceFacts(
        str(arrays["scoring"]), tuple(arrays["seeds"].tolist()), tuple(filter(None, parties)), "step_ranks" in arrays
    )


def _check(arrays: Arrays, place: str) -> None:
    """Refuse what is no trace, or whose arrays do not belong together.

    Raises:
        UserError: it is so.
    """
    known = _AXES | (_RANKED if "step_ranks" in arrays else {})
    axes = {f"step_{name}": axes for name, axes in known.items()} | _SAYS
    missing = [name for name in (*axes, "seed_key", "scoring") if name not in arrays]
    if missing:
        raise UserError(f"{place}: is no trace, for it has no {', '.join(missing[:3])}; write one with --save-trace")
    sizes: dict[str, int] = {}
    for name, letters in axes.items():
        array = arrays[name]
        if array.ndim != len(letters) or 0 in array.shape:
            raise UserError(f"{place}: {name} {shape_text(array)} must be [{', '.join(letters)}], none of them 0")
        for letter, size in zip(letters, array.shape, strict=True):
            if sizes.setdefault(letter, size) != size:
                raise UserError(f"{place}: {name} {shape_text(array)} must have {letter} = {sizes[letter]}")
        wanted = "U" if name.endswith(("_names", "_parties")) else "iu" if name == "seeds" else "fiub"
        if array.dtype.kind not in wanted:
            raise UserError(f"{place}: {name} has type {array.dtype}, which is not what a trace has there")
    if arrays["seed_key"].shape[:1] != (sizes["K"],):
        raise UserError(f"{place}: seed_key {shape_text(arrays['seed_key'])} must begin with K = {sizes['K']}")
