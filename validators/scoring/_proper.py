"""Proper scoring rules as formulas: losses, lower is better, best in expectation for who says what it believes.

All work on the last axis or elementwise; leading axes are free.

Source: Gneiting and Raftery, Strictly Proper Scoring Rules, Prediction, and Estimation (2007).
"""

import math

import jax
import jax.numpy as jnp
from jax.scipy.special import erf

__all__ = [
    "brier",
    "brier_binary",
    "crps_ensemble",
    "crps_normal",
    "energy_score",
    "interval_score",
    "log_score_normal",
    "pinball",
    "spherical",
]


def brier(p: jax.Array, happened: jax.Array) -> jax.Array:
    """Return sum_c (p_c - y_c)²: 0 to 2, and for two classes twice the binary form.

    Args:
        p: [..., C] probabilities.
        happened: [..., C] 1 for the class that came, 0 for the others.
    """
    return ((p - happened) ** 2).sum(axis=-1)


def brier_binary(p: jax.Array, happened: jax.Array) -> jax.Array:
    """Return (p - y)² for the probability `p` of an event that came (1) or not (0)."""
    return (p - happened) ** 2


def spherical(p: jax.Array, p_happened: jax.Array) -> jax.Array:
    """Return p_y / |p| for `p` [..., C] and the `p_happened` [...] in it: of this one score here, more is better."""
    return p_happened / jnp.sqrt((p**2).sum(axis=-1))


def crps_normal(error: jax.Array, sd: jax.Array) -> jax.Array:
    """Return the continuous ranked probability score of normal forecasts, in the units of the target.

    σ (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π),  z = error / σ.

    Args:
        error: target minus mean: differences are taken first, or 32 bits lose what is small beside the target.
        sd: standard deviation, > 0.
    """
    z = error / sd
    density = jnp.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)
    return sd * (z * erf(z / math.sqrt(2)) + 2 * density - 1 / math.sqrt(math.pi))


def log_score_normal(error: jax.Array, sd: jax.Array) -> jax.Array:
    """Return minus the log density, in nats, of normal forecasts that were off by `error`; `sd` > 0."""
    return 0.5 * (error / sd) ** 2 + jnp.log(sd) + 0.5 * math.log(2 * math.pi)


def crps_ensemble(members: jax.Array, observed: jax.Array, fair: bool = False) -> jax.Array:
    """Return the continuous ranked probability score of an ensemble, in the units of the target.

    mean_k |y_k - x| - 1/2 mean_kl |y_k - y_l|,  the second as sum_k (2k - m - 1) y_(k) / m².

    Args:
        members: [..., m].
        observed: [...].
        fair: divide the spread by m (m - 1): for ensembles of different size.

    Raises:
        ValueError: `fair` with a single member.
    """
    m = members.shape[-1]
    if fair and m < 2:
        raise ValueError("members: the fair score needs at least two of them")
    y = jnp.sort(members - observed[..., None], axis=-1)
    order = 2 * jnp.arange(1, m + 1) - m - 1
    return jnp.abs(y).mean(axis=-1) - (order * y).sum(axis=-1) / (m * (m - 1) if fair else m * m)


def energy_score(members: jax.Array, observed: jax.Array) -> jax.Array:
    """Return mean_k |Y_k - x| - 1/2 mean_kl |Y_k - Y_l|, which in one dimension is the ensemble's CRPS.

    Args:
        members: [..., m, d].
        observed: [..., d].
    """
    y = members - observed[..., None, :]
    spread = jnp.linalg.norm(y[..., :, None, :] - y[..., None, :, :], axis=-1)
    return jnp.linalg.norm(y, axis=-1).mean(axis=-1) - spread.mean(axis=(-2, -1)) / 2


def pinball(quantile: jax.Array, level: jax.Array, observed: jax.Array) -> jax.Array:
    """Return the loss of a quantile forecast: level (x - q) above it, (1 - level) (q - x) below.

    Twice its mean over a symmetric grid of levels approximates the CRPS.
    """
    above = observed - quantile
    return jnp.maximum(level * above, (level - 1) * above)


def interval_score(lower: jax.Array, upper: jax.Array, miss: jax.Array, observed: jax.Array) -> jax.Array:
    """Return the width of a central interval, plus 2 / `miss` times how far it was missed.

    Args:
        lower: lower end.
        upper: upper end.
        miss: probability that the interval leaves outside, in (0, 1).
        observed: what came.
    """
    outside = jnp.maximum(lower - observed, 0) + jnp.maximum(observed - upper, 0)
    return upper - lower + 2 / miss * outside
