"""Recordings: metagraph snapshots, traces, recorded stakes and tasks' data, from files or taken as arrays."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from experiments.archives import (
    LAYOUTS,
    PACKAGED,
    Arrays,
    check_stake,
    load_archive,
    numbers,
    shape_text,
    stakes,
)
from experiments.errors import UserError
from experiments.experiment import Experiment
from experiments.score_rounds import read_scores
from experiments.sweep import different_actions
from experiments.traces import read_trace
from experiments.wording import show
from subnet.actions.base import Population, Recording
from subnet.actions.drawn_scores import DrawnScores
from subnet.actions.recorded import Recorded
from subnet.actions.recorded_scores import RecordedScores
from subnet.actions.replayed import Replayed
from subnet.actions.sampled import Sampled
from subnet.work.trained import Trained

__all__ = ["PACKAGED", "load_recording", "load_sources", "recording_from_arrays"]


@functools.singledispatch
def load_recording(source: Any) -> tuple[Recording, Population]:
    """Return the arrays that a source of actions replays or learns from, and who takes part.

    Args:
        source: `recorded`, `sampled`, `two_camps`, miners that train, or any other source that has `num_validators` and
            `num_miners`.

    Raises:
        UserError: a file is missing, damaged, or does not hold what it should.
    """
    if not (hasattr(source, "num_validators") and hasattr(source, "num_miners")):
        kind = type(source).__name__
        raise UserError(f"{kind} has no num_validators and num_miners, so nobody knows how many take part")
    return Recording(), _numbered(int(source.num_validators), int(source.num_miners))


def load_sources(experiment: Experiment) -> None:
    """Read every recording that a lane of the experiment will need, once.

    Raises:
        UserError: one cannot be read; the config's name stands in front.
    """
    for source in different_actions(experiment):
        if isinstance(source, Trained) and getattr(source.task, "draws", False):
            continue  # nothing is read, and drawing takes its time
        try:
            load_recording(source)
        except UserError as error:
            place = "" if isinstance(source, Trained) else "actions: "
            raise UserError(f"{experiment.source}: {place}{error}") from error


def recording_from_arrays(
    weights: Any,
    stake: Any,
    reset_bonds: Any = None,
    validators: Sequence[str] | None = None,
    miners: Sequence[str] | None = None,
    source: str = "<arrays>",
) -> tuple[Recording, Population]:
    """Return a trace as a recording.

    Args:
        weights: [T, V, M], or [V, M] for a single epoch, >= 0; rows need not sum to 1.
        stake: [T, V] or [V] tokens.
        reset_bonds: [T, M] or [M] bool, True where the bonds on a miner start anew in that epoch.
        validators: V names, `validator 0` and so on by default.
        miners: M names.
        source: named in messages.

    Raises:
        UserError: shapes disagree, or numbers are negative, infinite or all zero.
    """
    W = numbers(np.asarray(weights), "weights", source)
    S = numbers(np.asarray(stake), "stake", source)
    W, S = (W[None] if W.ndim == 2 else W), (S[None] if S.ndim == 1 else S)
    if W.ndim != 3 or 0 in W.shape:
        raise UserError(f"{source}: weights {shape_text(W)} must be [T, V, M], none of them 0; {LAYOUTS}")
    T, V, M = W.shape
    if S.shape != (T, V):
        raise UserError(
            f"{source}: stake {shape_text(S)} must be [T, V] = [{T}, {V}], as weights {shape_text(W)} have it"
        )
    check_stake(S, source)
    reset = None
    if reset_bonds is not None:
        reset = np.asarray(reset_bonds)
        reset = reset[None] if reset.ndim == 1 else reset
        if reset.dtype != bool or reset.shape != (T, M):
            raise UserError(f"{source}: reset_bonds {reset.dtype} {shape_text(reset)} must be bool [T, M] = [{T}, {M}]")
    names = _numbered(V, M)
    names = names._replace(
        validator_names=_names(validators, "validators", names.validator_names, source),
        miner_names=_names(miners, "miners", names.miner_names, source),
    )
    return _recording(W, S, reset), names


def _recording(weights: Any, stake: Any, reset: Any = None) -> Recording:
    """Return NumPy arrays as a recording; they become JAX arrays where they are placed on devices."""
    return Recording(weights, stake, reset)


@load_recording.register
def _sampled(source: Sampled) -> tuple[Recording, Population]:
    return _recording(None, _recorded_stakes(source)), _numbered(source.num_validators, source.num_miners)


@load_recording.register
def _replayed(source: Replayed) -> tuple[Recording, Population]:
    return read_trace(source.file)


@load_recording.register
def _trained(source: Trained) -> tuple[Recording, Population]:
    try:
        stake = _recorded_stakes(source.validators)
    except UserError as error:
        raise UserError(f"validators: {error}") from error
    try:
        data = source.task.load()
    except (OSError, ValueError) as error:
        raise UserError(f"task: {error}") from error
    return Recording(stake=stake, task=data), source.population()


@load_recording.register
def _recorded_scores(source: RecordedScores) -> tuple[Recording, Population]:
    scores, population = read_scores(source.file)
    return Recording(scores=scores), population


@load_recording.register
def _drawn_scores(source: DrawnScores) -> tuple[Recording, Population]:
    return Recording(), source.population()


def _recorded_stakes(rule: Any) -> np.ndarray | None:
    """Return the stakes [1, H] that a rule draws validators' stake from, None where it draws from a distribution."""
    return stakes(rule.stake_file)[None] if rule.stake_distribution == "recorded" else None


