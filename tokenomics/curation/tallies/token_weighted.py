"""One choice each, weighed by stake."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.curation.plurality import is_accepted, stake_for
from tokenomics.curation.tallies._count import Count, favourite, tokens
from tokenomics.curation.tallies.base import Ballots, Candidates
from tokenomics.mechanism import mechanism

__all__ = ["TokenWeighted"]


@mechanism
class TokenWeighted(Count):
    """Score a work by the stake of those who like it best: T_p = Σ_i s_i 1[c_i = p].

    A curator's choice is the work on which it put most; who likes nothing stays away. A work passes if at least
    `quorum` of all stake voted and it has at least `approval` of what was cast.
    """

    quorum: Annotated[float, Field(ge=0, le=1, description="share of all stake that must vote; 0: none")] = 0.0
    approval: Annotated[float, Field(ge=0, le=1, description="share of cast stake that a work needs; 0: none")] = 0.0

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the tokens behind each work, float64 [P]."""
        return tokens(stake_for(ballots.stake, favourite(ballots), works.id.shape[0]))

    def passes(self, ballots: Ballots, works: Candidates) -> jax.Array:
        """Return which works have quorum and approval, bool [P]."""
        behind = stake_for(ballots.stake, favourite(ballots), works.id.shape[0])
        return is_accepted(behind, behind.sum(), ballots.stake.sum(), self.quorum, self.approval)
