"""What is owed to those whose work a sale builds on: royalties on first sales and resales."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism
from tokenomics.parts import parts_in_turn

__all__ = ["Royalties", "RoyaltyOut", "royalties"]


def royalties(price: jax.Array, shares: jax.Array, enforcement: Real = 1.0) -> tuple[jax.Array, jax.Array]:
    """Divide a price among ancestors and the seller: int64 [k] and int64 [], together the price.

    Ancestor k gets p · rho_k · enforcement, rounded down, the seller the rest; shares of more than 1 together cut the
    last of them.

    Args:
        price: p, int64 [] >= 0.
        shares: [k] rho_k >= 0; see `tokenomics/provenance.py`.
        enforcement: [] in [0, 1], the part of royalties that marketplaces collect: 1 on a first sale; on a resale
            their average, or 0 or 1 where chance decides. Royalty standards only announce a rate.

    Source: specification of ledger and costs, section 2, worked example lg-3.
    """
    return parts_in_turn(price, jnp.asarray(shares, jnp.float64) * jnp.asarray(enforcement, jnp.float64))


class RoyaltyOut(NamedTuple):
    """A sale's price divided, int64 [] each: to the artist's treasury, the model's and the data's owner, the seller."""

    creator: jax.Array
    model: jax.Array
    dataset: jax.Array
    seller: jax.Array


@mechanism
class Royalties:
    """Pay a commission to the artist on resales, and shares of every sale to the owners of the model and its data.

    The data's share is the product of the edges on its path, dataset to model to artwork: model_share · dataset_share.

    Source: Botto pays a commission of 10 % to its treasury on resales (specification 1.6) and nothing to the owners of
    models or data. How often works are sold again is not documented: one in a hundred a round is our choice.
    """

    creator_commission: Annotated[
        float, Field(ge=0, le=1, description="share of a resale's price for the artist's treasury")
    ] = 0.10
    model_share: Annotated[float, Field(ge=0, le=1, description="share of every sale for the model's owner")] = 0.0
    dataset_share: Annotated[
        float, Field(ge=0, le=1, description="share for the owner of the data, out of as much as the model gets again")
    ] = 0.0
    enforcement: Annotated[float, Field(ge=0, le=1, description="part of resale royalties that is collected")] = 1.0
    resale_rate: Annotated[float, Field(ge=0, le=1, description="chance that a held work is sold again in a round")] = (
        0.01
    )

    def shares(self, resale: jax.Array | bool) -> jax.Array:
        """Return rho [3] of artist, model and data; the artist's commission is due on a resale only."""
        model = jnp.asarray(self.model_share, jnp.float64)
        commission = jnp.where(resale, self.creator_commission, 0.0)
        return jnp.stack([commission, model, model * self.dataset_share])

    def pay(self, price: jax.Array, resale: jax.Array | bool) -> RoyaltyOut:
        """Divide the price of a first sale, after the marketplace's fee, or of a resale: int64 [] in 10⁻⁹ ETH."""
        enforced = jnp.where(resale, self.enforcement, 1.0)
        (creator, model, dataset), seller = royalties(price, self.shares(resale), enforced)
        return RoyaltyOut(creator, model, dataset, seller)

    def resold(self, key: jax.Array, held: jax.Array) -> jax.Array:
        """Return which of the works are sold again, bool [G], where `held` [G] says which have an owner."""
        return held & (jax.random.uniform(key, held.shape, jnp.float32) < self.resale_rate)
