"""What tallies have in common that remember nothing and move no token."""

import jax
import jax.numpy as jnp

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut, merged

__all__ = ["Count", "favourite", "tokens", "untouched"]


class Count:
    """A count: no memory, no token moved, and everything passes unless a rule says otherwise."""

    def init(self, num_curators: int, num_places: int) -> tuple[()]:
        """Return the memory of a rule that remembers nothing."""
        return ()

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return how each work stands now, float64 [P]."""
        raise NotImplementedError(f"{type(self).__name__} does not say how it counts")

    def passes(self, ballots: Ballots, works: Candidates) -> jax.Array:
        """Return which works may be minted, bool [P]."""
        return jnp.ones(works.id.shape, bool)

    def close(
        self, key: jax.Array, state: tuple[()], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[()], TallyOut]:
        """End the round by the count as it stands."""
        return state, untouched(self.score(state, ballots, works), self.passes(ballots, works), ballots)


def untouched(score: jax.Array, passes: jax.Array, ballots: Ballots) -> TallyOut:
    """Return the end of a vote that moves no token."""
    return TallyOut(score, passes, jnp.zeros(ballots.stake.shape, jnp.int64), jnp.zeros((), jnp.int64))


def favourite(ballots: Ballots) -> jax.Array:
    """Return the place [n] on which each curator puts most, -1 where it likes nothing. Ties go to the first shown."""
    part = merged(ballots)
    best = part.argmax(axis=1)[:, None]
    place = jnp.take_along_axis(ballots.fragment, best, axis=1)
    return jnp.where(jnp.take_along_axis(part, best, axis=1) > 0, place, -1)[:, 0]


def tokens(stake: jax.Array) -> jax.Array:
    """Return an amount in 10⁻⁹ tokens as float64 tokens."""
    return stake / jnp.float64(RAO_PER_TOKEN)
