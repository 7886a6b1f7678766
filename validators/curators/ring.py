"""Curators who vote together for one favourite."""

from functools import partial
from typing import Annotated, ClassVar

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from validators.curators._spend import wanted_first, wanted_or_liked
from validators.curators.base import CuratorView
from validators.curators.sincere import Sincere

__all__ = ["Ring"]


@mechanism
class Ring(Sincere):
    """Agree on one favourite of the whole pool: each member votes for it first, with the rest as it likes.

    Many small votes for one work are what quadratic funding multiplies, and what its pairwise bound is against.
    Members look for the favourite, so they see it at the first sitting.
    """

    honest: ClassVar[bool] = False
    seeks: ClassVar[str] = "favourite"

    count: Annotated[int, Field(ge=1, le=1_000_000, description="how many members the ring has")] = static(10)
    loyalty: Annotated[float, Field(ge=0, le=1, description="share of its power that each gives to the favourite")] = (
        1.0
    )

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        return wanted_first(view, self.loyalty * view.left, partial(super().vote, key))

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return wanted_first(view, self.loyalty * view.left, partial(super().boost, key))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] of the favourite, or of the most liked where it is not there."""
        return wanted_or_liked(view)
