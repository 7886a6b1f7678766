"""Concentration measures against values known from outside and against their definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from experiments.concentration import gini, hhi, lorenz, nakamoto

amounts = hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1e6).map(lambda x: round(x, 3)))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ([0, 0, 0, 1], 0.75),  # one of n holds all: 1 - 1/n
        ([1, 1, 1, 1], 0.0),
        ([1, 2, 3, 4, 5], 4 / 15),  # first integers: (n - 1) / (3 n)
        ([1, 3], 0.25),
        ([5], 0.0),
        ([0, 0, 0], 0.0),
    ],
)
def test_gini_matches_known_values(x: list[float], expected: float) -> None:
    assert gini(x) == pytest.approx(expected, abs=1e-15)


@given(amounts)
def test_gini_is_half_the_mean_absolute_difference_over_the_mean(x: NDArray[np.float64]) -> None:
    total = x.sum()
    by_definition = np.abs(x[:, None] - x).sum() / (2 * len(x) * total) if total > 0 else 0.0
    assert gini(x) == pytest.approx(by_definition, abs=1e-9)


@given(amounts, st.floats(0.01, 100))
def test_concentration_ignores_the_unit_of_the_amounts(x: NDArray[np.float64], scale: float) -> None:
    assert gini(scale * x) == pytest.approx(float(gini(x)), abs=1e-9)
    assert hhi(scale * x) == pytest.approx(float(hhi(x)), abs=1e-9)


@pytest.mark.parametrize(
    ("x", "expected"), [([1, 1, 1, 1], 0.25), ([0, 7], 1.0), ([3, 1], 0.625), ([0, 0], 0.0), ([50, 30, 20], 0.38)]
)
def test_hhi_is_the_sum_of_squared_shares(x: list[float], expected: float) -> None:
    assert hhi(x) == pytest.approx(expected)


@given(amounts)
def test_hhi_lies_between_an_equal_split_and_a_monopoly(x: NDArray[np.float64]) -> None:
    lowest = 1 / len(x) if x.sum() > 0 else 0
    assert lowest - 1e-12 <= hhi(x) <= 1 + 1e-12


@pytest.mark.parametrize(
    ("x", "threshold", "expected"),
    [
        ([1, 1, 1, 1], 0.5, 3),  # two hold exactly one half, which is not more than one half
        ([0.1] * 10, 0.5, 6),  # the same where one half is not exact in binary
        ([51, 49], 0.5, 1),
        ([0, 0, 9], 0.5, 1),
        ([0, 0], 0.5, 0),
        ([40, 30, 20, 10], 0.5, 2),
        ([40, 30, 20, 10], 2 / 3, 2),
        ([40, 30, 20, 10], 0.9, 4),
    ],
)
def test_nakamoto_counts_the_fewest_that_hold_more_than_the_threshold(
    x: list[float], threshold: float, expected: int
) -> None:
    assert nakamoto(x, threshold) == expected


@given(amounts)
def test_nakamoto_holders_exceed_one_half_and_one_fewer_do_not(x: NDArray[np.float64]) -> None:
    count, largest = int(nakamoto(x)), -np.sort(-x)
    if x.sum() > 0:
        assert largest[:count].sum() > 0.5 * x.sum() * (1 - 1e-9)
        assert largest[: count - 1].sum() <= 0.5 * x.sum() * (1 + 1e-9)
    else:
        assert count == 0


def test_nakamoto_refuses_a_threshold_nobody_can_pass() -> None:
    with pytest.raises(ValueError, match=r"threshold = 1\.0 is out of range"):
        nakamoto([1, 2], 1.0)


def test_lorenz_curve_of_one_and_three_bends_at_a_quarter() -> None:
    population, curve = lorenz([3, 1])
    np.testing.assert_allclose(population, [0, 0.5, 1])
    np.testing.assert_allclose(curve, [0, 0.25, 1])


def test_lorenz_curve_of_nothing_is_the_diagonal() -> None:
    population, curve = lorenz([0, 0, 0, 0])
    np.testing.assert_array_equal(curve, population)


@given(amounts)
def test_gini_is_twice_the_area_between_the_diagonal_and_the_lorenz_curve(x: NDArray[np.float64]) -> None:
    population, curve = lorenz(x)
    assert gini(x) == pytest.approx(1 - 2 * np.trapezoid(curve, population), abs=1e-9)


def test_leading_axes_are_kept_row_by_row() -> None:
    x = np.array([[[1.0, 1.0], [0.0, 4.0]], [[0.0, 0.0], [1.0, 3.0]]])
    for measure in (gini, hhi, nakamoto):
        expected = [[measure(row) for row in block] for block in x]
        np.testing.assert_allclose(measure(x), expected)
    assert lorenz(x)[1].shape == (2, 2, 3)


@pytest.mark.parametrize("x", [[-1.0, 2.0], [np.nan, 1.0], 3.0])
def test_negative_or_missing_amounts_are_refused(x: object) -> None:
    with pytest.raises(ValueError, match="non-negative"):
        gini(x)  # type: ignore[arg-type]


def test_an_empty_axis_has_no_concentration() -> None:
    assert gini(np.zeros((2, 0))).tolist() == [0, 0]
    assert hhi(np.zeros((2, 0))).tolist() == [0, 0]
    assert nakamoto(np.zeros((2, 0))).tolist() == [0, 0]
