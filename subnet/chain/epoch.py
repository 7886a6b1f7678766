"""One epoch of the chain: everything around the consensus formula, in the chain's order."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.chain.masks import NO_COMMIT, counted_weights, last_epoch_start, replaced_miners
from subnet.chain.permits import active_stake, inactive, new_permits, stake_shares
from subnet.chain.rules import ChainRules
from subnet.chain.weights import row_shares
from subnet.consensus.base import forget, run_rule
from tokenomics.arithmetic import Arithmetic, Number, where
from tokenomics.payouts.emission_split import EmissionShares, EmissionSplit

__all__ = ["ChainEpoch", "ChainState", "Roster", "settle_epoch"]


class Roster(NamedTuple):
    """Who sits where: `validator_uid` [V], `miner_uid` [M], `owner_uid` [] (-1: none)."""

    validator_uid: jax.Array
    miner_uid: jax.Array
    owner_uid: jax.Array


class ChainState(NamedTuple):
    """All that an epoch reads from the chain.

    Rows are the neurons that may validate, columns those that may mine; a neuron can be both. On the chain every
    neuron is; a simulation keeps the rows that can matter.
    """

    block: jax.Array  # []
    stake: jax.Array  # [V] 10⁻⁹ tokens; int64 in exact arithmetic
    last_update: jax.Array  # [V] block
    registered: jax.Array  # [M] block
    permit: jax.Array  # [V] bool, decided by the previous epoch
    weights: jax.Array  # [V, M] stored integers or floats
    present: jax.Array  # [V, M] bool: an entry exists; it may be zero
    memory: Any  # what the consensus rule carries over, bonds among it
    last_epoch_block: jax.Array  # [] 0 before the first
    commit_block: jax.Array | None = None  # [V] earliest open commit, NO_COMMIT without


class ChainEpoch(NamedTuple):
    """All that an epoch decides."""

    stake: Number  # [V] shares
    active_stake: Number  # [V] shares
    consensus: Number  # [M]
    validator_trust: Number  # [V]
    incentive: Number  # [M]
    dividends: Number  # [V]
    shares: EmissionShares  # [M], [V]
    permit: jax.Array  # [V] from the next epoch on
    memory: Any  # what the rule carries over to the next epoch
    bonds: Any  # [V, M] before they are stored, of those who may go on


def settle_epoch(
    rule: Any, chain: ChainRules, payout: EmissionSplit, roster: Roster, state: ChainState, arithmetic: Arithmetic
) -> ChainEpoch:
    """Run one epoch: permits -> masks -> consensus -> emission.

    Args:
        rule: a consensus rule (see `subnet.consensus.base.ConsensusRule`).
        chain: the parameters around it.
        payout: how the emission is divided.
        roster: who sits in which row and column.
        state: what is on the chain.
        arithmetic: of all shares.

    Source: subtensor `epoch/run_epoch.rs: epoch_mechanism`; specification of the epoch, sections 2 to 7 and 10.
    """
    is_owner = roster.validator_uid == roster.owner_uid
    is_self = roster.validator_uid[:, None] == roster.miner_uid[None, :]
    permit = state.permit | is_owner

    S = stake_shares(state.stake, chain.stake_threshold_rao, is_owner, arithmetic)
    next_permit = new_permits(S, chain.max_allowed_validators, is_owner)
    active = ~inactive(state.last_update, chain.activity_cutoff_blocks, state.block)
    A = active_stake(S, active & permit)

    commits = None
    if chain.commit_reveal:
        commits = jnp.full(S.shape, NO_COMMIT) if state.commit_block is None else state.commit_block
    counted = counted_weights(permit, is_self, is_owner, state.last_update, state.registered, commits)
    W = row_shares(state.weights, counted, arithmetic)

    since = last_epoch_start(state.block, chain.tempo, state.last_epoch_block)
    memory = forget(rule, state.memory, replaced_miners(state.registered, since)[None, :])
    memory, out = run_rule(
        rule,
        memory,
        W,
        A,
        jnp.ones(state.registered.shape, bool),
        present=state.present & counted,
        raw_weights=jnp.where(counted, state.weights, 0),
    )
    memory = forget(rule, memory, ~next_permit[:, None])  # bonds are kept for those who may go on
    return ChainEpoch(
        stake=S,
        active_stake=A,
        consensus=out.consensus,
        validator_trust=out.validator_trust,
        incentive=out.incentive,
        dividends=out.dividends,
        shares=payout.shares(out.incentive, out.dividends, A, S),
        permit=next_permit,
        memory=memory,
        bonds=None if out.bonds is None else where(next_permit[:, None], out.bonds, 0),
    )
