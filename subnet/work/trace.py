"""What trained miners did, kept: the same work under other designs, without training again."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.actions.base import Recording
from subnet.chunks import scan_epochs
from subnet.work.evaluation import Looks
from subnet.work.predictions import Predictions
from subnet.work.trained import Work

__all__ = ["Trace", "TraceStep", "play", "traced"]


class TraceStep(NamedTuple):
    """One epoch of work as it is kept: see `Work`; the last five are its predictions, None where there are none.

    `evaluated` and `valid` are bool, FLOPs are float64, `ranks` uint16, the rest float32.
    """

    values: jax.Array  # [V, M]
    evaluated: jax.Array  # [V, M]
    base: jax.Array  # [V]
    whole: jax.Array  # [M]
    whole_base: jax.Array  # []
    skill: jax.Array  # [M]
    loss: jax.Array  # [M]
    accuracy: jax.Array  # [M]
    originality: jax.Array  # [M]
    miner_flops: jax.Array  # [M]
    validator_flops: jax.Array  # [V]
    corr: jax.Array | None = None  # [M]
    valid: jax.Array | None = None  # [M]
    churn: jax.Array | None = None  # [M]
    ranks: jax.Array | None = None  # [M, N]
    target: jax.Array | None = None  # [N]


class Trace(NamedTuple):
    """What K worlds did in E epochs: every array of `TraceStep` with leading axes [K, E].

    `stake` [K, V] tokens at the start, `crooked` [M] which miners are not honest, `seed_key` [K, …] the key data of
    each world's run.
    """

    steps: TraceStep
    stake: Any
    crooked: Any
    seed_key: Any


def traced(
    key: jax.Array, source: Any, recording: Recording, scoring: Any, state: Any, epochs: jax.Array
) -> tuple[Any, TraceStep]:
    """Let people work through `epochs` [E]; return their state, and what they did with a leading axis E.

    A negative epoch is skipped, and is zeros. Nobody reacts to pay here: who is there stays.
    """

    def work(epoch: jax.Array, state: Any) -> tuple[Any, TraceStep]:
        state, work = source.work(key, epoch, state, recording, scoring)
        return state, _kept(work)

    return scan_epochs(work, state, epochs)


def play(trace: Trace, world: jax.Array, epoch: jax.Array) -> Work:
    """Return the work that one world did in an epoch; past the end of the trace, that of its last epoch."""
    last = trace.steps.skill.shape[1] - 1
    step: TraceStep = jax.tree.map(lambda x: x[world, jnp.minimum(epoch, last)], trace.steps)
    everybody = jnp.ones((1, step.whole.shape[0]), bool)
    return Work(
        looks=Looks(step.values, step.evaluated, step.base),
        whole=Looks(step.whole[None], everybody, step.whole_base[None]),
        skill=step.skill,
        loss=step.loss,
        accuracy=step.accuracy,
        originality=step.originality,
        miner_flops=step.miner_flops,
        validator_flops=step.validator_flops,
        predictions=_predictions(step),
    )


def _kept(work: Work) -> TraceStep:
    looks, whole, made = work.looks, work.whole, work.predictions
    return TraceStep(
        looks.values,
        looks.evaluated,
        looks.base,
        whole.values[0],
        whole.base[0],
        work.skill,
        work.loss,
        work.accuracy,
        work.originality,
        work.miner_flops,
        work.validator_flops,
        *(() if made is None else (made.corr, made.valid, made.churn, made.ranks, made.target)),
    )


def _predictions(step: TraceStep) -> Predictions | None:
    if step.corr is None or step.valid is None or step.churn is None:
        return None
    return Predictions(step.corr, step.valid, step.churn, step.ranks, step.target)
