"""`subnetlab bench`: how fast an epoch is, against a plain NumPy epoch and the machine's ceiling in the same run."""

import dataclasses
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.bench_numpy import numpy_yuma3_epoch
from experiments.errors import UserError
from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.cast import cast_of
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.lanes import LaneProgram, group_size, settlement_options, stack_scenarios
from subnet.precision import enable_x64
from subnet.scenario import Scenario
from tokenomics.arithmetic import Arithmetic, of_real, to_float

__all__ = ["main"]

SIZES = ((64, 256), (16, 64))
ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")
LANES = 64
_KINDS_OF_WEIGHTS = 16  # different weights in turn, so that nothing can be carried over from the last epoch
_REPEATS = 5


def main(args: Sequence[str] = ()) -> int:
    """Measure, print a table, and with `--json FILE` keep the figures.

    Raises:
        UserError: if there are other arguments.
    """
    if args and (len(args) != 2 or args[0] != "--json"):
        raise UserError(f"bench: {' '.join(args)} is unknown; bench takes nothing, or --json FILE to keep the figures")
    enable_x64()
    figures: dict[str, Any] = {"devices": [str(d) for d in jax.devices()], "ceiling": _ceilings()}
    print(_described(figures["ceiling"]))
    rows = []
    for validators, miners in SIZES:
        numpy_rate = _numpy_rate(validators, miners)
        print(f"\n{validators} validators x {miners} miners, Yuma 3; plain NumPy float64: {numpy_rate:,.0f} epochs/s")
        print(f"{'':9}{'rule alone':>40} |{'whole network epoch':>48}")
        print(f"{'':9}{'single':>10}{'scanned':>10}{f'{LANES} lanes':>10}{'x NumPy':>10} |{'scanned':>10}"
              f"{f'{LANES} lanes':>10}{'x NumPy':>9}{'compile s':>11}{'cached s':>10}{'of ceiling':>12}")  # fmt: skip
        for arithmetic in ARITHMETICS:
            row: dict[str, Any] = {"validators": validators, "miners": miners, "arithmetic": arithmetic}
            row |= (
                {"numpy": numpy_rate}
                | _formula(validators, miners, arithmetic)
                | _network(validators, miners, arithmetic)
            )
            row["of_ceiling"] = row["batched"] * _bytes(validators, miners, arithmetic) / figures["ceiling"]["copy_all"]
            rows.append(row)
            print(f"{arithmetic:9}{row['single']:>10,.0f}{row['scanned']:>10,.0f}{row['batched']:>10,.0f}"
                  f"{row['batched'] / numpy_rate:>10.1f} |{row['network_scanned']:>10,.0f}{row['lanes']:>10,.0f}"
                  f"{row['lanes'] / numpy_rate:>9.1f}{row['compile_cold']:>11.2f}{row['compile_cached']:>10.2f}"
                  f"{row['of_ceiling']:>12.0%}")  # fmt: skip
        exact, double = (next(r for r in rows[-3:] if r["arithmetic"] == a) for a in ("exact", "float64"))
        figures[f"exact_over_float64_{validators}x{miners}"] = double["batched"] / exact["batched"]
        print(f"exact takes {double['batched'] / exact['batched']:.2f} times as long as float64 (rule alone, lanes)")
    figures["epochs"] = rows
    figures["peak_memory_gib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"\npeak memory: {figures['peak_memory_gib']:.2f} GiB")
    print("rule alone: the consensus rule; single: one dispatch per epoch; scanned: one core; lanes: all cores. Whole")
    print("network epoch: permits, masks, consensus, emission and pay of a replayed recording. Ceiling: an epoch that")
    print("only reads its weights and reads and writes its bonds, at the measured copy rate of all cores.")
    if args:
        Path(args[1]).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def _described(ceiling: dict[str, float]) -> str:
    return (
        f"machine: {len(jax.devices())} x {jax.devices()[0].device_kind}; copy {ceiling['copy_one'] / 1e9:.0f} GB/s on "
        f"one, {ceiling['copy_all'] / 1e9:.0f} GB/s on all; float32 matmul {ceiling['matmul'] / 1e9:.0f} GFLOP/s"
    )


def _best(run: Callable[[], Any]) -> float:
    """Return the median seconds of a few runs after one that warms up."""
    jax.block_until_ready(run())
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        jax.block_until_ready(run())
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _ceilings() -> dict[str, float]:
    """Return what the machine can do at all: bytes copied per second (read + written), float operations per second."""
    n = 2048
    a = jnp.ones((n, n), jnp.float32)
    matmul = jax.jit(lambda x: x @ x)
    devices = jax.devices()
    mesh = jax.make_mesh((len(devices),), ("x",), axis_types=(jax.sharding.AxisType.Auto,), devices=devices)
    sharding = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("x"))
    size, passes = 1 << 22, 20  # 16 MiB per device: beyond the caches that a core has to itself
    copies = jax.jit(lambda x: jax.lax.fori_loop(0, passes, lambda _, x: x + 1, x))
    alone, spread = jnp.ones(size, jnp.float32), jax.device_put(jnp.ones((len(devices), size), jnp.float32), sharding)
    return {
        "matmul": 2 * n**3 / _best(lambda: matmul(a)),
        "copy_one": 8 * alone.size * passes / _best(lambda: copies(alone)),
        "copy_all": 8 * spread.size * passes / _best(lambda: copies(spread)),
    }


