"""One epoch of the chain settled: checked plain numbers in, plain numbers out."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.epoch_file import U16, EpochInput, EpochParams, State
from subnet.chain.epoch import ChainState
from subnet.chain.masks import NO_COMMIT
from subnet.chain.neurons import Published, neuron_epoch
from subnet.chain.rules import ChainRules
from subnet.consensus.yuma import Yuma, YumaState
from subnet.precision import enable_x64
from tokenomics.arithmetic import Arithmetic

__all__ = ["settle"]

_RESULTS = (
    "consensus", "validator_trust", "incentive", "dividends", "consensus_u16", "validator_trust_u16", "incentive_u16",
    "dividends_u16", "server_emission", "validator_emission", "emission", "new_validator_permit",
)  # fmt: skip


def settle(epoch: EpochInput, arithmetic: Arithmetic) -> dict[str, Any]:
    """Return what an epoch publishes, as plain numbers; the keys stand in the order of `_RESULTS`, then the bonds."""
    enable_x64()
    params = epoch.params
    owner = jnp.int64(-1 if params.owner_uid is None else params.owner_uid)
    inputs = _rule(params), _chain(params), _arrays(epoch.state, params), owner, jnp.int64(epoch.emission)
    return _plain(jax.device_get(_settled(*inputs, arithmetic)))


_settled = jax.jit(neuron_epoch, static_argnames="arithmetic")


def _rule(params: EpochParams) -> Yuma:
    return Yuma(
        kappa=params.kappa_u16 / U16,
        bonds_moving_average=params.bonds_moving_average_ppm / 1e6,
        bonds_penalty=params.bonds_penalty_u16 / U16,
        alpha_low=params.alpha_low_u16 / U16,
        alpha_high=params.alpha_high_u16 / U16,
        alpha_sigmoid_steepness=params.alpha_sigmoid_steepness / 100,
        yuma3=params.yuma3,
        liquid_alpha=params.liquid_alpha,
    )


def _chain(params: EpochParams) -> ChainRules:
    return ChainRules(
        max_allowed_validators=params.max_allowed_validators,
        stake_threshold_rao=params.stake_threshold,
        tempo=params.tempo,
        activity_cutoff_blocks=params.activity_cutoff_blocks,
        commit_reveal=params.commit_reveal,
    )


def _arrays(state: State, params: EpochParams) -> ChainState:
    weights, present = _dense(state.weights, np.int32)
    bonds, _ = _dense(state.bonds, np.uint16)
    return ChainState(
        block=jnp.int64(state.block),
        stake=jnp.asarray(state.stake, jnp.int64),
        last_update=jnp.asarray(state.last_update, jnp.int64),
        registered=jnp.asarray(state.registered, jnp.int64),
        permit=jnp.asarray(state.permit, bool),
        weights=jnp.asarray(weights),
        present=jnp.asarray(present),
        memory=YumaState(jnp.asarray(bonds)),
        last_epoch_block=jnp.int64(params.last_mechanism_step_block),
        commit_block=jnp.asarray([NO_COMMIT if c is None else c for c in state.commits], jnp.int64),
    )


def _dense(rows: list[dict[int, int]], dtype: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return the values [N, N] and where there is an entry at all: a zero differs from none."""
    values, present = np.zeros((len(rows), len(rows)), dtype), np.zeros((len(rows), len(rows)), bool)
    for uid, row in enumerate(rows):
        for column, value in row.items():
            values[uid, column], present[uid, column] = value, True
    return values, present


def _plain(out: Published) -> dict[str, Any]:
    # The chain stores an entry for every bond above 0, even where it is too small for u16.
    stored = zip(np.asarray(out.bonds_u16), np.asarray(out.bonds_kept), strict=True)
    rows = [[[int(j), int(bonds[j])] for j in np.flatnonzero(kept)] for bonds, kept in stored]
    return {name: np.asarray(getattr(out, name)).tolist() for name in _RESULTS} | {"bonds_u16": rows}
