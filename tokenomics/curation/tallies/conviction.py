"""Support that builds up from round to round."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.curation.conviction import (
    MAX_SHARE,
    MIN_STAKE_SHARE,
    RETENTION,
    WEIGHT,
    conviction_after,
    conviction_threshold,
    effective_stake,
)
from tokenomics.curation.tallies._count import tokens, untouched
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut, received
from tokenomics.mechanism import mechanism

__all__ = ["Conviction"]


@mechanism
class Conviction:
    """Score a work by conviction: y ← α^t y + x (1 − α^t) / (1 − α), x the stake in favour, t the blocks of a round.

    A curator's stake goes where its points go; votes against count for nothing. Fresh works start from nothing. With
    `requested_share` q/F, a work passes only at ρ S_eff / ((1 − α) (β − q/F)²), S_eff = max(staked, m · supply).

    Source: 1Hive/conviction-voting-app, contracts/ConvictionVoting.sol, with its defaults. Departures: stake moves
    between works once a round, and not on at most ten at a time; the supply is a parameter.
    """

    blocks: Annotated[float, Field(gt=0, le=1e9, description="blocks per round")] = 40_320.0
    retention: Annotated[float, Field(ge=0, lt=1, description="share of conviction kept per block")] = RETENTION
    requested_share: Annotated[
        float, Field(ge=0, le=1, description="share of the funds that a work asks for; 0: no threshold")
    ] = 0.0
    max_share: Annotated[float, Field(gt=0, le=1, description="share of the funds that no request may reach")] = (
        MAX_SHARE
    )
    weight: Annotated[float, Field(ge=0, le=10, description="how much conviction a request needs")] = WEIGHT
    min_stake_share: Annotated[
        float, Field(ge=0, le=1, description="share of the supply that counts as staked at least")
    ] = MIN_STAKE_SHARE
    supply: Annotated[float, Field(ge=0, le=1e12, description="tokens that exist")] = 1e8

    def init(self, num_curators: int, num_places: int) -> jax.Array:
        """Return the conviction [P] before the first round."""
        return jnp.zeros(num_places)

    def score(self, state: jax.Array, ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the conviction that each work has at the end of the round if nobody moves, float64 [P]."""
        before = jnp.where(works.fresh | ~works.present, 0, state)
        support = received(ballots, tokens(ballots.stake)[:, None] * jnp.maximum(ballots.part, 0), state.shape[0])
        return jnp.where(works.present, conviction_after(before, support, self.blocks, self.retention), 0)

    def close(
        self, key: jax.Array, state: jax.Array, ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[jax.Array, TallyOut]:
        """End the round: conviction as it stands is the memory of the next."""
        y = self.score(state, ballots, works)
        effective = effective_stake(tokens(ballots.stake.sum()), self.supply, self.min_stake_share)
        threshold = conviction_threshold(self.requested_share, effective, self.retention, self.max_share, self.weight)
        passes = (y >= threshold) | (jnp.asarray(self.requested_share) == 0)
        return y, untouched(y, passes, ballots)
