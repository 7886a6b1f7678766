"""Weights for the best few."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.weighting.base import power_shares, ranks

__all__ = ["TopK"]


@mechanism
class TopK:
    """Give the k best miners w_j = s_j^exponent / sum of the same over them; the others get nothing.

    An exponent of 0 divides evenly, 1 by score. Fewer than k share where fewer have a positive score. Ties for the last
    place go to the lower uid: only k are paid.
    """

    k: Annotated[int, Field(ge=1, description="miners that are paid")] = 10
    exponent: Annotated[float, Field(ge=0, le=64, description="how much better scores are favoured among them")] = 1.0

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        return power_shares(scores, self.exponent, counted=ranks(scores) < self.k)
