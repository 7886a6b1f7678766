"""The formulas of votes against the specification's worked examples, and written again in NumPy."""

import itertools
import json
import math
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation import conviction, quadratic
from tokenomics.curation.plurality import is_accepted, stake_for
from tokenomics.curation.time_lock import LONGEST_LOCK, lock_weight
from tokenomics.curation.voting_points import SECONDS_PER_WEEK

FILE: dict[str, Any] = json.loads(
    (Path(__file__).parent / "vectors" / "curation_voting.json").read_text(encoding="utf-8")
)
CASES = {case["id"]: case for case in FILE["cases"]}


def close(got: Any, expected: Any) -> None:
    np.testing.assert_allclose(got, expected, rtol=FILE["rtol"], atol=FILE["atol"])


def test_square_roots_turn_the_vote_of_the_worked_example_and_splitting_turns_it_back() -> None:
    given, expected = CASES["cv-1"]["inputs"], CASES["cv-1"]["expected"]
    credits, options = jnp.array(given["credits"]), sorted(set(given["choices"]))
    choice = jnp.array([options.index(c) for c in given["choices"]])
    wallets = jnp.ones(len(credits)).at[given["sybil_voter"]].set(given["sybil_wallets"])
    for rule, winner, votes in (
        ("linear", "winner_linear", credits),
        ("quadratic", "winner_quadratic", quadratic.signed_roots(credits)),
        ("quadratic_after_split", "winner_after_split", quadratic.signed_roots(credits, wallets)),
    ):
        got = stake_for(votes, choice, len(options))
        close(got, [expected[rule][option] for option in options])
        assert options[int(got.argmax())] == expected[winner]


def test_votes_against_are_roots_with_a_minus() -> None:
    assert quadratic.signed_roots(jnp.array([-9.0, 0.0, 16.0]), jnp.array([4.0, 4.0, 1.0])).tolist() == [-6, 0, 4]


@pytest.mark.parametrize("wallets", [1, 4, 100])
def test_at_the_break_even_cost_identities_cost_what_they_bring(wallets: int) -> None:
    def value_of(votes: jax.Array) -> jax.Array:
        return 7 * votes**1.5

    cost = float(quadratic.break_even_cost(value_of, wallets))
    close(cost * wallets, 7 * math.sqrt(wallets) ** 1.5)


def test_conviction_grows_as_in_the_worked_example() -> None:
    given, expected = CASES["cv-2"]["inputs"], CASES["cv-2"]["expected"]
    alpha, stake = given["alpha"], given["stake"]
    requested = given["requested"] / given["funds"]
    close(conviction.half_life(alpha), expected["half_life_blocks"])
    effective = conviction.effective_stake(given["total_staked"], given["token_supply"], given["min_stake_share"])
    close(effective, expected["effective_stake"])
    threshold = conviction.conviction_threshold(requested, effective, alpha, given["beta"], given["rho"])
    close(threshold, expected["threshold"])
    close(conviction.conviction_after(0, stake, jnp.array(given["blocks"]), alpha), expected["conviction"])
    close(conviction.conviction_after(0, stake, jnp.inf, alpha), expected["max_conviction"])
    assert int(conviction.blocks_to_pass(stake, threshold, alpha)) == expected["passes_after_blocks"]
    needed = conviction.standing_share_needed(requested, given["beta"], given["rho"])
    close(needed, expected["stake_share_needed_eventually"])


def test_the_defaults_of_conviction_are_those_of_the_worked_example() -> None:
    given = CASES["cv-2"]["inputs"]
    known = (conviction.RETENTION, conviction.MAX_SHARE, conviction.WEIGHT, conviction.MIN_STAKE_SHARE)
    assert known == tuple(given[name] for name in ("alpha", "beta", "rho", "min_stake_share"))


def test_conviction_in_one_step_is_conviction_block_by_block() -> None:
    y = 500.0
    for _ in range(300):
        y = conviction.RETENTION * y + 20
    close(conviction.conviction_after(500.0, 20.0, 300), y)


