"""Slash validators whose weights are far from what was agreed."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.slashing.base import Destination, Penalties, SlashingView, disagreement, exceeds

__all__ = ["OutOfConsensus"]


@mechanism
class OutOfConsensus:
    """Take a part of a validator's stake for the distance of its weights from consensus beyond a tolerance.

    d = 1/2 sum_j |W_ij - C_j|, both as shares. Proportional: fraction · (d - tolerance). Otherwise the whole
    `fraction` as soon as d > tolerance. It knows no truth: a majority in the wrong has those in the right slashed.
    """

    tolerance: Annotated[float, Field(ge=0, le=1, description="distance from consensus that costs nothing")] = 0.2
    fraction: Annotated[float, Field(ge=0, le=1, description="share of stake lost, at distance 1 or at once")] = 0.1
    proportional: Annotated[bool, Field(description="lose more the further away, rather than all at once")] = static(
        True
    )
    destination: Annotated[Destination, Field(description="where slashed tokens go")] = static("burn")

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        """Return the penalties of validators [V]; miners have none."""
        distance = disagreement(view.weights, view.consensus)
        guilty = exceeds(distance, self.tolerance)
        lost = distance - self.tolerance if self.proportional else jnp.ones_like(distance)
        return Penalties(jnp.where(guilty, self.fraction * lost, 0), jnp.zeros(view.balance.shape))
