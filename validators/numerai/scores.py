"""CORR and MMC of a whole round at once."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from validators.numerai._order import doubled_ranks
from validators.numerai.contribution import centred_target, correlation_contribution
from validators.numerai.correlation import numerai_corr, over_same_rows, pearson
from validators.numerai.ranks import LEAST_SELF_CORRELATION, center, quantile_of_rank, rank_gauss, signed_power

__all__ = ["Scores", "tournament_scores"]

_AT_ONCE = 128  # submissions at most, and few at least, that stay in the cache together
_TOO_FEW = 16


class Scores(NamedTuple):
    """CORR and MMC [...] of submissions; NaN where a score is not defined."""

    corr: jax.Array
    mmc: jax.Array


def tournament_scores(predictions: jax.Array, meta_model: jax.Array, target: jax.Array) -> Scores:
    """Return `numerai_corr` and `correlation_contribution` of many submissions, ranking each of them once.

    The two are defined there; this is the way to compute them together. Submissions go through in blocks that stay in
    the cache. In a block without missing rows, all sums are products with vectors that its submissions share, and
    normal quantiles come from a table; a block with missing rows takes the long way. On two cores 1,000 submissions
    of 5,000 rows take about 0.1 s, with numerai-tools 5 s.

    Args:
        predictions: [..., N] in any unit: only their order counts; NaN where missing.
        meta_model: [N] in any unit; NaN where missing.
        target: [N]; in [0, 1] if binned; NaN where missing.

    Returns:
        CORR and MMC [...] each.

    Raises:
        ValueError: if N differs.
    """
    if not predictions.shape[-1] == meta_model.shape[-1] == target.shape[-1]:
        raise ValueError(
            f"predictions, meta model and target must have the same rows along the last axis, "
            f"not {predictions.shape[-1]}, {meta_model.shape[-1]} and {target.shape[-1]}"
        )
    shared = _shared(*(x.astype(predictions.dtype) for x in (meta_model, target)))
    rows = predictions.reshape(-1, predictions.shape[-1])
    size = _block_size(len(rows))
    if size == len(rows):
        scores = _block(rows, shared)
    else:
        scores = lax.map(lambda block: _block(block, shared), rows.reshape(-1, size, rows.shape[-1]))
    return Scores(*(x.reshape(predictions.shape[:-1]) for x in scores))


class _Shared(NamedTuple):
    """What all submissions of a round are scored against; vectors [N] with missing rows."""

    meta_model: jax.Array
    target: jax.Array
    u: jax.Array  # G of the meta model, 0 where missing
    tau: jax.Array  # target of MMC, 0 where missing
    b: jax.Array  # target of CORR, 0 where missing; NaN if it has no score


def _shared(meta_model: jax.Array, target: jax.Array) -> _Shared:
    t = signed_power(center(target), 1.5)
    b = jnp.where(jnp.isnan(target), 0, center(t))
    # The target's correlation with itself is a number only where it varies.
    b = jnp.where(jnp.isnan(pearson(t, t)), jnp.nan, b)
    u, tau = rank_gauss(over_same_rows(meta_model, target)[0]), centred_target(target)
    u, tau = jnp.nan_to_num(u, nan=0.0), jnp.nan_to_num(tau, nan=0.0)
    return _Shared(meta_model, target, u, tau, b)


def _block_size(count: int) -> int:
    largest = max((n for n in range(1, min(count, _AT_ONCE) + 1) if count % n == 0), default=count)
    return largest if largest >= _TOO_FEW else count


def _block(predictions: jax.Array, shared: _Shared) -> Scores:
    missing = jnp.isnan(predictions) | jnp.isnan(shared.meta_model)
    complete = ~(missing & ~jnp.isnan(shared.target)).any()

    def long_way(_: tuple[jax.Array, Scores]) -> tuple[jax.Array, Scores]:
        corr = numerai_corr(predictions, shared.target)
        return jnp.array(True), Scores(
            corr, correlation_contribution(predictions, shared.meta_model, shared.target)
        )  # fmt: skip

    # A loop of one turn or none: a condition made the short way half as slow again, and under vmap would go both.
    short_way = _complete_block(predictions, shared)
    return lax.while_loop(lambda done: ~done[0], long_way, (complete, short_way))[1]


def _complete_block(predictions: jax.Array, shared: _Shared) -> Scores:
    """Score submissions and a meta model that have all rows of the target and perhaps others."""
    there = ~jnp.isnan(shared.target)
    n = there.sum(dtype=jnp.int32)
    g = _gauss_by_table(doubled_ranks(jnp.where(there, predictions, jnp.nan)), n, predictions.dtype)
    enough = (n > 0) & (5 * n >= 4 * (~jnp.isnan(predictions)).sum(axis=-1, dtype=jnp.int32))
    enough_for_mmc = enough & (5 * n >= 4 * (~jnp.isnan(shared.meta_model)).sum())
    corr, mmc = _corr(g, shared.b, n.astype(g.dtype)), _mmc(g, shared.u, shared.tau, n.astype(g.dtype))
    return Scores(jnp.where(enough, corr, jnp.nan), jnp.where(enough_for_mmc, mmc, jnp.nan))


def _gauss_by_table(doubled: jax.Array, n: jax.Array, dtype: jnp.dtype) -> jax.Array:
    """Return G [..., N] of doubled ranks, 0 where missing; every row has the same n entries."""
    ranks = jnp.arange(2 * doubled.shape[-1] + 1, dtype=jnp.int32)
    table = jnp.where((ranks > 0) & (ranks <= 2 * n), quantile_of_rank(ranks, n, dtype), 0)
    return table.at[doubled].get(mode="promise_in_bounds")


def _corr(g: jax.Array, b: jax.Array, n: jax.Array) -> jax.Array:
    h = g * jnp.sqrt(jnp.abs(g))
    sum_g, sum_h = g.sum(axis=-1), h.sum(axis=-1)
    variance_g, variance_h = (g * g).sum(axis=-1) - sum_g**2 / n, (h * h).sum(axis=-1) - sum_h**2 / n
    allowed = (g * h).sum(axis=-1) - sum_g * sum_h / n >= LEAST_SELF_CORRELATION * jnp.sqrt(variance_g * variance_h)
    rho = jnp.clip(h @ b / jnp.sqrt(variance_h * (b @ b)), -1, 1)
    return jnp.where(allowed, rho, jnp.nan)


def _mmc(g: jax.Array, u: jax.Array, tau: jax.Array, n: jax.Array) -> jax.Array:
    along = g @ jnp.stack([tau, u], axis=-1)
    return (along[..., 0] - along[..., 1] * ((tau @ u) / (u @ u))) / n
