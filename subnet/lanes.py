"""Many lanes at once: one compiled program, vmapped in small groups and sharded over all devices."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from subnet.actions.base import Recording
from subnet.cast import Cast
from subnet.keys import run_key
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, Matrices, NetworkState, init, matrices, run_chunk
from subnet.spare import AXIS
from subnet.work.trace import TraceStep, traced
from tokenomics.arithmetic import Arithmetic

__all__ = ["LaneProgram", "Lanes", "TraceProgram", "group_size", "settlement_options", "stack_scenarios"]

_OneLane: TypeAlias = Callable[..., Any]  # recording, something shared, and arguments of one lane

# Lanes that are vmapped together. On a CPU as many as fit in the second-level cache with their matrices: batching 512
# at once was 3.8 times slower than 4. An accelerator wants them all.
_CPU_GROUP = 4
_ACCELERATOR_WORLDS = 8  # worlds that train at once on an accelerator


def group_size(lanes_per_device: int) -> int:
    """Return how many lanes of a device are vmapped together."""
    if jax.default_backend() == "cpu":
        return min(_CPU_GROUP, lanes_per_device)
    return lanes_per_device


def settlement_options() -> dict[str, Any] | None:
    """Return compiler options for programs that settle without training: on a CPU, the widest vectors.

    They help an epoch by a quarter and cost training a tenth, hence not for all programs.
    """
    return {"xla_cpu_prefer_vector_width": 512} if jax.default_backend() == "cpu" else None


def _hasty_options() -> dict[str, Any] | None:
    """Return compiler options for programs that run once: they compile three times faster without optimisation."""
    return {"xla_backend_optimization_level": 0} if jax.default_backend() == "cpu" else None


def stack_scenarios(scenarios: Sequence[Any]) -> Any:
    """Return scenarios (or sources) of one structure as one, each number an array [L].

    Floats become float64 and integers int64 whatever their values, so that a new number never is a new program.
    """
    columns = zip(*(jax.tree.leaves(s) for s in scenarios), strict=True)
    stacked = [np.array(c, np.int64 if all(type(x) is int for x in c) else np.float64) for c in columns]
    return jax.tree.unflatten(jax.tree.structure(scenarios[0]), stacked)


class Lanes:
    """What makes states and what takes them through epochs, of one lane, compiled for many.

    Lane axes are sharded over all devices of the default backend; the number of lanes must be a multiple of
    `num_devices`. Lanes whose people work (train, evaluate) are batches in themselves: on a CPU they run one after the
    other on each device, without the options that only help settlement; and where there are fewer of them than devices,
    several devices share a lane's miners.

    Args:
        recording: data that all lanes share.
        count: how many lanes there will be in all, 0 for any number.
        works: whether people train.
        start: recording, nothing, seed and people of one lane -> its state.
        chunk: recording, epochs [E], seed, people and state -> the state afterwards and what is to be told.
    """

    def __init__(self, recording: Any, count: int, works: bool, start: _OneLane, chunk: _OneLane) -> None:
        devices = np.array(jax.devices())
        self.num_devices = count if works and count and len(devices) % count == 0 else len(devices)
        self._mesh, self._works = Mesh(devices.reshape(self.num_devices, -1), ("lanes", AXIS)), works
        self._lanes = NamedSharding(self._mesh, P("lanes"))
        self._recording = jax.device_put(recording, NamedSharding(self._mesh, P()))
        self._start = self._once(start, 2)
        options = None if works else settlement_options()
        self._chunk = self._mapped(chunk, 3, compiler_options=options, donate_argnums=(4,))
        self._compiled: dict[Any, tuple[Any, Any]] = {}  # by the epochs and lanes of a wave

    @property
    def num_at_once(self) -> int:
        """Return how many lanes of working people are worth running together: one per core, some on an accelerator."""
        return self.num_devices if jax.default_backend() == "cpu" else max(_ACCELERATOR_WORLDS, self.num_devices)

    def place(self, lanes: Any) -> Any:
        """Put arrays with a leading lane axis on the devices."""
        return jax.device_put(lanes, self._lanes)

    def start(self, seeds: Any, people: Any) -> Any:
        """Return the states before the first epoch, [L] each."""
        start, _ = self._ready(None, seeds)
        return start(self._recording, np.int32(0), seeds, people)

    def chunk(self, epochs: np.ndarray, seeds: Any, people: Any, states: Any) -> tuple[Any, Any]:
        """Run `epochs` [E] (negative: skipped); outputs are [L, E, ...]. The old states are given up."""
        _, chunk = self._ready(epochs, seeds)
        found: tuple[Any, Any] = chunk(self._recording, epochs, seeds, people, states)
        return found

    def compile(self, epochs: np.ndarray, seeds: Any, people: Any) -> None:
        """Compile `start` and `chunk` for these shapes without running them; they are not traced again."""
        opening = self._start.lower(self._recording, np.int32(0), seeds, people)
        started = opening.compile()
        states = jax.tree.map(lambda s: jax.ShapeDtypeStruct(s.shape, s.dtype, sharding=self._lanes), opening.out_info)
        chunk = self._chunk.lower(self._recording, epochs, seeds, people, states).compile()
        self._compiled[len(epochs), len(seeds)] = self._compiled[None, len(seeds)] = started, chunk

    def _ready(self, epochs: np.ndarray | None, seeds: Any) -> tuple[Any, Any]:
        """Return `start` and `chunk`, compiled already if they are for these shapes."""
        shape = None if epochs is None else len(epochs), len(seeds)
        return self._compiled.get(shape, (self._start, self._chunk))

    def _once(self, f: _OneLane, num_lane_args: int) -> Any:
        """Compile `f(recording, shared, *lane_arguments)`, which runs once, for many lanes."""
        return self._mapped(f, num_lane_args, compiler_options=_hasty_options())

    def _mapped(self, f: _OneLane, num_lane_args: int, **options: Any) -> Any:
        def mapped(recording: Recording, shared: Any, *lanes: Any) -> Any:
            count = jax.tree.leaves(lanes)[0].shape[0]
            if self._works and jax.default_backend() == "cpu":
                # Not even a batch of one: under `vmap` a condition computes both its branches.
                return jax.lax.map(lambda lane: f(recording, shared, *lane), lanes)
            together = group_size(count)
            return jax.lax.map(lambda lane: f(recording, shared, *lane), lanes, batch_size=together)

        specs = (P(), P(), *(P("lanes") for _ in range(num_lane_args)))
        lanes = jax.shard_map(mapped, mesh=self._mesh, in_specs=specs, out_specs=P("lanes"), check_vma=False)
        return jax.jit(lanes, **options)


class LaneProgram(Lanes):
    """The compiled functions of one bucket: lanes that share a program. Their people are scenarios."""

    def __init__(
        self, cast: Cast, recording: Recording, arithmetic: Arithmetic, works: bool = False, count: int = 0
    ) -> None:
        def start(recording: Recording, _: Any, seed: jax.Array, scenario: Scenario) -> NetworkState:
            return init(run_key(seed), scenario, cast, recording, arithmetic)

        def chunk(
            recording: Recording, epochs: jax.Array, seed: jax.Array, scenario: Scenario, state: NetworkState
        ) -> tuple[NetworkState, EpochOut]:
            return run_chunk(run_key(seed), scenario, cast, recording, arithmetic, state, epochs)

        def last(
            recording: Recording, epoch: jax.Array, seed: jax.Array, scenario: Scenario, state: NetworkState
        ) -> Matrices:
            return matrices(run_key(seed), epoch, scenario, cast, recording, state)

        def cabal(recording: Recording, _: Any, scenario: Scenario) -> tuple[jax.Array, jax.Array]:
            return scenario.actions.adversaries(recording)

        super().__init__(recording, count, works, start, chunk)
        self._matrices = jax.jit(partial(_one_lane, last), compiler_options=_hasty_options())
        self._adversaries = self._once(cabal, 1)

    def adversaries(self, scenarios: Scenario) -> tuple[np.ndarray, np.ndarray]:
        """Return masks [L, V0], [L, M0] of adversaries among the source's own agents."""
        rows, columns = self._adversaries(self._recording, np.int32(0), scenarios)
        return np.asarray(rows), np.asarray(columns)

    def matrices(self, lane: int, epoch: int, seeds: Any, scenarios: Scenario, states: NetworkState) -> Matrices:
        """Return one lane's weights and bonds at the last epoch."""
        found = self._matrices(self._recording, np.int32(epoch), lane, seeds, scenarios, states)
        return jax.tree.map(np.asarray, found)


