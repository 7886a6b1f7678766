"""The chain's fixed-point numbers (I32F32) as int64 arrays under JAX.

A value x is held as the integer floor(x 2^32). Operators follow the chain's rules: products are cut toward minus
infinity, quotients toward zero, division by zero gives zero, sums are exact.

Source: encointer/substrate-fixed v0.6.0 (`arith.rs`, `transcendental.rs`) and the safe operations of subtensor's
`epoch/math.rs`. Departure: sums do not saturate at 2^31; no quantity of an epoch comes near it.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["FRACTION_BITS", "ONE", "Fixed", "divide_raw", "multiply_raw", "pro_rata_raw"]

FRACTION_BITS = 32
ONE = 1 << FRACTION_BITS
_LOW = ONE - 1
_LARGEST = (1 << 63) - 1
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = 0x4338_0000_0000_0000  # the bits of _SHIFT
# exp(1) is the one tabulated value: e with 23 fractional bits, cut.
_E = 22_802_600 << (FRACTION_BITS - 23)


def multiply_raw(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return floor(a b / 2^32) for raw int64 numbers, the 128-bit product taken by 32-bit halves."""
    a_high, a_low = a >> FRACTION_BITS, a & _LOW
    b_high, b_low = b >> FRACTION_BITS, b & _LOW
    low = (a_low.astype(jnp.uint64) * b_low.astype(jnp.uint64)) >> FRACTION_BITS
    return ((a_high * b_high) << FRACTION_BITS) + a_high * b_low + a_low * b_high + low.astype(jnp.int64)


def pro_rata_raw(part: jax.Array, whole: jax.Array) -> jax.Array:
    """Return floor(part 2^32 / whole) for 0 <= part <= whole < 2^63, and 0 where `whole` is 0.

    The float estimate, rounded, is the quotient or one more, because the quotient has 33 bits and a float 53; the sign
    of the exact remainder, which wrapping int64 arithmetic gives, says which. The reciprocal is taken of `whole`,
    usually the smaller array (one sum per row or column), so that the long array sees no division at all.
    """
    scale = jnp.where(whole == 0, 0.0, ONE / jnp.where(whole == 0, 1.0, whole.astype(jnp.float64)))
    estimate = _nearest_integer(part.astype(jnp.float64) * scale)
    remainder = (part << FRACTION_BITS) - estimate * whole
    return estimate + (remainder >> 63)


def divide_raw(a: jax.Array, b: jax.Array) -> jax.Array:
    """Return a 2^32 / b cut toward zero for any raw numbers: 0 where b is 0 or the quotient does not fit 64 bits.

    Long division by 8 bits at a time; slower than `pro_rata_raw`, but all it asks of its arguments is |b| < 2^55.
    """
    numerator, denominator = jnp.abs(a), jnp.abs(b)
    safe = jnp.where(denominator == 0, 1, denominator)
    quotient, remainder = numerator // safe, numerator % safe
    overflow = quotient >= 1 << 31
    for _ in range(4):
        remainder = remainder << 8
        quotient = (quotient << 8) + remainder // safe
        remainder = remainder % safe
    quotient = jnp.where((denominator == 0) | overflow, 0, quotient)
    return jnp.where((a < 0) != (b < 0), -quotient, quotient)


