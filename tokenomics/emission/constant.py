"""The same amount is minted every epoch."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism

__all__ = ["Constant"]


@mechanism
class Constant:
    """Mint the same amount every epoch.

    The default is what a subnet's miners and validators share at one token per block, 360 blocks an epoch, after the
    owner's cut of 18 %.

    Source: subtensor `coinbase/run_coinbase.rs`; specification of the epoch, sections 7 and 11.
    """

    per_epoch_rao: Annotated[int, Field(ge=0, le=10**17, description="minted per epoch, in 10⁻⁹ tokens")] = (
        295_200_000_000
    )

    def minted(self, issuance: jax.Array, blocks: jax.Array) -> jax.Array:
        """Return what an epoch of `blocks` mints from an `issuance` of [] units, int64: the same whatever they are."""
        return jnp.asarray(self.per_epoch_rao, jnp.int64)
