"""What an owner gains in a vote by pretending to be many."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.curation.quadratic import break_even_cost, pairwise_matching_weights, split_effect
from tokenomics.curation.tallies.approval import Approval
from tokenomics.curation.tallies.base import Ballots, Candidates
from tokenomics.curation.tallies.conviction import Conviction
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.curation.tallies.quadratic import Quadratic
from tokenomics.curation.tallies.quadratic_funding import QuadraticFunding
from tokenomics.curation.tallies.time_locked import TimeLocked
from tokenomics.curation.tallies.token_weighted import TokenWeighted

NUM_PLACES, TOKEN = 4, 10**9
WORKS = Candidates(jnp.arange(NUM_PLACES), jnp.ones(NUM_PLACES, bool), jnp.zeros(NUM_PLACES, bool))


def ballots(part: Any, points: Any, wallets: Any) -> Ballots:
    """Return a round in which everybody with `part` [n, 4] sees all four works, before the last day."""
    shares, n = jnp.asarray(part, jnp.float32), len(points)
    return Ballots(
        fragment=jnp.tile(jnp.arange(NUM_PLACES, dtype=jnp.int32), (n, 1)),
        part=shares,
        day=jnp.zeros(NUM_PLACES, jnp.int32),
        last_day=jnp.int32(1),
        choice=jnp.full(n, -1, jnp.int32),
        points=jnp.asarray(points, jnp.float64),
        stake=jnp.asarray(np.asarray(points) * TOKEN, jnp.int64),
        wallets=jnp.asarray(wallets, jnp.float64),
        lock_weeks=jnp.full(n, 100.0),
    )


def score(rule: Any, cast: Ballots) -> np.ndarray:
    return np.asarray(rule.score(rule.init(cast.stake.shape[0], NUM_PLACES), cast, WORKS))


def drawn(seed: int, n: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Return signed parts [n, 4] in binary fractions, and whole points [n]."""
    rng = np.random.default_rng(seed)
    return rng.integers(-64, 65, (n, NUM_PLACES)) / 256, rng.integers(1, 5000, n)


@given(seed=st.integers(0, 10**6), wallets=st.integers(1, 1000))
@settings(max_examples=25, deadline=None)
def test_one_owner_has_the_root_of_its_wallets_times_the_votes_where_votes_cost_their_square(
    seed: int, wallets: int
) -> None:
    part, points = drawn(seed)
    alone = np.array([1, 0, 0, 0, 0]) * points  # everybody else has nothing to spend
    many = np.array([wallets, 1, 1, 1, 1])
    whole, split = (score(Quadratic(), ballots(part, alone, w)) for w in (np.ones(5), many))
    np.testing.assert_allclose(split, whole * float(split_effect(wallets)), rtol=1e-12)


@pytest.mark.parametrize(
    "rule", [NetPoints(), TokenWeighted(), TimeLocked(), Approval(), Conviction()], ids=lambda rule: type(rule).__name__
)
def test_splitting_gains_nothing_where_votes_are_linear_or_counted_by_tokens(rule: Any) -> None:
    for seed in range(5):
        part, points = drawn(seed)
        whole, split = (score(rule, ballots(part, points, w)) for w in (np.ones(5), [100, 1, 3, 1, 1]))
        np.testing.assert_array_equal(split, whole)


@pytest.mark.parametrize(
    "rule", [Quadratic(), QuadraticFunding(), QuadraticFunding(pairwise=True)], ids=lambda rule: type(rule).__name__
)
def test_wallets_in_one_row_count_as_they_would_one_by_one(rule: Any) -> None:
    part, points = drawn(3)
    points = points * 6
    together = ballots(part, points, [1, 3, 1, 2, 1])
    copies = np.array([1, 3, 1, 2, 1])
    apart = ballots(np.repeat(part, copies, axis=0), np.repeat(points // copies, copies), np.ones(copies.sum()))
    np.testing.assert_allclose(score(rule, together), score(rule, apart), rtol=2e-6)


def test_a_lonely_contribution_is_matched_once_it_comes_from_several_wallets() -> None:
    part = np.array([[1.0, 0, 0, 0]])
    one, four = (score(QuadraticFunding(), ballots(part, [400], [w])) for w in (1, 4))
    assert one.tolist() == [0, 0, 0, 0]
    assert four.tolist() == [1200, 0, 0, 0]  # (4 · √100)² − 400


def test_an_identity_that_costs_more_than_it_brings_is_not_worth_it() -> None:
    def value_of(votes: jax.Array) -> jax.Array:
        return 50 * votes

    wallets = jnp.arange(1.0, 50)
    cost = break_even_cost(value_of, 9)
    profit = value_of(split_effect(wallets)) - wallets * cost
    assert abs(float(profit[8])) < 1e-9
    assert (profit[:8] > 0).all()
    assert (profit[9:] < 0).all()


BOUND = 100.0
extracted = jax.jit(lambda given: pairwise_matching_weights(given, BOUND).sum())


@given(amount=st.floats(0, 1e15), seed=st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_a_fixed_pair_never_extracts_more_than_its_bound_however_much_it_gives(amount: float, seed: int) -> None:
    shares = np.random.default_rng(seed).dirichlet(np.ones(NUM_PLACES), 2)
    got = float(extracted(jnp.asarray(amount * shares)))
    assert 0 <= got <= 2 * BOUND * (1 + 1e-12)


def test_a_pair_without_a_bound_extracts_in_proportion_to_what_it_gives() -> None:
    part = np.tile([1.0, 0, 0, 0], (2, 1))
    for points in (100, 10_000, 1_000_000):
        free, bounded = (
            score(rule, ballots(part, [points] * 2, [1, 1]))[0]
            for rule in (QuadraticFunding(), QuadraticFunding(pairwise=True, pairwise_bound=BOUND))
        )
        assert free == 2 * points
        np.testing.assert_allclose(bounded, 2 * BOUND * points / (BOUND + points), rtol=1e-6)
