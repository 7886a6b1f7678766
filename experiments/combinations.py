"""Combinations of parameters that are each allowed but make no sense together."""

import functools
import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import jax

from experiments.contests import contest_conflicts
from experiments.curation_conflicts import curation_conflicts
from experiments.traces import misfits, trace_facts
from experiments.wording import nearest, show
from miners.signature import Signature
from subnet.actions.two_camps import TwoCamps
from subnet.scenario import Scenario
from subnet.work.trained import Trained

__all__ = ["conflicts", "matters"]

_MOST_MINERS = 65_536
# Parameters whose values decide below: sweeps of these are checked point by point.
_RELEVANT = frozenset(
    {
        "kind", "alpha_low", "alpha_high", "stake_share", "honest_weight", "backs", "num_miners", "count", "identities",
        "miners_per_epoch", "file", "world", "rounds", "num_stocks", "additions", "capacity", "finalists", "size",
        "tokens", "supply",
    }
)  # fmt: skip
_RELEVANT_ROOTS = ("task", "model", "tournament")
Found = Iterator[tuple[str, str]]


def matters(path: str) -> bool:
    """Say whether a swept path can bring about a contradiction."""
    root, _, leaf = path.rpartition(".")
    return leaf in _RELEVANT or root.rpartition(".")[2] in _RELEVANT_ROOTS


def conflicts(scenario: Any, arithmetic: str, seeds: Sequence[int], epochs: int) -> Found:
    """Yield place and text of each contradiction; `{design}` in a place stands for the design."""
    if not isinstance(scenario, Scenario):
        yield from curation_conflicts(scenario)
        return
    yield from _in_rule(scenario, arithmetic)
    yield from _among_overlays(scenario)
    if isinstance(scenario.actions, Trained):
        yield from _among_miners(scenario.actions)
        yield from _with_task(scenario)
    yield from contest_conflicts(scenario, epochs)
    yield from misfits(scenario, seeds)


def _in_rule(scenario: Scenario, arithmetic: str) -> Found:
    rule = scenario.design.consensus
    low, high = getattr(rule, "alpha_low", None), getattr(rule, "alpha_high", None)
    if low is not None and high is not None and low > high:
        yield (
            "{design}.consensus.alpha_low",
            f" = {low:g} is above alpha_high = {high:g}: the slowest rate of new bonds must not exceed the fastest",
        )
    supported = getattr(rule, "arithmetics", None)
    if supported is not None and arithmetic not in supported:
        yield (
            "{design}.consensus",
            f": {type(rule).__name__} cannot compute in arithmetic {arithmetic}; it knows: {', '.join(supported)}",
        )


def _among_overlays(scenario: Scenario) -> Found:
    stakes = [overlay.stake_share for overlay in scenario.overlays.values()]
    if math.fsum(stakes) >= 1:
        shares = " + ".join(f"{share:g}" for share in stakes)
        yield "overlays", f" hold {shares} of the stake together; something below 1 must be left to the honest ones"
    worth = sum(overlay.honest_weight for overlay in scenario.overlays.values() if _brings_miners(overlay))
    if worth > 1:
        yield "overlays", f" have honest_weight {worth:g} together, but honest validators cannot give more than 1"
    if scenario.overlays and isinstance(scenario.actions, TwoCamps):
        names = ", ".join(scenario.overlays)
        yield "overlays", f": two_camps brings its own cabal; remove {names}, or take other actions"
    facts = trace_facts(scenario.actions)
    parties = scenario.actions.miners if isinstance(scenario.actions, Trained) else facts.parties if facts else ()
    for name, overlay in scenario.overlays.items():
        yield from _friends(name, overlay, parties)


def _friends(name: str, overlay: Any, parties: Collection[str]) -> Found:
    """Yield what is wrong between an overlay and the parties of miners."""
    backed = getattr(overlay, "backs", "")
    if backed and backed not in parties:
        found = f"{nearest(backed, parties)} found: {', '.join(parties)}" if parties else "; there are none: add miners"
        yield f"overlays.{name}.backs", f" = {show(backed)} is no party of miners{found}"
    if name in parties:
        yield f"overlays.{name}", f": there is a party miners.{name}, too; give one of them another name"


def _brings_miners(overlay: Any) -> bool:
    return getattr(overlay, "num_miners", 0) > 0 and not getattr(overlay, "backs", "")


def _among_miners(source: Trained) -> Found:
    total = sum(party.count for party in source.miners.values())
    if total > _MOST_MINERS:
        yield "miners", f" are {total} together; at most {_MOST_MINERS} are possible: lower a count"
    wanted = source.validators.miners_per_epoch
    if wanted > total:
        yield "validators.miners_per_epoch", f" = {wanted}, but there are {total} miners: at most {total}, or 0 for all"
    for name, party in source.miners.items():
        each = party.strategy.identities
        if party.count % each:
            below, above = party.count // each * each, -(-party.count // each) * each
            choice = f"{below} or {above}" if below else str(above)
            yield (
                f"miners.{name}.count",
                f" = {party.count} is no multiple of identities = {each}, the uids of one operator; take {choice}",
            )


def _with_task(scenario: Scenario) -> Found:
    """Yield what is wrong between a task, those who train on it, and those who judge the result."""
    source, scoring = scenario.actions, scenario.design.scoring
    task = _kind(source.task)
    if source.task.predicts not in scoring.predicts:
        yield (
            "{design}.scoring",
            f": {_kind(scoring)} judges {' and '.join(scoring.predicts)}, but the task {task} predicts "
            f"{source.task.predicts}; take another scoring rule or another task",
        )
    try:
        signature = source.task.signature()
    except ValueError as error:
        yield "task", f": {error}"
        return
    places = {"model": source.model} if any(p.model is None for p in source.miners.values()) else {}
    places |= {f"miners.{name}.model": p.model for name, p in source.miners.items() if p.model is not None}
    for place, model in places.items():
        given = "tokens" if signature.vocabulary > 0 else "numbers"
        if given not in model.reads:
            yield (
                place,
                f": {_kind(model)} reads {' and '.join(model.reads)}, but the task {task} has {given}; take another "
                f"model or another task",
            )
        elif (refusal := _refusal(model, signature)) is not None:
            yield place, f": {_kind(model)} cannot learn the task {task}: {refusal}"


@functools.lru_cache(maxsize=256)
def _refusal(model: Any, signature: Signature) -> str | None:
    """Return why a model cannot be sized for a task, None if it can; nothing is computed."""
    try:
        jax.eval_shape(lambda: model.init(jax.random.key(0), signature))
    except Exception as error:  # a rule of somebody else's may fail in any way
        return str(error).partition("\n")[0] or type(error).__name__
    return None


def _kind(rule: Any) -> str:
    """Return how a config calls a rule: the name of its file."""
    return type(rule).__module__.rpartition(".")[2]
