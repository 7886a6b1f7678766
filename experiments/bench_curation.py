"""How fast a season of art is: rounds per second, against a loop over curators."""

import time
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.bench_race import Contender, race
from experiments.bench_timing import Ceilings
from miners.artists.cppn import Cppn
from subnet.curation.design import CurationDesign
from subnet.curation.lanes import SeasonProgram, learned_by
from subnet.curation.scenario import CurationScenario
from subnet.lanes import stack_scenarios
from tokenomics.curation.fragments import Fragments
from validators.curators.sincere import Sincere

__all__ = ["SeasonSize", "curation_rows"]

_LOOKS, _DAYS, _FEATURES = 5, 6, 12


class SeasonSize(NamedTuple):
    """Curators, works in the pool, voted rounds, and seeds."""

    curators: int = 10_000
    fragments: int = 350
    rounds: int = 12
    seeds: int = 16


def curation_rows(size: SeasonSize, ceiling: Ceilings, repeats: int = 2) -> list[dict[str, Any]]:
    """Return the rows of the race, rates in rounds of one seed per second.

    Ours is everything: pictures are drawn, looked at and voted on, the winner is sold, books are kept, artists learn.
    The peer only looks and votes, curator by curator, in NumPy.
    """
    one, one_compile = _seasons(size, 1)
    every, all_compile = _seasons(size, size.seeds)
    contenders = [
        Contender("NumPy, a loop over curators, votes only", "peer", lambda: _looped(size), 1),
        Contender("ours, one seed", "one", one, size.rounds, compile_seconds=one_compile),
        Contender(
            f"ours, {size.seeds} seeds", "all", every, size.rounds * size.seeds,
            everywhere=True, compile_seconds=all_compile,
        ),
    ]  # fmt: skip
    return race(contenders, ceiling, repeats)


def _seasons(size: SeasonSize, count: int) -> tuple[Any, float]:
    """Return a task that plays so many seasons, and how long its program took to compile."""
    rule = Fragments(additions=size.fragments, capacity=size.fragments, days=_DAYS, looks=_LOOKS)
    scenario = CurationScenario(
        design=CurationDesign(fragments=rule),
        artists={"engine": Cppn()},
        curators={"crowd": Sincere(count=size.curators, inequality=1.0)},
    )
    program = SeasonProgram(scenario, learned_by(scenario), count)
    lanes = -(-count // program.num_devices) * program.num_devices
    seeds = program.place(np.arange(lanes))
    people = program.place(stack_scenarios([scenario] * lanes))
    epochs = np.arange(size.rounds, dtype=np.int32)
    start = time.perf_counter()
    program.compile(epochs, seeds, people)
    seconds = time.perf_counter() - start

    def run() -> Any:
        return jax.block_until_ready(program.chunk(epochs, seeds, people, program.start(seeds, people)))

    return run, seconds


def _looped(size: SeasonSize) -> int:
    """Play one round of looking and voting as a loop, and return the winner."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(size.fragments, _FEATURES))
    taste = rng.normal(size=(size.curators, _FEATURES)) / np.sqrt(_FEATURES)
    points = 350 + rng.lognormal(np.log(1000), 1, size.curators)
    views, chosen, net = np.zeros((3, size.fragments))
    for _ in range(_DAYS):
        score = np.where(views < 100, 100, 100 * chosen / np.maximum(views, 1))
        order = np.argsort(-score)
        half = size.fragments // 2
        for curator in range(size.curators):
            top = rng.random(_LOOKS) < 0.8
            shown = order[np.where(top, rng.integers(0, half, _LOOKS), rng.integers(half, size.fragments, _LOOKS))]
            liking = features[shown] @ taste[curator] + 0.5 * rng.normal(size=_LOOKS)
            pull = np.maximum(liking - 0.5, 0) - 0.25 * np.maximum(-liking - 0.5, 0)
            total = np.abs(pull).sum()
            np.add.at(views, shown, 1)
            if total > 0:
                np.add.at(net, shown, points[curator] / _DAYS * pull / total)
                np.add.at(chosen, shown, pull > 0)
    return int(net.argmax())
