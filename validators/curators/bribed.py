"""A curator whose vote is for sale."""

from functools import partial
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.curators._spend import sees_wanted, wanted_first, wanted_or_liked
from validators.curators.base import CuratorView
from validators.curators.sincere import Sincere

__all__ = ["Bribed"]


@mechanism
class Bribed(Sincere):
    """Sell all power to a briber who pays for the private loss; else, and without a briber, vote sincerely.

    A promise is taken where the wanted work is seen, and bribe >= honesty_eth · (best liking - liking of the wanted
    work), the best among the open works seen with it. It looks for the wanted work, so it decides at the first
    sitting; who refuses then decides anew on the leaderboard, about what is left and against the finalists.

    Bribes are taken at their word: a promise that is paid only if the wanted work loses weighs as much.
    """

    honest: ClassVar[bool] = False
    seeks: ClassVar[str] = "wanted"

    honesty_eth: Annotated[
        float, Field(ge=0, le=1e6, description="ETH for which it votes for what it likes less by 1")
    ] = 0.01

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        return wanted_first(view, jnp.where(self.accepts(view), view.left, 0), partial(super().vote, key))

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return wanted_first(view, jnp.where(self.accepts(view), view.left, 0), partial(super().boost, key))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] of the wanted work where the bribe is taken, or of the most liked."""
        return jnp.where(self.accepts(view), wanted_or_liked(view), super().choose(key, view))

    def accepts(self, view: CuratorView) -> jax.Array:
        """Return who sees the wanted work and takes the bribe for it, [n]."""
        wanted = sees_wanted(view)
        best = jnp.where(view.open, view.liking, -jnp.inf).max(axis=1)
        loss = self.honesty_eth * jnp.where(wanted, best[:, None] - view.liking, 0).sum(axis=1)
        return wanted.any(axis=1) & (view.bribe > 0) & (view.bribe >= loss)
