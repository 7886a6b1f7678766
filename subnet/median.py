"""The stake-weighted median and its relatives, without sorting."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from tokenomics.arithmetic import Number
from tokenomics.columns import fold_rows
from tokenomics.fixed import Fixed

__all__ = ["weighted_quantile"]

# Times the bounds are brought to a third before single opinions are tried. Fewer leave several opinions between them,
# more cost a pass over the matrix each.
_STEPS = 7
# Whole-number stakes: 2^30 units fit int32, 2^52 are exact in float64.
_UNIT_BITS = {"float32": 30, "float64": 52}


def weighted_quantile(weights: Number, stake: Number, support: Number) -> Number:
    """Return, per miner, the largest weight that at least a `support` share of the stake gives or exceeds.

    C_j = max { v in {W_ij} : sum_{i: W_ij >= v} S_i >= support },  the smallest weight if there is no such v.

    At `support` = kappa this is the chain's consensus weight. Exactly `support` is enough: at a tie the higher weight
    is taken. The search narrows bounds on the weights' bit patterns (positive floats order as their bits), then walks down
    the remaining opinions until one is confirmed, so that the result is one of the weights, to the bit. Stakes are
    summed as whole numbers, because a rounded sum may miss a tie.

    Args:
        weights: [V, M] numbers >= 0.
        stake: [V] shares that sum to 1 (or to 0: then the result is 0); rows without stake have no say.
        support: [] in (0, 1].

    Returns:
        [M] in the arithmetic of `weights`.

    Source: subtensor `epoch/math.rs: weighted_median_col`, which splits a list; the result does not depend on how.
    """
    units, needed = _whole_stake(stake, support)
    needed = jnp.clip(needed, 1, jnp.maximum(units.sum(), 1))
    bits = jnp.where((units > 0)[:, None], _to_bits(weights), 0)

    def has_support(*levels: jax.Array) -> tuple[jax.Array, ...]:
        """Return for each of `levels` [M] whether enough stake gives at least that weight, [M] bool."""
        nobody = tuple(jnp.zeros((), units.dtype) for _ in levels)
        backing = fold_rows(
            lambda sums, w, s: tuple(t + jnp.where(w >= v, s, 0) for t, v in zip(sums, levels, strict=True)),
            nobody,
            bits,
            units[:, None],
        )
        return tuple(b.sum(axis=0) >= needed for b in backing)

    smallest, largest = _range_of(bits)
    low, high = smallest, largest + 1
    (backed,) = has_support(smallest)  # if not, only zero has the majority
    low, high = lax.fori_loop(0, _STEPS, lambda _, bounds: _third(has_support, *bounds), (low, high))

    def walk(carry: _Walk) -> _Walk:
        opinion = _largest_below(bits, carry.high)
        middle = carry.low + ((opinion - carry.low) >> 1)  # the walk is kept short by bisecting on
        found, enough = has_support(opinion, middle)
        return _Walk(
            low=jnp.where(enough, middle, carry.low),
            high=jnp.where(enough, opinion, middle),
            done=carry.done | found,
            answer=jnp.where(carry.done, carry.answer, opinion),
        )

    start = _Walk(low, high, ~backed, jnp.zeros_like(low))
    return _from_bits(lax.while_loop(lambda carry: ~carry.done.all(), walk, start).answer, weights)


class _Walk(NamedTuple):
    """Bounds of the search: `low` has support, `high` has none; the answer where it is `done`. [M] each."""

    low: jax.Array
    high: jax.Array
    done: jax.Array
    answer: jax.Array


def _third(
    has_support: Callable[..., tuple[jax.Array, ...]], low: jax.Array, high: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return bounds a third as far apart: two levels cost little more than one, for the matrix is read once."""
    step = (high - low) // 3
    lower, upper = low + step, high - step
    lower_enough, upper_enough = has_support(lower, upper)
    return (
        jnp.where(upper_enough, upper, jnp.where(lower_enough, lower, low)),
        jnp.where(upper_enough, high, jnp.where(lower_enough, upper, lower)),
    )


def _range_of(bits: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the smallest positive and the largest entry of each column; for an empty one, a large number and 0."""
    top = jnp.asarray(jnp.iinfo(bits.dtype).max >> 1, bits.dtype)
    low, high = fold_rows(
        lambda c, w: (jnp.minimum(c[0], jnp.where(w > 0, w, top)), jnp.maximum(c[1], w)),
        (top, jnp.zeros((), bits.dtype)),
        bits,
    )
    return low.min(axis=0), high.max(axis=0)


def _largest_below(bits: jax.Array, level: jax.Array) -> jax.Array:
    """Return the largest entry of each column below `level` [M], 0 if there is none."""
    (best,) = fold_rows(
        lambda c, w: (jnp.maximum(c[0], jnp.where(w < level, w, 0)),), (jnp.zeros((), bits.dtype),), bits
    )
    return best.max(axis=0)


def _whole_stake(stake: Number, support: Number) -> tuple[jax.Array, jax.Array]:
    """Return stakes and the support needed as whole numbers."""
    if isinstance(stake, Fixed) and isinstance(support, Fixed):
        return stake.raw, support.raw
    dtype = jnp.int32 if stake.dtype == jnp.float32 else jnp.int64
    scale = 1 << _UNIT_BITS[str(stake.dtype)]
    units = jnp.rint(stake * scale).astype(dtype)
    # Shares carry rounding errors of their own; what is nearer to a tie than they can tell counts as a tie.
    slack = stake.shape[0] + int(scale * float(jnp.finfo(stake.dtype).eps) / 2)
    return units, jnp.ceil(support * scale - slack).astype(dtype)


def _to_bits(x: Number) -> jax.Array:
    if isinstance(x, Fixed):
        return x.raw
    return lax.bitcast_convert_type(x, jnp.int32 if x.dtype == jnp.float32 else jnp.int64)


def _from_bits(bits: jax.Array, like: Number) -> Number:
    return Fixed(bits) if isinstance(like, Fixed) else lax.bitcast_convert_type(bits, like.dtype)
