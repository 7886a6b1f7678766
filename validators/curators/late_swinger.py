"""A curator that waits for the leaderboard."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from tokenomics.mechanism import mechanism
from validators.curators._spend import spend, wanted_or_liked
from validators.curators.base import Curators, CuratorView

__all__ = ["LateSwinger"]


@mechanism
class LateSwinger(Curators):
    """Keep all power until the leaderboard, then put it all on one finalist: the favourite, or the most liked there.

    The favourite is the party's of the whole pool, so where it is a finalist the party swings together. How much of
    it counts is up to the limit on boosts.
    """

    honest: ClassVar[bool] = False

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return nothing [n, K]: it waits."""
        return jnp.zeros(view.open.shape, jnp.float32)

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        column = wanted_or_liked(view)
        return spend(view, view.left, column[:, None] == jnp.arange(view.open.shape[1]))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] of the favourite, or of the most liked where it is not there."""
        return wanted_or_liked(view)
