"""A design: the rules that are compared."""

from dataclasses import field
from typing import Any

from subnet.chain.rules import ChainRules
from subnet.consensus.yuma import Yuma
from subnet.registration.closed import Closed
from subnet.rounds.none import NoTournament
from tokenomics.emission.constant import Constant
from tokenomics.mechanism import mechanism
from tokenomics.payouts.at_risk import StakeAtRisk
from tokenomics.payouts.emission_split import EmissionSplit
from tokenomics.pools.fixed_price import FixedPrice
from tokenomics.staking import Staking
from validators.scoring.log_loss import LogLoss
from validators.weighting.proportional import Proportional

__all__ = ["Design"]


@mechanism
class Design:
    """One answer per question.

    How submissions are judged and scores become weights, whose opinion counts, who may validate, how much is minted,
    who gets it, what validators stake on results directly and people on their own predictions, what misbehaviour costs,
    what a token is worth, and who may join. Scoring, weighting and bets matter only where validators evaluate
    submissions, a tournament where people rank something.
    """

    scoring: Any = field(default_factory=LogLoss)
    weighting: Any = field(default_factory=Proportional)
    consensus: Any = field(default_factory=Yuma)
    chain: ChainRules = field(default_factory=ChainRules)
    emission: Any = field(default_factory=Constant)
    payout: EmissionSplit = field(default_factory=EmissionSplit)
    bets: StakeAtRisk = field(default_factory=StakeAtRisk)
    tournament: Any = field(default_factory=NoTournament)
    slashing: dict[str, Any] = field(default_factory=dict)
    pool: Any = field(default_factory=FixedPrice)
    staking: Staking = field(default_factory=Staking)
    registration: Any = field(default_factory=Closed)
