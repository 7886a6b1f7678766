"""Owners who sit out bad times."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import REMEMBERED, Decision, StakerView, stay
from tokenomics.mechanism import mechanism, static

__all__ = ["RegimeSkipper"]


@mechanism
class RegimeSkipper(Purse):
    """Submit only while the meta model has done well lately.

    Submits where mean(meta_corr over the last `window` known rounds) >= threshold, and where none is known. The stake
    stays where it is and compounds: who hands in nothing has nothing at risk, so that skipping is a free exit from a
    single round. It pays if a regime lasts longer than the L rounds that a result is late.

    Source: specification 10.9; a slow common component makes up some 10 % of the variance of scores, with means of
    0.011 to 0.041 over parts of the years. Here no round without a meta model (NaN) counts among the `window`.
    """

    window: Annotated[int, Field(ge=1, le=REMEMBERED, description="known rounds over which they average")] = static(20)
    threshold: Annotated[
        float, Field(ge=-1, le=1, description="mean CORR of the meta model from which on they submit")
    ] = 0.0

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does: submit or skip, all of them alike."""
        known = ~jnp.isnan(view.meta_corr)
        mean = view.meta_corr.mean(where=known & (known.cumsum() <= self.window))
        skips = mean < self.threshold  # False where nothing is known: a mean of nothing is NaN
        return stay(view)._replace(submits=jnp.broadcast_to(~skips, view.stake.shape))
