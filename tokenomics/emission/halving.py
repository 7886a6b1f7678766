"""Emission that halves whenever half of what is left of the supply has been issued."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.halving import FIRST_EMISSION_RAO, SUPPLY_RAO, emission_over
from tokenomics.mechanism import mechanism

__all__ = ["Halving"]


@mechanism
class Halving:
    """Mint `first_rao` per block, half of it from half of the supply on, and so forth: nobody ever sees the last token.

    Halving follows issuance, not time: recycled tokens delay it.

    Source: subtensor `coinbase/block_emission.rs`; specification E1.
    """

    supply_rao: Annotated[int, Field(ge=1, le=10**18, description="tokens that will ever exist, in 10⁻⁹ tokens")] = (
        SUPPLY_RAO
    )
    first_rao: Annotated[int, Field(ge=0, le=10**17, description="minted per block at first, in 10⁻⁹ tokens")] = (
        FIRST_EMISSION_RAO
    )
    issued_rao: Annotated[int, Field(ge=0, le=10**18, description="issued before the first epoch, in 10⁻⁹ tokens")] = 0

    def minted(self, issuance: jax.Array, blocks: jax.Array) -> jax.Array:
        """Return what an epoch of `blocks` mints when `issuance` [] units came out of it so far, int64."""
        return emission_over(issuance + self.issued_rao, blocks, self.supply_rao, self.first_rao)
