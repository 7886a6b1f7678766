"""Owners who compare the tournament with what money earns elsewhere."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import REMEMBERED, Decision, StakerView, stay
from tokenomics.amounts import multiply_down
from tokenomics.mechanism import mechanism, static

__all__ = ["YieldSeeker"]


@mechanism
class YieldSeeker(Purse):
    """Move money in while the tournament pays more than an outside return, and out while it pays less.

    yield = rounds_per_year · mean(earned over the last `window` rounds and all models of the party), per year

    Above `outside_return` they deposit `speed` of the wallet, below it they ask back `speed` of the stake, at exactly
    that return and while nothing is known they leave it. All look at the party's mean, not at their own model: the
    result of a single one over a few rounds is mostly luck. Gains compound. Since the payout factor falls as stake
    enters, money comes until yield meets the outside return.

    Source: specification 7.1 (what a round pays is bounded, so that yield falls with the stake) and 10. Yield is
    simple, without interest on interest, and leaves out rounds in which nothing was at risk. `rounds_per_year` is 52
    for weekly rounds, about 260 for daily ones.
    """

    outside_return: Annotated[float, Field(ge=-1, le=100, description="return per year that money has elsewhere")] = (
        0.05
    )
    speed: Annotated[float, Field(ge=0, le=1, description="share of the wallet, or stake, moved in each round")] = 0.1
    rounds_per_year: Annotated[float, Field(gt=0, le=366, description="rounds that pay in a year")] = 52.0
    window: Annotated[int, Field(ge=1, le=REMEMBERED, description="rounds over which they average")] = static(20)

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does: all of a party move the same way."""
        annual = jnp.nanmean(view.earned[: self.window]) * self.rounds_per_year  # NaN, neither above nor below
        return stay(view)._replace(
            deposit=jnp.where(annual > self.outside_return, multiply_down(view.wallet, self.speed), 0),
            release=jnp.where(annual < self.outside_return, multiply_down(view.stake, self.speed), 0),
        )
