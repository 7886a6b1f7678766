"""Attacks on votes with stake at risk, and small games whose end a person can state."""

import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation import flip_cost, kleros
from tokenomics.curation.tallies.base import Ballots, Candidates
from tokenomics.curation.tallies.bonding_curve import BondingCurve
from tokenomics.curation.tallies.kleros import Kleros
from tokenomics.curation.tallies.registry import Registry
from tokenomics.curation.tallies.uma import Uma

X, Y = 0, 1
AT_RISK, FEE = 500, 100
TOKEN = 10**9


def payoffs(jurors: int, bribe: float) -> np.ndarray:
    """Return what the first juror earns, [2, 2^(n-1)]: by its own vote, and by every way in which the others vote."""
    others = list(itertools.product((X, Y), repeat=jurors - 1))
    votes = jnp.array([[(mine, *rest) for rest in others] for mine in (X, Y)])

    def one(votes: jax.Array) -> jax.Array:
        settled = kleros.settle(votes[None], jnp.ones((1, jurors), bool), AT_RISK, FEE)
        return kleros.with_bribe(settled, votes[None], X, bribe)[0, 0]

    return np.asarray(jax.jit(jax.vmap(jax.vmap(one)))(votes))


def test_a_bribe_of_stake_and_fee_and_a_little_makes_voting_x_dominate_among_three_jurors() -> None:
    by_x, by_y = payoffs(3, AT_RISK + FEE + 1)
    assert (by_x >= by_y).all()
    assert (by_x > by_y).tolist() == [True, False, False, True]  # the juror who decides is paid the same either way
    assert by_x[-1] - by_y[-1] == 1  # alone against two
    honest_x, honest_y = payoffs(3, 0)
    assert honest_x[-1] < honest_y[-1]


def test_if_everybody_takes_the_conditional_bribe_nothing_is_paid() -> None:
    votes = jnp.full((1, 3), X)
    settled = kleros.settle(votes, jnp.ones((1, 3), bool), AT_RISK, FEE)
    assert kleros.with_bribe(settled, votes, X, 10**6).tolist() == [[FEE, FEE, FEE]]


@pytest.mark.parametrize("jurors", [3, 5, 7, 9])
def test_the_least_conditional_bribe_dominates_and_a_little_less_does_not(jurors: int) -> None:
    least = float(flip_cost.conditional_bribe(jurors, AT_RISK, FEE, 0.0))
    # Divisions round the payoffs by less than one unit.
    enough_x, enough_y = payoffs(jurors, least + 1)
    short_x, short_y = payoffs(jurors, least - 2)
    assert (enough_x >= enough_y).all()
    assert (short_x < short_y).any()


def test_resisting_pays_more_than_stake_and_fee_once_several_others_are_bribed() -> None:
    by_x, by_y = payoffs(7, AT_RISK + FEE + 1)
    assert (by_x < by_y).any()  # two others voted X and lost, and whoever did not shares what they lose
    assert float(flip_cost.conditional_bribe(7, AT_RISK, FEE, 1)) == pytest.approx(500 + (700 + 2 * 500) / 5 + 1)


class World(NamedTuple):
    ballots: Ballots
    works: Candidates
    finalists: jax.Array


def world(
    stake: list[float], parts: list[list[float]], days: list[int] | None = None, choice: list[int] | None = None
) -> World:
    """Return a pool with a work per column of `parts`, all of them finalists; stakes in tokens."""
    size, places = len(stake), len(parts[0])
    columns = [0] * places if days is None else days
    ballots = Ballots(
        fragment=jnp.broadcast_to(jnp.arange(places, dtype=jnp.int32), (size, places)),
        part=jnp.array(parts, jnp.float32),
        day=jnp.array(columns, jnp.int32),
        last_day=jnp.array(max(columns) + 1, jnp.int32),
        choice=jnp.array([-1] * size if choice is None else choice, jnp.int32),
        points=jnp.ones(size),
        stake=jnp.array([round(s * TOKEN) for s in stake]),
        wallets=jnp.ones(size),
        lock_weeks=jnp.zeros(size),
    )
    works = Candidates(jnp.arange(places) + 100, jnp.ones(places, bool), jnp.ones(places, bool))
    return World(ballots, works, jnp.arange(places, dtype=jnp.int32))


_close = jax.jit(lambda rule, key, given: rule.close(key, (), *given)[1])


def closed(rule: Any, given: World) -> Any:
    return _close(rule, jax.random.key(0), given)


def tokens(amounts: jax.Array) -> list[float]:
    return (np.asarray(amounts) / TOKEN).tolist()


def test_the_finalist_that_all_jurors_name_is_the_only_one_that_passes() -> None:
    given = world([5.0, 5.0, 5.0], [[1.0, 0.0]] * 3, choice=[1, 1, 1])
    out = closed(Kleros(), given)
    assert out.passes.tolist() == [False, True]
    assert tokens(out.score) == [15.0 / TOKEN, 0.0]
    assert not out.delta.any()


def test_a_court_that_cannot_decide_leaves_it_to_the_count() -> None:
    given = world([5.0, 5.0], [[0.2, 0.8], [0.0, 0.5]], choice=[-1, -1])
    out = closed(Kleros(min_stake=10.0, appeals=0), given)
    assert out.passes.tolist() == [False, True]
    assert int(out.kept) == -int(out.delta.sum())
    assert sorted({*tokens(out.delta), -5.0, 0.0}) == [-5.0, 0.0]  # drawn or not; once or thrice, it has but 5
    assert int(out.kept) > 0


