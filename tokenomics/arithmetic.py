"""One formula, three arithmetics: numbers that are floats or the chain's fixed point.

A rule writes `W * S[:, None]`, `1 - a`, `minimum(W, C)`, `pro_rata(R)`; whether these are `float32`, `float64` or
exact fixed-point numbers is decided by the arrays it is handed. The functions here are those that plain operators do
not cover.
"""

from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from tokenomics.fixed import ONE, Fixed, pro_rata_raw

__all__ = [
    "Arithmetic",
    "Number",
    "Real",
    "arithmetic_of",
    "clip",
    "divide",
    "fraction",
    "like",
    "maximum",
    "minimum",
    "of_ratio",
    "of_real",
    "proportion_u16",
    "sigmoid",
    "to_float",
    "where",
    "zeros_like",
]

# An array of floats or of `Fixed`. Not a union: a type checker would refuse every `a * b` of two unions.
Number: TypeAlias = Any
Real: TypeAlias = jax.Array | np.ndarray | float | int
Arithmetic: TypeAlias = Literal["float32", "float64", "exact"]

_EXPONENT_LIMIT = 20.0  # the chain clamps what it hands to exp


def arithmetic_of(x: Number) -> Arithmetic:
    """Return the arithmetic that `x` is a number of."""
    return "exact" if isinstance(x, Fixed) else str(x.dtype)  # type: ignore[return-value]


def of_real(x: Real, arithmetic: Arithmetic) -> Number:
    """Take real numbers into an arithmetic; fixed point takes the nearest number, ties to even."""
    return Fixed.nearest(x) if arithmetic == "exact" else jnp.asarray(x, arithmetic)


def of_ratio(part: jax.Array, whole: Real, arithmetic: Arithmetic) -> Number:
    """Return `part` / `whole` for 0 <= part <= whole, cut where the arithmetic is exact; 0 where `whole` is 0."""
    if arithmetic == "exact":
        return Fixed(pro_rata_raw(part.astype(jnp.int64), jnp.asarray(whole).astype(jnp.int64)))
    return divide(part.astype(arithmetic), jnp.asarray(whole).astype(arithmetic))


def like(x: Number, *parameters: Real) -> tuple[Number, ...]:
    """Take parameters into the arithmetic of `x`; fixed point cuts them, as the chain does."""
    if isinstance(x, Fixed):
        return tuple(Fixed.cut(p) for p in parameters)
    return tuple(jnp.asarray(p, x.dtype) for p in parameters)


def to_float(x: Number) -> jax.Array:
    """Return plain floats: float64 for fixed point, unchanged otherwise."""
    return x.to_float() if isinstance(x, Fixed) else x


def where(condition: jax.Array, a: Number | float, b: Number | float) -> Number:
    """Return `a` where `condition` holds, else `b`; one of the two may be a Python integer."""
    if isinstance(a, Fixed) or isinstance(b, Fixed):
        return Fixed(jnp.where(condition, _raw(a), _raw(b)))
    return jnp.where(condition, a, b)


def zeros_like(x: Number) -> Number:
    """Return zeros of the same shape and arithmetic."""
    return jax.tree.map(jnp.zeros_like, x)


def minimum(a: Number, b: Number | int) -> Number:
    """Return the smaller number, elementwise."""
    return Fixed(jnp.minimum(_raw(a), _raw(b))) if isinstance(a, Fixed) else jnp.minimum(a, b)


def maximum(a: Number, b: Number | int) -> Number:
    """Return the larger number, elementwise."""
    return Fixed(jnp.maximum(_raw(a), _raw(b))) if isinstance(a, Fixed) else jnp.maximum(a, b)


def clip(x: Number, low: Number | int, high: Number | int) -> Number:
    """Return `x` bounded by `low` and `high`."""
    return minimum(maximum(x, low), high)


def divide(a: Number, b: Number) -> Number:
    """Return a / b, and 0 where b is 0."""
    if isinstance(a, Fixed):
        return a / b
    return jnp.where(b == 0, 0, a / jnp.where(b == 0, 1, b))


def fraction(part: Number, whole: Number) -> Number:
    """Return part / whole for 0 <= part <= whole, and 0 where `whole` is 0: much faster than `divide` if exact."""
    if isinstance(part, Fixed) and isinstance(whole, Fixed):
        return Fixed(pro_rata_raw(part.raw, whole.raw))
    return divide(part, whole)


def sigmoid(x: Number, steepness: Number) -> Number:
    """Return 1 / (1 + exp(-steepness x)), the exponent clamped to [-20, 20]."""
    if isinstance(x, Fixed):
        return fraction(Fixed.whole(1), 1 + ((-steepness) * x).exp())
    return 1 / (1 + jnp.exp(jnp.clip(-steepness * x, -_EXPONENT_LIMIT, _EXPONENT_LIMIT)))


def proportion_u16(x: Number) -> jax.Array:
    """Return floor(65535 x) as uint16, saturating: how the chain publishes shares."""
    whole = (x.raw * 65535) >> 32 if isinstance(x, Fixed) else jnp.floor(x * 65535)
    return jnp.clip(whole, 0, 65535).astype(jnp.uint16)


def _raw(x: Number | float) -> jax.Array | int:
    return x.raw if isinstance(x, Fixed) else int(x) * ONE
