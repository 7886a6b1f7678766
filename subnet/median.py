"""The stake-weighted median and its relatives, without sorting."""

import jax
import jax.numpy as jnp
from jax import lax

from tokenomics.arithmetic import Number
from tokenomics.fixed import Fixed

__all__ = ["weighted_quantile"]

# Bisection steps before single opinions are tried. Fewer leave several opinions between the bounds, more cost a pass
# over the matrix each; 9 to 12 measured alike at 64 x 256.
_STEPS = 10
# Whole-number stakes: 2^30 units fit int32, 2^52 are exact in float64.
_UNIT_BITS = {"float32": 30, "float64": 52}


def weighted_quantile(weights: Number, stake: Number, support: Number) -> Number:
    """Return, per miner, the largest weight that at least a `support` share of the stake gives or exceeds.

    C_j = max { v in {W_ij} : sum_{i: W_ij >= v} S_i >= support },  the smallest weight if there is no such v.

    At `support` = kappa this is the chain's consensus weight. Exactly `support` is enough: at a tie the higher weight
    is taken. The search bisects over the weights' bit patterns (positive floats order as their bits), then walks down
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

    smallest = jnp.where(bits > 0, bits, jnp.iinfo(bits.dtype).max >> 1).min(axis=0)
    largest = bits.max(axis=0)
    backed = _support(bits, units, smallest) >= needed  # if not, only zero has the majority
    low, high = smallest, jnp.where(backed, largest, smallest) + 1

    def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bounds
        middle = low + ((high - low) >> 1)
        enough = _support(bits, units, middle) >= needed
        return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

    low, high = lax.fori_loop(0, _STEPS, halve, (low, high))

    def unfinished(carry: tuple[jax.Array, jax.Array, jax.Array, jax.Array]) -> jax.Array:
        return ~carry[2].all()

    def walk(
        carry: tuple[jax.Array, jax.Array, jax.Array, jax.Array],
    ) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
        low, high, done, answer = carry
        opinion = jnp.where(bits < high, bits, 0).max(axis=0)
        found = _support(bits, units, opinion) >= needed
        middle = low + ((opinion - low) >> 1)  # the walk is kept short by bisecting on
        enough = _support(bits, units, middle) >= needed
        answer = jnp.where(done, answer, opinion)
        return (
            jnp.where(enough, middle, low),
            jnp.where(enough, opinion, middle),
            done | found,
            answer,
        )

    start = (low, high, ~backed, jnp.zeros_like(low))
    answer = lax.while_loop(unfinished, walk, start)[3]
    return _from_bits(answer, weights)


def _support(bits: jax.Array, units: jax.Array, level: jax.Array) -> jax.Array:
    """Return the stake [M] that gives at least `level` [M]."""
    return jnp.where(bits >= level, units[:, None], 0).sum(axis=0, dtype=units.dtype)


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