def test_a_request_for_too_much_never_passes_and_too_little_support_neither() -> None:
    thresholds = conviction.conviction_threshold(jnp.array([0.1, 0.2, 0.5]), 1000.0)
    assert np.isinf(thresholds).tolist() == [False, True, True]
    assert np.isinf(conviction.blocks_to_pass(jnp.full(3, 1000.0), thresholds)).tolist() == [False, True, True]
    share = float(conviction.standing_share_needed(0.1))
    at, below = (conviction.blocks_to_pass(share * 1000 * x, thresholds[0]) for x in (1.001, 0.999))
    assert np.isfinite(at)
    assert np.isinf(below)


def test_a_lock_weighs_by_whole_weeks_and_nothing_after_its_end() -> None:
    week = SECONDS_PER_WEEK
    end = jnp.array([0, week - 1, week, 52 * week + 5, LONGEST_LOCK, 10 * LONGEST_LOCK])
    got = lock_weight(1000.0, end, 0)
    close(got, np.array([0, 0, 7, 7 * 52, 7 * 208, 7 * 208]) * 1000 / 1460)
    assert float(lock_weight(1000.0, 52 * week, 52 * week)) == 0
    assert float(lock_weight(1000.0, 52 * week, 60 * week)) == 0
    close(lock_weight(1000.0, 52 * week, 51.5 * week), 3.5 * 1000 / 1460)


def test_stake_counts_for_the_option_that_it_names_and_for_none_outside() -> None:
    stake = jnp.array([5, 7, 11, 13, 17], jnp.int64)
    assert stake_for(stake, jnp.array([0, 2, 0, -1, 3]), 3).tolist() == [16, 0, 7]


def test_a_count_needs_quorum_and_approval_and_reaching_them_is_enough() -> None:
    support = jnp.array([50, 49, 50])
    cast = jnp.array([100, 100, 99])
    assert is_accepted(support, cast, jnp.int64(1000), 0.1, 0.5).tolist() == [True, False, False]
    assert is_accepted(support, cast, jnp.int64(1000), 0.0, 0.0).all()


def slow_match(contributions: np.ndarray, wallets: np.ndarray, bound: float) -> np.ndarray:
    """Sum over ordered pairs of distinct wallets, one by one."""
    each = np.repeat(contributions / wallets[:, None], wallets, axis=0)
    total = np.zeros(contributions.shape[1])
    for a, b in itertools.permutations(each, 2):
        both = np.sqrt(a * b)
        total += both * bound / (bound + both.sum())
    return total


@pytest.mark.parametrize("bound", [0.5, 30.0])
def test_a_bounded_match_is_the_sum_over_pairs_of_wallets(bound: float) -> None:
    rng = np.random.default_rng(2)
    given = rng.random((7, 4)) * 10 * (rng.random((7, 4)) < 0.6)
    wallets = np.array([1, 3, 1, 2, 5, 1, 1])
    got = quadratic.pairwise_matching_weights(jnp.asarray(given), bound, jnp.asarray(wallets))
    close(got, slow_match(given, wallets, bound))


def test_a_bounded_match_is_the_same_in_one_block_of_rows_and_in_several() -> None:
    rng = np.random.default_rng(3)
    given = rng.random((quadratic.ROWS_AT_ONCE + 44, 3))
    r = np.sqrt(given)
    k = 2 / (2 + r @ r.T)
    np.fill_diagonal(k, 0)
    got = quadratic.pairwise_matching_weights(jnp.asarray(given), 2.0)
    close(got, np.einsum("ip,ij,jp->p", r, k, r))


def test_without_a_bound_the_sum_over_pairs_is_the_square_less_the_sum() -> None:
    rng = np.random.default_rng(4)
    given = rng.random((6, 3))
    free = quadratic.matching_weights(jnp.asarray(np.sqrt(given).sum(axis=0)), jnp.asarray(given.sum(axis=0)))
    close(free, slow_match(given, np.ones(6, int), 1e15))


def test_matches_use_up_the_pool_and_one_giver_alone_has_none() -> None:
    given = jnp.array([[4.0, 100.0], [4.0, 0.0], [9.0, 0.0]])
    weights = quadratic.matching_weights(jnp.sqrt(given).sum(axis=0), given.sum(axis=0))
    assert weights.tolist() == [32, 0]
    assert quadratic.matches(weights, 250.0).tolist() == [250, 0]
    assert quadratic.matches(jnp.zeros(2), 250.0).tolist() == [0, 0]
