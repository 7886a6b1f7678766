"""Train once, compare many: where nobody reacts to pay, each world works once and every design settles its work."""

import dataclasses
import io
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.recordings import load_recording
from experiments.store import Store
from experiments.sweep import Lane
from subnet.actions.base import Population, Recording
from subnet.actions.replayed import Replayed
from subnet.lanes import TraceProgram, stack_scenarios
from subnet.work.trace import Trace, TraceStep
from subnet.work.trained import Trained

__all__ = ["Workplace", "Worlds", "shared_worlds", "trace_archive"]

_LONGEST_CHUNK = 64


class Worlds(NamedTuple):
    """Worlds that share a program: lanes of one population under one measure, each with its own numbers and seed."""

    name: str
    scoring: Any
    members: tuple[tuple[Trained, int], ...]  # source and seed of each world
    lanes: tuple[Lane, ...]
    world_of: tuple[int, ...]  # of each lane

    def replayed(self) -> list[Lane]:
        """Return the lanes with the work of their worlds in place of the people who do it."""
        return [
            dataclasses.replace(lane, scenario=dataclasses.replace(lane.scenario, actions=Replayed(self.name, world)))
            for lane, world in zip(self.lanes, self.world_of, strict=True)
        ]


def shared_worlds(lanes: list[Lane]) -> list[Worlds] | None:
    """Return the worlds behind the lanes; None where training every lane anew is needed, or no more work.

    Miners react to pay where they may join or leave; everything else that they do depends on data, luck and on what
    was revealed, so it is the same under every design.
    """
    if not all(isinstance(lane.scenario.actions, Trained) for lane in lanes):
        return None
    if any(lane.scenario.design.registration.opens for lane in lanes):
        return None
    groups: dict[Any, dict[Any, tuple[int, Trained, int]]] = {}
    found: dict[Any, list[tuple[Lane, int]]] = {}
    scoring: dict[Any, Any] = {}
    known: dict[int, tuple[Any, tuple[Any, ...]]] = {}  # lanes share their parts
    for lane in lanes:
        source, rule = lane.scenario.actions, lane.scenario.design.scoring
        if id(source) not in known:
            known[id(source)] = jax.tree.structure(source), tuple(map(float, jax.tree.leaves(source)))
        shape, numbers = known[id(source)]
        group = (shape, jax.tree.structure(rule))
        scoring.setdefault(group, rule)
        worlds = groups.setdefault(group, {})
        place, *_ = worlds.setdefault((numbers, lane.seed), (len(worlds), source, lane.seed))
        found.setdefault(group, []).append((lane, place))
    return [
        Worlds(
            f"{number:03d}",
            scoring[group],
            tuple((source, seed) for _, source, seed in worlds.values()),
            tuple(lane for lane, _ in found[group]),
            tuple(place for _, place in found[group]),
        )
        for number, (group, worlds) in enumerate(groups.items())
    ]


