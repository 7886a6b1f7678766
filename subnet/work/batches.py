"""What a miner sees in one training step: its own rows, with the labels it has for them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from subnet.tasks.base import TaskData
from subnet.work.birth import Crew

__all__ = ["batches"]


def batches(
    task_key: jax.Array, epoch: jax.Array, task: Any, data: TaskData, own: Crew, size: int, sees_holdout: bool
) -> Callable[[jax.Array], tuple[jax.Array, jax.Array]]:
    """Return one miner's source of batches: key -> inputs and targets of `size` rows.

    Args:
        task_key: of the task.
        epoch: [].
        task: what is learned.
        data: its rows.
        own: one miner of a crew.
        size: rows per batch.
        sees_holdout: whether rows of the hold-out leak into its batches; only then are they touched.
    """

    def batch(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        u = jax.random.uniform(key, (3 if sees_holdout else 1, size), jnp.float32)  # one draw: it compiles slowly
        draw = _place(u[0], own.owned * data.parcel)
        dealt, within = draw // data.parcel, draw % data.parcel
        x, y = task.batch(task_key, epoch, data, own.rows[dealt] * data.parcel + within)
        y = _spoiled(y, own.shift[dealt], task)
        if not sees_holdout:
            return x, y
        hidden_x, hidden_y = task.holdout(task_key, epoch, data)
        pick, take = _place(u[1], hidden_x.shape[0]), u[2] < own.skill.leaked
        return jnp.where(_along(take, x), hidden_x[pick], x), jnp.where(_along(take, y), hidden_y[pick], y)

    return batch


def _spoiled(y: jax.Array, shift: jax.Array, task: Any) -> jax.Array:
    """Return labels with `shift` [b] applied.

    Another class, a number off by so many standard deviations, or somebody else's target (1 more than it is), where
    order counts; or any of them turned round.
    """
    signature = task.signature()
    shift = _along(shift, y)
    turned = jnp.isnan(shift)
    by = jnp.where(turned, 0, shift)
    if task.predicts == "classes":
        classes = signature.vocabulary or signature.num_outputs
        return jnp.where(turned, classes - 1 - y, (y + by.astype(y.dtype)) % classes)
    if task.predicts == "ranking":
        return jnp.where(turned, 1 - y, jnp.where(by > 0, by - 1, y))
    return jnp.where(turned, -y, y + by * task.scale())


def _place(u: jax.Array, count: jax.Array | int) -> jax.Array:
    """Return places in [0, count) of uniform numbers in [0, 1)."""
    return jnp.minimum((u * count).astype(jnp.int32), count - 1)


def _along(per_row: jax.Array, like: jax.Array) -> jax.Array:
    return per_row.reshape(-1, *[1] * (like.ndim - 1))
