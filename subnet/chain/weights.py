"""How weights are stored: scaled so that a row's largest is 65535."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Arithmetic, Number, where
from tokenomics.fixed import Fixed
from tokenomics.shares import pro_rata

__all__ = ["is_within_limit", "max_upscale_u16", "row_shares"]

U16 = 65535
_HALF = 1 << 31


def max_upscale_u16(x: Number) -> jax.Array:
    """Return round(65535 x / max x) along the last axis, halves away from zero; zeros stay zeros.

    Above 32768 the chain computes the factor 65535 / max first, because 65535 x would overflow its numbers; in fixed
    point that shows in the last digit.
    """
    largest = x.max(axis=-1)[..., None]
    if isinstance(x, Fixed):
        whole = Fixed.whole(U16)
        scaled = where(largest > 32768, x * (whole / largest), (x * whole) / largest)
        return ((scaled.raw + _HALF) >> 32).astype(jnp.uint16)
    scaled = U16 * jnp.asarray(x, jnp.float64) / jnp.where(largest == 0, 1, largest)
    return jnp.floor(scaled + 0.5).astype(jnp.uint16)


def is_within_limit(weights: jax.Array, limit: float) -> jax.Array:
    """Return whether no share of `weights` [M] exceeds `limit`; true where there are none."""
    return jnp.max(pro_rata(weights), initial=0.0) <= limit


def row_shares(weights: jax.Array, counted: jax.Array, arithmetic: Arithmetic) -> Number:
    """Return the counted weights of each row, divided by their sum.

    Args:
        weights: [V, M] as stored (integers) or as set (floats >= 0).
        counted: [V, M] mask.
        arithmetic: of the result. Exact arithmetic knows stored weights only: floats are stored first.
    """
    if arithmetic == "exact":
        stored = weights if jnp.issubdtype(weights.dtype, jnp.integer) else max_upscale_u16(weights)
        return pro_rata(Fixed(jnp.where(counted, stored, 0).astype(jnp.int64)), axis=1)
    return pro_rata(jnp.where(counted, weights, 0).astype(arithmetic), axis=1)
