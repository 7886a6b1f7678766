"""Consensus by a stake-weighted median, without bonds."""

from typing import Annotated

import jax
from pydantic import Field

from subnet.consensus.base import ConsensusOut, stake_shares
from subnet.median import weighted_quantile
from tokenomics.arithmetic import Number, like
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["StakeMedian"]


@mechanism
class StakeMedian:
    """Pay miners by the agreed weight itself, validators by stake and by how they voted for paid miners.

    C = largest weight that a kappa share of stake supports;  I = C / sum C;  D_i = S_i (W I)_i / sum_i S_i (W I)_i.
    Yuma differs in two ways: it pays by the mean of clipped weights, and validators by bonds.
    """

    kappa: Annotated[float, Field(gt=0, le=1, description="share of stake whose support makes a weight agreed")] = 0.5

    def init(self, num_validators: int, num_miners: int) -> tuple[()]:
        """Return the state of a rule that remembers nothing."""
        return ()

    def step(
        self, state: tuple[()], weights: Number, stake: Number, active: jax.Array
    ) -> tuple[tuple[()], ConsensusOut]:
        """Settle one epoch from `weights` [V, M], `stake` [V] and `active` [M]."""
        W, S = weights, stake_shares(stake)
        (kappa,) = like(S, self.kappa)
        C = weighted_quantile(W, pro_rata(S), kappa)
        I = pro_rata(C, active)
        D = pro_rata(S * (W * I).sum(axis=1))
        return state, ConsensusOut(consensus=C, incentive=I, dividends=D)
