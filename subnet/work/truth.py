"""What is true of submissions, whatever validators saw of them."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from subnet.work.predictions import Predictions
from subnet.work.rows import originality
from validators.numerai.ranked import gauss_of

__all__ = ["Truth", "truth_of_losses", "truth_of_ranks"]


class Truth(NamedTuple):
    """How good and how original submissions are [M], what is `published` as their loss, and what is kept of them."""

    skill: jax.Array
    originality: jax.Array
    published: jax.Array
    last: jax.Array


def truth_of_losses(
    rows: jax.Array, prior_rows: jax.Array, demand: jax.Array, present: jax.Array, last: jax.Array
) -> Truth:
    """Return the truth of submissions by their losses on `rows` [M, P], of which `last` are those of the last epoch.

    Args:
        rows: [M, P].
        prior_rows: [P] losses of a submission without skill.
        demand: [P] shares of the rows.
        present: [M] who submitted anything.
        last: [M, P] losses of the last epoch, infinite where there was no submission.
    """
    # Nobody can read what was not submitted: neither its loss nor whom it repeats.
    known = jnp.where(present[:, None], rows, jnp.inf)
    loss = (rows * demand).sum(axis=1)
    alike = originality(prior_rows - rows, prior_rows - last)
    return Truth(1 - loss / (prior_rows @ demand), alike, loss, known)


def truth_of_ranks(predictions: Predictions, present: jax.Array) -> Truth:
    """Return the truth of submissions that are ranked: `present` [M] says who is there."""
    assert predictions.ranks is not None
    assert predictions.target is not None
    g = gauss_of(predictions.ranks, predictions.target)
    alike = originality(g, jnp.where(present[:, None], g, jnp.inf))
    corr = predictions.corr
    return Truth(corr, alike, jnp.where(jnp.isnan(corr), jnp.inf, 1 - corr), predictions.ranks)