@load_recording.register
def _recorded(source: Recorded) -> tuple[Recording, Population]:
    arrays, place = load_archive(source.file)
    if "stake_tao" in arrays:
        return _snapshot(arrays, source.rows, place)
    if "weights" not in arrays or "stake" not in arrays:
        raise UserError(f"{place}: holds {', '.join(arrays) or 'no arrays'}; {LAYOUTS}")
    text = {key: arrays[key].ravel().tolist() for key in ("validators", "miners") if key in arrays}
    return recording_from_arrays(
        arrays["weights"], arrays["stake"], arrays.get("reset_bonds"), text.get("validators"), text.get("miners"), place
    )


def _snapshot(arrays: Arrays, rows: str, place: str) -> tuple[Recording, Population]:
    stake = numbers(arrays["stake_tao"], "stake_tao", place)
    if stake.ndim != 1 or stake.size == 0:
        raise UserError(f"{place}: stake_tao {shape_text(stake)} must be [N]; {LAYOUTS}")
    name = "weights_u16" if "weights_u16" in arrays else "weights"
    if name not in arrays:
        raise UserError(f"{place}: has stake_tao but no weights; {LAYOUTS}")
    weights = arrays[name]
    if name == "weights_u16" and weights.dtype != np.uint16:
        raise UserError(f"{place}: weights_u16 has type {weights.dtype}, not uint16")
    checked = numbers(weights, name, place)
    n = stake.size
    if weights.shape != (n, n):
        raise UserError(f"{place}: {name} {shape_text(weights)} must be [N, N] = [{n}, {n}], as stake_tao [{n}] has it")
    has_row = weights.any(axis=1)
    uids = np.flatnonzero(has_row | (stake > 0) if rows == "staked" else has_row)
    if not has_row.any():
        raise UserError(f"{place}: all rows of {name} are empty, so there is nothing to agree on")
    check_stake(stake[uids], place)
    kept = weights if name == "weights_u16" else checked  # stored integers stay integers, for exact arithmetic
    everybody = range(n)
    names = Population(
        tuple(uids.tolist()),
        tuple(everybody),
        tuple(f"uid {uid}" for uid in uids),
        tuple(f"uid {uid}" for uid in everybody),
    )
    return _recording(kept[uids][None], stake[uids][None]), names


def _names(given: Sequence[Any] | None, what: str, default: tuple[str, ...], place: str) -> tuple[str, ...]:
    if given is None:
        return default
    if len(given) != len(default) or not all(isinstance(name, str) for name in given):
        raise UserError(f"{place}: {what} must be {len(default)} names, but is {len(given)} of {show(list(given))}")
    return tuple(given)


def _numbered(num_validators: int, num_miners: int) -> Population:
    validators, miners = range(num_validators), range(num_miners)
    return Population(
        tuple(validators),
        tuple(num_validators + miner for miner in miners),
        tuple(f"validator {v}" for v in validators),
        tuple(f"miner {m}" for m in miners),
    )
