"""A chunk of epochs as one scan, in which some may be left out."""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp

__all__ = ["scan_epochs"]

State = TypeVar("State")
Out = TypeVar("Out")


def scan_epochs(
    play: Callable[[jax.Array, State], tuple[State, Out]], state: State, epochs: jax.Array
) -> tuple[State, Out]:
    """Scan `play(epoch, state)` over `epochs` [E]; outputs gain a leading axis E.

    A negative epoch is skipped and its output is zeros: chunks of one length serve runs of any length.
    """
    _, blank = jax.eval_shape(lambda s: play(epochs[0], s), state)

    def body(state: State, epoch: jax.Array) -> tuple[State, Out]:
        found: tuple[State, Out] = jax.lax.cond(
            epoch >= 0,
            lambda s: play(epoch, s),
            lambda s: (s, jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), blank)),
            state,
        )
        return found

    return jax.lax.scan(body, state, epochs)
