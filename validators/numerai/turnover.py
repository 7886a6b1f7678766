"""How much a submission changes from round to round, and what that costs."""

import jax
import jax.numpy as jnp

from validators.numerai.correlation import ends, overlap_suffices, spearman
from validators.numerai.exposure import neutralise
from validators.numerai.ranks import rank_gauss

__all__ = ["churn", "neutral_churn", "neutral_churn_penalty", "stays_staked", "turnover"]


def churn(now: jax.Array, before: jax.Array, top_bottom: int | None = None) -> jax.Array:
    """Return 1 - Spearman(now, before) over rows that neither misses.

    With `top_bottom` = b: 1 - the mean share of the b largest and of the b smallest rows that stay so.
    Ties go by position.

    Args:
        now: [..., N] signals; NaN where missing.
        before: [..., N] broadcastable with `now`, on the same rows; NaN where missing.
        top_bottom: b, over each side's own rows; all rows by default.

    Returns:
        [...] in [0, 2], or in [0, 1] with `top_bottom`. NaN (without `top_bottom`) where either is constant or the
        rows in common are less than 80 % of either side; the library raises there.

    Source: numerai-tools 0.7.2, signals.py, churn.
    """
    if top_bottom:
        return 1 - _overlap(now, before, top_bottom)
    return jnp.where(_comparable(now, before), 1 - spearman(now, before), jnp.nan)


def _overlap(now: jax.Array, before: jax.Array, count: int) -> jax.Array:
    stayed = sum((a & b).sum(axis=-1) for a, b in zip(ends(now, count), ends(before, count), strict=True))
    return stayed / jnp.asarray(2 * count, now.dtype)


def _comparable(a: jax.Array, b: jax.Array) -> jax.Array:
    there = tuple(~jnp.isnan(x) for x in (a, b))
    return overlap_suffices(there[0] & there[1], *there)


def turnover(now: jax.Array, before: jax.Array) -> jax.Array:
    """Return half the sum of |now - before| over rows that neither misses.

    Args:
        now: [..., N] weights of a portfolio, as of `neutral_weights` with `center_and_normalise`; NaN where missing.
        before: [..., N] broadcastable with `now`, on the same rows.

    Returns:
        [...] >= 0, at most 1 for weights whose absolute values sum to 1; NaN where the rows in common are less than
        80 % of either side.

    Source: numerai-tools 0.7.2, signals.py, turnover.
    """
    return jnp.where(_comparable(now, before), jnp.nansum(jnp.abs(now - before), axis=-1) / 2, jnp.nan)


def neutral_churn(now: jax.Array, before: jax.Array, features: jax.Array, features_before: jax.Array) -> jax.Array:
    """Return the churn of neut(G(x); N), each side neutralised by its own round's features.

    Args:
        now: [N] or [..., K, N] signals, complete on the rows of `features`.
        before: shaped as `now`, complete on the rows of `features_before`.
        features: [F, N] of this round; NaN in rows that it does not have.
        features_before: [F', N] of the earlier round.

    Returns:
        [] or [..., K] in [0, 2]; NaN where `churn` is.

    Source: numerai-tools 0.7.2, signals.py, neutral_churn.
    """
    return churn(_neutral(now, features), _neutral(before, features_before))


def _neutral(signal: jax.Array, features: jax.Array) -> jax.Array:
    whole = ~jnp.isnan(features).any(axis=-2)
    return neutralise(rank_gauss(jnp.where(whole, signal, jnp.nan)), features)


def neutral_churn_penalty(
    churn: jax.Array, threshold: float | jax.Array = 0.1, steepness: float | jax.Array = 10.0
) -> jax.Array:
    """Return the share of a positive payout that is kept: min(1, 2 / (1 + exp(k (churn - threshold)))).

    Burns are not reduced.

    Args:
        churn: [...] mean neutral churn against the last five submissions, in [0, 2]; NaN outside.
        threshold: churn up to which all is kept, in [0, 2].
        steepness: k > 0.

    Source: numerai-tools 0.7.2, signals.py, neutral_churn_penalty, which raises outside of the ranges.
    """
    decay = jnp.exp(-steepness * jnp.maximum(churn - threshold, 0))
    return jnp.where((churn >= 0) & (churn <= 2), 2 * decay / (1 + decay), jnp.nan)


def stays_staked(
    churns: jax.Array,
    turnovers: jax.Array,
    churn_limit: float | jax.Array = 0.15,
    turnover_limit: float | jax.Array = 0.25,
) -> jax.Array:
    """Return which models keep their stake at risk: the largest churn and turnover must stay below the limits.

    Args:
        churns: [..., R] against the model's submissions of the previous five rounds; NaN where it made none.
        turnovers: [..., R] likewise.
        churn_limit: 0.15 since 2024-09-20.
        turnover_limit: 0.25 since 2025-09-02, 0.20 at first.

    Returns:
        [...] bool; False where nothing was submitted in any of those rounds.

    Source: the Signals pages of numerai/docs.
    """
    # Where all are NaN, so is the largest, and no comparison holds.
    largest = tuple(jnp.nanmax(x, axis=-1) for x in (churns, turnovers))
    return (largest[0] < churn_limit) & (largest[1] < turnover_limit)
