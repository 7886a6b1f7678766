"""Every submission on every row of the hold-out: what validators share, and what is true of a submission."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from subnet.spare import with_spare_devices
from subnet.tasks.base import TaskData, task_loss
from subnet.work.cohorts import models, names_with
from validators.scoring.base import measured

__all__ = ["Rows", "originality", "prior_outputs", "run_all"]

_TOGETHER = 8  # submissions that are run on the hold-out at once: their outputs stay in the cache
_WORST_LOSS = 1e6  # of a row: what a broken model answers counts as that


class Rows(NamedTuple):
    """Submissions on rows [M, P]: the scoring rule's measure, the loss, the share of right answers.

    The last is NaN where there is no right and wrong. `answers` are the numbers handed in where only their order
    counts, None elsewhere.
    """

    measure: jax.Array
    loss: jax.Array
    accuracy: jax.Array
    answers: jax.Array | None = None


def run_all(
    source: Any,
    submitted: dict[str, Any],
    x: jax.Array,
    y: jax.Array,
    scoring: Any,
    present: jax.Array,
    answer: Callable[[jax.Array], jax.Array] = lambda outputs: outputs,
) -> Rows:
    """Run every submission on every row, in uid order.

    A measure that depends on the other submissions needs the outputs of all; any other is taken while a few
    submissions' outputs are in the cache.

    Args:
        source: the network's `Trained` source.
        submitted: parameters [count, ...] by party.
        x: [P, ...] rows of the hold-out.
        y: their targets.
        scoring: the rule whose measure is taken.
        present: [M] whose submissions there are; the others' are run all the same.
        answer: models' outputs [M, P] -> what is handed in, where only the order counts.
    """
    ranks = source.task.predicts == "ranking"
    joint = ranks or _is_joint(scoring)

    def one(model: Any, params: Any) -> tuple[jax.Array, ...]:
        outputs = model.apply(params, x)
        loss = task_loss(source.task.predicts, outputs, y)
        kept = outputs if joint else scoring.measure(outputs[None], y)[0]
        loss = jnp.where(loss < _WORST_LOSS, loss, _WORST_LOSS)
        return kept, loss, _right(source.task.predicts, outputs, y, loss)

    found: dict[str, tuple[jax.Array, ...]] = {}
    for model in models(source):
        peers = names_with(source, model)
        ends = np.cumsum([source.miners[name].count for name in peers]).tolist()
        together = jax.tree.map(lambda *parts: _filled(jnp.concatenate(parts)), *(submitted[name] for name in peers))
        in_turn = partial(jax.lax.map, partial(one, model), batch_size=_TOGETHER)
        results = with_spare_devices(in_turn, together, multiple=_TOGETHER)
        split = [jnp.split(result[: ends[-1]], ends[:-1]) for result in results]
        found |= {name: tuple(part[k] for part in split) for k, name in enumerate(peers)}
    parts = [found[name] for name in sorted(found)]
    kept, loss, accuracy = (jnp.concatenate(part) for part in zip(*parts, strict=True))
    if ranks:
        return _ranked_rows(answer(kept[..., 0]), y, scoring, present)
    return Rows(measured(scoring, kept, y, active=present) if joint else kept, loss, accuracy)


def _ranked_rows(answers: jax.Array, y: jax.Array, scoring: Any, present: jax.Array) -> Rows:
    outputs = answers[..., None]
    loss = task_loss("ranking", outputs, y)
    loss = jnp.where(loss < _WORST_LOSS, loss, _WORST_LOSS)
    if _is_joint(scoring):
        measure = measured(scoring, outputs, y, active=present)
    else:
        measure = with_spare_devices(lambda some: scoring.measure(some, y), outputs)
    return Rows(measure, loss, jnp.full_like(loss, jnp.nan), answers)


def _is_joint(scoring: Any) -> bool:
    """Tell whether a measure depends on the other submissions."""
    return "active" in inspect.signature(scoring.measure).parameters


def prior_outputs(task: Any, data: TaskData, x: jax.Array) -> jax.Array:
    """Return the outputs [1, P, …] of a submission without skill for rows `x` [P, …]."""
    prior = jnp.asarray(task.prior(data), jnp.float32)
    positions = x.shape[1:2] if task.signature().vocabulary else ()
    return jnp.broadcast_to(prior, (1, x.shape[0], *positions, *prior.shape))


def originality(gains: jax.Array, before: jax.Array) -> jax.Array:
    """Return how far each submission [M] is from those of the last epoch that it may have been taken from.

    d_ij = |G_i - G'_j| / (|G_i| + |G'_j|), Euclidean norms over rows;  min of d_ij over j != i with d_ij <= d_ji.
    0 for a copy, 1 for nothing in common and where there is nobody else. Rounding makes it some 10⁻³ for a copy.

    What is compared is what a submission gains over knowing nothing: by their losses all untrained models look alike.
    Of two that are alike the later one is the copy: it is nearer to the other's past than the other is to its own.
    That cannot be told where an author stands still, whose past and present are the same.

    Args:
        gains: [M, P] loss of the prior less that of the submission, now.
        before: [M, P] the same of the last epoch, infinite where there was no submission.
    """
    known = jnp.isfinite(before).all(axis=1)
    past = jnp.where(known[:, None], before, 0)
    now2, past2 = (gains**2).sum(axis=1), (past**2).sum(axis=1)
    squared = jnp.maximum(now2[:, None] + past2[None, :] - 2 * gains @ past.T, 0)
    relative = jnp.sqrt(squared) / jnp.maximum(jnp.sqrt(now2)[:, None] + jnp.sqrt(past2)[None, :], 1e-12)
    relative = jnp.where(known[None, :], jnp.minimum(relative, 1), 1)
    suspect = (relative <= relative.T) & ~jnp.eye(gains.shape[0], dtype=bool)
    return jnp.where(suspect, relative, 1).min(axis=1)


def _filled(x: jax.Array) -> jax.Array:
    """Return `x` with zeros up to a multiple of `_TOGETHER`: one program, and nobody's result depends on its place."""
    return jnp.pad(x, [(0, -x.shape[0] % _TOGETHER)] + [(0, 0)] * (x.ndim - 1))


def _right(predicts: str, outputs: jax.Array, y: jax.Array, loss: jax.Array) -> jax.Array:
    """Return the share of right answers per row [P]; NaN where there is no right and wrong."""
    if predicts != "classes":
        return jnp.full(loss.shape, jnp.nan, loss.dtype)
    right = (outputs.argmax(axis=-1) == y).astype(loss.dtype)
    return right.reshape(loss.shape[0], -1).mean(axis=1)
