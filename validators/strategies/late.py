"""An honest validator that is late."""

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import HISTORY, ValidatorView

__all__ = ["Late"]


@mechanism
class Late:
    """Evaluate honestly, but set the weights `lag` epochs too late."""

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.1
    lag: Annotated[int, Field(ge=0, lt=HISTORY, description="epochs by which its weights are late")] = 1
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(1)

    evaluates: ClassVar[bool] = True

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        return pro_rata(view.opinion_of(self.lag))
