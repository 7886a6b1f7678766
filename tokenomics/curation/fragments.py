"""The pool of candidate works, and how a round goes over it."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["Fragments"]


@mechanism
class Fragments:
    """Show new works and old ones in turn, and drop those that nobody chooses.

    A round adds works, shows them for some days, reveals the leaders on the last, and drops as many of the lowest as
    it adds, once they are past their grace. Where the pool has no more places than a round adds, each round is a new
    set, as since 2022; 1,750 places let the pool of 2022 be played, in which works stayed for weeks.

    Source: specification 1.3 and 1.5, docs.botto.com/details/voting-mechanism, BIP-03, BIP-04. A pool drawn at random
    and one of disputed works are our additions, as are all counts that the sources leave open.
    """

    additions: Annotated[int, Field(ge=1, le=10_000, description="works that come in each round")] = static(350)
    capacity: Annotated[int, Field(ge=1, le=10_000, description="places in the pool, not less than additions")] = (
        static(350)
    )
    grace_rounds: Annotated[int, Field(ge=0, le=1000, description="age up to which no work is dropped")] = 3
    days: Annotated[int, Field(ge=1, le=31, description="days on which a round is voted on")] = static(6)
    looks: Annotated[int, Field(ge=1, le=100, description="works shown to each curator on each day")] = static(5)
    min_views: Annotated[
        int, Field(ge=0, le=1_000_000, description="views before which a work counts as liked by all who see it")
    ] = 100
    top_share: Annotated[float, Field(ge=0, le=1, description="share of looks that go to the upper half by score")] = (
        0.8
    )
    random_share: Annotated[float, Field(ge=0, le=1, description="share of looks drawn from the whole pool alike")] = (
        0.0
    )
    controversial_share: Annotated[
        float, Field(ge=0, le=1, description="share of looks drawn from the most disputed half")
    ] = 0.0
    leaderboard: Annotated[
        Literal["hidden", "last_day", "always"], Field(description="when the public count is seen")
    ] = static("last_day")
    finalists: Annotated[int, Field(ge=1, le=100, description="works on the leaderboard of the last day")] = static(15)
    period_rounds: Annotated[
        int, Field(ge=0, le=1000, description="every so many rounds the artist picks its own work; 0: never")
    ] = 13

    def own_choice(self, round_number: jax.Array) -> jax.Array:
        """Tell whether the artist picks for itself in a round, numbered from 0: the last one of each period."""
        period = jnp.maximum(self.period_rounds, 1)
        return (self.period_rounds > 0) & ((round_number + 1) % period == 0)
