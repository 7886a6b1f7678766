"""Slash miners whose submissions turn out worse than none."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.slashing.base import Destination, Penalties, SlashingView

__all__ = ["NegativeScore"]


@mechanism
class NegativeScore:
    """Take a part of a miner's balance in proportion to how far its realised score is below 0: min(cap, rate · -skill).

    Who submitted nothing (NaN) loses nothing.
    """

    rate: Annotated[float, Field(ge=0, description="share of balance lost per unit of negative score")] = 1.0
    cap: Annotated[float, Field(ge=0, le=1, description="largest share of balance lost in an epoch")] = 0.05
    destination: Annotated[Destination, Field(description="where slashed tokens go")] = static("burn")

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        """Return the penalties of miners [M]; validators have none."""
        lost = jnp.where(view.skill < 0, jnp.minimum(self.cap, self.rate * -view.skill), 0)
        return Penalties(jnp.zeros(view.stake.shape), lost)
