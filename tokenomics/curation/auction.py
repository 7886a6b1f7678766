"""The sale of the round's work: an English auction with a reserve, and the marketplace's fee."""

from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism, static
from tokenomics.parts import part_of

__all__ = ["Auction", "Sale", "english", "split_sale"]

_NOT_SOLD = -1
_SALES_BEFORE_RESERVE = 3


class Sale(NamedTuple):
    """How an auction ended: `sold` [] bool, `price` int64 [] in 10⁻⁹ ETH, 0 if unsold, `buyer` int32 [], -1 if none."""

    sold: jax.Array
    price: jax.Array
    buyer: jax.Array


def english(values: jax.Array, reserve: jax.Array) -> Sale:
    """Sell to the highest value where it reaches the reserve, at max(reserve, second highest value).

    Nobody bids above its value, and the bid increment is 0. A single bidder pays the reserve; with none, or none who
    reaches it, nothing is sold. Ties go to the first.

    Args:
        values: int64 [b] in 10⁻⁹ ETH, what each would pay; negative where there is no bidder.
        reserve: int64 [] >= 0, the opening bid.

    Source: specification 1.6; the increment of 0 and private values are our choice.
    """
    padded = jnp.concatenate([values, jnp.full(2, -1, jnp.int64)])
    (first, second), (buyer, _) = jax.lax.top_k(padded, 2)
    sold = (first >= reserve) & (first >= 0)
    price = jnp.where(sold, jnp.maximum(reserve, second), 0)
    return Sale(sold, price, jnp.where(sold, buyer, -1).astype(jnp.int32))


def split_sale(hammer: jax.Array, fee: Real) -> tuple[jax.Array, jax.Array]:
    """Return the marketplace's part of a hammer price, rounded down, and the artist's net revenue: int64, all of it."""
    marketplace = part_of(hammer, fee)
    return marketplace, hammer - marketplace


@mechanism
class Auction:
    """Sell the round's work to the highest bidder, from an opening bid that a rule sets.

    `lowest_of_last_three` asks nothing in the first three auctions, then the lowest price among the last three
    sales. An unsold work is no sale. Nobody pays less than the reserve, so this reserve never falls again.

    Source: specification 1.6; BIP-01 (10 ETH) and BIP-16 (forum.botto.com/d/28), whose text speaks of the last three
    auctions; where one of them sold nothing, it has no price. Which of its options won is not known.
    """

    reserve_rule: Annotated[
        Literal["none", "fixed", "lowest_of_last_three"], Field(description="how the opening bid is set")
    ] = static("none")
    reserve_eth: Annotated[float, Field(ge=0, le=1e6, description="opening bid in ETH where it is fixed")] = 10.0
    marketplace_fee: Annotated[float, Field(ge=0, lt=1, description="marketplace's share of a first sale")] = 0.15

    def init(self) -> tuple[jax.Array, jax.Array]:
        """Return the prices of the last three sales, int64 [3], -1 for none, and the number of auctions held."""
        return jnp.full(_SALES_BEFORE_RESERVE, _NOT_SOLD, jnp.int64), jnp.zeros((), jnp.int64)

    def reserve(self, state: tuple[jax.Array, jax.Array]) -> jax.Array:
        """Return the opening bid of the next auction, int64 [] in 10⁻⁹ ETH."""
        if self.reserve_rule == "fixed":
            return jnp.rint(jnp.asarray(self.reserve_eth, jnp.float64) * RAO_PER_TOKEN).astype(jnp.int64)
        if self.reserve_rule == "none":
            return jnp.zeros((), jnp.int64)
        prices, held = state
        known = prices != _NOT_SOLD
        lowest = jnp.where(known, prices, jnp.iinfo(jnp.int64).max).min()
        return jnp.where(known.any() & (held >= _SALES_BEFORE_RESERVE), lowest, 0)

    def step(self, state: tuple[jax.Array, jax.Array], values: jax.Array) -> tuple[tuple[jax.Array, jax.Array], Sale]:
        """Hold an auction among bidders of `values`, int64 [b] in 10⁻⁹ ETH, negative where there is none."""
        prices, held = state
        sale = english(values, self.reserve(state))
        remembered = jnp.where(sale.sold, jnp.append(prices[1:], sale.price), prices)
        return (remembered, held + 1), sale

    def split(self, sale: Sale) -> tuple[jax.Array, jax.Array]:
        """Return what the marketplace keeps of a sale, and the net revenue, int64 [] each."""
        return split_sale(sale.price, self.marketplace_fee)
