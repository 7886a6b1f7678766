"""Rewards for those who voted: what a round credits, and what may be claimed."""

from typing import Annotated, Literal, TypeAlias

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, share_down, share_out
from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism, static

__all__ = ["ActiveRewards", "Counted", "active_rewards", "claimable", "eligible_voters"]

Counted: TypeAlias = Literal["eligible", "all"]

_MICROPOINTS = 10**6  # all points of a round together may be 2·10¹²: their sum divides, and must stay below 2^61


def eligible_voters(spent: jax.Array, stake_per_wallet: jax.Array, stayed: jax.Array, min_stake: Real) -> jax.Array:
    """Tell who is rewarded, bool [n]: who spent points, kept the least stake in each wallet, and did not unstake.

    Args:
        spent: [n] points spent, up or down.
        stake_per_wallet: [n] staked in each of an owner's wallets at the end of the round.
        stayed: [n] bool, whether it unstaked nothing in the round.
        min_stake: [] in the unit of the stakes.
    """
    return (spent > 0) & (stake_per_wallet >= min_stake) & stayed


def active_rewards(
    pool: jax.Array, spent: jax.Array, eligible: jax.Array, counts: Counted = "eligible"
) -> tuple[jax.Array, jax.Array]:
    """Return what each voter is credited, int64 [n], and what is left undistributed, int64 []: together the pool.

    A w_i / W for the eligible, 0 for others, with w the points spent. W sums over the eligible, and what rounding
    leaves goes to the largest of them; or over `all`, and then all that is not credited stays undistributed.

    Args:
        pool: A, int64 [] in 10⁻⁹ tokens.
        spent: [n] float64 points >= 0, taken to a millionth of a point.
        eligible: [n] bool.
        counts: over whom W sums. The documentation says "relative to other voters" and not which.

    Source: specification 1.9, docs.botto.com/details/rewards.
    """
    w = jnp.rint(jnp.asarray(spent, jnp.float64) * _MICROPOINTS).astype(jnp.int64)
    counted = jnp.where(eligible, w, 0)
    credited = share_out(pool, counted) if counts == "eligible" else share_down(pool, counted, w.sum())
    return credited, pool - credited.sum()


def claimable(waiting: jax.Array, worth: jax.Array, wallets: jax.Array, minimum: Real) -> jax.Array:
    """Return what may be claimed now, int64 [n]: all that is `waiting`, or 0 where a wallet's part is under `minimum`.

    Args:
        waiting: [n] int64 credited and not yet claimed, by all of an owner's wallets together.
        worth: [n] int64 what it is worth in 10⁻⁹ ETH; the same where rewards are ETH.
        wallets: [n] >= 1 among how many equal wallets it is divided: each claims for itself.
        minimum: [] in 10⁻⁹ ETH.
    """
    return jnp.where(worth >= minimum * jnp.asarray(wallets, jnp.float64), waiting, 0)


@mechanism
class ActiveRewards:
    """Share a part of the revenue among voters by the points they spent, whatever they spent them on.

    The reward pays for voting, not for being right. Each wallet needs the least stake, at the end of the round and
    when it claims: an owner who divides a stake over many wallets may fall below it in all of them.

    Source: specification 1.9: 2,000 BOTTO until BIP-62, then 100; claims of less than 0.01 ETH are blocked.
    """

    min_stake: Annotated[float, Field(ge=0, le=1e8, description="BOTTO that each wallet must have staked")] = 100.0
    counts: Annotated[
        Counted, Field(description="whose points the pool is divided by: of the eligible, or of all voters")
    ] = static("eligible")
    claim_minimum_eth: Annotated[float, Field(ge=0, le=1000, description="ETH under which no wallet may claim")] = 0.01

    def credit(
        self, pool: jax.Array, spent: jax.Array, stake: jax.Array, wallets: jax.Array, stayed: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """Return what each owner is credited, int64 [n], and what is undistributed, int64 [].

        `pool` int64 [] and `stake` int64 [n] are in 10⁻⁹ tokens, `spent` [n] points, `wallets` [n] >= 1 the number of
        equal wallets of each owner, `stayed` [n] bool.
        """
        eligible = eligible_voters(spent, self._per_wallet(stake, wallets), stayed, self._min_units)
        return active_rewards(pool, spent, eligible, self.counts)

    def claims(self, waiting: jax.Array, worth: jax.Array, stake: jax.Array, wallets: jax.Array) -> jax.Array:
        """Return what each owner can claim now, int64 [n]; arguments as in `claimable`, `stake` int64 [n] units."""
        minimum = jnp.rint(jnp.asarray(self.claim_minimum_eth, jnp.float64) * RAO_PER_TOKEN)
        staked = self._per_wallet(stake, wallets) >= self._min_units
        return jnp.where(staked, claimable(waiting, worth, wallets, minimum), 0)

    @property
    def _min_units(self) -> jax.Array:
        return jnp.rint(jnp.asarray(self.min_stake, jnp.float64) * RAO_PER_TOKEN)

    def _per_wallet(self, stake: jax.Array, wallets: jax.Array) -> jax.Array:
        return stake / jnp.asarray(wallets, jnp.float64)
