"""A validator that copies the published consensus."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata
from validators.view import HISTORY, ValidatorView

__all__ = ["WeightCopier"]


@mechanism
class WeightCopier:
    """Set as weights the consensus published `lag` epochs ago; equal weights before there is one.

    It never evaluates a miner. Commit-reveal with a period of k epochs is a lag of k.
    """

    stake_share: Annotated[float, Field(gt=0, lt=1, description="share of the total stake that it holds")] = 0.1
    lag: Annotated[int, Field(ge=1, lt=HISTORY, description="age in epochs of the consensus it can see")] = 1
    num_validators: Annotated[int, Field(ge=1, le=1024, description="validators it runs")] = static(1)

    def weights(self, view: ValidatorView) -> jax.Array:
        """Return the weights [M] that each of its validators sets."""
        seen = view.consensus_of(self.lag)
        return pro_rata(jnp.where(seen.sum() > 0, seen, 1.0))
