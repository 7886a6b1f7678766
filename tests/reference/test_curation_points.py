"""Voting points against the specification's worked examples."""

import json
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation.points.accruing import Accruing
from tokenomics.curation.points.launch import Launch
from tokenomics.curation.points.per_round import PerRound
from tokenomics.curation.voting_points import (
    SECONDS_PER_WEEK,
    accrued_points,
    launch_points,
    round_points,
    split_gain,
)

FILE: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "botto.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in FILE["cases"]}
KINDS = {"launch_rule": Launch(first_bonus=0.0), "linear_rule": Accruing(), "per_round_rule": PerRound()}


def close(got: Any, expected: float) -> None:
    np.testing.assert_allclose(got, expected, rtol=FILE["rtol"], atol=FILE["atol"])


def test_a_wallet_has_the_points_of_the_worked_example() -> None:
    given, expected = CASES["botto-1"]["inputs"], CASES["botto-1"]["expected"]
    stake, days, shares = given["stake"], given["days"], given["lp_tokens"]
    close(launch_points(stake, days), expected["launch_rule"])
    close(launch_points(stake, days, True), expected["launch_rule_with_first_stake_bonus"])
    close(accrued_points(stake, days / 7 * SECONDS_PER_WEEK, shares), expected["linear_rule"])
    got = round_points(stake, given["late_stake"], given["late_pct_remaining"] / 100, shares)
    close(got, expected["per_round_rule"])


def test_splitting_gains_what_the_worked_example_says() -> None:
    given, expected = CASES["botto-4"]["inputs"], CASES["botto-4"]["expected"]
    for name, points_of in (
        ("launch_rule", lambda stake: launch_points(stake, 1)),
        ("linear_rule", lambda stake: accrued_points(stake, SECONDS_PER_WEEK)),
        ("per_round_rule", round_points),
    ):
        close(split_gain(points_of, given["stake"], given["wallets"]), expected[f"{name}_factor"])


@pytest.mark.parametrize("name", KINDS)
def test_an_owner_of_many_wallets_gains_as_much_by_the_rule_in_a_round(name: str) -> None:
    given, expected = CASES["botto-4"]["inputs"], CASES["botto-4"]["expected"]
    one_and_many, no = jnp.array([1.0, given["wallets"]]), jnp.zeros(2)
    stake = jnp.full(2, given["stake"])
    points = KINDS[name].allot(no, stake, one_and_many, no, jnp.ones(()), jnp.bool_(False))
    close(points[1] / points[0], expected[f"{name}_factor"])


def test_dust_earns_nothing_under_the_launch_rule_and_never_less() -> None:
    assert launch_points(jnp.array([0.0, 1e-9, 0.01]), 7).tolist() == [0, 0, 0]
    assert launch_points(jnp.array([0.0, 1e-9]), 7, True).tolist() == [0, 100]


def test_several_deposits_count_by_what_was_left_of_the_round() -> None:
    late, left = jnp.array([[100.0, 50.0], [10.0, 0.0]]), jnp.array([[0.5, 0.1], [1.0, 0.7]])
    got = round_points(jnp.array([1000.0, 0.0]), late, left, connected=jnp.array([True, True]))
    np.testing.assert_allclose(got, [1000 + 50 + 5 + 350, 10 + 350], rtol=1e-15)


def test_a_visitor_has_one_point_and_who_signs_up_200_more() -> None:
    assert float(round_points(0.0, connected=False)) == 1
    assert float(round_points(0.0, signed_up=True)) == 550
    assert float(round_points(0.0)) == 350


def test_liquidity_shares_count_as_each_rule_says() -> None:
    zero, one, two = jnp.zeros(1), jnp.ones(1), jnp.full(1, 2.0)
    value, later = jnp.float64(500), jnp.bool_(False)
    by_value = Launch().allot(zero, zero, one, two, value, later)
    close(by_value[0], 7 * (25 + 25 * 3))
    assert Accruing().allot(zero, zero, one, two, value, later).tolist() == [300]
    assert PerRound().allot(zero, zero, one, two, value, later).tolist() == [750]


def test_points_wait_under_the_first_two_rules_and_are_reset_under_the_third() -> None:
    left = jnp.array([5.0, 0.0])
    kept = [KINDS[name].carry(left).tolist() for name in KINDS]
    assert kept == [[5, 0], [5, 0], [0, 0]]
    zero, one = jnp.zeros(2), jnp.ones(2)
    with_past, without = (Accruing().allot(x, one, one, zero, one[0], jnp.bool_(False)) for x in (left, zero))
    assert (with_past - without).tolist() == [5, 0]
