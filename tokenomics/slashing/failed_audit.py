"""Slash validators whose weights do not stand up to an audit."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.slashing.base import Destination, Penalties, SlashingView, chosen, disagreement, exceeds

__all__ = ["FailedAudit"]


@mechanism
class FailedAudit:
    """Look at some validators each epoch, and slash those whose weights are not what the submissions deserve.

    Each is audited with probability `rate`, and loses `fraction` where half the L1 distance of its row from the
    auditor's is above `tolerance`. Cheating pays while what it saves is above rate · fraction · stake.
    """

    rate: Annotated[float, Field(ge=0, le=1, description="probability of being audited in an epoch")] = 0.05
    tolerance: Annotated[float, Field(ge=0, le=1, description="distance from the auditor's weights that passes")] = 0.2
    fraction: Annotated[float, Field(ge=0, le=1, description="share of stake lost by a failed audit")] = 0.5
    destination: Annotated[Destination, Field(description="where slashed tokens go")] = static("burn")

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        """Return the penalties of validators [V]; miners have none."""
        audited = chosen(key, view.stake.shape[0], self.rate)
        failed = exceeds(disagreement(view.weights, view.audit_weights), self.tolerance)
        return Penalties(jnp.where(audited & failed, self.fraction, 0.0), jnp.zeros(view.balance.shape))
