"""The best miner by mean opinion takes everything."""

import jax

from subnet.consensus.base import ConsensusOut, stake_shares
from tokenomics.arithmetic import Number, where, zeros_like
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["WinnerTakesAll"]


@mechanism
class WinnerTakesAll:
    """Pay only the miners with the highest stake-weighted mean opinion; equals share.

    C_j = sum_i S_i W_ij;  I_j ∝ C_j where C_j = max C, else 0;  D_i = S_i (W I)_i / sum_i S_i (W I)_i.
    """

    def init(self, num_validators: int, num_miners: int) -> tuple[()]:
        """Return the state of a rule that remembers nothing."""
        return ()

    def step(
        self, state: tuple[()], weights: Number, stake: Number, active: jax.Array
    ) -> tuple[tuple[()], ConsensusOut]:
        """Settle one epoch from `weights` [V, M], `stake` [V] and `active` [M]."""
        W, S = weights, stake_shares(stake)
        C = where(active, (S[:, None] * W).sum(axis=0), zeros_like(W[0]))
        I = pro_rata(C, C.max() <= C)
        D = pro_rata(S * (W * I).sum(axis=1))
        return state, ConsensusOut(consensus=C, incentive=I, dividends=D)
