"""The stake-weighted median and its relatives, without sorting."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax

from tokenomics.arithmetic import Number
from tokenomics.columns import fold_rows
from tokenomics.fixed import Fixed

__all__ = ["weighted_quantile"]

# Times the range is brought to a third at most: enough to tell any two float32 or exact weights apart (33 bits).
_MOST_PASSES = 21
# Whole-number stakes: 2^30 units fit int32, 2^52 are exact in float64.
_UNIT_BITS = {"float32": 30, "float64": 52}


def weighted_quantile(weights: Number, stake: Number, support: Number) -> Number:
    """Return, per miner, the largest weight that at least a `support` share of the stake gives or exceeds.

    C_j = max { v in {W_ij} : sum_{i: W_ij >= v} S_i >= support },  the smallest weight if there is no such v.

    At `support` = kappa this is the chain's consensus weight. Exactly `support` is enough: at a tie the higher weight
    is taken. The search narrows bounds on the weights' bit patterns (positive floats order as their bits), by thirds
    until one weight is left, so that the result is one of the weights, to the bit. Stakes are
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

    def have_support(*levels: jax.Array) -> jax.Array:
        """Return to how many of `levels` [M] enough stake gives at least that weight, [M]."""
        sums = fold_rows(
            lambda sums, w, s: tuple(t + jnp.where(w >= v, s, 0) for t, v in zip(sums, levels, strict=True)),
            tuple(jnp.zeros((), units.dtype) for _ in levels),
            bits,
            units[:, None],
        )
        return sum((t.sum(axis=0) >= needed).astype(bits.dtype) for t in sums)  # type: ignore[return-value]

    smallest, largest = _range_of(bits)
    backed = have_support(smallest) > 0  # if not, only zero has the majority
    # The answer lies in [low, low + width). How the width shrinks does not depend on the data: a pass then has one
    # result, and XLA computes it once.
    low, width = jnp.where(backed, smallest, 0), jnp.where(backed, largest - smallest + 1, 1)

    def narrow(carry: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array, jax.Array]:
        passes, low, width = carry
        third = (width + 2) // 3
        return passes + 1, low + third * have_support(low + third, low + third + third), third

    _, low, width = lax.while_loop(
        lambda c: (c[0] < _MOST_PASSES) & (c[2] > 1).any(), narrow, (jnp.int32(0), low, width)
    )
    if bits.dtype == jnp.int64 and not isinstance(weights, Fixed):
        low = _walk_down(bits, have_support, low, width)
    return _from_bits(low, weights)


def _walk_down(bits: jax.Array, have_support: Callable[..., jax.Array], low: jax.Array, width: jax.Array) -> jax.Array:
    """Return the largest opinion with support in [low, low + width): one after the other, from the top.

    A float64 has more bits than the passes resolve; hardly ever do two opinions lie that close together.
    """

    def next_below(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        opinion, done = carry
        opinion = jnp.where(done, opinion, _largest_below(bits, opinion))
        return opinion, done | (have_support(opinion) > 0)

    found, _ = lax.while_loop(lambda c: ~c[1].all(), next_below, (jnp.where(width > 1, low + width, low), width <= 1))
    return found


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