def _bytes(validators: int, miners: int, arithmetic: Arithmetic) -> int:
    """Return the bytes an epoch cannot do without: weights read, u16 bonds read and written."""
    return validators * miners * ((4 if arithmetic == "float32" else 8) + 2 + 2)


def _inputs(validators: int, miners: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    weights = rng.lognormal(0, 0.5, (_KINDS_OF_WEIGHTS, validators, miners))
    stake = rng.lognormal(0, 1, validators)
    return weights / weights.sum(axis=2, keepdims=True), stake / stake.sum()


def _numpy_rate(validators: int, miners: int, epochs: int = 300) -> float:
    weights, stake = _inputs(validators, miners)

    def run() -> np.ndarray:
        bonds = np.zeros((validators, miners))
        for t in range(epochs):
            bonds, *_ = numpy_yuma3_epoch(weights[t % len(weights)], stake, bonds, 0.5, 0.1)
        return bonds

    return epochs / _best(run)


def _formula(validators: int, miners: int, arithmetic: Arithmetic) -> dict[str, float]:
    """Return epochs per second of the rule alone: one per dispatch, and scanned."""
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
    start = rule.init(validators, miners)
    t = jnp.int64(3)
    singles = 100

    def dispatches() -> Any:
        state = start
        for _ in range(singles):
            state, _ = one(rule, state, t, W, S)
        return state

    devices = jax.devices()
    mesh = jax.make_mesh((len(devices),), ("lanes",), axis_types=(jax.sharding.AxisType.Auto,), devices=devices)
    P = jax.sharding.PartitionSpec

    def lanes(kappa: jax.Array, rule: Yuma, W: Any, S: Any) -> Any:
        def lane(kappa: Any) -> Any:
            return scanned(dataclasses.replace(rule, kappa=kappa), W, S)

        return jax.lax.map(lane, kappa, batch_size=group_size(len(kappa)))

    specs = (P("lanes"), P(), P(), P())
    batched = jax.jit(
        jax.shard_map(lanes, mesh=mesh, in_specs=specs, out_specs=P("lanes"), check_vma=False),
        compiler_options=options,
    )
    kappas = jax.device_put(jnp.linspace(0.4, 0.6, LANES), jax.sharding.NamedSharding(mesh, P("lanes")))
    return {
        "single": singles / _best(dispatches),
        "scanned": epochs / _best(lambda: many(rule, W, S)),
        "batched": LANES * epochs / _best(lambda: batched(kappas, rule, W, S)),
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
    cast = cast_of(people, {})
    chunk = np.arange(64 if validators > 32 else 256, dtype=np.int32) % _KINDS_OF_WEIGHTS
    program = LaneProgram(cast, recording, arithmetic)
    result = {}
    for name, lanes in (("network_scanned", program.num_devices), ("lanes", LANES)):
        seeds = program.place(np.arange(lanes))
        scenarios = program.place(stack_scenarios([scenario] * lanes))
        cold, cached = _compile_times(program, chunk, seeds, scenarios) if name == "lanes" else (0.0, 0.0)
        states = program.start(seeds, scenarios)

        def run(states: Any = states, seeds: Any = seeds, scenarios: Any = scenarios) -> Any:
            copies = jax.tree.map(jnp.copy, states)  # a chunk gives up the states it is handed
            return program.chunk(chunk, seeds, scenarios, copies)

        result[name] = lanes * len(chunk) / _best(run)
        if name == "lanes":
            result |= {"compile_cold": cold, "compile_cached": cached}
    result["network_scanned"] /= program.num_devices
    return result


def _compile_times(program: LaneProgram, chunk: np.ndarray, seeds: Any, scenarios: Any) -> tuple[float, float]:
    """Return seconds to compile a chunk's program with an empty and with a filled compilation cache."""
    before = getattr(jax.config, "jax_compilation_cache_dir", None)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        _use_cache(folder)
        for _ in range(2):
            jax.clear_caches()
            states = program.start(seeds, scenarios)
            jax.block_until_ready(states)
            start = time.perf_counter()
            program.compile_chunk(chunk, seeds, scenarios, states)
            times.append(time.perf_counter() - start)
        _use_cache(before)
    return times[0], times[1]


def _use_cache(folder: str | None) -> None:
    from jax.experimental.compilation_cache import compilation_cache

    jax.config.update("jax_compilation_cache_dir", folder)
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    compilation_cache.reset_cache()
