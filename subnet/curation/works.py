"""The pool of works that are voted on."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.curation.tallies.base import Candidates

__all__ = ["Works", "empty_pool"]


class Works(NamedTuple):
    """P places: `id` int64, -1 where a place is empty, otherwise in the order of arrival.

    `features` [P, d] float32 is what is seen of a work, `genome` [P, g] what it is made from, `artist` int32 whose it
    is, `age` int32 rounds in the pool, `views`, `choosers` and `opposers` float64 how often it was shown, how
    many voters chose it, and how many voted against it.
    """

    id: jax.Array
    features: jax.Array
    genome: jax.Array
    artist: jax.Array
    age: jax.Array
    views: jax.Array
    choosers: jax.Array
    opposers: jax.Array

    @property
    def present(self) -> jax.Array:
        """Return which places hold a work, bool [P]."""
        return self.id >= 0

    @property
    def candidates(self) -> Candidates:
        """Return the pool as a tally sees it."""
        return Candidates(self.id, self.present, self.present & (self.age == 0))

    def without(self, place: jax.Array) -> "Works":
        """Return the pool with one place emptied; nothing changes where it is -1."""
        return self._replace(id=jnp.where(jnp.arange(self.id.shape[0]) == place, -1, self.id))


def empty_pool(num_places: int, num_features: int, genome_size: int) -> Works:
    """Return a pool without works."""
    counts = jnp.zeros(num_places)
    whole = jnp.zeros(num_places, jnp.int32)
    return Works(
        id=jnp.full(num_places, -1, jnp.int64),
        features=jnp.zeros((num_places, num_features), jnp.float32),
        genome=jnp.zeros((num_places, genome_size), jnp.float32),
        artist=whole,
        age=whole,
        views=counts,
        choosers=counts,
        opposers=counts,
    )
