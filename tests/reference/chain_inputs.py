"""Vectors of the chain taken into the package's own types."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from subnet.chain.epoch import ChainState
from subnet.chain.masks import NO_COMMIT
from subnet.chain.neurons import Published, neuron_epoch
from subnet.chain.rules import ChainRules
from subnet.consensus.yuma import Yuma, YumaState
from tokenomics.arithmetic import Arithmetic

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "bittensor_epoch.json").read_text(encoding="utf-8")
)["vectors"]

_epoch = jax.jit(neuron_epoch, static_argnames="arithmetic")


def vectors_of(function: str) -> list[dict[str, Any]]:
    """Return the vectors of one function."""
    return [v for v in VECTORS if v["function"] == function]


def dense(rows: list[list[list[int]]], n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return sparse rows as a matrix, and where it has entries."""
    values, present = np.zeros((n, n), np.int64), np.zeros((n, n), bool)
    for i, row in enumerate(rows):
        for j, value in row:
            values[i, j], present[i, j] = value, True
    return values, present


def yuma_of(params: dict[str, Any]) -> Yuma:
    """Return the rule with a vector's hyperparameters; numbers as arrays, as the runner hands them over."""
    rule = Yuma(
        kappa=params["kappa_u16"] / 65535,
        bonds_moving_average=params["bonds_moving_average_ppm"] / 1e6,
        bonds_penalty=params["bonds_penalty_u16"] / 65535,
        alpha_low=params["alpha_low_u16"] / 65535,
        alpha_high=params["alpha_high_u16"] / 65535,
        alpha_sigmoid_steepness=params["alpha_sigmoid_steepness"] / 100,
        yuma3=params["yuma3"],
        liquid_alpha=params["liquid_alpha"],
    )
    return jax.tree.map(jnp.float64, rule)


def padded(values: list[Any], n: int, fill: Any) -> list[Any]:
    """Return a list of length n."""
    return (list(values) + [fill] * n)[:n]


def run_step(params: dict[str, Any], state: dict[str, Any], emission: int, arithmetic: Arithmetic) -> Published:
    """Run one step of an epoch vector."""
    n = len(state["stake"])
    weights, present = dense(state["weights"], n)
    commits = state.get("commit_blocks") or [None] * n
    chain = ChainRules(
        jnp.int64(params["max_allowed_validators"]),
        jnp.float64(params["stake_threshold"]),
        jnp.int64(params["tempo"]),
        jnp.int64(params["activity_cutoff_blocks"]),
        params["commit_reveal"],
    )
    inputs = ChainState(
        block=jnp.int64(state["block"]),
        stake=jnp.array(state["stake"], jnp.int64),
        last_update=jnp.array(padded(state["last_update"], n, 0), jnp.int64),
        registered=jnp.array(state["block_at_registration"], jnp.int64),
        permit=jnp.array(padded(state["validator_permit"], n, False), bool),
        weights=jnp.array(weights),
        present=jnp.array(present),
        memory=YumaState(jnp.array(dense(state["bonds"], n)[0].astype(np.uint16))),
        last_epoch_block=jnp.int64(params["last_mechanism_step_block"]),
        commit_block=jnp.array([NO_COMMIT if c is None else c for c in commits], jnp.int64),
    )
    owner = -1 if params["owner_uid"] is None else params["owner_uid"]
    run = partial(_epoch, arithmetic=arithmetic)
    return run(yuma_of(params), chain, inputs, jnp.int64(owner), jnp.int64(emission))


def stored_bonds(out: Published) -> list[list[list[int]]]:
    """Return bonds as the chain stores them: sparse rows, entries that became zero included."""
    bonds, kept = np.asarray(out.bonds_u16), np.asarray(out.bonds_kept)
    return [[[int(j), int(bonds[i, j])] for j in np.flatnonzero(kept[i])] for i in range(len(kept))]
