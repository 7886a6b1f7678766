"""Slash miners who submit what somebody else submitted before."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.slashing.base import Destination, Penalties, SlashingView, chosen

__all__ = ["CopyDetection"]


@mechanism
class CopyDetection:
    """Take a part of the balance of miners whose originality is below `threshold` and who are looked at."""

    rate: Annotated[float, Field(ge=0, le=1, description="probability that a copy is noticed in an epoch")] = 0.5
    threshold: Annotated[float, Field(ge=0, le=1, description="originality below which a submission is a copy")] = 0.03
    fraction: Annotated[float, Field(ge=0, le=1, description="share of balance lost by a copy that is noticed")] = 0.5
    destination: Annotated[Destination, Field(description="where slashed tokens go")] = static("burn")

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        """Return the penalties of miners [M]; validators have none."""
        noticed = chosen(key, view.balance.shape[0], self.rate) & (view.originality < self.threshold)
        return Penalties(jnp.zeros(view.stake.shape), jnp.where(noticed, self.fraction, 0.0))
