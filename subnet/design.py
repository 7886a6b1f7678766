"""A design: the rules that are compared."""

from dataclasses import field
from typing import Any

from subnet.chain.rules import ChainRules
from subnet.consensus.yuma import Yuma
from tokenomics.emission import Emission
from tokenomics.mechanism import mechanism
from tokenomics.payouts.emission_split import EmissionSplit
from tokenomics.staking import Staking

__all__ = ["Design"]


@mechanism
class Design:
    """One answer per question: whose opinion counts, who may validate, how much is minted and who gets it."""

    consensus: Any = field(default_factory=Yuma)
    chain: ChainRules = field(default_factory=ChainRules)
    emission: Emission = field(default_factory=Emission)
    payout: EmissionSplit = field(default_factory=EmissionSplit)
    staking: Staking = field(default_factory=Staking)
