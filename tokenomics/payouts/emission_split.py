"""Emission divided between miners and validators."""

from typing import Annotated, Literal, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Number, fraction, like, where
from tokenomics.fixed import Fixed, multiply_raw
from tokenomics.mechanism import mechanism, static

__all__ = ["EmissionShares", "EmissionSplit", "pay"]


class EmissionShares(NamedTuple):
    """Shares of the emission: `miners` [M] and `validators` [V]; together they sum to 1 or, with nobody to pay, 0."""

    miners: Number
    validators: Number


@mechanism
class EmissionSplit:
    """Divide the emission by incentive and dividends, or by stake where there is neither.

    Z = (1 - validator_share) sum I + validator_share sum D;  miners get (1 - validator_share) I / Z, validators
    validator_share D / Z. A side that earned nothing leaves its part to the other. Where Z = 0 (no weights that
    count, or no agreement on anybody) validators share everything by active stake, or by all stake if none is active.

    Source: subtensor `epoch/run_epoch.rs` (there always half and half); specification of the epoch, section 7.
    """

    validator_share: Annotated[
        float, Field(ge=0, le=1, description="share of the emission that goes to validators")
    ] = 0.5
    owner_share: Annotated[
        float, Field(ge=0, le=1, description="share of the emission that the subnet's owner takes first")
    ] = 0.0
    undistributed: Annotated[
        Literal["keep", "burn", "treasury", "recycle"],
        Field(description="what becomes of units that nobody earned; recycle: they are not minted"),
    ] = static("keep")

    def shares(self, I: Number, D: Number, active_stake: Number, stake: Number) -> EmissionShares:
        """Return everyone's share from incentive [M], dividends [V] and stake shares [V]."""
        # Doubled, so that an even split multiplies by exactly one and the chain's own digits come out.
        to_validators = jnp.asarray(self.validator_share) * 2
        miner_factor, validator_factor = like(I, 2 - to_validators, to_validators)
        miners, validators = miner_factor * I, validator_factor * D
        Z = miners.sum() + validators.sum()
        fallback = where((active_stake > 0).any(), active_stake, stake)
        return EmissionShares(
            fraction(miners, Z),
            where(Z > 0, fraction(validators, Z), fallback),
        )


def pay(emission: jax.Array, *shares: Number) -> tuple[jax.Array, ...]:
    """Return each share of `emission` in whole units, rounded down, together never more than there is.

    Args:
        emission: [] whole units.
        shares: one array [n] per side; all together sum to 1 or less, but for rounding.

    Returns:
        int64 amounts per side. Float shares may sum to a little over 1: what that would pay too much is taken from
        the best-paid of all.
    """
    emission = emission.astype(jnp.int64)
    amounts = tuple(_rounded_down(side, emission) for side in shares)
    excess = jnp.maximum(sum(side.sum() for side in amounts) - emission, 0)
    best = jnp.stack([side.max(initial=0) for side in amounts]).argmax()
    return tuple(side.at[side.argmax()].add(-jnp.where(best == k, excess, 0)) for k, side in enumerate(amounts))


def _rounded_down(shares: Number, emission: jax.Array) -> jax.Array:
    if isinstance(shares, Fixed):
        return multiply_raw(shares.raw, emission)
    return jnp.floor(shares.astype(jnp.float64) * emission).astype(jnp.int64)
