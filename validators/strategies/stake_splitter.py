"""One honest operator behind several validators."""

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import ValidatorView

__all__ = ["StakeSplitter"]


@mechanism
class StakeSplitter:
    """Evaluate once, and set the same honest weights from several keys with an equal part of the stake each.

    Source: specification of training and scoring, section 2 (`stake-splitting`).
    """

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.1
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(3)
    evaluates: ClassVar[bool] = True

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        return pro_rata(view.opinion)
