"""What a submission adds to the meta model: MMC, BMC and their relatives."""

import jax
import jax.numpy as jnp
from jax import lax

from validators.numerai.correlation import over_same_rows, overlap_suffices, pearson, top_bottom_rows
from validators.numerai.exposure import neutralise
from validators.numerai.ranks import center, rank_gauss

__all__ = [
    "centred_target",
    "contribution_by_difference",
    "contribution_to",
    "correlation_contribution",
    "equal_weight_meta_model",
    "neutral_contribution",
    "orthogonalise",
    "stake_weighted_meta_model",
    "stake_weighted_sum",
]


def stake_weighted_meta_model(submissions: jax.Array, stakes: jax.Array) -> jax.Array:
    """Return m = sum_k w_k G(p_k) with w = s / sum s.

    Args:
        submissions: [..., K, N] as rank-gaussianised; a missing entry (NaN) counts as 0, the median.
        stakes: [..., K] NMR at risk, >= 0; 0 for late submissions, which then have no influence at all.

    Returns:
        [..., N]; NaN if nothing is staked.

    Source: numerai-tools 0.7.2, scoring.py, stake_weight; numerai/docs, scoring/definitions.md.
    """
    weights = stakes / stakes.sum(axis=-1, keepdims=True)
    known = jnp.where(jnp.isnan(submissions), 0, submissions)
    return jnp.einsum("...k,...kn->...n", weights.astype(known.dtype), known)


def equal_weight_meta_model(submissions: jax.Array, stakes: jax.Array, least_stake: float) -> jax.Array:
    """Return the plain mean [..., N] of `submissions` [..., K, N] with at least `least_stake` of `stakes` [..., K].

    10 NMR for the naive meta model of Signals, 1 NMR for Crypto. A missing entry counts as 0; NaN if nobody qualifies.
    """
    return stake_weighted_meta_model(submissions, (stakes >= least_stake).astype(submissions.dtype))


def stake_weighted_sum(scores: jax.Array, stakes: jax.Array) -> jax.Array:
    """Return sum_k w_k score_k with w = s / sum s; without a stake, a score counts for nothing even if it is NaN.

    Of contributions it is 0 up to what ranking the meta model again adds, of MPC exactly.

    Args:
        scores: [..., K].
        stakes: [..., K] NMR at risk, >= 0.
    """
    staked = jnp.where(stakes > 0, scores, 0)
    return (stakes * staked).sum(axis=-1) / stakes.sum(axis=-1)


def orthogonalise(v: jax.Array, u: jax.Array) -> jax.Array:
    """Return v - u <v, u> / <u, u> along the last axis of `v` [..., N] and `u` [..., N]; nothing is centred.

    Source: numerai-tools 0.7.2, scoring.py, orthogonalize.
    """
    return v - u * ((v * u).sum(axis=-1, keepdims=True) / (u * u).sum(axis=-1, keepdims=True))


def contribution_to(
    submissions: jax.Array, meta_model: jax.Array, target: jax.Array, top_bottom: int | None = None
) -> jax.Array:
    """Return <tau, v ⊥ m> / n for vectors taken as they are: neither ranked nor gaussianised.

    tau = 4 t - mean(4 t) if all of t is in [0, 1], t - mean(t) otherwise. Against m = sum_k w_k v_k the w-weighted
    sum of contributions is 0.

    Args:
        submissions: [..., N] v.
        meta_model: [N] m, or [..., N] broadcastable.
        target: [N] t, or [..., N] broadcastable.
        top_bottom: sum over this many of the largest and of the smallest v ⊥ m, and divide by 2 top_bottom.

    Returns:
        [...], over rows that none of the three misses (NaN).

    Source: numerai-tools 0.7.2, scoring.py, contribution_scores.
    """
    missing = jnp.isnan(submissions) | jnp.isnan(meta_model) | jnp.isnan(target)
    v, m = (jnp.where(missing, 0, x) for x in (submissions, meta_model))
    tau = jnp.nan_to_num(centred_target(jnp.where(missing, jnp.nan, target)), nan=0.0)
    q = orthogonalise(v, m)
    if not top_bottom:
        return (tau * q).sum(axis=-1) / (~missing).sum(axis=-1)
    kept = top_bottom_rows(jnp.where(missing, jnp.nan, q), top_bottom)
    return jnp.where(kept, tau * q, 0).sum(axis=-1) / (2 * top_bottom)


