"""Points that are allotted at the start of a round and gone at its end."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.curation.voting_points import round_points
from tokenomics.mechanism import mechanism

__all__ = ["PerRound"]


@mechanism
class PerRound:
    """Allot points in proportion to stake and some to every account, anew in each round.

    Per wallet and round: per_token · S + per_share · L + connected_points, and signup_points in the first round. The
    free points go to accounts, so splitting pays whoever has little stake per account.

    Source: Botto's rule since June 2024 (BIP-51, BIP-53). Nobody adds stake within a round here, and all sign up in
    the first.
    """

    per_token: Annotated[float, Field(ge=0, le=1e6, description="points per token and round")] = 1.0
    per_share: Annotated[float, Field(ge=0, le=1e6, description="points per liquidity share and round")] = 200.0
    connected_points: Annotated[
        float, Field(ge=0, le=1e6, description="free points of every connected account, per round")
    ] = 350.0
    signup_points: Annotated[
        float, Field(ge=0, le=1e6, description="free points of every account in its first round")
    ] = 200.0

    def allot(
        self,
        carried: jax.Array,
        stake: jax.Array,
        wallets: jax.Array,
        pool_shares: jax.Array,
        share_value: jax.Array,
        first: jax.Array,
    ) -> jax.Array:
        """Return the points [n] of each owner: what its wallets are allotted for this round."""
        each = round_points(
            stake / wallets,
            pool_shares=pool_shares / wallets,
            signed_up=first,
            per_token=self.per_token,
            per_share=self.per_share,
            connected_points=self.connected_points,
            signup_points=self.signup_points,
        )
        return wallets * each

    def carry(self, left: jax.Array) -> jax.Array:
        """Return none of the `left` [n] points."""
        return jnp.zeros_like(left)
