"""Signals: portfolios made of submissions, and what they earn."""

import jax
import jax.numpy as jnp

from validators.numerai.contribution import orthogonalise
from validators.numerai.correlation import overlap_suffices
from validators.numerai.ranks import center, rank_gauss, rank_gauss_power, tie_kept_rank, weight_normalise

__all__ = ["alpha", "meta_portfolio_contribution", "neutral_weights", "ranked_for_meta_model"]


def neutral_weights(
    predictions: jax.Array, neutralisers: jax.Array, sample_weights: jax.Array, center_and_normalise: bool = False
) -> jax.Array:
    """Return v * (h - Nz (Nz' (v * h))) with h = H(x).

    Args:
        predictions: [..., N] signals in any unit: only their order counts; NaN where missing.
        neutralisers: [F, N] Nz, taken to be orthonormal in the metric of v; NaN where missing.
        sample_weights: [N] v; NaN where missing.
        center_and_normalise: subtract the mean, then divide by the sum of absolute values.

    Returns:
        [..., N]; NaN in rows that any of the three misses; 0 for a constant signal (NaN if normalised).

    Source: numerai-tools 0.7.2, scoring.py, generate_neutralized_weights.
    """
    rows = ~(jnp.isnan(predictions) | jnp.isnan(neutralisers).any(axis=-2) | jnp.isnan(sample_weights))
    h = rank_gauss_power(jnp.where(rows, predictions, jnp.nan))
    v = jnp.nan_to_num(sample_weights, nan=0.0).astype(h.dtype)
    Nz = jnp.nan_to_num(neutralisers, nan=0.0).astype(h.dtype)
    exposure = jnp.where(rows, v * h, 0) @ Nz.T
    weights = v * (h - exposure @ Nz)
    return weight_normalise(center(weights)) if center_and_normalise else weights


def alpha(predictions: jax.Array, neutralisers: jax.Array, sample_weights: jax.Array, target: jax.Array) -> jax.Array:
    """Return <omega, t - mean t> / n with the neutral weights omega.

    Args:
        predictions: [..., N]; NaN where missing.
        neutralisers: [F, N].
        sample_weights: [N].
        target: [N]; NaN where missing. It is centred before rows are matched.

    Returns:
        [...]; NaN where the rows in common are less than 80 % of predictions or target.

    Source: numerai-tools 0.7.2, scoring.py, alpha; the documentation page omits the centring and 1 / n.
    """
    p = jnp.where(jnp.isnan(target), jnp.nan, predictions)
    weights = neutral_weights(p, neutralisers, sample_weights)
    score = jnp.nansum(weights * center(target), axis=-1) / (~jnp.isnan(weights)).sum(axis=-1)
    sides = (~jnp.isnan(x) for x in (predictions, target))
    return jnp.where(overlap_suffices(~jnp.isnan(weights), *sides), score, jnp.nan)


def meta_portfolio_contribution(
    predictions: jax.Array,
    stakes: jax.Array,
    neutralisers: jax.Array,
    sample_weights: jax.Array,
    target: jax.Array,
) -> jax.Array:
    """Return MPC = <t, W_k ⊥ v> / (50 |v|), the change of the staked portfolio's return with a submission's stake.

    W are the neutral weights, each centred, v = sum_k w_k W_k with w = s / sum s, centred again. sum_k w_k MPC_k = 0.

    Args:
        predictions: [K, N], or [..., K, N] with as many leading axes of `stakes`; NaN where missing, which weighs 0.
        stakes: [..., K] NMR, >= 0; NaN counts as 0.
        neutralisers: [F, N].
        sample_weights: [N].
        target: [N]; NaN where missing. It is centred.

    Returns:
        [..., K]; without a stake, a submission is scored against a portfolio it is not part of. NaN if nothing is
        staked, and where the rows in common are less than 80 % of predictions or target.

    Source: numerai-tools 0.7.2, scoring.py, meta_portfolio_contribution; the documentation divides by the L1 norm.
    """
    p = jnp.where(jnp.isnan(target), jnp.nan, predictions)
    weights = neutral_weights(p, neutralisers, sample_weights)
    W = jnp.nan_to_num(center(weights), nan=0.0)
    stakes = jnp.nan_to_num(stakes, nan=0.0)
    shares = (stakes / stakes.sum(axis=-1, keepdims=True)).astype(W.dtype)
    portfolio = center(jnp.einsum("...k,...kn->...n", shares, W))[..., None, :]
    t = jnp.nan_to_num(center(target), nan=0.0)
    norm = jnp.sqrt((portfolio**2).sum(axis=-1))
    score = (orthogonalise(W, portfolio) * t).sum(axis=-1) / norm / 50
    sides = (~jnp.isnan(x) for x in (predictions, target))
    return jnp.where(overlap_suffices(~jnp.isnan(weights), *sides), score, jnp.nan)


def ranked_for_meta_model(predictions: jax.Array) -> jax.Array:
    """Return submissions [..., N] as the meta models of Signals average them: ranked, filled with 0.5, then G.

    Args:
        predictions: [..., N]; NaN where a row of the universe was not submitted.
    """
    ranked = tie_kept_rank(predictions)
    return rank_gauss(jnp.where(jnp.isnan(ranked), 0.5, ranked))
