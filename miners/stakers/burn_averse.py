"""Owners who leave for good once they have lost enough."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import REMEMBERED, Decision, StakerView, stay
from tokenomics.mechanism import mechanism, static

__all__ = ["BurnAverse"]


@mechanism
class BurnAverse(Purse):
    """Ask everything back when the own model has burned more than `tolerance` of its stake lately; never come back.

    Leaves where sum(earned over the last `window` rounds) < -tolerance; rounds that are unknown count as 0. Each owner
    looks at its own model alone. Gains compound as long as something is staked, and go to the wallet afterwards, so
    that rounds still in flight do not bring it back. It goes on submitting, with nothing at risk.

    Source: specification 10.4 (a poll on when people would withdraw, forum t/2703), 10.9 and 10.10: release protects
    new rounds at once, not those in flight.
    """

    tolerance: Annotated[
        float, Field(ge=0, le=100, description="loss, in parts of the stake, that it endures within the window")
    ] = 0.1
    window: Annotated[int, Field(ge=1, le=REMEMBERED, description="rounds over which losses add up")] = static(20)

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does: stay, or leave with everything."""
        leaves = jnp.nansum(view.earned[: self.window], axis=0) < -self.tolerance
        # Nothing staked means gone: whoever has left cannot be told from its results, which recover or are forgotten.
        return stay(view)._replace(release=jnp.where(leaves, view.stake, 0), compounds=~leaves & (view.stake > 0))
