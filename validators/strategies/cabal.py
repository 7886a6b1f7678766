"""Validators that push their own miners."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import ValidatorView

__all__ = ["Cabal"]


@mechanism
class Cabal:
    """Give `self_weight` to the cabal's own miners in equal parts, and the rest to others as an honest validator would.

    The cabal brings `num_miners` miners along. Honest validators give them `honest_weight` of their own weight
    together: what the cabal's miners are really worth. With `backs` it brings none, and pays a party of miners who work
    (or do not) like everybody else.
    """

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.3
    self_weight: Annotated[float, Field(ge=0, le=1, description="weight it gives to its own miners together")] = 1.0
    honest_weight: Annotated[
        float, Field(ge=0, le=1, description="weight that honest validators give to its miners together")
    ] = 0.0
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(3)
    num_miners: Annotated[int, Field(ge=1, le=1024, description="miners it brings along")] = static(5)
    backs: Annotated[
        str, Field(max_length=64, description="party of working miners that it pays instead of bringing its own")
    ] = static("")

    evaluates: ClassVar[bool] = True

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        own = pro_rata(view.own_miners.astype(view.opinion.dtype))
        others = pro_rata(jnp.where(view.own_miners, 0, view.opinion))
        return self.self_weight * own + (1 - jnp.asarray(self.self_weight)) * others
