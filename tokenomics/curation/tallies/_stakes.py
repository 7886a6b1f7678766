"""What the tallies in which stake is at risk have in common."""

import jax
import jax.numpy as jnp

from tokenomics.curation.tallies._count import tokens
from tokenomics.curation.tallies.base import Ballots, Candidates, received

__all__ = ["among", "named", "only", "part_on", "support"]


def support(ballots: Ballots, num_places: int) -> jax.Array:
    """Return the net support of each place in tokens, float64 [P]: sum_i stake_i · part_i."""
    return received(ballots, ballots.part * tokens(ballots.stake)[:, None], num_places)


def among(finalists: jax.Array, works: Candidates) -> jax.Array:
    """Return which of the `finalists` [F] are works that are present, bool [F]."""
    size = works.present.shape[0]
    inside = (finalists >= 0) & (finalists < size)
    return inside & works.present[jnp.clip(finalists, 0, size - 1)]


def named(choice: jax.Array, finalists: jax.Array, works: Candidates) -> jax.Array:
    """Return which finalist each `choice` [n] names, from 0 to F - 1, int32 [n]; -1 for none that is present."""
    match = (choice[:, None] == finalists[None, :]) & among(finalists, works)[None, :]
    return jnp.where(match.any(axis=1), match.argmax(axis=1), -1).astype(jnp.int32)


def part_on(ballots: Ballots, place: jax.Array) -> jax.Array:
    """Return the net part [n] float64 that each curator put on one place, over all its entries."""
    return jnp.where(ballots.fragment == place, ballots.part, 0).sum(axis=1, dtype=jnp.float64)


def only(place: jax.Array, num_places: int) -> jax.Array:
    """Return bool [P], True at one place; nowhere if that is -1."""
    return jnp.arange(num_places) == place
