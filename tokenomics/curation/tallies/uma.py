"""The final choice is an oracle's question: all stake votes, and whoever missed it or was wrong pays the others."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real
from tokenomics.curation import uma
from tokenomics.curation.tallies._stakes import named, only, support
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut
from tokenomics.mechanism import mechanism

__all__ = ["Uma"]


@mechanism
class Uma:
    """Take the finalist that most stake names, if enough stake voted and enough of all stake agrees.

    Both thresholds must be exceeded. If they are, a missed or wrong vote costs a part of the stake, rounded up, and
    those who were right divide it in proportion to stake, rounded down; what that leaves is kept. If they are not,
    nothing is minted in this round, and nobody gains or loses.

    While the vote is open a work stands at its net support in tokens. The participation that is needed is a share of
    all stake here, a fixed number of tokens in the contract, since worlds differ in how much there is. A question that
    fails does not roll: next round has its own finalists. Nothing is minted for voting.

    Source: UMAprotocol/protocol, VotingV2.sol; deploy/052 and 053 for the numbers.
    """

    gat: Annotated[float, Field(ge=0, le=1, description="share of all stake that must vote")] = 0.2
    spat: Annotated[float, Field(ge=0, le=1, description="share of all stake that must agree")] = 0.5
    slash_wrong: Annotated[float, Field(ge=0, le=1, description="share of its stake that a wrong vote costs")] = 0.001
    slash_missed: Annotated[float, Field(ge=0, le=1, description="share of its stake that a missed vote costs")] = 0.001

    def init(self, num_curators: int, num_places: int) -> tuple[()]:
        """Return the memory of a rule that has none."""
        return ()

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net support in tokens, [P]."""
        return support(ballots, works.id.shape[0])

    def close(
        self, key: jax.Array, state: tuple[()], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[()], TallyOut]:
        """Count stake by the finalist it names and settle at once."""
        end = uma.settle(
            ballots.stake,
            named(ballots.choice, finalists, works),
            finalists.shape[0],
            multiply_down(ballots.stake.sum(), self.gat),
            _ppm(self.spat),
            _ppm(self.slash_wrong),
            _ppm(self.slash_missed),
        )
        passes = only(jnp.where(end.resolved, finalists[end.mode], -1), works.id.shape[0])
        return state, TallyOut(self.score(state, ballots, works), passes, end.delta, end.dust)


def _ppm(share: Real) -> jax.Array:
    """Return the whole parts per million nearest to a share."""
    return jnp.rint(jnp.asarray(share, jnp.float64) * 1e6).astype(jnp.int64)
