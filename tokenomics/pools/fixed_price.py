"""A token that is worth what somebody says it is worth."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import MICRO_USD_PER_USD, RAO_PER_TOKEN, share_down
from tokenomics.mechanism import mechanism
from tokenomics.pools.base import PoolState

__all__ = ["FixedPrice"]

_NANO_USD_PER_TOKEN = RAO_PER_TOKEN * 1000  # rao per token times thousandths of a micro-dollar


@mechanism
class FixedPrice:
    """Trade any amount at one price, taken to the nearest 10⁻⁹ dollar.

    The world stands behind it: the pool starts empty, and what it gives away beyond what it has is a negative holding.
    """

    holds_reserves: ClassVar[bool] = False

    usd_per_token: Annotated[float, Field(ge=0, le=1e6, description="price of a token in dollars")] = 10.0

    def init(self) -> PoolState:
        """Return the pool before the first trade."""
        return PoolState(jnp.zeros((), jnp.int64), jnp.zeros((), jnp.int64))

    def price(self, state: PoolState) -> jax.Array:
        """Return dollars per token, float64 []."""
        return jnp.asarray(self.usd_per_token, jnp.float64)

    def sell(self, state: PoolState, tokens: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `tokens` [n] in and return the money [n] that each seller receives."""
        money = share_down(tokens, self._nano_usd(), _NANO_USD_PER_TOKEN)
        return PoolState(state.tokens + tokens.sum(), state.money - money.sum()), money

    def buy(self, state: PoolState, money: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `money` [n] in and return the tokens [n] that each buyer receives; none where the price is 0."""
        tokens = share_down(money, _NANO_USD_PER_TOKEN, self._nano_usd())
        return PoolState(state.tokens - tokens.sum(), state.money + money.sum()), tokens

    def invariant(self, state: PoolState) -> jax.Array:
        """Return what the pool's net holding is worth in dollars: 0 but for what rounding left in it."""
        return (state.tokens * self.price(state) / RAO_PER_TOKEN) + state.money / MICRO_USD_PER_USD

    def _nano_usd(self) -> jax.Array:
        return jnp.rint(jnp.asarray(self.usd_per_token, jnp.float64) * 1e9).astype(jnp.int64)
