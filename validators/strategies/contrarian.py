"""A validator that votes against what it sees."""

from typing import Annotated, ClassVar

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import ValidatorView

__all__ = ["Contrarian"]


@mechanism
class Contrarian:
    """Weight each miner by how far it falls short of the best: W_j ∝ max opinion - opinion_j."""

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.1
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(1)

    evaluates: ClassVar[bool] = True

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        return pro_rata(view.opinion.max() - view.opinion)
