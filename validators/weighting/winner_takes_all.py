"""All weight to the best."""

import jax

from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata
from validators.weighting.base import usable

__all__ = ["WinnerTakesAll"]


@mechanism
class WinnerTakesAll:
    """Give everything to the miner with the highest score; equals share."""

    def weights(self, scores: jax.Array) -> jax.Array:
        """Return weights [V, M] of `scores` [V, M] >= 0."""
        s = usable(scores)
        best = (s > 0) & (s == s.max(axis=1, keepdims=True))
        return pro_rata(best.astype(s.dtype), axis=1)
