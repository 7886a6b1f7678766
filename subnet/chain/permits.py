"""Stake that counts: threshold, activity, permits."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Arithmetic, Number, Real, of_ratio, where
from tokenomics.shares import pro_rata

__all__ = ["active_stake", "inactive", "is_topk", "new_permits", "stake_shares"]


def inactive(last_update: jax.Array, cutoff: Real, block: Real) -> jax.Array:
    """Return which validators set no weights for more than `cutoff` blocks."""
    return last_update + cutoff < block


def stake_shares(stake: jax.Array, threshold: Real, is_owner: jax.Array, arithmetic: Arithmetic) -> Number:
    """Return each neuron's share of the stake, stake below the threshold counted as none.

    Args:
        stake: [V] in 10⁻⁹ tokens, int64 in exact arithmetic.
        threshold: [] in the same unit; the subnet's owner is exempt.
        is_owner: [V] mask.
        arithmetic: of the result.

    The chain divides with 64 fractional bits and cuts to 32: the same integer as one division cut at 32.
    """
    counted = jnp.where((jnp.floor(stake) >= threshold) | is_owner, stake, 0)
    if arithmetic != "exact":
        counted = counted.astype(jnp.float64)
        shares = jnp.where(counted.sum() > 0, counted / jnp.maximum(counted.sum(), jnp.finfo(jnp.float64).tiny), 0.0)
        return shares.astype(arithmetic)
    return of_ratio(counted, counted.sum(), arithmetic)


def is_topk(x: Number, k: Real) -> jax.Array:
    """Return which entries of `x` [N] are among the `k` largest; ties go to the higher index.

    Counted, not sorted: N comparisons per entry are cheaper inside a scan.
    """
    later = jnp.arange(x.shape[0])[:, None] < jnp.arange(x.shape[0])[None, :]
    column, row = x[:, None], x[None, :]
    beaten_by = (column < row) | (~(column < row) & ~(row < column) & later)
    return beaten_by.sum(axis=1) < k


def new_permits(shares: Number, k: Real, is_owner: jax.Array) -> jax.Array:
    """Return who may validate from the next epoch on: the `k` largest with any stake, and the owner."""
    return (is_topk(shares, k) & (shares > 0)) | is_owner


def active_stake(shares: Number, counts: jax.Array) -> Number:
    """Return stake shares of those whose stake counts now (active, with a permit), divided by their sum."""
    return pro_rata(where(counts, shares, 0))
