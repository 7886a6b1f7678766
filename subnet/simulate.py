"""The order of things: an epoch is a pure function, a run is that function scanned over epochs."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.actions.base import Recording
from subnet.cast import Cast, History, opinions_and_stake, remember
from subnet.chain.epoch import ChainState, Roster, settle_epoch
from subnet.chain.permits import new_permits, stake_shares
from subnet.scenario import Scenario
from tokenomics.arithmetic import Arithmetic, to_float
from tokenomics.payouts.emission_split import pay
from validators.view import HISTORY

__all__ = ["EpochOut", "Matrices", "NetworkState", "init", "matrices", "run", "run_chunk", "step"]

RAO = 1e9  # units of 10⁻⁹ per token


class NetworkState(NamedTuple):
    """All that is carried from epoch to epoch: the rule's memory, permits [V], restaked pay [V], what was public."""

    memory: Any
    permit: jax.Array
    earned: jax.Array
    history: History


class EpochOut(NamedTuple):
    """What an epoch tells the outside: shares by validator [V] and miner [M], pay in 10⁻⁹ tokens."""

    stake: jax.Array
    stake_share: jax.Array
    dividends: jax.Array
    validator_trust: jax.Array
    permit: jax.Array
    incentive: jax.Array
    consensus: jax.Array
    validator_share: jax.Array
    miner_share: jax.Array
    validator_pay: jax.Array
    miner_pay: jax.Array
    minted: jax.Array
    quality: jax.Array | None


class Matrices(NamedTuple):
    """Weights as set and bonds as kept at one epoch, [V, M] each; `bonds` is None where the rule keeps none."""

    weights: jax.Array
    bonds: jax.Array | None


def init(key: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, arithmetic: Arithmetic) -> NetworkState:
    """Return the state before the first epoch: no bonds, permits by stake, no history."""
    V, M = cast.num_validators, cast.num_miners
    memory = scenario.design.consensus.init(V, M)
    if arithmetic == "float32":
        memory = jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype == jnp.float64 else x, memory)
    history = History(jnp.zeros((HISTORY, M)), jnp.zeros((HISTORY, M)))
    actions, _ = opinions_and_stake(key, jnp.int32(0), scenario, cast, recording, history)
    nobody = jnp.zeros(V, bool)
    chain = scenario.design.chain
    shares = stake_shares(_in_rao(actions.stake, arithmetic), chain.stake_threshold_rao, nobody, arithmetic)
    return NetworkState(
        memory, new_permits(shares, chain.max_allowed_validators, nobody), jnp.zeros(V, jnp.int64), history
    )


def step(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    cast: Cast,
    recording: Recording,
    arithmetic: Arithmetic,
    state: NetworkState,
) -> tuple[NetworkState, EpochOut]:
    """Run one epoch: act -> settle -> pay -> restake -> remember."""
    design = scenario.design
    actions, opinion = opinions_and_stake(key, epoch, scenario, cast, recording, state.history)
    stake = _in_rao(actions.stake, arithmetic) + state.earned
    settled = settle_epoch(
        design.consensus,
        design.chain,
        design.payout,
        _roster(cast),
        _chain_state(epoch, scenario, state, actions.weights, stake, actions.reset),
        arithmetic,
    )
    minted = jnp.asarray(design.emission.per_epoch_rao, jnp.int64)
    miner_pay, validator_pay = pay(minted, settled.shares.miners, settled.shares.validators)
    consensus = to_float(settled.consensus)
    next_state = NetworkState(
        settled.memory,
        settled.permit,
        design.staking.grow(state.earned, validator_pay),
        remember(state.history, epoch, opinion, consensus.astype(opinion.dtype)),
    )
    out = EpochOut(
        stake=stake / RAO,
        stake_share=to_float(settled.stake),
        dividends=to_float(settled.dividends),
        validator_trust=to_float(settled.validator_trust),
        permit=settled.permit,
        incentive=to_float(settled.incentive),
        consensus=consensus,
        validator_share=to_float(settled.shares.validators.sum()),
        miner_share=to_float(settled.shares.miners.sum()),
        validator_pay=validator_pay,
        miner_pay=miner_pay,
        minted=minted,
        quality=_quality(key, epoch, scenario, recording),
    )
    return next_state, out


