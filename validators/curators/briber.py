"""A curator that pays others to vote for its favourite."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from validators.curators._spend import sees_wanted, spend, wanted_or_liked
from validators.curators.base import Curators, CuratorView

__all__ = ["Briber"]


@mechanism
class Briber(Curators):
    """Vote for one favourite of the whole pool with all power, and promise others money for doing the same.

    A curator with p points is promised offer_eth · p / 1000 for all of them, in the order of rows, as long as the
    promises together stay within the budget: less for everybody might move nobody.

    With `only_if_lost` a promise is paid only if the favourite loses (the p + ε attack): whoever believes it gains by
    voting for the favourite whatever others do, and if all do, nothing is paid.
    """

    honest: ClassVar[bool] = False
    seeks: ClassVar[str] = "favourite"
    pays: ClassVar[bool] = True

    count: Annotated[int, Field(ge=1, le=1_000_000, description="how many owners of stake")] = static(1)
    budget_eth: Annotated[float, Field(ge=0, le=1e6, description="ETH that it promises in a round, all together")] = 5.0
    offer_eth: Annotated[float, Field(ge=0, le=1e4, description="ETH that it offers for 1,000 voting points")] = 0.02
    only_if_lost: Annotated[bool, Field(description="pay only if the favourite does not win")] = static(False)

    def promise(self, points: jax.Array) -> jax.Array:
        """Return what each curator is promised for all of its `points` [n], float64 [n] ETH.

        Whoever comes with 0 points takes nothing from the budget: so are those left out to whom nothing is offered.
        """
        wish = self.offer_eth * jnp.asarray(points, jnp.float64) / 1000
        return jnp.where(jnp.cumsum(wish) <= self.budget_eth, wish, 0)

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] of the round's power that each puts on what it is shown."""
        return spend(view, view.left, sees_wanted(view))

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return spend(view, view.left, sees_wanted(view))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] of the favourite, or of the most liked where it is not there."""
        return wanted_or_liked(view)
