"""A curation market: shares in a work are bought from and sold to a curve.

The price of the next share is p(s) = m s^n at a supply of s shares, so a trade from s to s' costs the area between them
and the reserve is always the area under the curve up to s. Floats throughout; whole amounts are made where money moves.
"""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["cost", "price", "reserve", "shares_for", "supply_of"]


def price(supply: Real, slope: Real = 1.0, exponent: Real = 1.0) -> jax.Array:
    """Return what the next share costs: m s^n."""
    return jnp.asarray(slope * jnp.power(jnp.asarray(supply, jnp.float64), exponent))


def reserve(supply: Real, slope: Real = 1.0, exponent: Real = 1.0) -> jax.Array:
    """Return what has been paid in for all shares: m s^(n + 1) / (n + 1)."""
    return jnp.asarray(slope * jnp.power(jnp.asarray(supply, jnp.float64), exponent + 1) / (exponent + 1))


def cost(supply: Real, supply_after: Real, slope: Real = 1.0, exponent: Real = 1.0) -> jax.Array:
    """Return what it costs to move the supply: m (s'^(n + 1) - s^(n + 1)) / (n + 1), negative for a sale."""
    return reserve(supply_after, slope, exponent) - reserve(supply, slope, exponent)


def supply_of(held: Real, slope: Real = 1.0, exponent: Real = 1.0) -> jax.Array:
    """Return at which supply the reserve is `held` >= 0: ((n + 1) held / m)^(1 / (n + 1)); slope > 0."""
    area = jnp.asarray(held, jnp.float64) * (exponent + 1) / slope
    return jnp.asarray(jnp.power(area, 1 / (exponent + 1)))


def shares_for(payment: Real, supply: Real, slope: Real = 1.0, exponent: Real = 1.0) -> jax.Array:
    """Return how many shares a payment >= 0 buys at a supply of `supply`."""
    paid = reserve(supply, slope, exponent) + payment
    return supply_of(paid, slope, exponent) - supply
