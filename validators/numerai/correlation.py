"""Agreement of submissions with a target."""

import jax
import jax.numpy as jnp

from validators.numerai._order import doubled_ranks
from validators.numerai.ranks import center, rank_gauss_power, signed_power, tie_broken_rank, tie_kept_rank

__all__ = [
    "correlation_with_meta_model",
    "ends",
    "max_drawdown",
    "numerai_corr",
    "pearson",
    "peer_correlations",
    "sharpe",
    "spearman",
    "tie_broken_rank_correlation",
    "top_bottom_rows",
]


def pearson(a: jax.Array, b: jax.Array, top_bottom: int | None = None) -> jax.Array:
    """Return the Pearson correlation of `a` and `b` along the last axis, over rows that neither misses.

    Args:
        a: [..., N]; NaN where missing.
        b: [..., N] broadcastable with `a`; NaN where missing.
        top_bottom: count only the rows that hold this many of the largest and of the smallest `a`; all by default.

    Returns:
        [...] in [-1, 1]; NaN where either is constant.

    Raises:
        ValueError: if N differs, or `top_bottom` asks for more rows than there are.

    Source: numerai-tools 0.7.2, scoring.py, pearson_correlation.
    """
    a, b = over_same_rows(a, b)
    if top_bottom:
        a, b = over_same_rows(jnp.where(top_bottom_rows(a, top_bottom), a, jnp.nan), b)
    x, y = (jnp.nan_to_num(center(z), nan=0.0) for z in (a, b))
    scale = jnp.sqrt((x * x).sum(axis=-1)) * jnp.sqrt((y * y).sum(axis=-1))
    rho = jnp.clip((x * y).sum(axis=-1) / scale, -1, 1)
    return jnp.where(_varies(a) & _varies(b), rho, jnp.nan)


