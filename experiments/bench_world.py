"""How fast a living network is: whole epochs, and epochs that settle what was done before."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from experiments.bench_naive import EachForItself
from experiments.bench_race import Contender, Role, race
from experiments.bench_scoring import WorldSize, network
from experiments.bench_timing import Ceilings, compiled, shared_out
from experiments.recordings import load_recording
from subnet.actions.base import Recording
from subnet.actions.replayed import Replayed
from subnet.cast import Cast, cast_of
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.lanes import LaneProgram, settlement_options, stack_scenarios
from subnet.scenario import Scenario
from subnet.simulate import NetworkState, run_chunk
from subnet.work.trace import Trace, traced
from subnet.work.trained import Trained
from tokenomics.arithmetic import Arithmetic
from tokenomics.costs import training_flops

__all__ = ["ARITHMETIC", "world_rows"]

ARITHMETIC: Arithmetic = "float32"
_SETTLED = 64  # epochs that a lane settles in one go


class _World(NamedTuple):
    """One world before its first epoch, on one device; the scenario's numbers are arrays, as in a run."""

    cast: Cast
    recording: Recording
    scenario: Scenario
    state: NetworkState


def world_rows(size: WorldSize, ceiling: Ceilings, repeats: int = 5) -> list[dict[str, Any]]:
    """Return the rows of the race, rates in epochs per second, of all worlds together.

    An epoch of work is training, evaluation, Yuma 3, pay and books; one that is replayed is without the first two.
    """
    source = network(size)
    recording, people = load_recording(source)
    cast = cast_of(people, {})
    program = LaneProgram(cast, recording, ARITHMETIC, works=True)
    seeds, scenarios = _lanes(program, source, program.num_devices)
    states = program.start(seeds, scenarios)
    world = _World(cast, *_first_lane((jax.tree.map(lambda x: np.asarray(x)[None], recording), scenarios, states)))
    shared = LaneProgram(cast, recording, ARITHMETIC, True, count=1)
    pooled, by_each = _flops(size, recording, source)
    naive = EachForItself(**{f.name: getattr(world.scenario.actions, f.name) for f in dataclasses.fields(source)})
    devices = len(jax.devices())
    return race(
        [
            _alone("naive: every validator runs every miner", "peer", size, world, naive, by_each),
            _alone("ours, one world", "one", size, world, world.scenario.actions, pooled),
            _everywhere(f"ours, one world on all devices ({devices})", "aside", size, shared, source, pooled),
            _everywhere(f"ours, a world on every device ({devices})", "all", size, program, source, pooled),
            *_replays(size, world),
        ],
        ceiling,
        repeats,
    )


def _alone(name: str, role: Role, size: WorldSize, world: _World, source: Trained, flops: float) -> Contender:
    """Return a contender that runs one world on one device, its people working as `source` has it."""
    scenario = dataclasses.replace(world.scenario, actions=source)
    program, seconds = _compiled_epochs(world._replace(scenario=scenario), np.arange(size.epochs), None)
    return Contender(name, role, program, size.epochs, flops, compile_seconds=seconds)


def _everywhere(
    name: str, role: Role, size: WorldSize, program: LaneProgram, source: Trained, flops: float
) -> Contender:
    """Return a contender that runs as many worlds as a program takes, on all devices."""
    count = program.num_devices
    seeds, scenarios = _lanes(program, source, count)
    states, epochs = program.start(seeds, scenarios), np.arange(size.epochs)
    work = count * size.epochs
    return Contender(name, role, lambda: _chunk(program, epochs, seeds, scenarios, states), work, flops, True)


def _replays(size: WorldSize, world: _World) -> list[Contender]:
    """Return contenders that settle a trace of the world: one lane on one device, and many on all."""
    recording, source = Recording(trace=_trace(size, world)), Replayed(world=0)
    program = LaneProgram(world.cast, recording, ARITHMETIC)
    count = shared_out(size.lanes)
    seeds, scenarios = _lanes(program, source, count)
    states = program.start(seeds, scenarios)
    on_one = _World(world.cast, recording, *_first_lane((scenarios, states)))
    epochs = np.arange(_SETTLED) % size.epochs
    alone, seconds = _compiled_epochs(on_one, epochs, settlement_options())
    name = f"ours, settled only, {count} lanes on all devices"
    return [
        Contender("ours, settled only, one lane", "aside", alone, _SETTLED, compile_seconds=seconds),
        Contender(name, "aside", lambda: _chunk(program, epochs, seeds, scenarios, states), _SETTLED * count),
    ]


def _trace(size: WorldSize, world: _World) -> Trace:
    """Return what people do in the world's first epochs."""
    key, source, scoring = jax.random.key(0), world.scenario.actions, world.scenario.design.scoring

    def work(source: Any, recording: Recording, state: Any) -> Any:
        return traced(key, source, recording, scoring, state, jnp.arange(size.epochs))[1]

    arguments = (source, world.recording, world.state.practice.work)
    steps = compiled(work, *arguments)[0](*arguments)
    stake = np.asarray(source.stake(key, world.recording))[None]
    keys = np.asarray(jax.random.key_data(key))[None]
    return Trace(jax.tree.map(lambda x: np.asarray(x)[None], steps), stake, np.zeros(size.miners, bool), keys)


def _compiled_epochs(world: _World, epochs: np.ndarray, options: dict[str, Any] | None) -> tuple[Any, float]:
    """Return a task that runs one world for `epochs`, and the seconds that compiling it took."""

    def run(scenario: Scenario, recording: Recording, state: NetworkState, epochs: jax.Array) -> Any:
        return run_chunk(jax.random.key(0), scenario, world.cast, recording, ARITHMETIC, state, epochs)

    arguments = (world.scenario, world.recording, world.state, jnp.asarray(epochs, jnp.int32))
    program, seconds = compiled(run, *arguments, compiler_options=options)
    return lambda: program(*arguments), seconds


def _chunk(program: LaneProgram, epochs: np.ndarray, seeds: Any, scenarios: Any, states: Any) -> Any:
    """Run all lanes; the states are copied, since a chunk gives up those it is handed."""
    return program.chunk(np.asarray(epochs, np.int32), seeds, scenarios, jax.tree.map(jnp.copy, states))


def _lanes(program: LaneProgram, source: Any, count: int) -> tuple[Any, Any]:
    """Return seeds and scenarios of `count` lanes under Yuma 3."""
    scenario = Scenario(Design(consensus=Yuma(yuma3=True)), source)
    return program.place(np.arange(count)), program.place(stack_scenarios([scenario] * count))


def _first_lane(lanes: Any) -> Any:
    """Return the first lane of everything, on the first device."""
    return jax.device_put(jax.tree.map(lambda x: x[0], lanes), jax.devices()[0])


def _flops(size: WorldSize, recording: Recording, source: Trained) -> tuple[float, float]:
    """Return the floating-point operations of an epoch: with a shared pool, and where every validator runs everything.

    Source: specification of training and scoring, section 6.1.
    """
    forward = source.model.flops(source.task.signature())
    trained = float(training_flops(forward, source.training.batch, size.steps)) * size.miners
    pool, each = len(recording.task.holdout_y), size.validators * size.rows
    return trained + forward * pool * size.miners, trained + forward * each * size.miners
