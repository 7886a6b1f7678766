"""Decimal shares of an amount, exact to the unit: 15 % of 12 is 1.8 and not a unit less."""

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down
from tokenomics.arithmetic import Real

__all__ = ["SHARE_UNITS", "part_of", "parts_in_turn"]

SHARE_UNITS = 10**9


def part_of(amount: jax.Array, share: Real) -> jax.Array:
    """Return floor(amount · share), the share taken as a decimal of nine places.

    Contracts hold a fee as a whole number of basis points. The float 0.15 lies just below fifteen hundredths, and
    would take a unit less than they do.

    Args:
        amount: int64 >= 0 of any shape.
        share: numbers >= 0 that broadcast against it.
    """
    units = jnp.rint(jnp.asarray(share, jnp.float64) * SHARE_UNITS).astype(jnp.int64)
    return share_down(jnp.asarray(amount, jnp.int64), units, SHARE_UNITS)


def parts_in_turn(amount: jax.Array, shares: Real) -> tuple[jax.Array, jax.Array]:
    """Divide `amount` [] among `shares` [k] and return the parts, int64 [k], and the rest: together all of it.

    Each part is rounded down and takes no more than those before it left, so that shares of more than 1 together
    leave a rest of 0 and never a debt.
    """
    taken = jnp.minimum(jnp.cumsum(part_of(amount, shares)), amount)
    return jnp.diff(taken, prepend=0), amount - taken[-1]