def run_chunk(
    key: jax.Array,
    scenario: Scenario,
    cast: Cast,
    recording: Recording,
    arithmetic: Arithmetic,
    state: NetworkState,
    epochs: jax.Array,
) -> tuple[NetworkState, EpochOut]:
    """Scan `step` over `epochs` [E]; outputs gain a leading axis E.

    A negative epoch is skipped and its output is zeros: chunks of one length serve runs of any length.
    """
    settle = partial(step, key, scenario=scenario, cast=cast, recording=recording, arithmetic=arithmetic)
    _, blank = jax.eval_shape(lambda s: settle(epoch=epochs[0], state=s), state)

    def body(state: NetworkState, epoch: jax.Array) -> tuple[NetworkState, EpochOut]:
        return jax.lax.cond(
            epoch >= 0,
            lambda s: settle(epoch=epoch, state=s),
            lambda s: (s, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), blank)),
            state,
        )

    return jax.lax.scan(body, state, epochs)


def matrices(
    key: jax.Array, epoch: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, state: NetworkState
) -> Matrices:
    """Return the weights set at `epoch`, the last one run, and the bonds kept after it.

    Drawn again rather than carried: everything a strategy looks at lies in the past, which the history still holds.
    """
    actions, _ = opinions_and_stake(key, epoch, scenario, cast, recording, state.history)
    bonds = getattr(state.memory, "bonds", None)
    return Matrices(actions.weights, None if bonds is None else to_float(bonds))


def run(
    key: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, arithmetic: Arithmetic, epochs: int
) -> tuple[NetworkState, EpochOut]:
    """Run a scenario from the start for `epochs` epochs: `init`, then one chunk.

    Raises:
        ValueError: if JAX is not switched to 64 bits, in which amounts are counted.
    """
    if not jax.config.read("jax_enable_x64"):
        raise ValueError("amounts need 64 bits: call subnet.precision.enable_x64() first")
    return _run(key, scenario, cast, recording, arithmetic, epochs)


@partial(jax.jit, static_argnames=("cast", "arithmetic", "epochs"))
def _run(
    key: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, arithmetic: Arithmetic, epochs: int
) -> tuple[NetworkState, EpochOut]:
    state = init(key, scenario, cast, recording, arithmetic)
    return run_chunk(key, scenario, cast, recording, arithmetic, state, jnp.arange(epochs))


def _chain_state(
    epoch: jax.Array,
    scenario: Scenario,
    state: NetworkState,
    weights: jax.Array,
    stake: jax.Array,
    reset: jax.Array | None,
) -> ChainState:
    """Return the chain's view of a simulated epoch: everybody set weights in this block, nobody is new but `reset`."""
    tempo = jnp.asarray(scenario.design.chain.tempo, jnp.int64)
    block = (epoch + 1) * tempo
    num_validators, num_miners = weights.shape
    registered = jnp.zeros(num_miners, jnp.int64)
    if reset is not None:  # took the uid right after the last epoch, before weights were set
        registered = jnp.where(reset, block - tempo + 1, registered)
    return ChainState(
        block=block,
        stake=stake,
        last_update=jnp.full(num_validators, block + 1),
        registered=registered,
        permit=state.permit,
        weights=weights,
        present=weights > 0,
        memory=state.memory,
        last_epoch_block=block - tempo,
    )


def _roster(cast: Cast) -> Roster:
    people = cast.population
    return Roster(jnp.asarray(people.validator_uid), jnp.asarray(people.miner_uid), jnp.int64(-1))


def _in_rao(stake: jax.Array, arithmetic: Arithmetic) -> jax.Array:
    return jnp.rint(stake * RAO).astype(jnp.int64) if arithmetic == "exact" else stake * RAO


def _quality(key: jax.Array, epoch: jax.Array, scenario: Scenario, recording: Recording) -> jax.Array | None:
    return scenario.actions.quality(key, epoch, recording)
