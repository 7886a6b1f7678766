"""Any division of the revenue."""

from typing import Annotated, Any

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.curation.revenue.base import RevenueOut
from tokenomics.mechanism import mechanism, static
from tokenomics.parts import part_of, parts_in_turn

__all__ = ["Split"]


@mechanism
class Split:
    """Divide the revenue by free shares; what they leave goes to the treasury.

    Parts are rounded down. They are taken in the order buyback, active, retroactive, liquidity, karma, each no more
    than those before it left: shares of more than 1 together cut the last of them.

    Source: specification 1.7; the defaults are BIP-59's 40/40/20, in force from August 2024.
    """

    active_share: Annotated[float, Field(ge=0, le=1, description="share of the revenue for the round's voters")] = 0.4
    retroactive_share: Annotated[
        float, Field(ge=0, le=1, description="share for contributions that are named later")
    ] = 0.0
    liquidity_share: Annotated[float, Field(ge=0, le=1, description="share that goes into the pool as liquidity")] = 0.2
    karma_share: Annotated[float, Field(ge=0, le=1, description="share paid by reputation at the end of a period")] = (
        0.0
    )
    buyback_share: Annotated[float, Field(ge=0, le=1, description="share that buys BOTTO in the pool to burn it")] = 0.0
    treasury_burn_share: Annotated[
        float, Field(ge=0, le=1, description="share of the revenue whose worth in BOTTO the treasury burns")
    ] = 0.0
    rewards_in_botto: Annotated[
        bool, Field(description="whether rewards are changed into BOTTO before they are paid")
    ] = static(False)

    def shares(self) -> dict[str, Any]:
        """Return the share of each part, in the order in which they are taken; the treasury has what they leave."""
        return {
            "buyback": self.buyback_share,
            "active": self.active_share,
            "retroactive": self.retroactive_share,
            "liquidity": self.liquidity_share,
            "karma": self.karma_share,
        }

    def split(self, net: jax.Array) -> RevenueOut:
        """Return the parts of `net`, int64 [] in 10⁻⁹ ETH."""
        shares = self.shares()
        parts, treasury = parts_in_turn(net, jnp.stack([jnp.asarray(x, jnp.float64) for x in shares.values()]))
        burn = part_of(net, self.treasury_burn_share)
        return RevenueOut(**dict(zip(shares, parts, strict=True)), treasury=treasury, treasury_burn=burn)

    def spelt_out(self) -> "Split":
        """Return the rule itself."""
        return self
