"""Two ways to burn what a sale is worth: out of the treasury at the pool's quote, or bought in the pool."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down
from tokenomics.arithmetic import Real
from tokenomics.parts import part_of

__all__ = ["Reserves", "buyback_burn", "price_effect", "quote", "quote_down", "treasury_burn"]


class Reserves(NamedTuple):
    """What lies in a constant-product pool: X `eth` and Y `botto`, int64 [] in 10⁻⁹ each."""

    eth: jax.Array
    botto: jax.Array


def quote(eth: Real, pool_eth: Real, pool_botto: Real, fee: Real) -> jax.Array:
    """Return q(e) = Y e (1 - φ) / (X + e (1 - φ)), what e ETH buy in a pool of X and Y > 0, float64; any one unit.

    Source: specification 1.8.
    """
    net = jnp.asarray(eth, jnp.float64) * (1 - jnp.asarray(fee, jnp.float64))
    return jnp.asarray(pool_botto) * net / (pool_eth + net)


def quote_down(reserves: Reserves, eth: jax.Array, fee: Real) -> jax.Array:
    """Return the same in whole units, int64 []; e (1 - φ) and q are rounded down, and one unit stays in the pool."""
    net = part_of(eth, 1 - jnp.asarray(fee, jnp.float64))
    bought = share_down(reserves.botto, net, reserves.eth + net)
    return jnp.clip(bought, 0, jnp.maximum(reserves.botto - 1, 0))


def treasury_burn(reserves: Reserves, treasury: jax.Array, worth: jax.Array, fee: Real) -> jax.Array:
    """Return how much BOTTO is burned out of a `treasury` for revenue `worth` so much ETH, int64 [] all.

    What the pool would give, and never more than there is. The pool is asked, not touched, and the ETH stays.

    Source: specification 1.8, BIP-06.
    """
    return jnp.minimum(quote_down(reserves, worth, fee), treasury)


def buyback_burn(reserves: Reserves, eth: jax.Array, fee: Real) -> tuple[Reserves, jax.Array]:
    """Buy with `eth` in the pool; return the pool after it and the BOTTO bought, int64 [], which is then burned.

    It burns as much as the treasury would have, but moves the price, by `price_effect`. X Y never falls: the fee and
    what rounding leaves stay in the pool. Where rewards are paid in BOTTO they are bought in the same way.

    Source: specification 1.8.
    """
    bought = quote_down(reserves, eth, fee)
    return Reserves(reserves.eth + eth, reserves.botto - bought), bought


def price_effect(before: Reserves, after: Reserves) -> jax.Array:
    """Return by what factor a purchase raised the pool's price: (X + e) Y / (X (Y - q)), float64 []."""
    return (after.eth / before.eth) * (before.botto / after.botto)