def centred_target(target: jax.Array) -> jax.Array:
    """Return tau [..., N] of `target` [..., N]: 4 t - mean(4 t) if all of t is in [0, 1], t - mean(t) otherwise."""
    # Whoever passes bins passes [0, 1]: times 4 they are one apart, as in the tournament's own scale of five.
    binned = (jnp.isnan(target) | ((target >= 0) & (target <= 1))).all(axis=-1, keepdims=True)
    return center(jnp.where(binned, 4 * target, target))


def correlation_contribution(
    predictions: jax.Array, meta_model: jax.Array, target: jax.Array, top_bottom: int | None = None
) -> jax.Array:
    """Return MMC, or BMC if `meta_model` is that of the benchmarks: <tau, G(p) ⊥ G(m)> / n.

    Args:
        predictions: [..., N] in any unit: only their order counts; NaN where missing.
        meta_model: [N] in any unit; NaN where missing.
        target: [N]; in [0, 1] if binned; NaN where missing.
        top_bottom: sum over this many of the largest and of the smallest G(p) ⊥ G(m); all by default.

    Returns:
        [...]; antisymmetric in p, 0 for the meta model and its mirror; 0 for a constant submission, NaN for a
        constant meta model and where the rows in common are less than 80 % of any side.

    Raises:
        ValueError: if N differs, or `top_bottom` asks for more rows than there are.

    Source: numerai-tools 0.7.2, scoring.py, correlation_contribution, which raises where this returns NaN for lack of
    rows, and leaves out of all submissions a row that one of them misses.
    """
    m, t = over_same_rows(meta_model, target)
    p, _ = over_same_rows(predictions, t)
    # Ranks of the meta model are among the rows a submission has: one ranking for all, unless some miss rows.
    score = lax.cond(
        (jnp.isnan(p) & ~jnp.isnan(t)).any(),
        lambda: contribution_to(rank_gauss(p), rank_gauss(over_same_rows(m, p)[0]), t, top_bottom),
        lambda: contribution_to(rank_gauss(p), rank_gauss(m), t, top_bottom),
    )
    sides = (~jnp.isnan(x) for x in (predictions, meta_model, target))
    return jnp.where(overlap_suffices(~jnp.isnan(p), *sides), score, jnp.nan)


def neutral_contribution(
    predictions: jax.Array, meta_model: jax.Array, target: jax.Array, features: jax.Array, top_bottom: int | None = None
) -> jax.Array:
    """Return <tau, neut(G(p); X) ⊥ neut(G(m); X)> / n, with nothing ranked again after neutralising.

    Args:
        predictions: [..., N], complete on the rows that the others have; NaN there makes the score NaN.
        meta_model: [N]; NaN where missing.
        target: [N]; in [0, 1] if binned; NaN where missing.
        features: [F, N]; a row of which any is NaN is left out.
        top_bottom: as in `correlation_contribution`.

    Returns:
        [...]; NaN where the rows in common are less than 80 % of any side.

    Source: numerai-tools 0.7.2, scoring.py, neutral_contribution; whether it is paid is not documented.
    """
    whole = jnp.where(jnp.isnan(features).any(axis=-2), jnp.nan, jnp.zeros_like(target))
    m, t = over_same_rows(meta_model, target + whole)
    rows = ~jnp.isnan(m)
    p = jnp.where(rows, predictions, jnp.nan)
    X = jnp.where(rows[..., None, :], features, jnp.nan)
    score = contribution_to(neutralise(rank_gauss(p), X), neutralise(rank_gauss(m), X), t, top_bottom)
    sides = (~jnp.isnan(x) for x in (predictions, meta_model, target, whole))
    return jnp.where(overlap_suffices(~jnp.isnan(p), *sides), score, jnp.nan)


def contribution_by_difference(
    predictions: jax.Array, meta_model: jax.Array, target: jax.Array, share: float = 0.001
) -> jax.Array:
    """Return rho(t, (1 - e) G(m) + e G(p)) - rho(t, G(m)) for a small share e.

    Across submissions of one round proportional to MMC as e goes to 0: contribution is a derivative.

    Args:
        predictions: [..., N]; NaN where missing.
        meta_model: [N].
        target: [N].
        share: e in (0, 1].
    """
    g, u = rank_gauss(predictions), rank_gauss(meta_model)
    return pearson((1 - share) * u + share * g, target) - pearson(u, target)
