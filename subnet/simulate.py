"""The order of things: an epoch is a pure function, a run is that function scanned over epochs."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.act import Acted, History, Practice, act, brought_stake, remember, start_practice
from subnet.actions.base import Recording
from subnet.cast import Cast
from subnet.chain.epoch import ChainState, Roster, settle_epoch
from subnet.chain.permits import new_permits, stake_shares
from subnet.chunks import scan_epochs
from subnet.economy import EconomyOut, EconomyState, open_economy, settle_economy, total_stake
from subnet.registration.base import Turnover
from subnet.scenario import Scenario
from subnet.scores import ScoresOut, common_scores, no_incentives
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.arithmetic import Arithmetic, to_float
from validators.view import HISTORY

__all__ = ["EpochOut", "Matrices", "NetworkState", "WorkOut", "init", "matrices", "run", "run_chunk", "step"]


class NetworkState(NamedTuple):
    """All that is carried: the rule's memory, permits [V], money, working people's state, what was public.

    `newcomer` [M] is the generation of a miner that joined in the last epoch, 0 elsewhere. `incentives` [L, M] are
    those of the last epochs, whose truth is known to nobody yet; () where people do not work, or stake on their work.
    """

    memory: Any
    permit: jax.Array
    economy: EconomyState
    practice: Practice
    history: History
    newcomer: jax.Array
    incentives: Any


class WorkOut(NamedTuple):
    """What an epoch of work tells the outside, [M]: see `subnet.work.trained.Work`; NaN for an empty seat."""

    skill: jax.Array
    loss: jax.Array
    accuracy: jax.Array
    originality: jax.Array


class EpochOut(NamedTuple):
    """What an epoch tells the outside: shares by validator [V] and miner [M], the money, the miners' true quality [M].

    `work` is None where nothing is trained, `quality` where nobody knows it, `scores` where nobody ranks anything. In a
    tournament, `incentive` is each miner's part of the meta model, its share of what is staked.
    """

    stake: jax.Array
    stake_share: jax.Array
    dividends: jax.Array
    validator_trust: jax.Array
    permit: jax.Array
    incentive: jax.Array
    consensus: jax.Array
    validator_share: jax.Array
    miner_share: jax.Array
    quality: jax.Array | None
    money: EconomyOut
    work: WorkOut | None
    scores: ScoresOut | None


class Matrices(NamedTuple):
    """Weights as set and bonds as kept at one epoch, [V, M] each; `bonds` is None where the rule keeps none."""

    weights: jax.Array
    bonds: jax.Array | None


def init(key: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, arithmetic: Arithmetic) -> NetworkState:
    """Return the state before the first epoch: no bonds, permits by stake, nobody trained, no history."""
    V, M = cast.num_validators, cast.num_miners
    memory = scenario.design.consensus.init(V, M)
    if arithmetic == "float32":
        memory = jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype == jnp.float64 else x, memory)
    brought = _whole_rao(brought_stake(key, jnp.int32(0), scenario, cast, recording))
    nobody = jnp.zeros(V, bool)
    chain = scenario.design.chain
    shares = stake_shares(_counted(brought, arithmetic), chain.stake_threshold_rao, nobody, arithmetic)
    return NetworkState(
        memory=memory,
        permit=new_permits(shares, chain.max_allowed_validators, nobody),
        economy=open_economy(key, scenario, cast, brought),
        practice=start_practice(key, scenario, cast, recording),
        history=History(jnp.zeros((HISTORY, M)), jnp.zeros((HISTORY, M))),
        newcomer=jnp.zeros(M, jnp.int32),
        incentives=no_incentives(scenario, M),
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
    """Run one epoch: stake comes in -> act -> consensus -> pay, slash, costs, registration -> remember."""
    brought = brought_stake(key, epoch, scenario, cast, recording)
    economy, stake = total_stake(state.economy, scenario, _whole_rao(brought))
    practice, acted = _act(key, epoch, scenario, cast, recording, state, brought)
    settled = settle_epoch(
        scenario.design.consensus,
        scenario.design.chain,
        scenario.design.payout,
        _roster(cast),
        _chain_state(epoch, scenario, state, acted, _counted(stake, arithmetic)),
        arithmetic,
    )
    economy, money, played = settle_economy(key, epoch, scenario, cast, economy, settled, acted)
    consensus, incentive = to_float(settled.consensus), to_float(settled.incentive)
    scores, incentives = (
        (played, ()) if played is not None else common_scores(epoch, acted.work, state.incentives, incentive)
    )
    next_state = NetworkState(
        memory=settled.memory,
        permit=settled.permit,
        economy=economy,
        practice=practice,
        history=remember(state.history, epoch, acted.opinion, consensus.astype(acted.opinion.dtype)),
        newcomer=state.newcomer if money.joined is None else jnp.where(money.joined, economy.seats.generation, 0),
        incentives=incentives,
    )
    out = EpochOut(
        stake=stake / RAO_PER_TOKEN,
        stake_share=to_float(settled.stake),
        dividends=to_float(settled.dividends),
        validator_trust=to_float(settled.validator_trust),
        permit=settled.permit,
        incentive=incentive if played is None else played.influence,
        consensus=consensus,
        validator_share=to_float(settled.shares.validators.sum()),
        miner_share=to_float(settled.shares.miners.sum()),
        quality=_quality(key, epoch, scenario, recording, acted),
        money=money,
        work=_work_out(acted),
        scores=scores,
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
    """Scan `step` over `epochs` [E], of which negative ones are skipped: see `scan_epochs`."""
    return scan_epochs(lambda epoch, s: step(key, epoch, scenario, cast, recording, arithmetic, s), state, epochs)


def matrices(
    key: jax.Array, epoch: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, state: NetworkState
) -> Matrices:
    """Return the weights set at `epoch`, the last one run, and the bonds kept after it.

    Drawn again rather than carried: everything a strategy looks at lies in the past, which the history still holds.
    """
    if hasattr(scenario.actions, "work"):
        weights = state.practice.weights
    else:
        brought = brought_stake(key, epoch, scenario, cast, recording)
        weights = _act(key, epoch, scenario, cast, recording, state, brought)[1].weights
    bonds = getattr(state.memory, "bonds", None)
    return Matrices(weights, None if bonds is None else to_float(bonds))


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


def _act(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    cast: Cast,
    recording: Recording,
    state: NetworkState,
    brought: jax.Array,
) -> tuple[Practice, Acted]:
    opens = scenario.design.registration.opens
    turnover = Turnover(state.newcomer, state.economy.seats.present) if opens else None
    return act(key, epoch, scenario, cast, recording, state.practice, state.history, brought, turnover)


def _chain_state(
    epoch: jax.Array, scenario: Scenario, state: NetworkState, acted: Acted, stake: jax.Array
) -> ChainState:
    """Return the chain's view of a simulated epoch: everybody set weights in this block, only newcomers are new."""
    tempo = jnp.asarray(scenario.design.chain.tempo, jnp.int64)
    block = (epoch + 1) * tempo
    weights = acted.weights
    num_validators, num_miners = weights.shape
    new = state.newcomer > 0 if acted.reset is None else acted.reset | (state.newcomer > 0)
    # They took the uid right after the last epoch, before weights were set.
    registered = jnp.where(new, block - tempo + 1, jnp.zeros(num_miners, jnp.int64))
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


def _whole_rao(stake: jax.Array) -> jax.Array:
    return jnp.rint(stake * RAO_PER_TOKEN).astype(jnp.int64)


def _counted(stake: jax.Array, arithmetic: Arithmetic) -> jax.Array:
    return stake if arithmetic == "exact" else stake.astype(jnp.float64)


def _quality(
    key: jax.Array, epoch: jax.Array, scenario: Scenario, recording: Recording, acted: Acted
) -> jax.Array | None:
    return scenario.actions.quality(key, epoch, recording) if acted.work is None else acted.work.skill


def _work_out(acted: Acted) -> WorkOut | None:
    work = acted.work
    return None if work is None else WorkOut(work.skill, work.loss, work.accuracy, work.originality)
