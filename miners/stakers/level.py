"""Owners who keep as much at stake as ever."""

from typing import Annotated

import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import Decision, StakerView, stay
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.mechanism import mechanism

__all__ = ["Level"]


@mechanism
class Level(Purse):
    """Top the stake up to `level` tokens after a burn, as long as the wallet reaches; gains go to the wallet.

    So every round is about the same stake, and what rounds pay adds up instead of compounding: a submission and its
    reverse stay a hedge, where compounding would let the winning half grow and the losing one wither.
    """

    level: Annotated[float, Field(ge=0, le=1e8, description="tokens that stay at stake")] = 100.0

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does."""
        wanted = jnp.floor(jnp.asarray(self.level) * RAO_PER_TOKEN).astype(jnp.int64)
        return stay(view)._replace(
            deposit=jnp.clip(wanted - view.stake, 0, view.wallet),
            release=jnp.maximum(view.stake - wanted, 0),
            compounds=jnp.zeros(view.stake.shape, bool),
        )
