"""Submissions kept by their ranks, which is all that scores depend on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from validators.numerai._order import doubled_ranks
from validators.numerai._shared import corr_with, gauss_by_table, mmc_with, shared_by
from validators.numerai.correlation import numerai_corr, pearson

__all__ = ["MOST_ROWS", "Contributions", "contributions", "corr_of", "gauss_of", "rank_churn", "ranked"]

MOST_ROWS = 32_767  # twice a rank is kept in 16 bits


class Contributions(NamedTuple):
    """What a meta model is worth, `corr` [], and what each submission adds to it, `mmc` [K]; NaN where undefined."""

    corr: jax.Array
    mmc: jax.Array


def ranked(predictions: jax.Array, target: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return twice the rank of every entry, uint16 [K, N], and which submissions are valid, bool [K].

    A submission is valid if it is a number wherever there is a target, and not constant there. One that is not has all
    its rows tied, so that it adds nothing to a meta model.

    Args:
        predictions: [K, N]; only their order counts.
        target: [N]; NaN where missing. There submissions are not ranked: 0.

    Raises:
        ValueError: N is above 32,767.
    """
    if target.shape[-1] > MOST_ROWS:
        raise ValueError(f"{target.shape[-1]} rows: at most {MOST_ROWS} fit in the ranks' 16 bits")
    there = ~jnp.isnan(target)
    known = jnp.where(there, predictions, 0)
    finite = jnp.isfinite(known).all(axis=-1)
    largest = jnp.where(there, known, -jnp.inf).max(axis=-1)
    valid = finite & (largest > jnp.where(there, known, jnp.inf).min(axis=-1))
    counted = jnp.where(there, jnp.where(valid[:, None], known, 0), jnp.nan)
    return doubled_ranks(counted).astype(jnp.uint16), valid


def gauss_of(ranks: jax.Array, target: jax.Array) -> jax.Array:
    """Return G [K, N] float32 of `ranked` submissions, 0 where there is no target [N]."""
    return gauss_by_table(ranks.astype(jnp.int32), _count(target), jnp.float32)


def corr_of(ranks: jax.Array, target: jax.Array) -> jax.Array:
    """Return `numerai_corr` [K] float32 of `ranked` submissions against `target` [N]; NaN for a constant one."""
    b = shared_by(target, target).b
    return corr_with(gauss_of(ranks, target), b.astype(jnp.float32), _count(target).astype(jnp.float32))


def contributions(ranks: jax.Array, weights: jax.Array, target: jax.Array) -> Contributions:
    """Return the CORR of the weighted meta model, and every submission's MMC against it.

    m = Σ_k w_k G(p_k), then ranked and gaussianised as any other submission: see `correlation_contribution`.

    Args:
        ranks: [K, N] of `ranked`.
        weights: [K] >= 0, such as stakes at risk; need not sum to 1. Without any, all is NaN.
        target: [N] float32 in [0, 1]; NaN where missing.
    """
    g = gauss_of(ranks, target)
    shares = (weights / weights.sum()).astype(g.dtype)
    m = jnp.where(jnp.isnan(target), jnp.nan, shares @ g)
    against = shared_by(m, target)
    mmc = mmc_with(g, against.u, against.tau, _count(target).astype(g.dtype))
    return Contributions(numerai_corr(m[None], target)[0], mmc)


def rank_churn(ranks: jax.Array, earlier: jax.Array) -> jax.Array:
    """Return 1 - Spearman's correlation [K] of submissions with earlier ones of the same rows, both as ranks [K, N]."""
    both = (ranks > 0) & (earlier > 0)
    a, b = (jnp.where(both, x.astype(jnp.float32), jnp.nan) for x in (ranks, earlier))
    return 1 - pearson(a, b)


def _count(target: jax.Array) -> jax.Array:
    return (~jnp.isnan(target)).sum(dtype=jnp.int32)
