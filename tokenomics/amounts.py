"""Whole amounts under fractions: int64 throughout, rounded down, without passing through a rounded product."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real
from tokenomics.fixed import FRACTION_BITS, ONE, multiply_raw

__all__ = ["MICRO_USD_PER_USD", "RAO_PER_TOKEN", "multiply_down", "share_down", "share_out"]

RAO_PER_TOKEN = 10**9
MICRO_USD_PER_USD = 10**6  # int64 then holds nine million million dollars


def multiply_down(amount: jax.Array, factor: Real) -> jax.Array:
    """Return floor(amount · factor).

    A float product of large amounts is off by many units; this one is taken by 32-bit halves. The factor is cut to
    64 binary places, so that 1 gives the amount back to the unit, less than 1 never gives more, and parts whose
    factors sum to 1 never sum to more. It is the float, not the decimal: 0.3 lies just below three tenths, and
    0.3 of 1000 is 299.

    Args:
        amount: int64 >= 0 of any shape.
        factor: numbers >= 0 that broadcast against it; the product must stay below 2^63.
    """
    scaled = jnp.asarray(factor, jnp.float64) * ONE
    high = _floor(scaled)
    low = _floor((scaled - high) * ONE)
    below = ((amount * high) & (ONE - 1)) + multiply_raw(amount, low)
    return multiply_raw(amount, high) + (below >> FRACTION_BITS)


def share_down(amount: jax.Array, part: Real, whole: Real) -> jax.Array:
    """Return floor(amount · part / whole), and 0 where `whole` is 0.

    Long division by 32 bits at a time. A float estimates each digit, and the remainder, which wrapping int64
    arithmetic gives exactly, says by how much it is off.

    Args:
        amount: int64 >= 0 of any shape.
        part: int64 >= 0 that broadcasts against it; the result must stay below 2^63.
        whole: int64 >= 0 that broadcasts against both, below 2^61.
    """
    part, whole = jnp.asarray(part, jnp.int64), jnp.asarray(whole, jnp.int64)
    divisor = jnp.where(whole == 0, 1, whole)
    ratio = part / divisor
    high, low = amount >> FRACTION_BITS, amount & (ONE - 1)
    upper, rest = _divided(_floor(high * ratio), high * part, divisor)
    # Two floors: a float sum of products may be contracted in one use and not in another, and then be two numbers.
    estimate = _floor(rest / divisor * ONE) + _floor(low * ratio)
    lower, _ = _divided(estimate, (rest << FRACTION_BITS) + low * part, divisor)
    return jnp.where(whole == 0, 0, (upper << FRACTION_BITS) + lower)


def share_out(total: jax.Array, weights: jax.Array) -> jax.Array:
    """Divide all of `total` [] in proportion to `weights` [n], int64 both; what rounding leaves goes to the largest.

    Nothing is shared out where all weights are 0. Ties for the largest go to the first.
    """
    parts = share_down(total, weights, weights.sum())
    left = jnp.where(weights.sum() > 0, total - parts.sum(), 0)
    return parts.at[weights.argmax()].add(left)


def _divided(estimate: jax.Array, numerator: jax.Array, divisor: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return quotient and remainder of a numerator known modulo 2^64, from an estimate of the quotient."""
    remainder = numerator - estimate * divisor
    return estimate + remainder // divisor, remainder % divisor


def _floor(x: jax.Array) -> jax.Array:
    return jnp.floor(x).astype(jnp.int64)
