"""How much is minted."""

from typing import Annotated

from pydantic import Field

from tokenomics.mechanism import mechanism

__all__ = ["Emission"]


@mechanism
class Emission:
    """Mint the same amount every epoch.

    The default is what a subnet's miners and validators share at one token per block, 360 blocks an epoch, after the
    owner's cut of 18 %.

    Source: subtensor `coinbase/run_coinbase.rs`; specification of the epoch, sections 7 and 11.
    """

    per_epoch_rao: Annotated[int, Field(ge=0, le=10**17, description="minted per epoch, in 10⁻⁹ tokens")] = (
        295_200_000_000
    )