class TraceProgram(Lanes):
    """The compiled functions of worlds that differ in numbers and luck: people work, and nobody settles."""

    def __init__(self, recording: Recording, scoring: Any, count: int = 0) -> None:
        def start(recording: Recording, _: Any, seed: jax.Array, source: Any) -> Any:
            return source.init(run_key(seed), recording)

        def chunk(
            recording: Recording, epochs: jax.Array, seed: jax.Array, source: Any, state: Any
        ) -> tuple[Any, TraceStep]:
            return traced(run_key(seed), source, recording, scoring, state, epochs)

        def facts(recording: Recording, _: Any, seed: jax.Array, source: Any) -> tuple[jax.Array, ...]:
            key = run_key(seed)
            return source.stake(key, recording), source.adversaries(recording)[1], jax.random.key_data(key)

        super().__init__(recording, count, True, start, chunk)
        self._facts = self._once(facts, 2)

    def facts(self, seeds: Any, sources: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return stake [K, V] in tokens, who is not honest [K, M], and the key data of each world."""
        stake, crooked, keys = self._facts(self._recording, np.int32(0), seeds, sources)
        return np.asarray(stake), np.asarray(crooked), np.asarray(keys)


def _one_lane(f: Callable[..., Any], recording: Recording, epochs: Any, lane: Any, *lanes: Any) -> Any:
    return f(recording, epochs, *jax.tree.map(lambda x: x[lane], lanes))
