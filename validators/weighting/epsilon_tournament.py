"""Weights by win rates in a tournament where a small lead does not count."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.arithmetic import like
from tokenomics.mechanism import mechanism
from validators.weighting._tournament import win_rates
from validators.weighting.base import softmax_shares, usable

__all__ = ["EpsilonTournament"]


@mechanism
class EpsilonTournament:
    """Let every two miners meet, and give weights by a softmax of win rates: winner takes most.

    i beats j if s_i > (1 + epsilon) s_j; otherwise they draw, and each gets half a win.
    r_i = points of i over its matches, among the miners with a positive score;  w_i ∝ exp(r_i / temperature).

    Source: macrocosm-os/pretraining, `pretrain/validation.py`. There margins are taken on losses, the earlier of two
    models wins within the margin, which shrinks as it ages, and weights are averaged over time. A score does not tell
    whose model was first, so here nobody is senior: a copy of the best shares with it, but does not take its place.
    """

    epsilon: Annotated[float, Field(ge=0, lt=1, description="relative lead that counts as none")] = 0.005
    temperature: Annotated[
        float, Field(gt=0, description="difference of win rates that multiplies the weight by e")
    ] = 0.01

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        s = usable(scores)
        (epsilon,) = like(s, self.epsilon)
        rates = win_rates(lambda mine, other: mine[0] > other[1], s > 0, s, (1 + epsilon) * s)
        return softmax_shares(rates, self.temperature, s > 0)
