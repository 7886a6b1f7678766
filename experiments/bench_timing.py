"""Timing that is fair: tasks take turns in one process, and the best of several turns counts."""

import math
import resource
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

__all__ = ["Ceilings", "Task", "all_devices", "best_of", "ceilings", "compiled", "peak_memory", "shared_out", "spread"]

Task = Callable[[], Any]

_REPEATS = 5
_SQUARE, _MULTIPLICATIONS = 512, 16  # three such matrices fit in a second-level cache
_NUMBERS, _COPIES = 1 << 22, 20  # 16 MiB per device: beyond the caches that a core has to itself


class Ceilings(NamedTuple):
    """What the machine can do at all, on one device and on all of them at once.

    `copy_…` are bytes per second, read and written; `matmul_…` are floating-point operations per second in float32.
    """

    copy_one: float
    copy_all: float
    matmul_one: float
    matmul_all: float


def best_of(peers: Mapping[str, Task], repeats: int = _REPEATS) -> dict[str, float]:
    """Return the least seconds that each peer took in `repeats` turns, after one that warms up.

    Peers take turns, so that a busy neighbour is everybody's.
    """
    for run in peers.values():
        jax.block_until_ready(run())
    best = dict.fromkeys(peers, math.inf)
    for _ in range(repeats):
        for name, run in peers.items():
            start = time.perf_counter()
            jax.block_until_ready(run())
            best[name] = min(best[name], time.perf_counter() - start)
    return best


def compiled(function: Callable[..., Any], *arguments: Any, **options: Any) -> tuple[Callable[..., Any], float]:
    """Return `function` compiled for these arguments, and the seconds that this took.

    Cold, unless JAX is told by its own environment variables to keep programs.
    """
    lowered = jax.jit(function, **options).lower(*arguments)
    start = time.perf_counter()
    return lowered.compile(), time.perf_counter() - start


def peak_memory() -> float:
    """Return the most memory that this process has held so far, GiB."""
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


def all_devices(axis: str) -> Mesh:
    """Return a mesh of all devices along one axis."""
    devices = jax.devices()
    return jax.make_mesh((len(devices),), (axis,), axis_types=(AxisType.Auto,), devices=devices)


def shared_out(count: int) -> int:
    """Return `count`, or the next number that all devices can share evenly."""
    return -(-count // len(jax.devices())) * len(jax.devices())


def spread(function: Callable[..., Any], *arguments: jax.Array) -> Task:
    """Return a task that computes `function` of the same arguments on every device at once."""
    mesh, parts = all_devices("devices"), PartitionSpec("devices")
    sharding = NamedSharding(mesh, parts)
    everywhere = [jax.device_put(jnp.concatenate([x] * mesh.size), sharding) for x in arguments]
    f = jax.jit(jax.shard_map(function, mesh=mesh, in_specs=parts, out_specs=parts, check_vma=False))
    return lambda: f(*everywhere)


def ceilings(repeats: int = _REPEATS) -> Ceilings:
    """Measure what one device and all of them can do at all.

    In loops, to which XLA gives one thread; it would spread a single operation of one device over all cores.
    """

    def copy(x: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, _COPIES, lambda _, y: y + 1, x)

    def multiply(x: jax.Array) -> jax.Array:
        return jax.lax.fori_loop(0, _MULTIPLICATIONS, lambda _, y: x @ y, x)

    numbers, square = jnp.ones(_NUMBERS, jnp.float32), jnp.full((_SQUARE, _SQUARE), 1e-3, jnp.float32)
    copy_one, multiply_one = jax.jit(copy), jax.jit(multiply)
    times = best_of(
        {
            "copy_one": lambda: copy_one(numbers),
            "copy_all": spread(copy, numbers),
            "matmul_one": lambda: multiply_one(square),
            "matmul_all": spread(multiply, square),
        },
        repeats,
    )
    work = {"copy": 8 * _NUMBERS * _COPIES, "matmul": 2 * _SQUARE**3 * _MULTIPLICATIONS}
    devices = {"one": 1, "all": len(jax.devices())}
    rates = {name: work[name[:-4]] * devices[name[-3:]] / seconds for name, seconds in times.items()}
    return Ceilings(**rates)
