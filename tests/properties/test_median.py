"""The weighted quantile against its definition, written out in NumPy, and what follows from the definition."""

from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subnet.median import weighted_quantile
from tokenomics.arithmetic import Arithmetic
from tokenomics.fixed import ONE, Fixed

ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")
M = 6
# Few values, so that ties abound; some closer together than any tolerance, some far apart.
LEVELS = {
    "float32": np.array([0, 1e-38, 1e-7, 0.1, np.nextafter(np.float32(0.1), 1), 0.25, 0.5, 1], np.float32),
    "float64": np.array([0, 5e-324, 1e-300, 1e-7, 0.1, np.nextafter(0.1, 1), 0.25, 0.5, 1 - 2**-53, 1], np.float64),
    "exact": np.array([0, 1, 2, 3, 1000, ONE // 3, ONE // 3 + 1, ONE // 2, ONE], np.int64),
}
UNITS = 1 << 12  # stakes and support are multiples of 2^-12: their sums are exact in every arithmetic

quantile = jax.jit(weighted_quantile)


def by_definition(weights: np.ndarray, units: np.ndarray, support: Fraction) -> np.ndarray:
    """Return max { v : stake of opinions >= v is at least `support` } per column; rows without stake have no say."""
    found = np.zeros(weights.shape[1], weights.dtype)
    opinions, stake = weights[units > 0], units[units > 0]
    for j in range(weights.shape[1]):
        column = opinions[:, j]
        backed = [v for v in column if Fraction(int(stake[column >= v].sum()), UNITS) >= support]
        found[j] = max(backed) if backed else column.min(initial=0 if not len(column) else column.max())
    return found


def taken(weights: np.ndarray, units: np.ndarray, support: float, arithmetic: Arithmetic) -> np.ndarray:
    """Return the quantile as the package finds it; raw numbers if exact."""
    if arithmetic == "exact":
        raw = jnp.asarray(units.astype(np.int64) * (ONE // UNITS))
        found = quantile(Fixed(jnp.asarray(weights)), Fixed(raw), Fixed(jnp.int64(support * ONE)))
        return np.asarray(found.raw)
    stake = jnp.asarray(units / UNITS, arithmetic)
    return np.asarray(quantile(jnp.asarray(weights), stake, jnp.asarray(support, arithmetic)))


def shared_out(rng: np.random.Generator, num_validators: int, empty: float) -> np.ndarray:
    """Return whole stakes that sum to `UNITS`, some of them zero."""
    holds = rng.random(num_validators) >= empty
    holds[rng.integers(num_validators)] = True
    cuts = np.sort(rng.integers(0, UNITS, holds.sum() - 1))
    units = np.zeros(num_validators, np.int64)
    units[holds] = np.diff(np.concatenate([[0], cuts, [UNITS]]))
    return units


def case(seed: int, num_validators: int, arithmetic: Arithmetic) -> tuple[np.ndarray, np.ndarray, float]:
    """Return random weights with ties and zeros, stake with zeros, and a support, often one that is met exactly."""
    rng = np.random.default_rng(seed)
    levels = LEVELS[arithmetic]
    few = rng.choice(levels, rng.integers(1, len(levels) + 1))
    weights = rng.choice(few, (num_validators, M))
    if rng.random() < 0.3 and arithmetic != "exact":
        weights = rng.random((num_validators, M)).astype(arithmetic)
    weights[:, 0] = 0
    weights[rng.integers(num_validators)] = 0
    units = shared_out(rng, num_validators, rng.choice([0, 0.3, 0.9]))
    tie = int(np.cumsum(rng.permutation(units))[rng.integers(num_validators)])
    support = [tie / UNITS, (tie - 1) / UNITS, (tie + 1) / UNITS, 0.5, 1.0, 1 / UNITS, rng.integers(1, UNITS) / UNITS]
    return weights, units, float(np.clip(support[rng.integers(len(support))], 1 / UNITS, 1))


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize(("num_validators", "tries"), [(1, 10), (2, 40), (7, 120), (64, 30), (65, 40), (130, 20)])
def test_the_quantile_is_its_definition_to_the_bit(arithmetic: Arithmetic, num_validators: int, tries: int) -> None:
    for seed in range(tries):
        weights, units, support = case(seed, num_validators, arithmetic)
        expected = by_definition(weights, units, Fraction(support))
        np.testing.assert_array_equal(taken(weights, units, support, arithmetic), expected, err_msg=f"seed {seed}")


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
@pytest.mark.parametrize("num_validators", [5, 70])
def test_all_support_gives_the_smallest_opinion_and_hardly_any_the_largest(
    arithmetic: Arithmetic, num_validators: int
) -> None:
    for seed in range(10):
        weights, units, _ = case(seed, num_validators, arithmetic)
        staked = weights[units > 0]
        np.testing.assert_array_equal(taken(weights, units, 1.0, arithmetic), staked.min(axis=0))
        np.testing.assert_array_equal(taken(weights, units, 2.0**-32, arithmetic), staked.max(axis=0))


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_nobody_with_stake_agrees_on_nothing(arithmetic: Arithmetic) -> None:
    for num_validators in (3, 70):
        weights = case(1, num_validators, arithmetic)[0]
        assert not taken(weights, np.zeros(num_validators, np.int64), 0.5, arithmetic).any()


@pytest.mark.parametrize("arithmetic", ARITHMETICS)
def test_stake_that_sums_to_less_than_the_support_agrees_on_the_smallest(arithmetic: Arithmetic) -> None:
    weights = case(3, 5, arithmetic)[0]
    units = np.array([10, 0, 20, 5, 1])  # a sliver of one
    np.testing.assert_array_equal(taken(weights, units, 1.0, arithmetic), weights[units > 0].min(axis=0))


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time."""
    return settings(max_examples=times, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize("arithmetic", ["float32", "float64"])
@tried(30)
@given(seed=st.integers(0, 10**6), support=st.floats(0.001, 1))
def test_any_stake_gives_an_opinion_that_its_supporters_carry(arithmetic: Any, seed: int, support: float) -> None:
    """Sums are rounded, yet the answer is supported, and the next higher opinion is not, up to rounding."""
    rng = np.random.default_rng(seed)
    stake = rng.pareto(1, 9) * (rng.random(9) < 0.7)
    stake = (stake / max(stake.sum(), 1e-300)).astype(arithmetic)
    weights = rng.random((9, M)).astype(arithmetic)
    found = np.asarray(quantile(jnp.asarray(weights), jnp.asarray(stake), jnp.asarray(support, arithmetic)))
    if not stake.any():
        assert not found.any()
        return
    slack = 1e-5 if arithmetic == "float32" else 1e-14
    for j in range(M):
        column = weights[stake > 0, j]
        held = stake[stake > 0].astype(float)
        assert found[j] in column
        assert held[column >= found[j]].sum() >= support - slack
        above = column[column > found[j]]
        if above.size:
            assert held[column >= above.min()].sum() < support + slack


@tried(20)
@given(seed=st.integers(0, 10**6))
def test_more_support_never_gives_a_larger_opinion(seed: int) -> None:
    weights, units, _ = case(seed, 7, "float64")
    last = np.full(M, np.inf)
    for support in np.arange(1, 17) / 16:
        found = taken(weights, units, support, "float64")
        assert (found <= last).all()
        last = found


def test_an_exact_tie_takes_the_higher_opinion() -> None:
    weights = np.array([[0.2], [0.6]])
    for halves, expected in (((2048, 2048), 0.6), ((2049, 2047), 0.2)):
        assert taken(weights, np.array(halves), 0.5, "float64").tolist() == [expected]
