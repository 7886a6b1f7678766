"""A payout rule that participants proposed: less per unit for large stakes, nothing for a repeated submission."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism

__all__ = ["OriginalityRule"]


@mechanism
class OriginalityRule:
    """Pay s / (1 + saturation s / threshold) · CORR · (1 - max_j≠k rho_kj): it was never in force.

    Splitting a stake would beat the first factor, and repeating a submission is what the second one punishes; small
    changes to the copies evade it.

    Source: forum.numer.ai t/2480; specification 10.
    """

    saturation: Annotated[float, Field(ge=0, description="how fast the pay of a large stake levels off")] = 15.0
    threshold_nmr: Annotated[float, Field(gt=0, description="NMR that the stake is measured by")] = 300_000.0

    def fraction(self, stake_nmr: Real, score: Real, similarity: Real) -> jax.Array:
        """Return the part of its stake that each submission earns, float64 [K], within [-1, 1].

        Args:
            stake_nmr: [K] NMR at risk.
            score: [K] CORR; NaN pays exactly 0.
            similarity: [K] largest correlation with another submission, within [-1, 1].
        """
        s, x, rho = (jnp.asarray(v, jnp.float64) for v in (stake_nmr, score, similarity))
        per_unit = (1 - rho) / (1 + self.saturation * s / self.threshold_nmr)
        paid = jnp.where(jnp.isnan(x), 0, x) * per_unit
        return jnp.clip(paid, -1.0, 1.0)
