"""Which works leave the pool, and where new ones go."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["culled", "room"]


def culled(score: jax.Array, age: jax.Array, present: jax.Array, count: Real, grace: Real) -> jax.Array:
    """Return which works are dropped, bool [P]: the `count` lowest scores among those older than `grace` rounds.

    Of equal scores the older goes first, then the lower place. Where fewer are old enough, all of them go.

    Source: specification 1.5, BIP-03 and BIP-04; the final parameters are not confirmed.
    """
    old = present & (age > grace)
    order = _worst_first(score, age, ~old)
    return jnp.zeros_like(old).at[order].set((jnp.arange(order.shape[0]) < count) & old[order])


def room(score: jax.Array, age: jax.Array, present: jax.Array, additions: int) -> tuple[jax.Array, jax.Array]:
    """Return the places that new works take, int32 [additions], and which works give way to them, bool [P].

    Empty places are taken first, from the lowest. If they do not suffice, the lowest scores give way whatever their
    age; of equal ones the older, then the lower place.

    Raises:
        ValueError: the pool has fewer places than there are additions.
    """
    if additions > present.shape[0]:
        raise ValueError(f"additions = {additions} do not fit into a pool of {present.shape[0]} places")
    # Empty places are alike, whatever their last occupant left behind.
    score, age = jnp.where(present, score, 0), jnp.where(present, age, 0)
    places = _worst_first(score, age, present)[:additions]
    return places, jnp.zeros_like(present).at[places].set(present[places])


def _worst_first(score: jax.Array, age: jax.Array, last: jax.Array) -> jax.Array:
    """Return the places in the order in which they are given up; those where `last` holds after all others."""
    return jnp.lexsort((-age, score, last)).astype(jnp.int32)