class Workplace(NamedTuple):
    """Worlds with all that they need to work through their epochs."""

    worlds: Worlds
    epochs: int
    recording: Recording
    population: Population
    program: TraceProgram

    @classmethod
    def of(cls, worlds: Worlds, epochs: int) -> "Workplace":
        """Load the task of some worlds."""
        recording, population = load_recording(worlds.members[0][0])
        return cls(worlds, epochs, recording, population, TraceProgram(recording, worlds.scoring, len(worlds.members)))

    def compile(self) -> None:
        """Compile the program for waves of worlds."""
        self.program.compile(np.zeros(self._chunk, np.int32), *self._placed(0))

    def work_through(self, store: Store, advance: Callable[[int], None]) -> Recording:
        """Let every world work through all epochs, or go on where an interrupted run stopped; return what they did."""
        parts: list[TraceStep] = []
        stakes, keys, crooked = [], [], np.zeros(0, bool)
        count = len(self.worlds.members)
        for number, first in enumerate(range(0, count, self.program.num_at_once)):
            seeds, sources = self._placed(first)
            members = min(self.program.num_at_once, count - first)
            parts.append(self._wave(seeds, sources, number, members, store, advance))
            stake, crooked_each, key_data = self.program.facts(seeds, sources)
            stakes.append(stake[:members])
            keys.append(key_data[:members])
            crooked = crooked_each[0]
        steps = jax.tree.map(lambda *waves: np.concatenate(waves), *parts)
        return self.recording._replace(trace=Trace(steps, np.concatenate(stakes), crooked, np.concatenate(keys)))

    @property
    def _chunk(self) -> int:
        """Return the epochs of a chunk: a power of two, so that other lengths of run are not a new program."""
        chunk = 1
        while chunk < min(self.epochs, _LONGEST_CHUNK):
            chunk *= 2
        return chunk

    def _placed(self, first: int) -> tuple[Any, Any]:
        """Return seeds and sources of one wave of worlds on the devices, padded with copies of the last world."""
        together = self.program.num_at_once
        members = self.worlds.members[first : first + together]
        padded = [*members, *[members[-1]] * (together - len(members))]
        seeds = self.program.place(np.array([seed for _, seed in padded], np.int64))
        return seeds, self.program.place(stack_scenarios([member for member, _ in padded]))

    def _wave(
        self, seeds: Any, sources: Any, number: int, count: int, store: Store, advance: Callable[[int], None]
    ) -> TraceStep:
        """Return the steps [count, epochs, …] of a wave of worlds; each chunk is on disk as soon as it is done."""
        program, epochs, chunk, name = self.program, self.epochs, self._chunk, f"trace-{self.worlds.name}-{number:05d}"
        starts = range(0, epochs, chunk)
        kept = store.load_checkpoint(name)
        finished = store.trace_chunks(name) == len(starts)  # then its checkpoint is dropped
        done = kept[0] if kept is not None else len(starts) if finished else 0
        steps = [store.load_trace(name, part) for part in range(done)]
        advance(min(done * chunk, epochs) * count)
        if done < len(starts):
            states = program.start(seeds, sources)
            if kept is not None:
                states = program.place(jax.tree.unflatten(jax.tree.structure(states), kept[1]))
        for part in range(done, len(starts)):
            numbers = np.arange(starts[part], starts[part] + chunk)
            counts = numbers < epochs
            states, out = program.chunk(np.where(counts, numbers, -1).astype(np.int32), seeds, sources, states)
            arrays = {
                field: np.asarray(values)[:count, counts]
                for field, values in out._asdict().items()
                if values is not None
            }
            store.save_trace(name, part, arrays)  # before the checkpoint, which says that it is there
            store.save_checkpoint(name, part + 1, [np.asarray(leaf) for leaf in jax.tree.leaves(states)])
            steps.append(arrays)
            advance(int(counts.sum()) * count)
        store.drop_checkpoint(name)
        joined: dict[str, Any] = {f: np.concatenate([step[f] for step in steps], axis=1) for f in steps[0]}
        return TraceStep(**joined)


def trace_archive(trace: Trace, population: Population, worlds: Worlds) -> bytes:
    """Return a trace as one archive (.npz), which `actions: {kind: replayed, file: …}` replays."""
    arrays: dict[str, Any] = {
        f"step_{name}": values for name, values in trace.steps._asdict().items() if values is not None
    }
    arrays |= {"stake": trace.stake, "crooked": trace.crooked, "seed_key": trace.seed_key}
    arrays |= {
        "seeds": np.array([seed for _, seed in worlds.members], np.int64),
        "validator_names": np.array(population.validator_names),
        "miner_names": np.array(population.miner_names),
        "miner_parties": np.array(population.miner_parties or [""] * len(population.miner_names)),
        "scoring": np.array(type(worlds.scoring).__name__),
    }
    data = io.BytesIO()
    np.savez(data, allow_pickle=False, **arrays)
    return data.getvalue()
