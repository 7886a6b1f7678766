"""Fixed-point operations against Python's own integers."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.reference.exact_epoch import exp
from tokenomics.arithmetic import of_ratio, proportion_u16
from tokenomics.fixed import ONE, Fixed, divide_raw, multiply_raw, pro_rata_raw

LARGEST = (1 << 63) - 1
SIZE = 64


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time. Each try is a whole array of numbers."""
    return settings(max_examples=times, deadline=None, derandomize=True, database=None)


def numbers(low: int, high: int, *edges: int) -> st.SearchStrategy[int]:
    """Return whole numbers of every size from `low` to `high`, edges and powers of two among them."""
    powers = [s * (1 << k) + d for k in range(63) for d in (-1, 0, 1) for s in (1, -1)]
    special = [x for x in (*edges, *powers, 0, ONE, ONE - 1, ONE + 1, low, high) if low <= x <= high]
    sizes = st.integers(0, 62).flatmap(lambda k: st.integers(max(low, -(1 << k)), min(high, 1 << k)))
    return sizes | st.sampled_from(special) | st.integers(low, high)


def arrays(one: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    return st.lists(one, min_size=SIZE, max_size=SIZE)


def check(f: Callable[..., jax.Array], expected: Callable[..., int], pairs: list[tuple[int, ...]]) -> None:
    """Compare an operation on whole arrays with the same on Python's integers."""
    got = f(*(jnp.asarray(np.array(column, np.int64)) for column in zip(*pairs, strict=True)))
    want = [expected(*pair) for pair in pairs]
    wrong = [(pair, int(g), w) for pair, g, w in zip(pairs, got, want, strict=True) if int(g) != w]
    assert not wrong, wrong[:3]


multiply, divide, pro_rata = jax.jit(multiply_raw), jax.jit(divide_raw), jax.jit(pro_rata_raw)


@tried(25)
@given(
    pairs=arrays(
        st.tuples(numbers(-LARGEST, LARGEST), numbers(-LARGEST, LARGEST)).filter(lambda p: abs(p[0] * p[1]) < 1 << 95)
    )
)
def test_a_product_is_cut_toward_minus_infinity(pairs: list[tuple[int, int]]) -> None:
    check(multiply, lambda a, b: (a * b) >> 32, pairs)


@tried(25)
@given(
    pairs=arrays(
        numbers(1, (1 << 61) - 1).flatmap(
            lambda whole: st.tuples(numbers(0, whole, whole - 1, whole // 2, whole // 3), st.just(whole))
        )
    )
)
def test_a_share_is_cut_and_never_above_one(pairs: list[tuple[int, int]]) -> None:
    check(pro_rata, lambda part, whole: (part << 32) // whole, pairs)


def test_a_share_of_nothing_is_nothing() -> None:
    assert pro_rata_raw(jnp.int64(0), jnp.int64(0)) == 0


@pytest.mark.parametrize(
    "whole", [1, 2, 3, 7, ONE - 1, ONE, ONE + 1, 65535, 10**9, 10**18, 2**53 + 1, 2**60 + 1, 2**61 - 1]
)
def test_shares_next_to_a_whole_number_of_units_are_cut_right(whole: int) -> None:
    parts = {(k * whole + d) >> 32 for k in (1, 2, 3, 1000, ONE // 3, ONE // 2, ONE - 1, ONE) for d in (-1, 0, 1, ONE)}
    pairs = [(p + d, whole) for p in parts for d in (-1, 0, 1) if 0 <= p + d <= whole]
    check(pro_rata_raw, lambda part, w: (part << 32) // w, pairs)


def quotient(a: int, b: int) -> int:
    """Return a 2^32 / b cut toward zero; 0 for no divisor, or where it does not fit."""
    if b == 0 or abs(a) // abs(b) >= 1 << 31:
        return 0
    size = (abs(a) << 32) // abs(b)
    return size if (a < 0) == (b < 0) else -size


@tried(25)
@given(pairs=arrays(st.tuples(numbers(-LARGEST, LARGEST), numbers(-(1 << 55) + 1, (1 << 55) - 1))))
def test_a_quotient_is_cut_toward_zero_and_zero_where_it_does_not_fit(pairs: list[tuple[int, int]]) -> None:
    check(divide, quotient, pairs)


@jax.jit
def exponential(raw: jax.Array) -> jax.Array:
    return Fixed(raw).exp().raw


@tried(20)
@given(values=arrays(numbers(-40 * ONE, 40 * ONE, 20 * ONE, -20 * ONE, 15 * ONE, 15 * ONE + 1, -15 * ONE - 1)))
def test_an_exponential_is_the_chains_sum_of_cut_terms(values: list[int]) -> None:
    check(exponential, exp, [(value,) for value in values])


def test_an_exponential_of_a_small_array_does_not_depend_on_its_neighbours() -> None:
    for value in (0, ONE, -ONE, 10 * ONE + 7, 15 * ONE, 15 * ONE + 1, 20 * ONE):
        alone = int(exponential(jnp.array([value]))[0])
        beside = int(exponential(jnp.array([value, 20 * ONE]))[0])
        assert alone == beside == exp(value)


@tried(20)
@given(values=arrays(numbers(0, ONE)))
def test_a_share_published_as_u16_is_cut(values: list[int]) -> None:
    check(lambda raw: proportion_u16(Fixed(raw)), lambda raw: raw * 65535 >> 32, [(v,) for v in values])


@tried(20)
@given(pairs=arrays(st.tuples(numbers(-(1 << 62), 1 << 62), st.integers(1, 2**31 - 1))))
def test_a_quotient_by_a_whole_number_is_cut_toward_zero(pairs: list[tuple[int, int]]) -> None:
    for raw, n in pairs[:8]:
        assert int((Fixed(jnp.int64(raw)) / n).raw) == (abs(raw) // n) * (1 if raw >= 0 else -1)


@tried(60)
@given(x=st.floats(-1e9, 1e9))
@example(x=0.5 * 2**-32)
@example(x=1.5 * 2**-32)
@example(x=-0.5 * 2**-32)
@example(x=-(2.0**-33))
def test_floats_are_taken_in_cut_or_to_the_nearest(x: float) -> None:
    from fractions import Fraction

    exact = Fraction(x) * ONE
    assert int(Fixed.cut(x).raw) == int(exact)  # Python cuts toward zero
    assert int(Fixed.nearest(x).raw) == round(exact)  # and rounds halves to even


@pytest.mark.parametrize("denominator", [65535, 10**6, 100])
def test_every_parameter_of_the_chain_is_cut_as_the_chain_divides_it(denominator: int) -> None:
    """A parameter is a float on its way in; cut, it must be the integer division, for each value there is."""
    k = np.arange(denominator + 1)
    raw = np.asarray(Fixed.cut(k / denominator).raw)
    np.testing.assert_array_equal(raw, (k.astype(object) << 32) // denominator)
    np.testing.assert_array_equal(np.asarray(of_ratio(jnp.asarray(k), denominator, "exact").raw), raw)


@tried(60)
@given(a=numbers(-(1 << 60), 1 << 60), b=numbers(-(1 << 60), 1 << 60))
def test_sums_differences_and_comparisons_are_exact(a: int, b: int) -> None:
    x, y = Fixed(jnp.int64(a)), Fixed(jnp.int64(b))
    assert (int((x + y).raw), int((x - y).raw), int((-x).raw)) == (a + b, a - b, -a)
    assert (bool(x < y), bool(x <= y), bool(x > y), bool(x >= y)) == (a < b, a <= b, a > b, a >= b)
    assert int((1 - x).raw) == ONE - a
    assert int(x.floor()) == a >> 32
