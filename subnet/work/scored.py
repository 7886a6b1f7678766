"""Work of which only the scores are known: nobody trains, and what a model adds is given, whoever stakes on it."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.work.evaluation import Looks
from subnet.work.predictions import Predictions
from subnet.work.trained import Work

__all__ = ["ScoreTable", "scored_work"]


class ScoreTable(NamedTuple):
    """Scores of R rounds: of M models, `corr` and `mmc` [R, M], and of the meta model, `meta_corr` [R]; NaN unknown."""

    corr: Any
    mmc: Any
    meta_corr: Any


def scored_work(corr: jax.Array, mmc: jax.Array, meta_corr: jax.Array) -> Work:
    """Return an epoch in which models scored `corr` and `mmc` [M] and the meta model `meta_corr` [].

    One validator sees the scores as they are. A model without a score (NaN) handed in nothing.
    """
    corr, mmc = corr.astype(jnp.float32), mmc.astype(jnp.float32)
    valid = jnp.isfinite(corr) & jnp.isfinite(mmc)
    seen = Looks(jnp.where(valid, corr, 0)[None], valid[None], jnp.zeros(1, jnp.float32))
    unknown, free = jnp.full_like(corr, jnp.nan), jnp.zeros(corr.shape, jnp.float64)
    predictions = Predictions(
        jnp.where(valid, corr, jnp.nan), valid, unknown, mmc=mmc, meta_corr=meta_corr.astype(jnp.float32)
    )
    return Work(
        looks=seen,
        whole=seen,
        skill=predictions.corr,
        loss=unknown,
        accuracy=unknown,
        originality=unknown,
        miner_flops=free,
        validator_flops=jnp.zeros(1, jnp.float64),
        predictions=predictions,
    )
