"""Weights by a softmax of scores."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.weighting.base import softmax_shares, usable

__all__ = ["Softmax"]


@mechanism
class Softmax:
    """Give w_j = exp(s_j / temperature) / sum_k exp(s_k / temperature), over the miners with a positive score.

    Differences of scores count, not ratios: the temperature has the unit of the scores, and a miner barely above 0 is
    not far below a middling one.

    Source: synth-subnet, `synth/validator/reward.py: compute_softmax`, with beta = -1 / temperature on losses. There
    all miners are in the sum.
    """

    temperature: Annotated[float, Field(gt=0, description="difference of scores that multiplies the weight by e")] = 0.1

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        s = usable(scores)
        return softmax_shares(s, self.temperature, s > 0)
