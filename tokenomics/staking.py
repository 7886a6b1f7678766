"""What becomes of a validator's pay."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism

__all__ = ["Staking"]


@mechanism
class Staking:
    """Add a part of each validator's pay to its stake; the rest is spent."""

    compound_share: Annotated[float, Field(ge=0, le=1, description="part of dividends that is staked again")] = 0.0

    def grow(self, earned: jax.Array, pay: jax.Array) -> jax.Array:
        """Return the stake earned so far, [V] int64 in 10⁻⁹ tokens, after an epoch's `pay` [V]; rounded down."""
        return earned + jnp.floor(pay * jnp.asarray(self.compound_share, jnp.float64)).astype(jnp.int64)
