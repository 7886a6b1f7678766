"""Owners who come in the middle, all at once."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import Decision, StakerView, stay
from tokenomics.amounts import multiply_down
from tokenomics.mechanism import mechanism

__all__ = ["Enters"]


@mechanism
class Enters(Purse):
    """Stake `share` of the wallet in round `round_in`, and ask all of it back from round `round_out` on.

    Outside these rounds nothing is left staked, and gains go to the wallet; in between they compound. A whale is such
    an owner whose wallet is large. With the strategy `hedger` it lowers everybody's payout factor from θ / S to
    θ / (S + A) by A, at no cost but its own locked capital.

    Source: specification 10.4 (forum t/2703: stake lured in to dilute others) and 10.7.
    """

    staked: Annotated[float, Field(ge=0, le=1, description="share of its tokens that is staked at the start")] = 0.0
    share: Annotated[float, Field(ge=0, le=1, description="share of its wallet that it stakes")] = 1.0
    round_in: Annotated[int, Field(ge=0, le=10**9, description="round in which it comes")] = 30
    round_out: Annotated[int, Field(ge=0, le=10**9, description="round in which it leaves; 10⁹: never")] = 10**9

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does."""
        inside = (view.round >= self.round_in) & (view.round < self.round_out)
        comes = inside & (view.round == self.round_in)
        return stay(view)._replace(
            deposit=jnp.where(comes, multiply_down(view.wallet, self.share), 0),
            release=jnp.where(inside, 0, view.stake),
            compounds=jnp.broadcast_to(inside, view.stake.shape),
        )
