"""The named streams of randomness."""

import enum

import jax
import jax.numpy as jnp

__all__ = ["Stream", "stream", "streams"]


class Stream(enum.IntEnum):
    """Names of the streams. Values are part of every result: never renumber, only add."""

    QUALITY = 1
    STAKE = 2
    OPINION = 3
    DRIFT = 4
    RECORDING_NOISE = 5
    CAMP_WEIGHT = 6
    BIRTH = 7
    TASK = 8
    TRAIN = 9
    SUBMIT = 10
    EVALUATION_ROWS = 11
    EVALUATION_MINERS = 12
    AUDIT = 13
    CHURN = 14
    ARRIVAL = 15


def stream(key: jax.Array, name: Stream, epoch: jax.Array | int = 0, uid: jax.Array | int = 0) -> jax.Array:
    """Return the key of one stream at one epoch for one agent; folded in, never split by position."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.fold_in(key, int(name)), epoch), uid)


def streams(key: jax.Array, name: Stream, count: int, epoch: jax.Array | int = 0) -> jax.Array:
    """Return one key per agent, [count]."""
    shared = jax.random.fold_in(jax.random.fold_in(key, int(name)), epoch)  # as in `stream`, folded once for all
    return jax.vmap(lambda uid: jax.random.fold_in(shared, uid))(jnp.arange(count))
