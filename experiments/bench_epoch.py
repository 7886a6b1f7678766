"""How fast an epoch settles, against a plain NumPy epoch and the machine's copy rate."""

import dataclasses
import tempfile
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from experiments.bench_numpy import numpy_yuma3_epoch
from experiments.bench_timing import Ceilings, all_devices, best_of, shared_out
from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.cast import cast_of
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.lanes import LaneProgram, group_size, settlement_options, stack_scenarios
from subnet.scenario import Scenario
from tokenomics.arithmetic import Arithmetic, of_real, to_float

__all__ = ["LANES", "epoch_row", "numpy_rate"]

LANES = 64
_KINDS_OF_WEIGHTS = 16  # different weights in turn, so that nothing can be carried over from the last epoch


def epoch_row(
    validators: int, miners: int, arithmetic: Arithmetic, against: float, ceiling: Ceilings
) -> dict[str, Any]:
    """Return what was measured of one size in one arithmetic, in epochs per second.

    Args:
        validators: V.
        miners: M.
        arithmetic: of the rule.
        against: epochs per second in plain NumPy.
        ceiling: of the machine.
    """
    row: dict[str, Any] = {"validators": validators, "miners": miners, "arithmetic": arithmetic, "numpy": against}
    row |= _formula(validators, miners, arithmetic) | _network(validators, miners, arithmetic)
    row["of_ceiling"] = row["batched"] * _bytes(validators, miners, arithmetic) / ceiling.copy_all
    return row


def numpy_rate(validators: int, miners: int, epochs: int = 300) -> float:
    """Return epochs per second in plain NumPy, float64."""
    weights, stake = _inputs(validators, miners)

    def run() -> np.ndarray:
        bonds = np.zeros((validators, miners))
        for t in range(epochs):
            bonds, *_ = numpy_yuma3_epoch(weights[t % len(weights)], stake, bonds, 0.5, 0.1)
        return bonds

    return epochs / best_of({"numpy": run})["numpy"]


def _bytes(validators: int, miners: int, arithmetic: Arithmetic) -> int:
    """Return the bytes an epoch cannot do without: weights read, u16 bonds read and written."""
    return validators * miners * ((4 if arithmetic == "float32" else 8) + 2 + 2)


def _inputs(validators: int, miners: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    weights = rng.lognormal(0, 0.5, (_KINDS_OF_WEIGHTS, validators, miners))
    stake = rng.lognormal(0, 1, validators)
    return weights / weights.sum(axis=2, keepdims=True), stake / stake.sum()


def _formula(validators: int, miners: int, arithmetic: Arithmetic) -> dict[str, float]:
    """Return epochs per second of the rule alone: one per dispatch, scanned, and in many lanes."""
    weights, stake = _inputs(validators, miners)
    W, S = of_real(weights, arithmetic), of_real(stake, arithmetic)
    rule = jax.tree.map(jnp.float64, Yuma(yuma3=True))
    active = jnp.ones(miners, bool)
    epochs = 16 * (_KINDS_OF_WEIGHTS if validators > 32 else 16 * _KINDS_OF_WEIGHTS)

    def epoch(rule: Yuma, state: Any, t: jax.Array, W: Any, S: Any) -> tuple[Any, jax.Array]:
        state, out = rule.step(state, jax.tree.map(lambda w: w[t % _KINDS_OF_WEIGHTS], W), S, active)
        return state, to_float(out.dividends)

    def scanned(rule: Yuma, W: Any, S: Any) -> Any:
        start = rule.init(validators, miners)
        return jax.lax.scan(lambda state, t: epoch(rule, state, t, W, S), start, jnp.arange(epochs))[0]

    options = settlement_options()
    one = jax.jit(epoch, compiler_options=options)
    many = jax.jit(scanned, compiler_options=options)
    t, singles = jnp.int64(3), 100

    def dispatches() -> Any:
        state = rule.init(validators, miners)
        for _ in range(singles):
            state, _ = one(rule, state, t, W, S)
        return state

    def lanes(kappa: jax.Array, rule: Yuma, W: Any, S: Any) -> Any:
        def lane(kappa: Any) -> Any:
            return scanned(dataclasses.replace(rule, kappa=kappa), W, S)

        return jax.lax.map(lane, kappa, batch_size=group_size(len(kappa)))

    mesh, P = all_devices("lanes"), PartitionSpec
    specs = (P("lanes"), P(), P(), P())
    batched = jax.jit(
        jax.shard_map(lanes, mesh=mesh, in_specs=specs, out_specs=P("lanes"), check_vma=False),
        compiler_options=options,
    )
    count = shared_out(LANES)
    kappas = jax.device_put(jnp.linspace(0.4, 0.6, count), NamedSharding(mesh, P("lanes")))
    times = best_of(
        {"single": dispatches, "scanned": lambda: many(rule, W, S), "batched": lambda: batched(kappas, rule, W, S)}
    )
    return {
        "single": singles / times["single"],
        "scanned": epochs / times["scanned"],
        "batched": count * epochs / times["batched"],
    }


def _network(validators: int, miners: int, arithmetic: Arithmetic) -> dict[str, float]:
    """Return epochs per second of whole network epochs, one lane and many, and what compiling costs."""
    weights, stake = _inputs(validators, miners)
    stored = np.round(weights / weights.max(axis=2, keepdims=True) * 65535).astype(np.int32)
    recorded = stored if arithmetic == "exact" else weights
    recording = Recording(recorded, np.broadcast_to(1000 * stake, (_KINDS_OF_WEIGHTS, validators)).copy())
    names = tuple(str(i) for i in range(validators + miners))
    uids = tuple(range(validators + miners))
    people = Population(uids[:validators], uids[validators:], names[:validators], names[validators:])
    scenario = Scenario(Design(consensus=Yuma(yuma3=True)), Recorded(), {})
    chunk = np.arange(64 if validators > 32 else 256, dtype=np.int32) % _KINDS_OF_WEIGHTS
    program = LaneProgram(cast_of(people, {}), recording, arithmetic)
    result: dict[str, float] = {}
    for name, lanes in (("network_scanned", program.num_devices), ("lanes", shared_out(LANES))):
        seeds = program.place(np.arange(lanes))
        scenarios = program.place(stack_scenarios([scenario] * lanes))
        if name == "lanes":
            result |= _compile_times(program, chunk, seeds, scenarios)
        states = program.start(seeds, scenarios)

        def run(states: Any = states, seeds: Any = seeds, scenarios: Any = scenarios) -> Any:
            copies = jax.tree.map(jnp.copy, states)  # a chunk gives up the states it is handed
            return program.chunk(chunk, seeds, scenarios, copies)

        result[name] = lanes * len(chunk) / best_of({name: run})[name]
    result["network_scanned"] /= program.num_devices
    return result


def _compile_times(program: LaneProgram, chunk: np.ndarray, seeds: Any, scenarios: Any) -> dict[str, float]:
    """Return seconds to compile a chunk's program with an empty and with a filled compilation cache."""
    before = getattr(jax.config, "jax_compilation_cache_dir", None)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        _use_cache(folder)
        for _ in range(2):
            jax.clear_caches()
            jax.block_until_ready(program.start(seeds, scenarios))  # not to be timed
            start = time.perf_counter()
            program.compile(chunk, seeds, scenarios)
            times.append(time.perf_counter() - start)
        _use_cache(before)
    return {"compile_cold": times[0], "compile_cached": times[1]}


def _use_cache(folder: str | None) -> None:
    from jax.experimental.compilation_cache import compilation_cache

    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    compilation_cache.reset_cache()
