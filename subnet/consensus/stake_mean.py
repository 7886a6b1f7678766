"""Consensus by a stake-weighted mean: the control in which nothing is clipped."""

import jax

from subnet.consensus.base import ConsensusOut, stake_shares
from tokenomics.arithmetic import Number
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["StakeMean"]


@mechanism
class StakeMean:
    """Pay miners by the mean opinion of stake, validators by stake and by how they voted for paid miners.

    C_j = sum_i S_i W_ij;  I = C / sum C;  D_i = S_i (W I)_i / sum_i S_i (W I)_i.
    """

    def init(self, num_validators: int, num_miners: int) -> tuple[()]:
        """Return the state of a rule that remembers nothing."""
        return ()

    def step(
        self, state: tuple[()], weights: Number, stake: Number, active: jax.Array
    ) -> tuple[tuple[()], ConsensusOut]:
        """Settle one epoch from `weights` [V, M], `stake` [V] and `active` [M]."""
        W, S = weights, stake_shares(stake)
        C = (S[:, None] * W).sum(axis=0)
        I = pro_rata(C, active)
        D = pro_rata(S * (W * I).sum(axis=1))
        return state, ConsensusOut(consensus=C, incentive=I, dividends=D)
