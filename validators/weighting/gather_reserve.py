"""Weights by rank: a ramp for the first, a quickly falling tail for those in reserve."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import divide, like
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata
from validators.weighting.base import ranks, usable

__all__ = ["GatherReserve"]


@mechanism
class GatherReserve:
    """Pay the first ranks by a linear ramp, the next ones by a geometric one, whatever the distance between scores.

    Gather: the best `gather_count` share `gather_share` by a ramp from `top_ratio` down to 1. Reserve: the next
    `reserve_count` share the rest by 1, d, d², … If the largest reserve weight exceeds the smallest gather weight, all
    reserve weights are multiplied by half the ratio of the two; the row is then brought to a sum of 1.
    With fewer positive scores the ramp spans those there are.

    Source: templar, `neurons/validator.py: update_weights`, September 2025 (commit c2397ac5). There half of
    all weight is burned by giving it to a fixed uid; here nothing is burned.
    """

    gather_count: Annotated[int, Field(ge=1, description="miners whose work is used")] = 20
    reserve_count: Annotated[int, Field(ge=0, description="miners held in reserve")] = 10
    gather_share: Annotated[float, Field(gt=0, le=1, description="weight of all whose work is used")] = 0.75
    top_ratio: Annotated[float, Field(ge=1, description="the best miner's weight over the last gathered one's")] = 2.0
    reserve_decay: Annotated[float, Field(ge=0, le=1, description="weight of a reserve miner over the one before")] = (
        0.5
    )

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        s = usable(scores)
        share, top, decay = like(s, self.gather_share, self.top_ratio, self.reserve_decay)
        rank = ranks(s)
        gathered = (s > 0) & (rank < self.gather_count)
        held = (s > 0) & ~gathered & (rank < self.gather_count + self.reserve_count)
        last = jnp.maximum(gathered.sum(axis=1, keepdims=True, dtype=jnp.int32) - 1, 1)
        ramp = top - (top - 1) * (rank / last).astype(s.dtype)
        tail = decay ** jnp.maximum(rank - self.gather_count, 0).astype(s.dtype)
        gather = share * pro_rata(ramp, gathered, axis=1)
        reserve = (1 - share) * pro_rata(tail, held, axis=1)
        return pro_rata(gather + _below(reserve, gather, gathered) * reserve, axis=1)


def _below(reserve: jax.Array, gather: jax.Array, gathered: jax.Array) -> jax.Array:
    """Return the factor [V, 1] that brings reserve weights below the smallest gather weight: 1 if they are."""
    largest = reserve.max(axis=1, keepdims=True)
    smallest = jnp.where(gathered, gather, jnp.inf).min(axis=1, keepdims=True)
    return jnp.where(largest > smallest, divide(smallest, largest) / 2, 1)
