"""One of several tallies, chosen by a number."""

from typing import Any

import jax
import jax.numpy as jnp

from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut
from tokenomics.mechanism import mechanism

__all__ = ["AnyTally"]


@mechanism
class AnyTally:
    """Count by rule `number` of `rules`, so that designs which differ in nothing else share a compiled program.

    A condition computes one branch only, where lanes are not vmapped. Each rule keeps its own memory; those of the
    others stay as they were.
    """

    rules: tuple[Any, ...]
    number: int

    def init(self, num_curators: int, num_places: int) -> tuple[Any, ...]:
        """Return the memories of all rules."""
        return tuple(rule.init(num_curators, num_places) for rule in self.rules)

    def score(self, state: tuple[Any, ...], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return how each work stands now, float64 [P]."""
        counts = [
            lambda b, w, rule=rule, own=own: jnp.asarray(rule.score(own, b, w), jnp.float64)
            for rule, own in zip(self.rules, state, strict=True)
        ]
        found: jax.Array = jax.lax.switch(self.number, counts, ballots, works)
        return found

    def close(
        self, key: jax.Array, state: tuple[Any, ...], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[Any, ...], TallyOut]:
        """End the round by the chosen rule."""

        def ends(place: int) -> Any:
            def end(key: jax.Array, b: Ballots, w: Candidates, f: jax.Array) -> tuple[tuple[Any, ...], TallyOut]:
                own, out = self.rules[place].close(key, state[place], b, w, f)
                return (*state[:place], own, *state[place + 1 :]), out

            return end

        branches = [ends(place) for place in range(len(self.rules))]
        found: tuple[tuple[Any, ...], TallyOut] = jax.lax.switch(self.number, branches, key, ballots, works, finalists)
        return found
