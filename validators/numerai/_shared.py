"""What the submissions of a round are scored against, and their scores as products with it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from validators.numerai.contribution import centred_target
from validators.numerai.correlation import over_same_rows, pearson
from validators.numerai.ranks import LEAST_SELF_CORRELATION, center, quantile_of_rank, rank_gauss, signed_power

__all__ = ["Shared", "corr_with", "gauss_by_table", "mmc_with", "shared_by"]


class Shared(NamedTuple):
    """What all submissions of a round are scored against; vectors [N] with missing rows."""

    meta_model: jax.Array
    target: jax.Array
    u: jax.Array  # G of the meta model, 0 where missing
    tau: jax.Array  # target of MMC, 0 where missing
    b: jax.Array  # target of CORR, 0 where missing; NaN if it has no score


def shared_by(meta_model: jax.Array, target: jax.Array) -> Shared:
    """Return what `target` [N] and `meta_model` [N] come to, NaN in either where missing."""
    t = signed_power(center(target), 1.5)
    b = jnp.where(jnp.isnan(target), 0, center(t))
    # The target's correlation with itself is a number only where it varies.
    b = jnp.where(jnp.isnan(pearson(t, t)), jnp.nan, b)
    u, tau = rank_gauss(over_same_rows(meta_model, target)[0]), centred_target(target)
    u, tau = jnp.nan_to_num(u, nan=0.0), jnp.nan_to_num(tau, nan=0.0)
    return Shared(meta_model, target, u, tau, b)


def gauss_by_table(doubled: jax.Array, n: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Return G [..., N] of doubled ranks, 0 where missing; every row has the same n entries."""
    ranks = jnp.arange(2 * doubled.shape[-1] + 1, dtype=jnp.int32)
    table = jnp.where((ranks > 0) & (ranks <= 2 * n), quantile_of_rank(ranks, n, dtype), 0)
    return table.at[doubled].get(mode="promise_in_bounds")


def corr_with(g: jax.Array, b: jax.Array, n: jax.Array) -> jax.Array:
    """Return CORR [...] of `g` [..., N] with `b` [N] of `Shared` over `n` [] rows."""
    h = g * jnp.sqrt(jnp.abs(g))
    sum_g, sum_h = g.sum(axis=-1), h.sum(axis=-1)
    variance_g, variance_h = (g * g).sum(axis=-1) - sum_g**2 / n, (h * h).sum(axis=-1) - sum_h**2 / n
    allowed = (g * h).sum(axis=-1) - sum_g * sum_h / n >= LEAST_SELF_CORRELATION * jnp.sqrt(variance_g * variance_h)
    rho = jnp.clip(h @ b / jnp.sqrt(variance_h * (b @ b)), -1, 1)
    return jnp.where(allowed, rho, jnp.nan)


def mmc_with(g: jax.Array, u: jax.Array, tau: jax.Array, n: jax.Array) -> jax.Array:
    """Return MMC [...] of `g` [..., N] with `u` and `tau` [N] of `Shared` over `n` [] rows."""
    along = g @ jnp.stack([tau, u], axis=-1)
    return (along[..., 0] - along[..., 1] * ((tau @ u) / (u @ u))) / n
