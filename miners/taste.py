"""A taste model: what voters like, learned from their votes."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["TasteLearning", "TasteModel", "area_under_curve", "fit_taste", "taste_score"]


class TasteModel(NamedTuple):
    """Probability of a positive vote 1 / (1 + exp(-(w·z + b))): `w` [d] and `b` [], float32."""

    w: jax.Array
    b: jax.Array


def taste_score(model: TasteModel, features: jax.Array) -> jax.Array:
    """Return w·z + b [n] of `features` [n, d]: rising with the probability, so the order is the same."""
    return features @ model.w + model.b


def fit_taste(
    model: TasteModel,
    features: jax.Array,
    positive: jax.Array,
    negative: jax.Array,
    steps: int,
    rate: jax.Array | float,
    penalty: jax.Array | float,
) -> TasteModel:
    """Return the model after `steps` gradient steps on the votes of a round.

    loss = -sum_f (p_f log s_f + n_f log(1 - s_f)) / sum_f (p_f + n_f) + penalty |w|² / 2, with
    s_f = 1 / (1 + exp(-(w·z_f + b))).
    A step goes against the gradient by rate / c, with c = (1 + the mean of |z - z̄|²) / 4 + penalty, an upper bound of
    the loss's curvature: below a rate of 2 every step lowers the loss, however far pictures have drifted.

    Args:
        model: where to start, last round's.
        features: [P, d] of the works.
        positive: [P] >= 0, the amount of votes for each; 0 for places without a work.
        negative: [P] >= 0, the amount of votes against each.
        steps: how many.
        rate: [] in (0, 2).
        penalty: [] >= 0.

    Returns:
        The model it was where nobody voted. A taste without opposition grows by the steps made, held by the penalty.

    Source: specification of curation, section 1.10, where a vote's weight is its size; votes on one work are added up
    here, which is the same sum. Steps are taken in features less their mean z̄ weighted by votes, and scaled by c.
    """
    total = (positive + negative).sum()
    safe = jnp.where(total > 0, total, 1)
    p, n = (jnp.asarray(x / safe, jnp.float32) for x in (positive, negative))
    middle = (p + n) @ features
    z = features - middle
    curvature = (1 + (p + n) @ (z * z).sum(axis=1)) / 4 + penalty
    pace = jnp.asarray(jnp.where(total > 0, rate / curvature, 0), jnp.float32)
    shrink = jnp.asarray(penalty, jnp.float32)

    def step(_: int, m: TasteModel) -> TasteModel:
        pull = p - (p + n) * jax.nn.sigmoid(taste_score(m, z))
        return TasteModel(m.w + pace * (pull @ z - shrink * m.w), m.b + pace * pull.sum())

    centred = TasteModel(model.w, model.b + middle @ model.w)
    w, b = jax.lax.fori_loop(0, steps, step, centred)
    return TasteModel(w, b - middle @ w)


def area_under_curve(score: jax.Array, positive: jax.Array, negative: jax.Array) -> jax.Array:
    """Return the chance, float64 [], that a positive vote is for a work of higher score than a negative one.

    sum_ij p_i n_j ([s_i > s_j] + [s_i = s_j] / 2) / (sum p · sum n)

    Args:
        score: [P] of the works.
        positive: [P] >= 0, the amount of votes for each.
        negative: [P] >= 0, the amount of votes against each; one work may have both.

    Returns:
        1/2 for a score that tells nothing; NaN where all votes, or none, are for a work.
    """
    p, n = positive.astype(jnp.float64), negative.astype(jnp.float64)
    order = jnp.argsort(score)
    climbing = score[order]
    below = jnp.concatenate([jnp.zeros(1), jnp.cumsum(n[order])])
    lower, upper = (below[jnp.searchsorted(climbing, score, side=side)] for side in ("left", "right"))
    return p @ (lower + upper) / 2 / (p.sum() * n.sum())


@mechanism
class TasteLearning:
    """Learn what voters like from each round's votes, by a logistic model that goes on from the last round's."""

    steps: Annotated[int, Field(ge=0, le=10_000, description="gradient steps a round")] = static(50)
    rate: Annotated[float, Field(gt=0, lt=2, description="size of a step, against the largest that is safe twice")] = (
        1.0
    )
    penalty: Annotated[float, Field(ge=0, le=10, description="weight of w² / 2 against the mean loss of a vote")] = 0.01

    def init(self, num_features: int) -> TasteModel:
        """Return the model that knows nothing."""
        return TasteModel(jnp.zeros(num_features, jnp.float32), jnp.zeros((), jnp.float32))

    def fit(self, model: TasteModel, features: jax.Array, positive: jax.Array, negative: jax.Array) -> TasteModel:
        """Return the model after a round: see `fit_taste`."""
        return fit_taste(model, features, positive, negative, self.steps, self.rate, self.penalty)
