"""How an emission is divided between miners and validators, to the unit."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.arithmetic import Arithmetic, of_real, to_float
from tokenomics.fixed import Fixed
from tokenomics.payouts.emission_split import EmissionSplit, pay

ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")
every_arithmetic = pytest.mark.parametrize("arithmetic", ARITHMETICS)
MINERS, VALIDATORS = [0.75, 0.25, 0.0], [0.5, 0.5]
ACTIVE, STAKE = [1.0, 0.0], [0.25, 0.75]
NOBODY = [0.0, 0.0]


def divided(share: float, I: Any, D: Any, A: Any, S: Any, arithmetic: Arithmetic) -> tuple[np.ndarray, np.ndarray]:
    """Return the shares of miners and validators."""
    found = EmissionSplit(share).shares(*(of_real(np.array(x), arithmetic) for x in (I, D, A, S)))
    return np.asarray(to_float(found.miners)), np.asarray(to_float(found.validators))


@every_arithmetic
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_validators_get_their_share_and_miners_the_rest(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, MINERS, VALIDATORS, ACTIVE, STAKE, arithmetic)
    np.testing.assert_array_equal(miners, (1 - share) * np.array(MINERS))
    np.testing.assert_array_equal(validators, share * np.array(VALIDATORS))


@every_arithmetic
@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.9])
def test_any_split_sums_to_one(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, MINERS, VALIDATORS, ACTIVE, STAKE, arithmetic)
    slack = {"float32": 1e-6, "float64": 1e-15, "exact": 5 * 2.0**-32}[arithmetic]
    assert abs(miners.sum() + validators.sum() - 1) <= slack
    np.testing.assert_allclose(validators.sum(), share, atol=4 * slack)


@every_arithmetic
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_miners_get_everything_where_no_validator_earned(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, MINERS, NOBODY, ACTIVE, STAKE, arithmetic)
    np.testing.assert_array_equal(miners, MINERS)
    assert not validators.any()


@every_arithmetic
@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_validators_get_everything_where_no_miner_earned(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, [0.0] * 3, VALIDATORS, ACTIVE, STAKE, arithmetic)
    np.testing.assert_array_equal(validators, VALIDATORS)
    assert not miners.any()


@every_arithmetic
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_active_stake_gets_everything_where_nobody_earned(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, [0.0] * 3, NOBODY, ACTIVE, STAKE, arithmetic)
    np.testing.assert_array_equal(validators, ACTIVE)
    assert not miners.any()


@every_arithmetic
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 1.0])
def test_all_stake_gets_everything_where_nobody_earned_or_is_active(share: float, arithmetic: Arithmetic) -> None:
    miners, validators = divided(share, [0.0] * 3, NOBODY, NOBODY, STAKE, arithmetic)
    np.testing.assert_array_equal(validators, STAKE)
    assert not miners.any()


@every_arithmetic
def test_nobody_gets_anything_where_there_is_no_stake_either(arithmetic: Arithmetic) -> None:
    miners, validators = divided(0.5, [0.0] * 3, NOBODY, NOBODY, NOBODY, arithmetic)
    assert not miners.any()
    assert not validators.any()


@every_arithmetic
def test_a_side_that_is_to_get_everything_but_earned_nothing_leaves_it_to_active_stake(arithmetic: Arithmetic) -> None:
    # Z = 0 counts what a side is to get: miners earned here, but their part is nil.
    miners, validators = divided(1.0, MINERS, NOBODY, ACTIVE, STAKE, arithmetic)
    assert not miners.any()
    np.testing.assert_array_equal(validators, ACTIVE)


def amounts(emission: int, *shares: Any) -> list[list[int]]:
    """Return what each side is paid."""
    return [side.tolist() for side in pay(jnp.int64(emission), *shares)]


def test_amounts_are_rounded_down_and_nothing_is_handed_round() -> None:
    tenth = np.full(10, 0.1)
    assert amounts(10**9, Fixed.cut(tenth)) == [[99_999_999] * 10]  # the specification's own example
    assert amounts(10**9, jnp.asarray(tenth)) == [[100_000_000] * 10]
    assert amounts(100, jnp.asarray([1 / 3, 2 / 3])) == [[33, 66]]


def test_equal_shares_of_an_uneven_amount_leave_the_remainder() -> None:
    miners, validators = divided(0.0, [1 / 3] * 3, VALIDATORS, ACTIVE, STAKE, "float64")
    assert amounts(100, jnp.asarray(miners), jnp.asarray(validators)) == [[33, 33, 33], [0, 0]]


@pytest.mark.parametrize("emission", [0, 1, 10**9, 10**17])
def test_everything_to_one_is_everything_to_the_unit(emission: int) -> None:
    assert amounts(emission, Fixed.whole(np.array([1, 0]))) == [[emission, 0]]
    assert amounts(emission, jnp.array([1.0, 0.0]), jnp.array([0.0])) == [[emission, 0], [0]]


def test_what_rounded_shares_would_pay_too_much_is_taken_from_the_best_paid() -> None:
    up = float(np.nextafter(np.float32(0.5), 1))  # a float32 share, taken to float64 before it is multiplied
    emission = 10**9
    above = int(np.floor(up * emission)) - emission // 2
    assert above > 0
    assert amounts(emission, jnp.array([0.5]), jnp.array([up], jnp.float32)) == [[emission // 2], [emission // 2]]
    assert amounts(emission, jnp.array([0.25, up]), jnp.array([0.25])) == [
        [emission // 4, emission // 2],
        [emission // 4],
    ]


def test_what_shares_leave_is_not_paid() -> None:
    assert amounts(100, jnp.array([0.2]), jnp.array([0.3])) == [[20], [30]]
