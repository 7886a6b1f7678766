"""A curator that follows the public count."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.curators.base import CuratorView
from validators.curators.sincere import Sincere

__all__ = ["Herder"]


@mechanism
class Herder(Sincere):
    """Vote as a sincere curator who likes what leads: liking' = (1 - following) liking + following standing.

    Where the count is hidden, or nobody has voted yet, all it sees stands at 0, and it votes by its own taste.
    """

    honest: ClassVar[bool] = False
    wishes: ClassVar[bool] = False

    following: Annotated[
        float, Field(ge=0, le=1, description="how far the public count counts instead of its own taste")
    ] = 0.5

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        return super().vote(key, self._swayed(view))

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return super().boost(key, self._swayed(view))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the open column [n] that each likes most once the count has swayed it, -1 where none is open."""
        return super().choose(key, self._swayed(view))

    def _swayed(self, view: CuratorView) -> CuratorView:
        public = (view.open & (view.standing != 0)).any(axis=1, keepdims=True)
        followed = (1 - self.following) * view.liking + self.following * view.standing
        return view._replace(liking=jnp.where(public, followed, view.liking))
