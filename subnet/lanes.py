"""Many lanes at once: one compiled program, vmapped in small groups and sharded over all devices."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P

from subnet.actions.base import Recording
from subnet.cast import Cast
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, Matrices, NetworkState, init, matrices, run_chunk
from subnet.work.trace import TraceStep, traced
from tokenomics.arithmetic import Arithmetic

__all__ = ["LaneProgram", "Lanes", "TraceProgram", "group_size", "settlement_options", "stack_scenarios"]

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


def stack_scenarios(scenarios: Sequence[Any]) -> Any:
    """Return scenarios (or sources) of one structure as one, each number an array [L].

    Floats become float64 and integers int64 whatever their values, so that a new number never is a new program.
    """
    columns = zip(*(jax.tree.leaves(s) for s in scenarios), strict=True)
    stacked = [np.array(c, np.int64 if all(type(x) is int for x in c) else np.float64) for c in columns]
    return jax.tree.unflatten(jax.tree.structure(scenarios[0]), stacked)


class Lanes:
    """Functions of one lane, compiled for many: lane axes are sharded over all devices of the default backend.

    The number of lanes must be a multiple of `num_devices`. Lanes whose people work (train, evaluate) are batches in
    themselves: on a CPU they run one after the other on each device, without the options that only help settlement.
    """

    def __init__(self, recording: Recording, works: bool) -> None:
        devices = np.array(jax.devices())
        self.num_devices = len(devices)
        self._mesh, self._works = Mesh(devices, ("lanes",)), works
        self._lanes = NamedSharding(self._mesh, P("lanes"))
        self._recording = jax.device_put(recording, NamedSharding(self._mesh, P()))

    @property
    def num_at_once(self) -> int:
        """Return how many lanes of working people are worth running together: one per core, some on an accelerator."""
        return self.num_devices if jax.default_backend() == "cpu" else max(_ACCELERATOR_WORLDS, self.num_devices)

    def place(self, lanes: Any) -> Any:
        """Put arrays with a leading lane axis on the devices."""
        return jax.device_put(lanes, self._lanes)

    def per_lane(self, f: Callable[..., Any], num_lane_args: int, donate_last: bool = False) -> Any:
        """Compile `f(recording, shared, *lane_arguments)` for many lanes; the last one's memory may be given up."""

        def mapped(recording: Recording, shared: Any, *lanes: Any) -> Any:
            count = jax.tree.leaves(lanes)[0].shape[0]
            if self._works and jax.default_backend() == "cpu":
                # Not even a batch of one: under `vmap` a condition computes both its branches.
                return jax.lax.map(lambda lane: f(recording, shared, *lane), lanes)
            together = group_size(count)
            return jax.lax.map(lambda lane: f(recording, shared, *lane), lanes, batch_size=together)

        specs = (P(), P(), *(P("lanes") for _ in range(num_lane_args)))
        return jax.jit(
            jax.shard_map(mapped, mesh=self._mesh, in_specs=specs, out_specs=P("lanes"), check_vma=False),
            donate_argnums=(1 + num_lane_args,) if donate_last else (),
            compiler_options=None if self._works else settlement_options(),
        )


