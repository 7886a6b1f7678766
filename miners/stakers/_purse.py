"""What the owner of a model has before the first round."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down
from tokenomics.distributions import draw_positive
from tokenomics.mechanism import mechanism, static

__all__ = ["Purse"]


@mechanism
class Purse:
    """Tokens of each owner at the start, and how many of them are staked."""

    tokens: Annotated[float, Field(ge=0, le=1e8, description="tokens of a model's owner at the start, typically")] = (
        100.0
    )
    distribution: Annotated[
        Literal["equal", "normal", "lognormal", "pareto"], Field(description="family of owners' tokens")
    ] = static("equal")
    spread: Annotated[
        float, Field(gt=0, le=100, description="standard deviation of tokens (pareto: tail index); equal: no matter")
    ] = 1.0
    staked: Annotated[float, Field(ge=0, le=1, description="share of them that is staked at the start")] = 1.0

    def open(self, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return wallet and stake of owners with `keys` [n], int64 [n] units of 10⁻⁹ tokens each."""
        worth = jnp.ones(keys.shape)
        if self.distribution != "equal":
            worth = draw_positive(keys, self.distribution, self.spread)
        whole = jnp.floor(jnp.asarray(self.tokens) * worth * RAO_PER_TOKEN).astype(jnp.int64)
        stake = multiply_down(whole, self.staked)
        return whole - stake, stake
