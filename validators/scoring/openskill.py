"""Scores by a rating from matches between the miners that a validator evaluated in the same epoch."""

from typing import Annotated, Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import like
from tokenomics.mechanism import mechanism
from validators.scoring._outputs import are_classes
from validators.scoring._plackett_luce import Rating, plackett_luce
from validators.scoring.crps import Crps
from validators.scoring.log_loss import LogLoss

__all__ = ["OpenSkill"]

_MU, _SIGMA = 25.0, 25.0 / 3.0


class Ratings(NamedTuple):
    """Each validator's rating of each miner, and whether it ever played: [V, M] each."""

    rating: Rating
    known: jax.Array


@mechanism
class OpenSkill:
    """Score a miner by the skill that it has almost for certain: mu - 3 sigma, or 0.

    Per validator and epoch one Plackett–Luce match among the miners it evaluated, ranked by their measure: log
    probability of classes, CRPS of amounts. A newcomer starts at mu = 25, sigma = 25/3, a score of 0; this sets the
    scale of the other numbers. It has a memory of its own, so nothing is smoothed. Only order counts: neither by how
    much somebody is better, nor whether the best of them beats the prior.

    Source: templar (Gauntlet), arXiv 2505.21684; there the rating is one of three factors of a score.
    """

    predicts: ClassVar[tuple[str, ...]] = ("classes", "normal")

    beta: Annotated[float, Field(gt=0, description="spread of a miner's performance around its skill")] = 7.0
    tau: Annotated[float, Field(ge=0, description="how far a skill may drift between two matches")] = 0.1

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return log probabilities or minus the CRPS [M, P], by the type of `targets` [P, ...]."""
        rule = LogLoss() if are_classes(targets) else Crps()
        return rule.measure(outputs, targets)

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Ratings:
        """Return the ratings of newcomers."""
        shape = (num_validators, num_miners)
        start = Rating(jnp.full(shape, _MU, dtype), jnp.full(shape, _SIGMA, dtype))
        return Ratings(start, jnp.zeros(shape, bool))

    def step(
        self, state: Ratings, values: jax.Array, evaluated: jax.Array, base: jax.Array
    ) -> tuple[Ratings, jax.Array]:
        """Score one epoch from `values` [V, M] and mask `evaluated` [V, M]; `base` is not asked."""
        values, beta, tau = like(state.rating.mu, values, self.beta, self.tau)
        playing = evaluated & (evaluated.sum(axis=1, keepdims=True, dtype=jnp.int32) > 1)  # a match takes two
        rating = plackett_luce(state.rating, values, playing, beta, tau)
        known = state.known | playing
        # Rounding must not pay a newcomer: 25 - 3 (25/3) is not 0 in every order of operations.
        return Ratings(rating, known), jnp.where(known, jnp.maximum(rating.ordinal, 0), 0)
