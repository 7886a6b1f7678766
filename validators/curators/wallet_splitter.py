"""A whale that is many wallets."""

from typing import Annotated

from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.curators.whale import Whale

__all__ = ["WalletSplitter"]


@mechanism
class WalletSplitter(Whale):
    """Divide the stake among many wallets and vote with all of them as a whale does (a Sybil attack).

    What that gains is up to the rule of points (a logarithm, points per account), the tally (square roots) and the
    smallest stake that is rewarded. The default is the example of 10,000 tokens over 100 wallets: 60 times the points
    under Botto's launch rule, 4.35 times under its rule per round, the same under the linear one.
    """

    tokens: Annotated[
        float, Field(ge=0, le=1e8, description="tokens that each has staked in all its wallets, as the median")
    ] = 10_000.0
    wallets: Annotated[float, Field(ge=1, le=1e6, description="wallets among which each divides it evenly")] = 100.0