@jax.tree_util.register_pytree_node_class
class Fixed:
    """An array of I32F32 numbers: `raw` is int64, any shape; operators and indexing as for `jax.Array`."""

    __slots__ = ("raw",)
    __array_priority__ = 1000

    def __init__(self, raw: jax.Array) -> None:
        self.raw = raw

    @classmethod
    def cut(cls, x: Any) -> Fixed:
        """Take a float into fixed point, cut toward zero.

        Every parameter of the chain is an integer fraction (k / 65535, k / 10^6, k / 100) whose 33rd bit and on are
        never all ones or zeros beyond a float's precision, so that cutting the float equals the chain's own division.
        """
        return cls(jnp.trunc(jnp.asarray(x, jnp.float64) * ONE).astype(jnp.int64))

    @classmethod
    def nearest(cls, x: Any) -> Fixed:
        """Take a float into fixed point, rounding to the nearest number, ties to even."""
        return cls(jnp.rint(jnp.asarray(x, jnp.float64) * ONE).astype(jnp.int64))

    @classmethod
    def whole(cls, n: Any) -> Fixed:
        """Take integers into fixed point."""
        return cls(jnp.asarray(n).astype(jnp.int64) << FRACTION_BITS)

    def floor(self) -> jax.Array:
        """Return the integer part, int64."""
        return self.raw >> FRACTION_BITS

    def to_float(self) -> jax.Array:
        """Return the numbers as float64."""
        return self.raw.astype(jnp.float64) / ONE

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the array."""
        return self.raw.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self.raw.ndim

    @property
    def T(self) -> Fixed:  # noqa: N802
        """Transpose."""
        return Fixed(self.raw.T)

    def __getitem__(self, index: Any) -> Fixed:
        return Fixed(self.raw[index])

    def sum(self, axis: int | None = None) -> Fixed:
        """Return the exact sum."""
        return Fixed(self.raw.sum(axis=axis))

    def max(self, axis: int | None = None) -> Fixed:
        """Return the largest number."""
        return Fixed(self.raw.max(axis=axis))

    def __neg__(self) -> Fixed:
        return Fixed(-self.raw)

    def __add__(self, other: Fixed | int) -> Fixed:
        return Fixed(self.raw + _raw(other))

    def __sub__(self, other: Fixed | int) -> Fixed:
        return Fixed(self.raw - _raw(other))

    def __rsub__(self, other: int) -> Fixed:
        return Fixed(_raw(other) - self.raw)

    def __mul__(self, other: Fixed) -> Fixed:
        return Fixed(multiply_raw(self.raw, other.raw))

    def __truediv__(self, other: Fixed | int) -> Fixed:
        if isinstance(other, int):  # by an integer: the fraction bits cancel
            return Fixed(jnp.sign(self.raw) * (jnp.abs(self.raw) // other))
        return Fixed(divide_raw(self.raw, other.raw))

    def __lt__(self, other: Fixed | int) -> jax.Array:
        return self.raw < _raw(other)

    def __le__(self, other: Fixed | int) -> jax.Array:
        return self.raw <= _raw(other)

    def __gt__(self, other: Fixed | int) -> jax.Array:
        return self.raw > _raw(other)

    def __ge__(self, other: Fixed | int) -> jax.Array:
        return self.raw >= _raw(other)

    __radd__ = __add__

    def exp(self) -> Fixed:
        """Return exp(x) as the chain does: 32 Taylor terms, each cut; exp(-x) = 1 / exp(x); x clamped to [-20, 20]."""
        x = jnp.clip(self.raw, -20 * ONE, 20 * ONE)
        total = _taylor(jnp.abs(x))
        total = jnp.where(x < 0, pro_rata_raw(jnp.int64(ONE), total), total)
        return Fixed(jnp.where(x == ONE, _E, jnp.where(x == 0, ONE, total)))

    def tree_flatten(self) -> tuple[tuple[jax.Array], None]:
        """Return the one leaf (pytree protocol)."""
        return (self.raw,), None

    @classmethod
    def tree_unflatten(cls, _: None, children: tuple[jax.Array]) -> Fixed:
        """Rebuild from the one leaf (pytree protocol)."""
        return cls(children[0])


def _taylor(x: jax.Array) -> jax.Array:
    """Return 1 + x + x^2 / 2! + ... of raw 0 <= x <= 20, 32 terms, each cut.

    floor(floor(t x / 2^32) / i) = floor(t x / (2^32 i)), so that one float estimate and its exact remainder give the
    next term. Estimates are rounded by a shift into the mantissa, which holds terms below 2^51: those of x up to 15.
    Larger x take a slower loop, which does not run at all where there are none.
    """
    size, above = x.astype(jnp.float64), x > 15 * ONE

    def quick(i: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        term, total = carry
        i = i.astype(jnp.int64)
        estimate = _nearest_integer(term.astype(jnp.float64) * (size / (i.astype(jnp.float64) * ONE)))
        remainder = term * x - ((estimate * i) << FRACTION_BITS)
        term = estimate + (remainder >> 63)
        return term, total + term

    def general(i: jax.Array, carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        term, total = carry
        i = i.astype(jnp.int64)
        scale = 1 / (i.astype(jnp.float64) * ONE)
        estimate = (term.astype(jnp.float64) * (size * scale)).astype(jnp.int64)
        remainder = term * x - ((estimate * i) << FRACTION_BITS)  # the estimate is off by at most 2^6
        term = estimate + jnp.floor(remainder.astype(jnp.float64) * scale).astype(jnp.int64)
        return term, total + term

    start = (x, ONE + x)
    _, small = lax.fori_loop(2, FRACTION_BITS, quick, start, unroll=2)
    _, large = lax.fori_loop(2, jnp.where(above.any(), FRACTION_BITS, 2), general, start)
    return jnp.where(above, large, small)


def _nearest_integer(x: jax.Array) -> jax.Array:
    """Return the nearest int64 of |x| < 2^51: the mantissa of x + 1.5 2^52. A plain conversion checks ranges, too."""
    return lax.bitcast_convert_type(x + _SHIFT, jnp.int64) - _SHIFT_BITS


def _raw(x: Fixed | int) -> jax.Array | int:
    return x.raw if isinstance(x, Fixed) else x << FRACTION_BITS