def test_jurors_are_drawn_in_proportion_to_stake() -> None:
    stake = jnp.array([1, 0, 6, 3]) * 10**12
    draw = jax.jit(jax.vmap(lambda key: Kleros(appeals=4).draw(key, stake)))
    drawn, juror = draw(jax.random.split(jax.random.key(0), 200))
    seats = np.asarray(juror)[np.asarray(drawn)]
    assert drawn[0].sum(axis=1).tolist() == [3, 7, 15, 31, 63]
    shares = np.bincount(seats, minlength=4) / len(seats)
    np.testing.assert_allclose(shares, [0.1, 0.0, 0.6, 0.3], atol=4 * np.sqrt(0.25 / len(seats)))


def test_another_appeal_changes_no_earlier_draw() -> None:
    stake = jnp.arange(1, 9) * 10**12
    key = jax.random.key(3)
    draw = jax.jit(lambda rule: rule.draw(key, stake)[1])
    short, long = draw(Kleros(appeals=1)), draw(Kleros(appeals=2))
    assert (long[:2, :7] == short[:, :7]).all()


def test_without_stake_there_is_no_court_and_no_loss() -> None:
    out = closed(Kleros(), world([0.0, 0.0], [[0.5, 0.0], [0.0, 0.5]], choice=[0, 1]))
    assert not out.delta.any()
    assert out.passes.tolist() == [True, False]  # a tie of the count: the smallest id


def test_a_quarter_of_the_stake_is_no_oracle_however_few_others_vote() -> None:
    given = world([25.0, 75.0], [[1.0, 0.0]] * 2, choice=[0, -1])
    out = closed(Uma(), given)
    assert not out.passes.any()
    assert not out.delta.any()


def test_more_than_half_of_the_stake_is_an_oracle_that_the_others_pay() -> None:
    given = world([51.0, 40.0, 9.0], [[1.0, 0.0]] * 3, choice=[1, 0, -1])
    out = closed(Uma(), given)
    assert out.passes.tolist() == [False, True]
    assert tokens(out.delta) == pytest.approx([0.049, -0.04, -0.009])
    assert int(out.kept) == 0


def test_a_work_without_objection_is_listed_and_one_without_support_is_not() -> None:
    out = closed(Registry(), world([5.0, 5.0], [[0.5, 0.0, -0.5], [0.5, 0.0, 0.0]]))
    assert out.passes.tolist() == [True, False, False]
    assert not out.delta.any()


def test_a_challenger_with_less_behind_it_loses_its_deposit() -> None:
    given = world([300.0, 100.0, 200.0], [[0.5], [1.0], [-1.0]])
    out = closed(Registry(deposit=40.0, winner_share=0.5), given)
    assert out.passes.tolist() == [True]
    assert tokens(out.delta) == [20.0 + 15.0, 5.0, -40.0]  # the applicant votes, too: 300 of the 400 for it


def test_deposits_for_all_finalists_together_stay_within_the_stake() -> None:
    given = world([100.0, 1000.0], [[-0.2, -0.3, -0.5], [0.2, 0.3, 0.5]])
    out = closed(Registry(deposit=60.0, winner_share=1.0), given)
    assert tokens(out.delta) == [-100.0, 100.0]  # 60, 40 that were left, and nothing


def test_whoever_backs_a_work_earlier_gains_from_those_who_follow() -> None:
    given = world([100.0, 100.0], [[1.0], [1.0]])
    same_day = closed(BondingCurve(virtual_reserve=0.0), given)
    assert np.abs(np.asarray(same_day.delta)).max() <= 1
    ballots = given.ballots._replace(
        fragment=jnp.zeros((2, 2), jnp.int32),
        part=jnp.array([[1.0, 0.0], [0.0, 1.0]], jnp.float32),
        day=jnp.array([0, 1], jnp.int32),
    )
    in_turn = closed(BondingCurve(virtual_reserve=0.0), given._replace(ballots=ballots))
    first = 1 / np.sqrt(2)  # of all shares: s(100) / s(200)
    assert tokens(in_turn.delta) == pytest.approx([200 * first - 100, 100 - 200 * first])
    assert tokens(in_turn.score) == [200.0 / TOKEN]


def test_on_a_flat_curve_everybody_gets_back_what_it_paid() -> None:
    given = world([7.0, 11.0, 13.0], [[0.1, 0.9], [0.3, 0.7], [1.0, 0.0]], days=[0, 1])
    out = closed(BondingCurve(exponent=0.0), given)
    assert np.abs(np.asarray(out.delta)).max() <= 2


def test_losers_may_have_to_pay_the_holders_of_the_winner() -> None:
    given = world([60.0, 40.0], [[1.0, 0.0], [0.0, 1.0]])
    out = closed(BondingCurve(losers_pay=0.25, virtual_reserve=0.0), given)
    assert tokens(out.delta) == pytest.approx([10.0, -10.0], abs=1e-8)


def test_what_is_put_against_a_work_buys_and_sells_nothing() -> None:
    out = closed(BondingCurve(losers_pay=1.0, virtual_reserve=0.0), world([60.0, 40.0], [[-1.0, 0.0], [0.0, -1.0]]))
    assert not out.passes.any()
    assert not out.delta.any()
