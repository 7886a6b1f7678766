"""What is left of a submission without its features, and how much of it they are."""

import jax
import jax.numpy as jnp

from validators.numerai.correlation import numerai_corr, overlap_suffices, pearson, top_bottom_rows
from validators.numerai.ranks import center, rank_gauss, variance_normalise

__all__ = [
    "feature_correlations",
    "feature_neutral_corr",
    "max_feature_correlation",
    "neutral_correlation",
    "neutralise",
]

_SINGULAR = 1e-6  # of the largest singular value: what is smaller counts as none


def neutralise(y: jax.Array, features: jax.Array, proportion: float | jax.Array = 1.0) -> jax.Array:
    """Return y - proportion [X 1] B, where B fits y by least squares of minimum norm.

    The constant among the features makes full neutralisation centre as well. The fit is the projection on the left
    singular vectors whose singular values exceed 1e-6 of the largest (in float32 its rounding, if that is more).

    Args:
        y: [N] or [..., K, N]; NaN, as where a row is missing, makes the whole vector NaN if `features` has the row.
        features: [F, N], or [..., F, N] with one set for every K vectors; a row of which any is NaN is left out.
        proportion: how much of the fit is taken away; 1 for all.

    Returns:
        shaped as `y`; NaN in rows left out, and in all of a vector that is constant.

    Raises:
        ValueError: if N differs.

    Source: numerai-tools 0.7.2, scoring.py, neutralize, which raises for missing values.
    """
    if y.shape[-1] != features.shape[-1]:
        raise ValueError(f"features have {features.shape[-1]} rows along the last axis, and y has {y.shape[-1]}")
    if y.ndim == 1:
        return neutralise(y[None], features, proportion)[..., 0, :]
    rows = ~jnp.isnan(features).any(axis=-2, keepdims=True)  # [..., 1, N]
    basis = _basis(features.astype(y.dtype), rows)
    values = jnp.where(rows, y, 0)
    fit = jnp.matmul(jnp.matmul(values, jnp.swapaxes(basis, -1, -2)), basis)
    constant = jnp.max(y, -1, keepdims=True, where=rows, initial=-jnp.inf) <= jnp.min(
        y, -1, keepdims=True, where=rows, initial=jnp.inf
    )
    return jnp.where(rows & ~constant, y - proportion * fit, jnp.nan)


def _basis(features: jax.Array, rows: jax.Array) -> jax.Array:
    """Return orthonormal vectors [..., F + 1, N] that span the features and 1; those not needed are 0."""
    X = jnp.where(rows, jnp.concatenate([features, jnp.ones_like(features[..., :1, :])], axis=-2), 0)
    _, s, V = jnp.linalg.svd(X, full_matrices=False)
    least = max(_SINGULAR, float(jnp.finfo(X.dtype).eps) * max(X.shape[-2:]))
    return V * (s > least * s[..., :1])[..., None]


def feature_neutral_corr(
    predictions: jax.Array, features: jax.Array, target: jax.Array, top_bottom: int | None = None
) -> jax.Array:
    """Return FNC: CORR of neut(G(p); X), scaled to sd 1; it is ranked, gaussianised and powered again.

    Args:
        predictions: [N] or [..., K, N]; NaN makes the score NaN.
        features: [F, N]; a row of which any is NaN is left out.
        target: [N]; NaN where missing.
        top_bottom: as in `numerai_corr`.

    Source: numerai-tools 0.7.2, scoring.py, feature_neutral_corr. The documentation describes an older variant with
    tie-broken ranks and no constant.
    """
    q = neutralise(rank_gauss(predictions), features)
    # What neutralising cancels exactly is left as rounding: where that is all, there is nothing to rank.
    nothing = jnp.nanmax(jnp.abs(q), axis=-1, keepdims=True) <= 1e3 * jnp.finfo(q.dtype).eps
    return numerai_corr(variance_normalise(jnp.where(nothing, jnp.nan, q)), target, top_bottom)


def neutral_correlation(
    predictions: jax.Array, features: jax.Array, target: jax.Array, top_bottom: int | None = None
) -> jax.Array:
    """Return rho(neut(G(p); X), t), with nothing ranked again or powered.

    Args:
        predictions: [N] or [..., K, N], complete on the rows that the others have; NaN there makes the score NaN.
        features: [F, N]; a row of which any is NaN is left out.
        target: [N]; NaN where missing.
        top_bottom: count only this many of the largest and of the smallest neutralised predictions.

    Returns:
        [] or [..., K]; NaN where the rows in common are less than 80 % of any side.

    Source: numerai-tools 0.7.2, scoring.py, neutral_correlation; whether it is paid is not documented.
    """
    whole = jnp.where(jnp.isnan(features).any(axis=-2), jnp.nan, jnp.zeros_like(target))
    rows = ~jnp.isnan(target + whole)
    p = jnp.where(rows, predictions, jnp.nan)
    q = neutralise(rank_gauss(p), jnp.where(rows[..., None, :], features, jnp.nan))
    enough = overlap_suffices(~jnp.isnan(p), *(~jnp.isnan(x) for x in (predictions, target, whole)))
    return jnp.where(enough, pearson(q, center(target), top_bottom), jnp.nan)


def feature_correlations(predictions: jax.Array, features: jax.Array, top_bottom: int | None = None) -> jax.Array:
    """Return the exposures [..., F] of `predictions` [..., N] to `features` [F, N], Pearson, over rows both have.

    With `top_bottom` only over rows that hold as many of the largest and of the smallest predictions.
    NaN for a constant feature or submission. Sums over rows are products of matrices.

    Source: numerai-tools 0.7.2, scoring.py, pearson_correlation within max_feature_correlation.
    """
    if top_bottom:
        predictions = jnp.where(top_bottom_rows(predictions, top_bottom), predictions, jnp.nan)
    p, x = center(predictions), center(features)
    w, f = ~jnp.isnan(p), ~jnp.isnan(x)
    p, x, w, f = (jnp.nan_to_num(z.astype(predictions.dtype), nan=0.0) for z in (p, x, w, f))
    n, sum_p, sum_x = w @ f.T, p @ f.T, w @ x.T
    covariance = p @ x.T - sum_p * sum_x / n
    variances = ((p * p) @ f.T - sum_p**2 / n, w @ (x * x).T - sum_x**2 / n)
    # A feature that is constant on these rows leaves only the rounding of its sums.
    floor = 100 * jnp.finfo(p.dtype).eps
    varies = (variances[0] > floor * ((p * p) @ f.T)) & (variances[1] > floor * (w @ (x * x).T))
    return jnp.where(varies, covariance / jnp.sqrt(variances[0] * variances[1]), jnp.nan)


def max_feature_correlation(
    predictions: jax.Array, features: jax.Array, top_bottom: int | None = None
) -> tuple[jax.Array, jax.Array]:
    """Return which feature a submission is exposed to most, and by how much.

    Args:
        predictions: [..., N]; NaN where missing.
        features: [F, N]; NaN where missing.
        top_bottom: as in `feature_correlations`.

    Returns:
        [...] int32 number of the feature, from 0; [...] largest |rho|, NaN (and feature 0) if there is none.

    Source: numerai-tools 0.7.2, scoring.py, max_feature_correlation.
    """
    exposure = jnp.abs(feature_correlations(predictions, features, top_bottom))
    ranked = jnp.where(jnp.isnan(exposure), -1, exposure)
    largest = ranked.max(axis=-1)
    return ranked.argmax(axis=-1).astype(jnp.int32), jnp.where(largest < 0, jnp.nan, largest)
