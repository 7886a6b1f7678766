"""A curator that votes for what it likes."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.curators._spend import best, spend
from validators.curators.base import Curators, CuratorView

__all__ = ["Sincere"]


@mechanism
class Sincere(Curators):
    """Vote for what is liked and against what is disliked, in proportion to how much, evenly over the days.

    On each day it spends max(left - kept, 0) / days left, in proportion to max(|liking| - indifference, 0), times
    `downvotes` for what it dislikes; where it is indifferent to all it sees, it spends more on the next days. On the
    leaderboard all that is left goes to finalists that it likes, since a boost is never against a work.

    The parameters are a model: how voters divide their points among works is not documented.
    """

    indifference: Annotated[
        float, Field(ge=0, le=10, description="how much one must like or dislike a work to vote on it, in liking")
    ] = 0.5
    downvotes: Annotated[float, Field(ge=0, le=1, description="how much of a dislike is voted; 0: only upvotes")] = 0.25
    kept_for_boosts: Annotated[
        float, Field(ge=0, le=1, description="share of the round's power that is kept for the leaderboard")
    ] = 0.2

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        disliked = jnp.maximum(-view.liking - self.indifference, 0)
        days = jnp.maximum(view.sittings - 1, 1)  # the last sitting is the leaderboard
        return spend(view, (view.left - self.kept_for_boosts) / days, self._liked(view) - self.downvotes * disliked)

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return spend(view, view.left, self._liked(view))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the open column [n] that each likes most, -1 where none is open."""
        return best(view, view.liking)

    def _liked(self, view: CuratorView) -> jax.Array:
        return jnp.maximum(view.liking - self.indifference, 0)
