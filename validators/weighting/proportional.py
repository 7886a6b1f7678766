"""Weights in proportion to scores."""

import jax

from tokenomics.mechanism import mechanism
from validators.weighting.base import power_shares

__all__ = ["Proportional"]


@mechanism
class Proportional:
    """Give every miner its share of all scores: w_j = s_j / sum_k s_k."""

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        return power_shares(scores, exponent=1.0)
