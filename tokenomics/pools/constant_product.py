"""A pool whose price follows from what lies in it."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import MICRO_USD_PER_USD, RAO_PER_TOKEN, multiply_down, share_down
from tokenomics.mechanism import mechanism
from tokenomics.pools._balancer import FEE_SHARE, Market, amount_out, spot_price
from tokenomics.pools.base import PoolState

__all__ = ["ConstantProduct"]


@mechanism
class ConstantProduct:
    """Trade so that tokens^(1 - w) money^w never falls; with w = 1/2 that is the constant product.

    A trade pays the fee, rounded down, and takes y (1 - (x / (x + net))^(w_x / w_y)) out of the other reserve y. The
    whole batch trades at once and shares what comes out pro rata.

    Source: specification P1 and P2. Departures: the fee stays in the pool rather than going to the block's author,
    a batch is never refused, and one unit of each reserve stays, so that there is always a price.
    """

    holds_reserves: ClassVar[bool] = True

    initial_tokens: Annotated[float, Field(gt=0, le=1e9, description="tokens in the pool at the start")] = 1e6
    initial_usd: Annotated[float, Field(gt=0, le=1e12, description="dollars in the pool at the start")] = 1e7
    money_weight: Annotated[
        float, Field(ge=0.01, le=0.99, description="weight of the money; 1/2: constant product")
    ] = 0.5
    fee_share: Annotated[float, Field(ge=0, lt=1, description="share of what is paid in that buys nothing")] = FEE_SHARE

    def init(self) -> PoolState:
        """Return the pool before the first trade."""
        amounts = (self.initial_tokens, RAO_PER_TOKEN), (self.initial_usd, MICRO_USD_PER_USD)
        return PoolState(*(jnp.rint(jnp.asarray(x, jnp.float64) * unit).astype(jnp.int64) for x, unit in amounts))

    def price(self, state: PoolState) -> jax.Array:
        """Return dollars per token, float64 []."""
        return spot_price(self._buying(state)) * (RAO_PER_TOKEN / MICRO_USD_PER_USD)

    def sell(self, state: PoolState, tokens: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `tokens` [n] in and return the money [n] that each seller receives."""
        money = self._trade(Market(state.tokens, state.money, 1 - self.money_weight), tokens)
        return PoolState(state.tokens + tokens.sum(), state.money - money.sum()), money

    def buy(self, state: PoolState, money: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `money` [n] in and return the tokens [n] that each buyer receives."""
        tokens = self._trade(self._buying(state), money)
        return PoolState(state.tokens - tokens.sum(), state.money + money.sum()), tokens

    def invariant(self, state: PoolState) -> jax.Array:
        """Return tokens^(1 - w) money^w in 10⁻⁹ tokens and 10⁻⁶ dollars: fees and rounding raise it, nothing else."""
        w = jnp.asarray(self.money_weight, jnp.float64)
        return state.tokens ** (1 - w) * state.money**w

    def _buying(self, state: PoolState) -> Market:
        return Market(state.money, state.tokens, self.money_weight)

    def _trade(self, market: Market, amounts: jax.Array) -> jax.Array:
        total = amounts.sum()
        net = total - multiply_down(total, self.fee_share)
        x, y = jnp.asarray(market.reserve_in), jnp.asarray(market.reserve_out)
        # Equal weights need no power: in integers the product x y cannot fall by a single unit.
        plain = jnp.asarray(self.money_weight) == 0.5
        out = jnp.where(plain, share_down(y, net, x + net), amount_out(market, net))
        return share_down(jnp.clip(out, 0, jnp.maximum(y - 1, 0)), amounts, total)
