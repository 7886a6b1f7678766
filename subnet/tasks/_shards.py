"""Which training rows a miner owns."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["IID", "Shard", "deal"]

IID = 1e6  # a Dirichlet concentration from which on a miner's rows are a plain random sample


class Shard(NamedTuple):
    """One miner's data: all training rows `rows` [n] int32 in the order of its deal; it owns the first `owned` []."""

    rows: jax.Array
    owned: jax.Array


def deal(key: jax.Array, group: jax.Array, num_groups: int, share: Real, skew: Real, least: int = 32) -> Shard:
    """Deal one miner its rows, without replacement and without regard to other miners.

    p ~ Dirichlet(skew G q) over the G groups that have rows, with q their shares of all rows; rows are drawn one after
    the other with weight p_g / n_g: those with the largest log(p_g / n_g) + Gumbel noise. With groups of equal size
    that is the usual symmetric Dirichlet(skew); with unequal ones the proportions are the task's on average.

    A miner that owns more rows than its favourite groups have gets the rest from its next ones. Draw a batch as
    `rows[randint(0, owned)]`: the shape does not depend on how much a miner owns.

    Beware of one name for two deals. Here, as in papers on federated averaging, each miner draws proportions over
    groups; rows of two miners may coincide, and nobody's shard depends on who else is there. Others (byzfl) draw for
    each group proportions over miners and divide the rows up: the same concentration is another skew, a miner may be
    left without a row, and a newcomer changes every shard.

    Args:
        key: the miner's own.
        group: [n] group of each training row.
        num_groups: how many groups there can be; some may have no rows.
        share: [] share of all rows that it owns, at least `least` rows and at most all.
        skew: [] > 0, Dirichlet concentration; from 1e6 on (infinity included) a plain random sample.
        least: rows that everybody owns, a batch or so.

    Source: specification of training and scoring, section 1.1; Hsu, Qi and Brown, arXiv 1909.06335, for the mean q.
    """
    num_rows = group.shape[0]
    proportion_key, order_key = jax.random.fold_in(key, 0), jax.random.fold_in(key, 1)
    log_weight = _log_weights(proportion_key, group, num_groups, jnp.asarray(skew, jnp.float32))
    priority = log_weight[group] + jax.random.gumbel(order_key, (num_rows,), jnp.float32)
    rows = jnp.argsort(-priority).astype(jnp.int32)
    owned = jnp.clip(jnp.round(num_rows * jnp.asarray(share)), min(least, num_rows), num_rows)
    return Shard(rows, owned.astype(jnp.int32))


def _log_weights(key: jax.Array, group: jax.Array, num_groups: int, skew: jax.Array) -> jax.Array:
    """Return the log weight [num_groups] of one row of each group, up to a constant: 0 for all from `IID` on."""
    size = jnp.bincount(group, length=num_groups).astype(jnp.float32)
    share = size / group.shape[0] * (size > 0).sum()
    # The logarithm of a gamma variate: the variate itself is 0 in float32 where the concentration is small.
    gamma = jax.random.loggamma(key, jnp.maximum(jnp.minimum(skew, IID) * share, 1e-6), dtype=jnp.float32)
    return jnp.where(skew >= IID, 0, gamma - jnp.log(jnp.maximum(size, 1)))
