"""The token's market and the treasury at the start."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.mechanism import mechanism

__all__ = ["Market"]


@mechanism
class Market:
    """A constant-product pool of tokens against ETH, a treasury, and the rest of the supply in other hands.

    Source: specification 1.12 and 1.13.
    """

    pool_eth: Annotated[float, Field(gt=0, le=1e8, description="ETH in the pool at the start")] = 500.0
    pool_tokens: Annotated[float, Field(gt=0, le=1e9, description="tokens in the pool at the start")] = 1e7
    fee: Annotated[float, Field(ge=0, lt=1, description="share of what is paid into the pool that buys nothing")] = (
        0.003
    )
    treasury_tokens: Annotated[float, Field(ge=0, le=1e9, description="tokens of the treasury at the start")] = 3e7
    treasury_eth: Annotated[float, Field(ge=0, le=1e8, description="ETH of the treasury at the start")] = 0.0
    supply: Annotated[
        float, Field(gt=0, le=4e9, description="tokens in all; what nobody else has is in other hands")
    ] = 1e8

    def units(self, name: str) -> jax.Array:
        """Return one of the amounts in 10⁻⁹, int64 []."""
        return jnp.rint(jnp.asarray(getattr(self, name), jnp.float64) * RAO_PER_TOKEN).astype(jnp.int64)
