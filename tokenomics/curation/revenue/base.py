"""What every rule says about the revenue of a sale."""

from typing import NamedTuple, Protocol

import jax

__all__ = ["Revenue", "RevenueOut"]


class RevenueOut(NamedTuple):
    """Where N, the net revenue of a round, goes: int64 [] each, in 10⁻⁹ ETH.

    `active` is for the voters of the round, `retroactive` for contributions that a vote names later, `liquidity` is
    put into the pool for the treasury, `karma` goes by reputation at the end of a period, `buyback` buys BOTTO in the
    pool, which is burned, and the `treasury` gets the rest: these six sum to N, to the unit.

    `treasury_burn` is no part of N: BOTTO worth so much is burned out of the treasury.
    """

    active: jax.Array
    retroactive: jax.Array
    liquidity: jax.Array
    karma: jax.Array
    buyback: jax.Array
    treasury: jax.Array
    treasury_burn: jax.Array


class Revenue(Protocol):
    """A rule from the net revenue of a sale to its parts.

    `rewards_in_botto` says whether what voters get, for activity and for karma, is first changed into BOTTO.
    """

    @property
    def rewards_in_botto(self) -> bool:
        """Tell whether rewards are paid in BOTTO."""
        ...

    def split(self, net: jax.Array) -> RevenueOut:
        """Return the parts of `net`, int64 [] >= 0 in 10⁻⁹ ETH; 0 in every part where nothing was sold."""
        ...

    def spelt_out(self) -> "Revenue":
        """Return the same rule as numbers, so that rules which differ in nothing else share a program."""
        ...
