"""Consensus by a stake-weighted trimmed mean."""

from typing import Annotated

import jax
from pydantic import Field

from subnet.consensus.base import ConsensusOut, stake_shares
from subnet.median import weighted_quantile
from tokenomics.arithmetic import Number, like, maximum, where
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["TrimmedMean"]


@mechanism
class TrimmedMean:
    """Pay miners by the mean opinion of the stake left after both tails are cut.

    Sort the opinions on miner j; opinion i then covers a stretch of stake of length S_i.
    C_j = sum_i k_ij W_ij / (1 - 2 trim), where k_ij is the part of that stretch inside [trim, 1 - trim];
    I_j = C_j / sum C;  D_i = S_i (W I)_i / sum_i S_i (W I)_i.
    Opinions strictly between the two quantiles count fully, those at a quantile with what lies inside: no sorting.
    """

    trim: Annotated[float, Field(ge=0, lt=0.5, description="share of stake cut from each tail")] = 0.1

    def init(self, num_validators: int, num_miners: int) -> tuple[()]:
        """Return the state of a rule that remembers nothing."""
        return ()

    def step(
        self, state: tuple[()], weights: Number, stake: Number, active: jax.Array
    ) -> tuple[tuple[()], ConsensusOut]:
        """Settle one epoch from `weights` [V, M], `stake` [V] and `active` [M]."""
        W, S = weights, pro_rata(stake_shares(stake))
        C = self._mean(W, S)
        I = pro_rata(C, active)
        D = pro_rata(S * (W * I).sum(axis=1))
        return state, ConsensusOut(consensus=C, incentive=I, dividends=D)

    def _mean(self, W: Number, S: Number) -> Number:
        (trim,) = like(S, self.trim)
        low, high = weighted_quantile(W, S, 1 - trim), weighted_quantile(W, S, trim)
        stretch = S[:, None]
        inside = where((low < W) & (high > W), stretch * W, 0).sum(axis=0)
        at_low = maximum(where(low >= W, stretch, 0).sum(axis=0) - trim, 0)
        at_high = maximum(where(high <= W, stretch, 0).sum(axis=0) - trim, 0)
        kept = inside + at_low * low + at_high * high
        return where(low < high, kept / (1 - trim - trim), low)
