"""Points in proportion to stake and time."""

from typing import Annotated

import jax
from pydantic import Field

from tokenomics.curation.voting_points import accrued_points
from tokenomics.mechanism import mechanism

__all__ = ["Accruing"]

SECONDS_PER_DAY = 86_400


@mechanism
class Accruing:
    """Let points accrue in proportion to stake and time, and carry what is left without limit.

    Per round: (per_token · S + per_share · L) · days / 7. Linear, so it does not matter among how many wallets a stake
    is divided; but who waits can spend the points of many rounds in one.

    Source: Botto's rule of November 2022 to June 2024, liquidity shares as from 7 March 2023.
    """

    per_token: Annotated[float, Field(ge=0, le=1e6, description="points per token and week")] = 1.0
    per_share: Annotated[float, Field(ge=0, le=1e6, description="points per liquidity share and week")] = 150.0
    days: Annotated[float, Field(ge=0, le=366, description="days of a round on which points are earned")] = 7.0

    def allot(
        self,
        carried: jax.Array,
        stake: jax.Array,
        wallets: jax.Array,
        pool_shares: jax.Array,
        share_value: jax.Array,
        first: jax.Array,
    ) -> jax.Array:
        """Return the points [n] of each owner: what was carried, and what its wallets accrue."""
        seconds = self.days * SECONDS_PER_DAY
        each = accrued_points(
            stake / wallets, seconds, pool_shares / wallets, per_token=self.per_token, per_share=self.per_share
        )
        return carried + wallets * each

    def carry(self, left: jax.Array) -> jax.Array:
        """Return all of the `left` [n] points."""
        return left
