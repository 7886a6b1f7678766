"""As many choices as one likes, each with the whole stake."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.curation.plurality import is_accepted
from tokenomics.curation.tallies._count import Count, tokens
from tokenomics.curation.tallies.base import Ballots, Candidates, merged, received
from tokenomics.mechanism import mechanism

__all__ = ["Approval"]


@mechanism
class Approval(Count):
    """Score a work by the stake that approves of it less the stake that disapproves: Σ_i s_i sign(x_ip).

    How much a curator put on a work does not matter, only its sign. A work passes if at least `quorum` of all stake
    voted on it, and at least `approval` of that in favour.
    """

    quorum: Annotated[float, Field(ge=0, le=1, description="share of all stake that must vote on a work; 0: none")] = (
        0.0
    )
    approval: Annotated[
        float, Field(ge=0, le=1, description="share of the stake that voted on a work that must approve; 0: none")
    ] = 0.0

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net approval of each work in tokens, float64 [P]."""
        return tokens(received(ballots, _signed(ballots), works.id.shape[0]))

    def passes(self, ballots: Ballots, works: Candidates) -> jax.Array:
        """Return which works have quorum and approval, bool [P]."""
        signed, num_places = _signed(ballots), works.id.shape[0]
        support = received(ballots, jnp.maximum(signed, 0), num_places)
        cast = received(ballots, jnp.abs(signed), num_places)
        return is_accepted(support, cast, ballots.stake.sum(), self.quorum, self.approval)


def _signed(ballots: Ballots) -> jax.Array:
    """Return the stake [n, K] that each entry gives, in 10⁻⁹ tokens with the sign of the vote."""
    return ballots.stake[:, None] * jnp.sign(merged(ballots)).astype(jnp.int64)
