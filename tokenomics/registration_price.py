"""What a newcomer pays: a price that rises with each registration and decays while nobody comes."""

from typing import Annotated

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import Field

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real
from tokenomics.fixed import ONE, multiply_raw
from tokenomics.mechanism import mechanism

__all__ = ["RegistrationPrice", "adjusted_by_interval", "decay_factor"]

_FACTOR_BITS = 32
_EXPONENT_BITS = 20  # half-lives up to 2^20 blocks; the chain's longest is 36,100


@mechanism
class RegistrationPrice:
    """Halve the price every `half_life_blocks`, raise it at once with every registration.

    Each block B = floor(B d / 2^32), with d from `decay_factor`; each registration B = floor(B max(multiplier, 1));
    always within [`min_rao`, `max_rao`]. Who comes next in the same block pays the higher price.

    Source: subtensor `subnets/registration.rs`; specification R1. Here the fee is an amount; on the chain it buys
    alpha, which is recycled.
    """

    half_life_blocks: Annotated[int, Field(ge=0, lt=2**_EXPONENT_BITS, description="blocks; 0: no decay")] = 360
    multiplier: Annotated[float, Field(ge=0, le=1000, description="factor per registration; never below 1")] = 1.26
    min_rao: Annotated[int, Field(ge=0, le=10**15, description="lowest price, in 10⁻⁹ tokens")] = 500_000
    max_rao: Annotated[int, Field(ge=0, le=10**15, description="highest price, in 10⁻⁹ tokens")] = 100_000_000_000
    start_rao: Annotated[int, Field(ge=0, le=10**15, description="price at the start, in 10⁻⁹ tokens")] = 1_000_000_000

    def init(self) -> jax.Array:
        """Return the first price, int64 []."""
        return jnp.asarray(self.start_rao, jnp.int64)

    def decay(self, price: jax.Array, blocks: jax.Array | int) -> jax.Array:
        """Return the price after `blocks` blocks without a registration, cut at each, as the chain does."""
        factor = decay_factor(self.half_life_blocks)
        return lax.fori_loop(0, blocks, lambda _, p: self._bounded(multiply_raw(p, factor)), price)

    def bump(self, price: jax.Array) -> jax.Array:
        """Return the price after one registration."""
        return self._bounded(multiply_down(price, jnp.maximum(jnp.asarray(self.multiplier), 1.0)))

    def register(self, price: jax.Array, registrations: jax.Array | int) -> tuple[jax.Array, jax.Array]:
        """Return the price after so many registrations in one block, and what they pay together, int64 [] each."""

        def one(_: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            price, paid = carry
            return self.bump(price), paid + price

        return lax.fori_loop(0, registrations, one, (price, jnp.zeros_like(price)))

    def _bounded(self, price: jax.Array) -> jax.Array:
        low, high = (jnp.asarray(x, jnp.int64) for x in (self.min_rao, self.max_rao))
        return jnp.clip(price, low, high)


def decay_factor(half_life_blocks: jax.Array | int) -> jax.Array:
    """Return the largest d with (d / 2^32)^h <= 1/2, int64 []: found bit by bit; 2^32, no decay, where h is 0.

    The power is taken by repeated squaring, cut to 32 fractional bits at each product.
    """
    half_life = jnp.asarray(half_life_blocks, jnp.int64)

    def try_bit(k: jax.Array, found: jax.Array) -> jax.Array:
        larger = found | (jnp.int64(1) << (_FACTOR_BITS - 1 - k))
        return jnp.where(_power(larger, half_life) <= ONE // 2, larger, found)

    found = lax.fori_loop(0, _FACTOR_BITS, try_bit, jnp.int64(0))
    return jnp.where(half_life == 0, ONE, found)


def adjusted_by_interval(
    value: jax.Array | int, registrations: Real, target: Real, kept: Real, low: Real, high: Real
) -> jax.Array:
    """Return the burn, or the difficulty of proof of work, after an interval under the rule before the present one.

    V' = kept V + (1 - kept) V (R + T) / (2 T), within [low, high], rounded down, int64 []. It stands still where
    R = T registrations came.

    Args:
        value: V, the burn or the difficulty.
        registrations: R, how many came in the interval.
        target: T > 0, how many were wanted.
        kept: weight of the old value in [0, 1].
        low: least value.
        high: greatest value.

    Source: subtensor to runtime 394; specification R2, which also says which of the two values moves.
    """
    V, R, T, a, low, high = (jnp.asarray(x, jnp.float64) for x in (value, registrations, target, kept, low, high))
    moved = a * V + (1 - a) * V * (R + T) / (2 * T)
    return jnp.floor(jnp.clip(moved, low, high)).astype(jnp.int64)


def _power(base: jax.Array, exponent: jax.Array) -> jax.Array:
    def square(k: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        result, square = carry
        result = jnp.where((exponent >> k) & 1 == 1, multiply_raw(result, square), result)
        return result, multiply_raw(square, square)

    return lax.fori_loop(0, _EXPONENT_BITS, square, (jnp.int64(ONE), base))[0]
