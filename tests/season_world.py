"""Tiny seasons of art that share a program: rules that are numbers, and whole worlds run one after the other."""

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from miners.artists.normal import Normal
from subnet.curation.design import CurationDesign
from subnet.curation.scenario import CurationScenario
from subnet.curation.season import SeasonOut, SeasonState, init, step
from subnet.keys import run_key
from subnet.lanes import stack_scenarios
from tests.contract.folder_rules import rules_in
from tokenomics.curation.fragments import Fragments
from tokenomics.curation.tallies._any import AnyTally
from tokenomics.mechanism import mechanism

__all__ = ["HASTY", "POINTS", "TALLIES", "AnyPoints", "AnyTally", "Played", "play", "tiny", "tiny_fragments"]

TALLIES = {kind: cls() for kind, cls in rules_in("tokenomics.curation.tallies").items()}
POINTS = {kind: cls() for kind, cls in rules_in("tokenomics.curation.points").items()}
SIZE = 4  # numbers by which a picture is judged
# Programs that run for a second are compiled twice as fast without optimisation.
HASTY = {"xla_backend_optimization_level": 0}


@mechanism
class AnyPoints:
    """The rule of points of a number among several."""

    rules: Any
    number: Any = 0

    def allot(self, *given: Any) -> jax.Array:
        """Return what the chosen one allots."""
        return jax.lax.switch(self.number, [rule.allot for rule in self.rules], *given)  # type: ignore[no-any-return]

    def carry(self, left: jax.Array) -> jax.Array:
        """Return what the chosen one keeps."""
        return jax.lax.switch(self.number, [rule.carry for rule in self.rules], left)  # type: ignore[no-any-return]


def tiny_fragments(**changes: Any) -> Fragments:
    """Return rounds of two days with three looks each, eight works, four finalists."""
    return Fragments(**{"additions": 8, "capacity": 8, "days": 2, "looks": 3, "finalists": 4, "min_views": 3} | changes)


def tiny(
    curators: dict[str, Any], artists: int = 1, drift: float = 0.3, rest: dict[str, Any] | None = None, **rules: Any
) -> CurationScenario:
    """Return a scenario of few curators; `rules` go to the design, `rest` to the scenario."""
    makers = {f"artist{number}": Normal(draws=12, size=SIZE, drift=drift) for number in range(artists)}
    design = CurationDesign(**{"fragments": tiny_fragments()} | rules)
    return CurationScenario(design=design, artists=makers, curators=curators, **rest or {})


class Played(NamedTuple):
    """`start` [W, ...] states, and `after` and `out` [W, T, ...] of every round, as NumPy arrays."""

    start: SeasonState
    after: SeasonState
    out: SeasonOut

    def world(self, number: int) -> "Played":
        """Return one of the worlds."""
        return Played(*(jax.tree.map(lambda x: x[number], part) for part in self))


def play(scenarios: Sequence[CurationScenario], rounds: int, seeds: Sequence[int] | None = None) -> Played:
    """Play worlds of one structure, each with its own seed."""
    luck = np.arange(len(scenarios)) if seeds is None else np.asarray(seeds)
    learned = {name: artist.train() for name, artist in scenarios[0].artists.items()}
    return Played(*jax.tree.map(np.asarray, _worlds(luck, stack_scenarios(scenarios), learned, rounds)))


@partial(jax.jit, static_argnames=("rounds",), compiler_options=HASTY)
def _worlds(seeds: jax.Array, scenarios: CurationScenario, learned: Any, rounds: int) -> Any:
    def world(given: tuple[jax.Array, CurationScenario]) -> Any:
        key, scenario = run_key(given[0]), given[1]
        start = init(key, scenario, learned)

        def turn(state: SeasonState, epoch: jax.Array) -> Any:
            after, out = step(key, epoch, scenario, learned, state)
            return after, (after, out)

        _, (after, out) = jax.lax.scan(turn, start, jnp.arange(rounds))
        return start, after, out

    return jax.lax.map(world, (seeds, scenarios))  # one after the other, so that a choice computes one branch
