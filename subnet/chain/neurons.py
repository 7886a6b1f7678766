"""The epoch as the chain publishes it: N neurons in, integers out."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.chain.epoch import ChainEpoch, ChainState, Roster, settle_epoch
from subnet.chain.rules import ChainRules
from tokenomics.arithmetic import Arithmetic, Number, fraction, proportion_u16, to_float, where
from tokenomics.payouts.emission_split import EmissionSplit, pay

__all__ = ["Published", "neuron_epoch"]


class Published(NamedTuple):
    """All that an epoch writes to the chain, mostly [N]; shares as floats and as u16, amounts in 10⁻⁹ tokens."""

    stake: jax.Array
    active_stake: jax.Array
    consensus: jax.Array
    validator_trust: jax.Array
    incentive: jax.Array
    dividends: jax.Array
    consensus_u16: jax.Array
    validator_trust_u16: jax.Array
    incentive_u16: jax.Array
    dividends_u16: jax.Array
    server_emission: jax.Array
    validator_emission: jax.Array
    emission: jax.Array
    new_validator_permit: jax.Array
    bonds_u16: jax.Array  # [N, N]
    bonds_kept: jax.Array  # [N, N] bool: the entry is stored, if need be as zero


def neuron_epoch(
    rule: Any, chain: ChainRules, state: ChainState, owner_uid: jax.Array, emission: jax.Array, arithmetic: Arithmetic
) -> Published:
    """Run one epoch in which all N neurons are validators and miners at once, as on the chain."""
    uids = jnp.arange(state.stake.shape[0])
    epoch = settle_epoch(rule, chain, EmissionSplit(), Roster(uids, uids, owner_uid), state, arithmetic)
    servers, validators = pay(emission, epoch.shares.miners, epoch.shares.validators)
    (combined,) = pay(emission, _combined(epoch))
    return Published(
        stake=to_float(epoch.stake),
        active_stake=to_float(epoch.active_stake),
        consensus=to_float(epoch.consensus),
        validator_trust=to_float(epoch.validator_trust),
        incentive=to_float(epoch.incentive),
        dividends=to_float(epoch.dividends),
        consensus_u16=proportion_u16(epoch.consensus),
        validator_trust_u16=proportion_u16(epoch.validator_trust),
        incentive_u16=proportion_u16(epoch.incentive),
        dividends_u16=proportion_u16(epoch.dividends),
        server_emission=servers,
        validator_emission=validators,
        emission=combined,
        new_validator_permit=epoch.permit,
        bonds_u16=epoch.memory.bonds,
        bonds_kept=epoch.bonds > 0,
    )


def _combined(epoch: ChainEpoch) -> Number:
    """Return each neuron's share of the emission; added before the division, as the chain does."""
    earned = epoch.incentive + epoch.dividends
    Z = epoch.incentive.sum() + epoch.dividends.sum()
    return where(Z > 0, fraction(earned, Z), epoch.shares.validators)
