"""Scores by what a miner adds to the ensemble of all: leave-one-out."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.scoring._outputs import (
    LARGEST_LOSS,
    LEAST_PROBABILITY,
    are_classes,
    log_probability,
    normal,
    over_positions,
)
from validators.scoring._proper import crps_normal
from validators.scoring.base import Record, lead, no_record, remember

__all__ = ["Contribution"]

_LEAST_SD = 1e-7  # of what is pooled: rounding may take all of a variance away


@mechanism
class Contribution:
    """Score a miner by how much worse the equal-weight ensemble of all miners would be without it.

    measure_j = loss without j - loss with all, per row: log loss of mean probabilities in nats, or CRPS of the normal
    that has the mixture's mean and variance, in units of the target;  score = max(0, smoothed measure).
    Copies take the place of each other: of many alike, none adds anything. Adding nothing is the natural zero, so the
    prior is not asked, and there is no best: scores are amounts of loss. Rows that are no numbers are left out of the
    ensemble and add nothing, and so does who is alone.
    """

    predicts: ClassVar[tuple[str, ...]] = ("classes", "normal")

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array, active: jax.Array | None = None) -> jax.Array:
        """Return contributions [M, P] of `outputs` [M, P, ..., C or 2] on `targets` [P, ...].

        Only the miners at `active` [M] are in the ensemble, all by default. Costs one pass over the outputs: the
        ensemble without j is the sum over all less j.
        """
        there = jnp.ones(outputs.shape[0], bool) if active is None else active
        there = there.reshape(-1, *(1,) * targets.ndim)
        added = _of_classes if are_classes(targets) else _of_normals
        return over_positions(added(outputs, targets, there))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M] and mask `evaluated` [V, M]; `base` is not asked."""
        state = remember(state, values, evaluated, jnp.zeros_like(base), 1.0, self.smoothing_rate)
        return state, lead(state.value, state.base)


def _of_classes(logits: jax.Array, targets: jax.Array, there: jax.Array) -> jax.Array:
    """Return how much log loss each submission saves the mean of probabilities."""
    log_p = log_probability(logits, targets)
    pooled = there & ~jnp.isnan(log_p)
    p = jnp.where(pooled, jnp.exp(log_p), 0)
    total, count = p.sum(axis=0), pooled.sum(axis=0, dtype=jnp.int32)
    saved = _log_mean(total, count) - _log_mean(total - p, count - 1)
    return jnp.where(pooled & (count > 1), saved, 0)


def _log_mean(total: jax.Array, count: jax.Array) -> jax.Array:
    mean = total / jnp.maximum(count, 1).astype(total.dtype)
    return jnp.log(jnp.maximum(mean, LEAST_PROBABILITY))


def _of_normals(outputs: jax.Array, targets: jax.Array, there: jax.Array) -> jax.Array:
    """Return how much CRPS each submission saves the pooled normal.

    Errors are centred on their mean first, and the pool without j follows from its own deviation d_j:
    mean - d_j / (n - 1), variance (Σ - σ_j² - d_j²) / (n - 1) - (d_j / (n - 1))².
    """
    error, sd = normal(outputs, targets)
    pooled = there & (jnp.abs(error) < LARGEST_LOSS) & (sd > 0)
    count = pooled.sum(axis=0, dtype=jnp.int32)
    n, others = (jnp.maximum(k, 1).astype(error.dtype) for k in (count, count - 1))
    mean = jnp.where(pooled, error, 0).sum(axis=0) / n
    deviation = jnp.where(pooled, error - mean, 0)
    squares = jnp.where(pooled, sd**2 + deviation**2, 0)
    total, shift = squares.sum(axis=0), deviation / others
    with_all = _pooled_crps(mean, total / n)
    without = _pooled_crps(mean - shift, (total - squares) / others - shift**2)
    return jnp.where(pooled & (count > 1), without - with_all, 0)


def _pooled_crps(error: jax.Array, variance: jax.Array) -> jax.Array:
    return crps_normal(error, jnp.sqrt(jnp.maximum(variance, _LEAST_SD**2)))
