"""What a round of predictions is worth, one by one and together."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.scenario import Scenario
from subnet.work.predictions import Predictions
from tokenomics.shares import pro_rata
from validators.numerai.ranked import contributions

__all__ = ["ScoresOut", "common_scores", "no_incentives", "scores_of"]


class ScoresOut(NamedTuple):
    """Scores of a round: `corr` and `mmc` [M], NaN where undefined, and those of the meta model, `meta_corr` [].

    `influence` [M] are the shares by which submissions make up the meta model; all 0 where nobody has any.
    """

    corr: jax.Array
    mmc: jax.Array
    influence: jax.Array
    meta_corr: jax.Array


def scores_of(predictions: Predictions, influence: jax.Array) -> ScoresOut:
    """Return the scores of a round in which submissions count by `influence` [M] >= 0: stakes, or what is paid.

    Where contributions are given instead of computed, influence changes nothing.
    """
    shares = pro_rata(jnp.where(predictions.valid, influence, 0).astype(jnp.float64))
    corr = predictions.corr.astype(jnp.float64)
    if predictions.ranks is None or predictions.target is None:
        assert predictions.mmc is not None
        assert predictions.meta_corr is not None
        return ScoresOut(corr, predictions.mmc.astype(jnp.float64), shares, predictions.meta_corr.astype(jnp.float64))
    found = contributions(predictions.ranks, shares, predictions.target)
    mmc = jnp.where(predictions.valid, found.mmc, jnp.nan).astype(jnp.float64)
    return ScoresOut(corr, mmc, shares, found.corr.astype(jnp.float64))


def no_incentives(scenario: Scenario, num_miners: int) -> Any:
    """Return what `common_scores` remembers before the first round; () where it will not be asked."""
    tournament = scenario.design.tournament
    if tournament.opens or not hasattr(scenario.actions, "work"):
        return ()
    return jnp.zeros((tournament.known_after, num_miners))


def common_scores(epoch: jax.Array, work: Any, incentives: Any, incentive: jax.Array) -> tuple[ScoresOut | None, Any]:
    """Return the scores of a round where nobody stakes, weighed by the newest incentives that are no hindsight.

    Args:
        epoch: [].
        work: this epoch's; there are no scores where nobody ranks anything.
        incentives: [L, M] of the last epochs, in row `epoch % L`.
        incentive: [M] of this one.

    Returns:
        The scores, None without any, and the incentives to remember.
    """
    predictions = None if work is None else work.predictions
    if predictions is None:
        return None, incentives
    row = epoch % incentives.shape[0]
    scores = scores_of(predictions, incentives[row, : predictions.corr.shape[0]])
    return scores, incentives.at[row].set(incentive)
