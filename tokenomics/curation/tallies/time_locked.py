"""One choice each, weighed by stake and how long it is locked."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.curation.plurality import stake_for
from tokenomics.curation.tallies._count import Count, favourite, tokens
from tokenomics.curation.tallies.base import Ballots, Candidates
from tokenomics.curation.time_lock import lock_weight
from tokenomics.curation.voting_points import SECONDS_PER_WEEK
from tokenomics.mechanism import mechanism

__all__ = ["TimeLocked"]

SECONDS_PER_DAY = 86_400


@mechanism
class TimeLocked(Count):
    """Score a work by the locked weight of those who like it best: s_i · whole weeks left / longest lock.

    A curator's choice is the work on which it put most; who likes nothing stays away, and so does unlocked stake.

    Source: oceanprotocol/df-py, contracts/ve/veOcean.vy. A round begins with a week, so that an end is rounded down to
    whole weeks from now; longer locks than the longest count as that.
    """

    longest_lock_days: Annotated[
        float, Field(ge=7, le=36500, description="longest lock, at which a token would weigh 1")
    ] = 4 * 365.0

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the weight behind each work in tokens, float64 [P]."""
        end, longest = ballots.lock_weeks * SECONDS_PER_WEEK, self.longest_lock_days * SECONDS_PER_DAY
        weight = lock_weight(tokens(ballots.stake), end, 0, longest)
        return stake_for(weight, favourite(ballots), works.id.shape[0])
