"""Owners who leave their stake alone."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import Decision, StakerView, stay
from tokenomics.mechanism import mechanism, static

__all__ = ["Hold"]


@mechanism
class Hold(Purse):
    """Submit in every round, and neither deposit nor ask back.

    With `compounds` gains stay staked, so that a constant return g per round gives S_r = S_{r-1} + g S_{r-L}; else
    they go to the wallet, and the stake can only burn.

    Source: numerai/docs, numerai-tournament/staking.md (payouts compound by default; the payout mode of 2022-23 sent
    them to the wallet); specification 7.3 and 7.4.
    """

    compounds: Annotated[bool, Field(description="whether gains stay staked; else they go to the wallet")] = static(
        True
    )

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does: nothing but submit."""
        return stay(view)._replace(compounds=jnp.full(view.stake.shape, self.compounds))