class LaneProgram(Lanes):
    """The compiled functions of one bucket: lanes that share a program."""

    def __init__(self, cast: Cast, recording: Recording, arithmetic: Arithmetic, works: bool = False) -> None:
        super().__init__(recording, works)

        def start(recording: Recording, _: Any, seed: jax.Array, scenario: Scenario) -> NetworkState:
            return init(jax.random.key(seed), scenario, cast, recording, arithmetic)

        def chunk(
            recording: Recording, epochs: jax.Array, seed: jax.Array, scenario: Scenario, state: NetworkState
        ) -> tuple[NetworkState, EpochOut]:
            return run_chunk(jax.random.key(seed), scenario, cast, recording, arithmetic, state, epochs)

        def last(
            recording: Recording, epoch: jax.Array, seed: jax.Array, scenario: Scenario, state: NetworkState
        ) -> Matrices:
            return matrices(jax.random.key(seed), epoch, scenario, cast, recording, state)

        def cabal(recording: Recording, _: Any, scenario: Scenario) -> tuple[jax.Array, jax.Array]:
            return scenario.actions.adversaries(recording)

        self._start, self._chunk = self.per_lane(start, 2), self.per_lane(chunk, 3, donate_last=True)
        self._matrices = jax.jit(partial(_one_lane, last))
        self._adversaries = self.per_lane(cabal, 1)

    def start(self, seeds: Any, scenarios: Scenario) -> NetworkState:
        """Return the states before the first epoch, [L] each."""
        return self._start(self._recording, np.int32(0), seeds, scenarios)

    def chunk(
        self, epochs: np.ndarray, seeds: Any, scenarios: Scenario, states: NetworkState
    ) -> tuple[NetworkState, EpochOut]:
        """Run `epochs` [E] (negative: skipped); outputs are [L, E, ...]. The old states are given up."""
        return self._chunk(self._recording, epochs, seeds, scenarios, states)

    def compile_chunk(self, epochs: np.ndarray, seeds: Any, scenarios: Scenario, states: NetworkState) -> Any:
        """Compile `chunk` for these shapes without running it."""
        return self._chunk.lower(self._recording, epochs, seeds, scenarios, states).compile()

    def adversaries(self, scenarios: Scenario) -> tuple[np.ndarray, np.ndarray]:
        """Return masks [L, V0], [L, M0] of adversaries among the source's own agents."""
        rows, columns = self._adversaries(self._recording, np.int32(0), scenarios)
        return np.asarray(rows), np.asarray(columns)

    def matrices(self, lane: int, epoch: int, seeds: Any, scenarios: Scenario, states: NetworkState) -> Matrices:
        """Return one lane's weights and bonds at the last epoch."""
        found = self._matrices(self._recording, np.int32(epoch), lane, seeds, scenarios, states)
        return jax.tree.map(np.asarray, found)


class TraceProgram(Lanes):
    """The compiled functions of worlds that differ in numbers and luck: miners work, and nobody settles."""

    def __init__(self, recording: Recording, scoring: Any) -> None:
        super().__init__(recording, works=True)

        def start(recording: Recording, _: Any, seed: jax.Array, source: Any) -> Any:
            return source.init(jax.random.key(seed), recording)

        def chunk(
            recording: Recording, epochs: jax.Array, seed: jax.Array, source: Any, state: Any
        ) -> tuple[Any, TraceStep]:
            return traced(jax.random.key(seed), source, recording, scoring, state, epochs)

        def facts(recording: Recording, _: Any, seed: jax.Array, source: Any) -> tuple[jax.Array, ...]:
            key = jax.random.key(seed)
            return source.stake(key, recording), source.adversaries(recording)[1], jax.random.key_data(key)

        self._start, self._chunk = self.per_lane(start, 2), self.per_lane(chunk, 3, donate_last=True)
        self._facts = self.per_lane(facts, 2)

    def start(self, seeds: Any, sources: Any) -> Any:
        """Return the states before the first epoch, [K] each."""
        return self._start(self._recording, np.int32(0), seeds, sources)

    def chunk(self, epochs: np.ndarray, seeds: Any, sources: Any, states: Any) -> tuple[Any, TraceStep]:
        """Let everybody work through `epochs` [E] (negative: skipped); the old states are given up."""
        return self._chunk(self._recording, epochs, seeds, sources, states)

    def facts(self, seeds: Any, sources: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return stake [K, V] in tokens, who is not honest [K, M], and the key data of each world."""
        stake, crooked, keys = self._facts(self._recording, np.int32(0), seeds, sources)
        return np.asarray(stake), np.asarray(crooked), np.asarray(keys)


def _one_lane(f: Callable[..., Any], recording: Recording, epochs: Any, lane: Any, *lanes: Any) -> Any:
    return f(recording, epochs, *jax.tree.map(lambda x: x[lane], lanes))
