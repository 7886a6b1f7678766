"""Seats: who sits where, since when, and what a seat costs."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["Seats", "Turnover", "open_seats"]


class Seats(NamedTuple):
    """The miners' uids.

    `fee` [] is what the next newcomer pays (int64, 10⁻⁹ tokens), `registered` [M] the block at which a uid was taken,
    `generation` [M] how often it was taken over, `present` [M] whether anybody sits there.
    """

    fee: jax.Array
    registered: jax.Array
    generation: jax.Array
    present: jax.Array


class Turnover(NamedTuple):
    """Who came and who is gone: `newcomer` [M] is the generation of a uid taken since the last epoch, 0 elsewhere."""

    newcomer: jax.Array
    present: jax.Array

    def first(self, count: int) -> "Turnover":
        """Return the same of the first `count` uids."""
        return Turnover(self.newcomer[:count], self.present[:count])


def open_seats(registration: Any, num_miners: int) -> Seats:
    """Return the seats at the start: all taken in block 0, so that for a while everybody is new."""
    fee = registration.init() if registration.opens else jnp.zeros((), jnp.int64)
    registered = jnp.zeros(num_miners, jnp.int64)
    return Seats(fee, registered, jnp.zeros(num_miners, jnp.int32), jnp.ones(num_miners, bool))
