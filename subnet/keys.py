"""The named streams of randomness."""

import enum
import math
import zlib
from typing import Any

import jax
import jax.extend.random as prng
import jax.numpy as jnp

__all__ = ["Stream", "party_stream", "run_key", "stream", "streams"]


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
    ANSWER = 16
    PURSE = 17
    PUBLIC_TASTE = 18
    CURATOR = 19
    GENOME = 20
    CURATOR_ROUND = 21
    SHOWN = 22
    VOTE = 23
    TALLY = 24
    COLLECTOR = 25
    RESALE = 26


def _flat_bits(key: Any, bit_width: int, shape: tuple[int, ...]) -> Any:
    return prng.threefry_prng_impl.random_bits(key, bit_width, (math.prod(shape),)).reshape(shape)


# JAX's own generator, bit for bit, but drawing along one axis: XLA unrolls loops over several small ones, and compiled
# the first draw of a convolution's parameters 20 times slower.
_FLAT_THREEFRY = prng.define_prng_impl(
    key_shape=prng.threefry_prng_impl.key_shape,
    seed=prng.threefry_prng_impl.seed,
    split=prng.threefry_prng_impl.split,
    random_bits=_flat_bits,
    fold_in=prng.threefry_prng_impl.fold_in,
    name="flat_threefry",
    tag="fft",
)


def run_key(seed: jax.Array | int) -> jax.Array:
    """Return the key of a run: it draws what `jax.random.key(seed)` draws, and compiles faster."""
    return jax.random.key(seed, impl=_FLAT_THREEFRY)


def stream(key: jax.Array, name: Stream, epoch: jax.Array | int = 0, uid: jax.Array | int = 0) -> jax.Array:
    """Return the key of one stream at one epoch for one agent; folded in, never split by position."""
    return jax.random.fold_in(jax.random.fold_in(jax.random.fold_in(key, int(name)), epoch), uid)


def party_stream(key: jax.Array, name: Stream, party: str, epoch: jax.Array | int = 0) -> jax.Array:
    """Return the key of one stream at one epoch for a party: its luck goes by its name, wherever it stands."""
    return jax.random.fold_in(stream(key, name, epoch), zlib.crc32(party.encode()))


def streams(key: jax.Array, name: Stream, count: int, epoch: jax.Array | int = 0) -> jax.Array:
    """Return one key per agent, [count]."""
    shared = jax.random.fold_in(jax.random.fold_in(key, int(name)), epoch)  # as in `stream`, folded once for all
    return jax.vmap(lambda uid: jax.random.fold_in(shared, uid))(jnp.arange(count))
