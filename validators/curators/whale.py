"""A curator with much stake and one favourite."""

from functools import partial
from typing import Annotated, ClassVar

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from validators.curators._spend import wanted_first, wanted_or_liked
from validators.curators.base import CuratorView
from validators.curators.sincere import Sincere

__all__ = ["Whale"]


@mechanism
class Whale(Sincere):
    """Put everything on one favourite of the whole pool at once; the rest, if any, as a sincere curator does.

    It looks for its favourite, so it sees it at the first sitting. Where it does not see it, it votes sincerely.

    Source: one recorded vote of Botto's governance shows wallets of 983,061 and 701,953 BOTTO; the default is about
    the smaller one.
    """

    honest: ClassVar[bool] = False
    seeks: ClassVar[str] = "favourite"

    count: Annotated[int, Field(ge=1, le=1_000_000, description="how many owners of stake")] = static(1)
    tokens: Annotated[float, Field(ge=0, le=1e8, description="tokens that each has staked, as the median")] = 700_000.0
    concentration: Annotated[float, Field(ge=0, le=1, description="share of its power that the favourite gets")] = 1.0

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        return wanted_first(view, self.concentration * view.left, partial(super().vote, key))

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return wanted_first(view, self.concentration * view.left, partial(super().boost, key))

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the column [n] of the favourite, or of the most liked where it is not there."""
        return wanted_or_liked(view)
