"""What becomes of a validator's pay."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.amounts import multiply_down
from tokenomics.mechanism import mechanism

__all__ = ["Staking"]


@mechanism
class Staking:
    """Add a part of each validator's pay to its stake; the rest is spent."""

    compound_share: Annotated[float, Field(ge=0, le=1, description="part of dividends that is staked again")] = 0.0

    def restaked(self, pay: jax.Array) -> jax.Array:
        """Return the part of `pay` [V] that is staked again, int64 in 10⁻⁹ tokens; rounded down."""
        return multiply_down(pay, self.compound_share)
