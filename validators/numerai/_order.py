"""Ranks as whole numbers: one exact sort per row, on whichever processor there is."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.experimental.buffer_callback import buffer_callback

__all__ = ["doubled_ranks"]

_FEW = 1 << 17  # entries: up to so many XLA sorts nearly as fast, and a program without callbacks is kept in the cache
_ROWS_AT_ONCE = 32  # rows ranked together on a CPU: 32 x 5,000 stay in its cache


def doubled_ranks(x: jax.Array, keep_ties: bool = True) -> jax.Array:
    """Return twice the rank of every entry along the last axis, so that a mean of two ranks is a whole number.

    Ranks start at 1. Tied entries get the mean of their ranks, or without `keep_ties` their ranks by position.
    -0.0 and 0.0 are tied. On a CPU NumPy sorts what is large, called from within the compiled program: its vectorised
    sort of whole numbers is five to six times faster than XLA's, whose sort of floats with an index beside them is
    thirty times slower (1,000 x 5,000). Elsewhere, and for few numbers, XLA sorts. All are exact and agree to the bit.

    Args:
        x: [..., N] float32 or float64; NaN where missing.
        keep_ties: whether tied entries share a rank.

    Returns:
        [..., N] int32 from 2 to 2n, n the row's entries that are not missing; 0 where missing.
    """
    x = lax.stop_gradient(x)
    if x.size == 0:
        return jnp.zeros(x.shape, jnp.int32)
    packs = x.dtype == jnp.float32 and x.size <= _FEW and jax.config.read("jax_enable_x64")
    on_cpu = by_packed if packs else by_numpy
    return lax.platform_dependent(x, cpu=lambda a: on_cpu(a, keep_ties), default=lambda a: by_xla(a, keep_ties))


def by_numpy(x: jax.Array, keep_ties: bool) -> jax.Array:
    def fill(context: Any, out: Any, given: Any) -> None:
        n = given.shape[-1]
        rank_rows(np.asarray(given).reshape(-1, n), np.asarray(out).reshape(-1, n), keep_ties)

    # A buffer callback, not a pure one: that one waits for a thread of the pool which it holds itself, for ever.
    shape = jax.ShapeDtypeStruct(x.shape, jnp.int32)
    return buffer_callback(fill, shape, vmap_method="expand_dims")(x)


def by_xla(x: jax.Array, keep_ties: bool) -> jax.Array:
    """Return what `doubled_ranks` does by XLA's own sort, for processors on which that is fast."""
    place = lax.broadcasted_iota(jnp.int32, x.shape, x.ndim - 1)
    values, order = lax.sort((x, place), num_keys=1, is_stable=True)
    return _ranks(values, order, jnp.isnan(x), keep_ties)


def by_packed(x: jax.Array, keep_ties: bool) -> jax.Array:
    """Return what `doubled_ranks` does for float32, by XLA's sort of whole numbers with the place in their low half."""
    place = lax.broadcasted_iota(jnp.int32, x.shape, x.ndim - 1)
    bits, missing = lax.bitcast_convert_type(jnp.where(x == 0, 0, x), jnp.int32), jnp.isnan(x)  # -0.0 is 0.0
    largest = jnp.iinfo(jnp.int32).max
    key = jnp.where(missing, largest, jnp.where(bits < 0, bits ^ largest, bits))  # in the order of the floats
    packed = lax.sort((key.astype(jnp.int64) << 32) | place.astype(jnp.int64), is_stable=False)
    values, order = (packed >> 32).astype(jnp.int32), (packed & 0xFFFFFFFF).astype(jnp.int32)
    return _ranks(values, order, missing, keep_ties)


def _ranks(values: jax.Array, order: jax.Array, missing: jax.Array, keep_ties: bool) -> jax.Array:
    """Return twice the ranks of rows of which `values` [..., N] are sorted and `order` the places they came from."""
    place = lax.broadcasted_iota(jnp.int32, values.shape, values.ndim - 1)
    ranks = 2 * (place + 1)
    if keep_ties:
        new = jnp.concatenate([jnp.ones_like(values[..., :1], bool), values[..., 1:] != values[..., :-1]], -1)
        last = jnp.concatenate([new[..., 1:], jnp.ones_like(new[..., :1])], -1)
        first = lax.cummax(jnp.where(new, place, 0), axis=values.ndim - 1)
        final = lax.cummin(jnp.where(last, place, values.shape[-1]), axis=values.ndim - 1, reverse=True)
        ranks = first + final + 2
    back = jnp.put_along_axis(jnp.zeros_like(ranks), order, ranks, axis=-1, inplace=False)
    return jnp.where(missing, 0, back)


def rank_rows(x: np.ndarray, out: np.ndarray, keep_ties: bool) -> None:
    """Write twice the ranks of the rows of `x` [R, N] into `out` [R, N]."""
    for start in range(0, len(x), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        _rank_block(x[rows], out[rows], keep_ties)


def _rank_block(x: np.ndarray, out: np.ndarray, keep_ties: bool) -> None:
    R, n = x.shape
    missing = np.isnan(x)
    order, tied = _order(_ordered_keys(x, missing if missing.any() else None))
    ranks = np.broadcast_to(np.arange(2, 2 * n + 1, 2, dtype=np.int32), (R, n))
    if keep_ties and tied.any():
        ranks = ranks.copy()
        ranks[tied] = _shared_ranks(np.take_along_axis(x[tied], order[tied], axis=-1))
    order += n * np.arange(R)[:, None]
    out.reshape(-1)[order.reshape(-1)] = ranks.reshape(-1)
    if missing.any():
        out[missing] = 0


def _ordered_keys(x: np.ndarray, missing: np.ndarray | None) -> np.ndarray:
    """Return whole numbers that are ordered and tied as the floats are, missing entries last."""
    integer = np.dtype(f"i{x.itemsize}")
    keys = (x + x.dtype.type(0)).view(integer)  # -0.0 + 0.0 is 0.0
    negative = keys < 0
    if negative.any():
        keys[negative] ^= np.iinfo(integer).max
    if missing is not None:
        keys[missing] = np.iinfo(integer).max
    return keys


def _order(keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the stable order of rows of `keys` [R, N], and which rows [R] may hold ties.

    The place goes into the lowest bits of the key, so that one array of whole numbers is sorted. A key of 64 bits
    loses that many of its own: rows in which this put two entries the wrong way round are sorted again in full.
    """
    n = keys.shape[-1]
    width = max(n - 1, 1).bit_length()
    packed = keys.astype(np.int64)
    packed = packed << width if keys.itemsize == 4 else packed >> width << width
    packed |= np.arange(n)
    packed.sort(axis=-1)
    order = packed & ((1 << width) - 1)
    packed >>= width
    tied = (packed[:, 1:] == packed[:, :-1]).any(axis=-1)
    if keys.itemsize == 8 and tied.any():
        values = np.take_along_axis(keys[tied], order[tied], axis=-1)
        wrong = np.flatnonzero(tied)[(values[:, 1:] < values[:, :-1]).any(axis=-1)]
        order[wrong] = np.argsort(keys[wrong], axis=-1, kind="stable")
    return order, tied


def _shared_ranks(values: np.ndarray) -> np.ndarray:
    """Return twice the mean rank of each run of equal entries in sorted rows `values` [R, N]."""
    R, n = values.shape
    new = np.ones((R, n), bool)
    new[:, 1:] = values[:, 1:] != values[:, :-1]
    starts = np.flatnonzero(new)
    lengths = np.diff(starts, append=R * n)
    return np.repeat(2 * (starts % n) + lengths + 1, lengths).reshape(R, n).astype(np.int32)
