"""Weights in proportion to a power of scores."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.weighting.base import power_shares

__all__ = ["Power"]


@mechanism
class Power:
    """Give every miner w_j = s_j^exponent / sum_k s_k^exponent; 0 is flat over positive scores, 1 proportional.

    Source: templar, May 2025 (`min_power_normalization`), exponent 2.
    """

    exponent: Annotated[float, Field(ge=0, le=64, description="how much better scores are favoured")] = 2.0

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        return power_shares(scores, self.exponent)
