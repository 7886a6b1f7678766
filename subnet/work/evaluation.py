"""How validators look: each at its own rows and its own choice of miners."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from subnet.keys import Stream, streams
from subnet.work.population import Evaluators

__all__ = ["Looks", "look"]


class Looks(NamedTuple):
    """What validators found.

    `values` [V, M] is the mean of the measure over the rows that a validator drew, `base` [V] that of a submission
    without skill, `evaluated` [V, M] whether it looked at a miner at all.
    """

    values: jax.Array
    evaluated: jax.Array
    base: jax.Array


def look(
    key: jax.Array,
    epoch: jax.Array,
    evaluators: Evaluators,
    waiting: jax.Array,
    demand: jax.Array,
    measured: jax.Array,
    base: jax.Array,
    present: jax.Array,
) -> tuple[jax.Array, Looks]:
    """Evaluate from the shared pool: every submission was run once on all rows, and each validator reads its own.

    Args:
        key: the run's.
        epoch: [].
        evaluators: how many, and their budget.
        waiting: [V, M] epochs since each validator looked at each miner.
        demand: [P] how likely a row is drawn, sums to 1.
        measured: [M, P] measure of every submission on every row, higher is better.
        base: [P] the same for a submission without skill.
        present: [M] who submitted anything.

    Returns:
        The new `waiting`, and what was found.
    """
    rows = _rows(key, epoch, evaluators, demand)
    drawn = jnp.zeros((evaluators.count, demand.shape[0]), measured.dtype)
    drawn = drawn.at[jnp.arange(evaluators.count)[:, None], rows].add(1 / evaluators.rows)
    evaluated = _chosen(key, epoch, evaluators, waiting, present)
    waiting = jnp.where(evaluated, 0, waiting + 1)
    return waiting, Looks(drawn @ measured.T, evaluated, drawn @ base)


def _rows(key: jax.Array, epoch: jax.Array, evaluators: Evaluators, demand: jax.Array) -> jax.Array:
    """Return the rows [V, B] that each validator draws, with replacement."""
    upper = jnp.cumsum(demand)
    keys = streams(key, Stream.EVALUATION_ROWS, evaluators.count, epoch)
    u = jax.vmap(lambda own: jax.random.uniform(own, (evaluators.rows,), upper.dtype))(keys)
    return jnp.minimum(jnp.searchsorted(upper, u * upper[-1]), demand.shape[0] - 1)


def _chosen(
    key: jax.Array, epoch: jax.Array, evaluators: Evaluators, waiting: jax.Array, present: jax.Array
) -> jax.Array:
    """Return which miners [V, M] each validator looks at, by chance, in proportion to how long they waited.

    Without replacement: those with the largest log(1 + waiting) plus Gumbel noise.
    """
    wanted = evaluators.miners_per_epoch
    if not 0 < wanted < waiting.shape[1]:
        return jnp.broadcast_to(present, waiting.shape)
    keys = streams(key, Stream.EVALUATION_MINERS, evaluators.count, epoch)
    noise = jax.vmap(lambda own: jax.random.gumbel(own, waiting.shape[1:]))(keys)
    priority = jnp.log1p(waiting.astype(noise.dtype)) + noise
    _, best = jax.lax.top_k(jnp.where(present, priority, -jnp.inf), wanted)
    validators = jnp.arange(waiting.shape[0])[:, None]
    return jnp.zeros(waiting.shape, bool).at[validators, best].set(True) & present
