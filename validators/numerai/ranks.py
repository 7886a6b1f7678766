"""Ranks and the transformations that scores are built from."""

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtri

from validators.numerai._order import doubled_ranks

__all__ = [
    "center",
    "gaussianise",
    "min_max_normalise",
    "rank_gauss",
    "rank_gauss_power",
    "signed_power",
    "standardise",
    "tie_broken_rank",
    "tie_kept_rank",
    "variance_normalise",
    "weight_normalise",
]

LEAST_SELF_CORRELATION = 0.9  # numerai-tools refuses a power that changes its input more than this


def tie_kept_rank(x: jax.Array) -> jax.Array:
    """Return (rank - 1/2) / n along the last axis; ties share the mean of their ranks.

    Args:
        x: [..., N] in any unit; NaN where missing, which stays missing. n counts the others.

    Source: numerai-tools 0.7.2, scoring.py, rank_series.
    """
    return _fraction(x, doubled_ranks(x))


def tie_broken_rank(x: jax.Array) -> jax.Array:
    """Return (rank - 1/2) / n along the last axis of `x` [..., N]; ties go by position, the first is the lowest.

    Source: numerai-tools 0.7.2, scoring.py, rank_series with method "first".
    """
    return _fraction(x, doubled_ranks(x, keep_ties=False))


def _fraction(x: jax.Array, doubled: jax.Array) -> jax.Array:
    n = (doubled > 0).sum(axis=-1, keepdims=True)
    return jnp.where(doubled > 0, (doubled - 1).astype(x.dtype) / (2 * n).astype(x.dtype), jnp.nan)


def gaussianise(u: jax.Array) -> jax.Array:
    """Return the standard normal quantile of `u` in [0, 1]; -inf at 0, inf at 1, NaN outside and where missing."""
    return ndtri(u)


def rank_gauss(x: jax.Array) -> jax.Array:
    """Return G(x), the normal quantiles of the tie-kept ranks; not rescaled.

    Both halves are computed from the distance to the nearer end, so that G(-x) = -G(x) to the bit, also in float32.

    Args:
        x: [..., N] in any unit; NaN where missing, which stays missing.

    Source: numerai-tools 0.7.2, scoring.py, gaussian of tie_kept_rank.
    """
    doubled = doubled_ranks(x)
    n = (doubled > 0).sum(axis=-1, keepdims=True, dtype=jnp.int32)
    return jnp.where(doubled > 0, quantile_of_rank(doubled, n, x.dtype), jnp.nan)


def quantile_of_rank(doubled: jax.Array, n: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Return the normal quantile of (rank - 1/2) / n for twice the rank, from 2 to 2n; `n` broadcasts."""
    below = doubled - 1
    tail = jnp.minimum(below, 2 * n - below).astype(dtype) / (2 * n).astype(dtype)
    z = ndtri(tail)
    return jnp.where(below <= n, z, -z)


def rank_gauss_power(x: jax.Array) -> jax.Array:
    """Return H(x) = G(x)^[1.5] for `x` [..., N]; NaN where missing, and all NaN where `signed_power` refuses.

    Source: numerai-tools 0.7.2, scoring.py, tie_kept_rank__gaussianize__pow_1_5.
    """
    return signed_power(rank_gauss(x), 1.5)


def signed_power(x: jax.Array, exponent: float = 1.5) -> jax.Array:
    """Return sign(x) |x|^exponent along rows, or NaN where that changes a row too much.

    A row is refused if its power correlates with it by less than 0.9, or not at all because it has one entry.
    A constant row of several is not. The library raises instead, and refuses missing values.

    Args:
        x: [..., N]; NaN where missing, which stays missing.
        exponent: > 0.

    Source: numerai-tools 0.7.2, scoring.py, power.
    """
    magnitude = jnp.abs(x)
    raised = x * jnp.sqrt(magnitude) if exponent == 1.5 else jnp.sign(x) * magnitude**exponent
    there = ~jnp.isnan(x)
    n = there.sum(axis=-1, keepdims=True)
    a, b = (jnp.where(there, y - _mean(y), 0) for y in (x, raised))
    covariance, variances = (
        (a * b).sum(-1, keepdims=True),
        (a * a).sum(-1, keepdims=True) * (b * b).sum(-1, keepdims=True),
    )
    correlates = covariance >= LEAST_SELF_CORRELATION * jnp.sqrt(variances)
    accepted = jnp.where(_is_constant(raised), n > 1, correlates & (variances > 0))
    return jnp.where(accepted, raised, jnp.nan)


def _is_constant(x: jax.Array) -> jax.Array:
    there = ~jnp.isnan(x)
    largest = jnp.max(x, axis=-1, keepdims=True, where=there, initial=-jnp.inf)
    return largest <= jnp.min(x, axis=-1, keepdims=True, where=there, initial=jnp.inf)


def _mean(x: jax.Array) -> jax.Array:
    there = ~jnp.isnan(x)
    return jnp.where(there, x, 0).sum(axis=-1, keepdims=True) / there.sum(axis=-1, keepdims=True).astype(x.dtype)


def center(x: jax.Array) -> jax.Array:
    """Return `x` [..., N] less its mean along the last axis; missing entries (NaN) stay missing and do not count."""
    return x - _mean(x)


def variance_normalise(x: jax.Array) -> jax.Array:
    """Return x / sd(x) along the last axis of `x` [..., N], divisor n; not finite where `x` is constant."""
    return x / jnp.sqrt(_mean(center(x) ** 2))


def standardise(x: jax.Array) -> jax.Array:
    """Return `x` [..., N] with mean 0 and standard deviation 1 (divisor n); NaN where it is constant."""
    return variance_normalise(center(x))


def weight_normalise(x: jax.Array) -> jax.Array:
    """Return x / sum |x| along the last axis of `x` [..., N]; missing entries stay missing, NaN where all are 0."""
    return x / jnp.nansum(jnp.abs(x), axis=-1, keepdims=True)


def min_max_normalise(x: jax.Array) -> jax.Array:
    """Return (x - min) / (max - min) along the last axis of `x` [..., N]; NaN where it is constant."""
    low = jnp.nanmin(x, axis=-1, keepdims=True)
    return (x - low) / (jnp.nanmax(x, axis=-1, keepdims=True) - low)
