"""A validator that never looks again."""

from typing import Annotated, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import ValidatorView

__all__ = ["Lazy"]


@mechanism
class Lazy:
    """Set the same weights in every epoch: equal ones for all miners, or those on the first miners by uid."""

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.1
    favours: Annotated[Literal["all", "first_tenth"], Field(description="miners that get the constant weight")] = (
        static("all")
    )
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(1)

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        count = view.opinion.shape[0]
        favoured = jnp.arange(count) < (count if self.favours == "all" else -(-count // 10))
        return pro_rata(favoured.astype(view.opinion.dtype))