def over_same_rows(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return `a` and `b` [..., N], each missing what the other misses."""
    if a.shape[-1] != b.shape[-1]:
        raise ValueError(f"both must have the same rows along the last axis, not {a.shape[-1]} and {b.shape[-1]}")
    missing = jnp.isnan(a) | jnp.isnan(b)
    return jnp.where(missing, jnp.nan, a), jnp.where(missing, jnp.nan, b)


def _varies(x: jax.Array) -> jax.Array:
    # Not by the variance: of a constant that is no binary fraction, rounding leaves one.
    there = ~jnp.isnan(x)
    smallest = jnp.min(x, axis=-1, where=there, initial=jnp.inf)
    return jnp.max(x, axis=-1, where=there, initial=-jnp.inf) > smallest


def spearman(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return the Pearson correlation of the tie-kept ranks of `a` and `b` [..., N], over rows that neither misses.

    Source: numerai-tools 0.7.2, scoring.py, spearman_correlation.
    """
    a, b = over_same_rows(a, b)
    return pearson(tie_kept_rank(a), tie_kept_rank(b))


def tie_broken_rank_correlation(predictions: jax.Array, target: jax.Array) -> jax.Array:
    """Return the correlation of the tie-broken ranks of `predictions` [..., N] with `target` [N]; the score of 2019-23.

    Source: numerai-tools 0.7.2, scoring.py, tie_broken_rank_correlation.
    """
    predictions, target = over_same_rows(predictions, target)
    return pearson(tie_broken_rank(predictions), target)


def top_bottom_rows(x: jax.Array, count: int) -> jax.Array:
    """Return where [..., N] the `count` largest and the `count` smallest entries of `x` [..., N] are; see `ends`."""
    top, bottom = ends(x, count)
    return top | bottom


def ends(x: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """Return where the `count` largest entries of `x` [..., N] are, and where the `count` smallest, bool [..., N].

    Ties go by position, as in a stable sort; missing entries (NaN) are never among them. Where fewer than 2 count
    entries are not missing, some are at both ends.

    Raises:
        ValueError: unless 1 <= count <= N / 2.

    Source: numerai-tools 0.7.2, scoring.py, filter_sort_top_bottom.
    """
    if not 1 <= count <= x.shape[-1] // 2:
        raise ValueError(f"top_bottom = {count} is out of range: of {x.shape[-1]} rows, 1 to {x.shape[-1] // 2} fit")
    doubled = doubled_ranks(x, keep_ties=False)
    n = (doubled > 0).sum(axis=-1, keepdims=True)
    there = doubled > 0
    return there & (doubled > 2 * (n - count)), there & (doubled <= 2 * count)


def overlap_suffices(kept: jax.Array, *sides: jax.Array) -> jax.Array:
    """Return where [...] the rows `kept` [..., N] are at least 80 % of each of `sides` [..., N], all bool."""
    n = kept.sum(axis=-1)
    # Counted in fifths: 0.8 is no binary fraction, and 16 rows of 20 must be enough.
    enough = [5 * n >= 4 * side.sum(axis=-1) for side in sides]
    return jnp.stack(jnp.broadcast_arrays(*enough)).all(axis=0) & (n > 0)


def numerai_corr(
    predictions: jax.Array, target: jax.Array, top_bottom: int | None = None, target_pow15: bool = True
) -> jax.Array:
    """Return CORR, the correlation of H(p) with the centred target to the signed power of 1.5.

    CORR = rho(H(p), (t - mean t)^[1.5]), over rows that neither misses. The target is centred before rows are matched.

    Args:
        predictions: [..., N] in any unit: only their order counts; NaN where missing.
        target: [N], or [..., N] broadcastable; NaN where missing.
        top_bottom: count only this many of the largest and of the smallest predictions; all by default.
        target_pow15: whether the target is powered; not if it is a raw return.

    Returns:
        [...] in [-1, 1]; NaN for a constant submission or target, where the rows in common are less than 80 % of
        either side, and where the power is refused.

    Raises:
        ValueError: if N differs, or `top_bottom` asks for more rows than there are.

    Source: numerai-tools 0.7.2, scoring.py, numerai_corr, which raises where this returns NaN for lack of rows, and
    leaves out of all submissions a row that one of them misses.
    """
    p, t = over_same_rows(predictions, center(target))
    H, t = rank_gauss_power(p), signed_power(t, 1.5) if target_pow15 else t
    enough = overlap_suffices(~jnp.isnan(p), ~jnp.isnan(predictions), ~jnp.isnan(target))
    return jnp.where(enough, pearson(H, t, top_bottom), jnp.nan)


def correlation_with_meta_model(predictions: jax.Array, meta_model: jax.Array) -> jax.Array:
    """Return CWMM, the correlation of H(p) of `predictions` [..., N] with `meta_model` [N]; not a score for pay."""
    p, m = over_same_rows(predictions, meta_model)
    return pearson(rank_gauss_power(p), m)


def peer_correlations(predictions: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return how much each submission resembles the others: MCWNM and APCWNM.

    max_{j != k} rho(p_k, p_j) and mean_{j != k} rho(p_k, p_j)

    Args:
        predictions: [..., K, N], nothing missing: correlations are one product of matrices.

    Returns:
        two arrays [..., K]; constant submissions are nobody's peers and have NaN themselves, as has who is alone.
    """
    x = jnp.where(_varies(predictions)[..., None], center(predictions), jnp.nan)
    unit = x / jnp.sqrt((x * x).sum(axis=-1, keepdims=True))
    rho = unit @ jnp.swapaxes(unit, -1, -2)
    peer = ~jnp.isnan(rho) & ~jnp.eye(rho.shape[-1], dtype=bool)
    largest = jnp.max(rho, axis=-1, where=peer, initial=-jnp.inf)
    count = peer.sum(axis=-1)
    return jnp.where(count > 0, largest, jnp.nan), jnp.where(peer, rho, 0).sum(axis=-1) / count


def sharpe(scores: jax.Array) -> jax.Array:
    """Return mean / sd along the last axis of `scores` [..., R], divisor R, not annualised; missing rounds left out.

    Source: numerai-tools 0.7.2, scoring.py, sharpe_ratio.
    """
    return jnp.nanmean(scores, axis=-1) / jnp.nanstd(scores, axis=-1)


def max_drawdown(scores: jax.Array) -> jax.Array:
    """Return the largest fall from a peak of the cumulative sum of `scores` [..., R]; 0 if it never falls.

    The sum starts at 0, and that is a peak: a series that only falls loses all of its fall. Missing rounds add 0.
    """
    total = jnp.nancumsum(scores, axis=-1)
    peak = jax.lax.cummax(jnp.maximum(total, 0), axis=total.ndim - 1)
    return (peak - total).max(axis=-1)
