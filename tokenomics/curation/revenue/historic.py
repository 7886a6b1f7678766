"""Botto's revenue as it was divided at some time."""

from typing import Annotated, Literal

import jax
from pydantic import Field

from tokenomics.curation.revenue.base import RevenueOut
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.revenue_presets import preset_named
from tokenomics.mechanism import mechanism, static

__all__ = ["Historic"]


@mechanism
class Historic:
    """Divide the revenue by a rule that Botto once had, named after the proposal that made it.

    Source: specification 1.7; dates, shares and sources are in `tokenomics/curation/revenue_presets.py`.
    """

    preset: Annotated[
        Literal[
            "launch", "bip_06", "bip_14", "bip_22", "bip_30", "bip_47", "bip_59", "bip_83_c", "bip_83_c_e",
            "bip_83_c_f", "bip_83_c_e_f",
        ],
        Field(description="which rule: launch, or the proposal that changed it"),
    ] = static("bip_59")  # fmt: skip

    @property
    def rewards_in_botto(self) -> bool:
        """Tell whether rewards are paid in BOTTO."""
        return self.spelt_out().rewards_in_botto

    def split(self, net: jax.Array) -> RevenueOut:
        """Return the parts of `net`, int64 [] in 10⁻⁹ ETH."""
        return self.spelt_out().split(net)

    def spelt_out(self) -> Split:
        """Return the same rule as numbers, so that rules which differ in nothing else share a program."""
        return preset_named(self.preset).rule
