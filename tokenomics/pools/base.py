"""What every pool can do."""

from typing import ClassVar, NamedTuple, Protocol

import jax

__all__ = ["Pool", "PoolState"]


class PoolState(NamedTuple):
    """What lies in the pool: `tokens` in 10⁻⁹ tokens and `money` in 10⁻⁶ dollars, int64 [] each."""

    tokens: jax.Array
    money: jax.Array


class Pool(Protocol):
    """Tokens against money, one batch per side and epoch.

    Everybody who sells in an epoch sells at one average price: nobody gains by being first in a batch. Payments are
    rounded down, and what rounding leaves stays in the pool, as the fee does; so what traders bring the pool gets, and
    what they receive it gives, to the unit.

    `holds_reserves` says whether it can give only what lies in it; otherwise the world outside takes the other side.
    """

    holds_reserves: ClassVar[bool]

    def init(self) -> PoolState:
        """Return the pool before the first trade."""
        ...

    def price(self, state: PoolState) -> jax.Array:
        """Return what the next token costs, [] dollars per token."""
        ...

    def sell(self, state: PoolState, tokens: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `tokens` [n] in and return the money [n] that each seller receives, int64 both."""
        ...

    def buy(self, state: PoolState, money: jax.Array) -> tuple[PoolState, jax.Array]:
        """Take `money` [n] in and return the tokens [n] that each buyer receives, int64 both."""
        ...

    def invariant(self, state: PoolState) -> jax.Array:
        """Return the quantity, float64 [], that no trade makes smaller but for the last digit."""
        ...
