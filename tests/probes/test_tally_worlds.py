"""Tiny votes whose outcome a person can state."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tokenomics.curation.conviction import RETENTION, conviction_threshold
from tokenomics.curation.tallies.approval import Approval
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut, merged, received, winner_of
from tokenomics.curation.tallies.conviction import Conviction
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.curation.tallies.quadratic import Quadratic
from tokenomics.curation.tallies.time_locked import TimeLocked
from tokenomics.curation.tallies.token_weighted import TokenWeighted

P, TOKEN = 4, 10**9
Entry = tuple[int, float, int]  # place, part, day; 1 is the last day


def ballots(rows: list[list[Entry]], points: Any, wallets: Any = 1.0, lock_weeks: Any = 0.0) -> Ballots:
    """Return a round in which each curator has as many tokens as points; the days are those of the first row."""
    n = len(rows)
    return Ballots(
        fragment=jnp.array([[place for place, _, _ in row] for row in rows], jnp.int32),
        part=jnp.array([[part for _, part, _ in row] for row in rows], jnp.float32),
        day=jnp.array([day for _, _, day in rows[0]], jnp.int32),
        last_day=jnp.int32(1),
        choice=jnp.full(n, -1, jnp.int32),
        points=jnp.asarray(points, jnp.float64),
        stake=jnp.asarray(points, jnp.int64) * TOKEN,
        wallets=jnp.broadcast_to(jnp.asarray(wallets, jnp.float64), (n,)),
        lock_weeks=jnp.broadcast_to(jnp.asarray(lock_weeks, jnp.float64), (n,)),
    )


def pool(fresh: tuple[int, ...] = (), absent: tuple[int, ...] = ()) -> Candidates:
    places = np.arange(P)
    return Candidates(jnp.asarray(places), jnp.asarray(~np.isin(places, absent)), jnp.asarray(np.isin(places, fresh)))


def end(rule: Any, cast: Ballots, works: Candidates | None = None, state: Any = None) -> tuple[Any, TallyOut]:
    start = rule.init(cast.stake.shape[0], P) if state is None else state
    return rule.close(jax.random.key(0), start, cast, works or pool(), jnp.arange(2, dtype=jnp.int32))


def test_points_against_cancel_points_for() -> None:
    cast = ballots([[(0, 0.5, 0), (1, -0.5, 0)], [(1, 1.0, 0), (2, 0.0, 0)]], [400, 300])
    assert end(NetPoints(), cast)[1].score.tolist() == [200, 100, 0, 0]


def test_a_boost_is_at_most_five_times_a_hundred_points_per_wallet_and_a_vote_is_not() -> None:
    rows = [[(0, 0.5, 0), (1, 0.25, 1)], [(0, 0.0, 0), (1, -0.5, 1)], [(2, 0.5, 0), (3, 0.5, 1)]]
    cast = ballots(rows, [10_000, 4000, 10_000], wallets=[1, 1, 4])
    assert end(NetPoints(), cast)[1].score.tolist() == [5000, 0, 5000, 2000]


def test_a_cap_counts_votes_and_boosts_on_a_work_together() -> None:
    cast = ballots([[(0, 0.5, 0), (1, 0.5, 0), (0, 0.3, 1)], [(0, -0.1, 0), (3, 0, 0), (2, 0, 1)]], [1000, 1000])
    assert np.round(end(NetPoints(), cast)[1].score, 4).tolist() == [700, 500, 0, 0]
    assert np.round(end(NetPoints(cap_per_work=600.0), cast)[1].score, 4).tolist() == [500, 500, 0, 0]


def test_two_halves_of_a_vote_are_one_vote() -> None:
    halves = ballots([[(2, 0.25, 0), (1, 0.0, 0), (2, 0.25, 1)]], [100])
    whole = ballots([[(2, 0.5, 0), (1, 0.0, 0), (1, 0.0, 1)]], [100])
    for rule in (Quadratic(), Approval(), TokenWeighted()):
        assert end(rule, halves)[1].score.tolist() == end(rule, whole)[1].score.tolist()


def test_late_parts_join_early_ones_and_empty_entries_take_none() -> None:
    row = [(1, 0.0, 0), (2, 0.25, 0), (-1, 0.0, 0), (2, 0.0, 0), (1, 0.125, 1), (2, -0.5, 1), (3, 0.0, 1)]
    cast = ballots([row], [100])
    assert merged(cast).tolist() == [[0, -0.25, 0, 0, 0.125, 0, 0]]
    assert received(cast, merged(cast), P).tolist() == [0, 0.125, -0.25, 0]


def test_nothing_is_received_outside_the_pool() -> None:
    cast = ballots([[(-1, 0.25, 0), (P, 0.25, 0), (0, 0.5, 0)]], [100])
    assert received(cast, cast.part, P).tolist() == [0.5, 0, 0, 0]


def test_a_stake_goes_to_what_its_owner_likes_best_and_who_likes_nothing_stays_away() -> None:
    rows = [
        [(0, 0.4, 0), (1, 0.3, 0), (1, 0.2, 1)],
        [(2, -0.5, 0), (0, 0, 0), (3, -0.5, 1)],
        [(0, 0.1, 0), (1, 0, 0), (2, 0, 1)],
    ]
    cast = ballots(rows, [500, 900, 300])
    np.testing.assert_allclose(end(TokenWeighted(), cast)[1].score, [300, 500, 0, 0], rtol=1e-15)
    enough, too_few = (end(TokenWeighted(quorum=q), cast)[1].passes.any() for q in (0.47, 0.48))  # 800 of 1700
    assert (bool(enough), bool(too_few)) == (True, False)
    assert end(TokenWeighted(approval=0.5), cast)[1].passes.tolist() == [False, True, False, False]


def test_approval_counts_the_whole_stake_on_each_work_whatever_the_part() -> None:
    cast = ballots(
        [[(0, 0.01, 0), (1, -0.9, 0)], [(1, 0.5, 0), (0, 0.5, 0)], [(0, -0.1, 0), (3, 0.0, 0)]], [500, 300, 200]
    )
    out = end(Approval(quorum=0.9, approval=0.8), cast)[1]
    np.testing.assert_allclose(out.score, [600, -200, 0, 0], rtol=1e-15)
    assert out.passes.tolist() == [True, False, False, False]
    assert not end(Approval(quorum=0.9, approval=0.81), cast)[1].passes.any()


def test_a_lock_of_half_the_longest_weighs_half() -> None:
    cast = ballots(
        [[(0, 1.0, 0)], [(1, 1.0, 0)], [(2, 1.0, 0)], [(3, 1.0, 0)]], [1460] * 4, lock_weeks=[0.9, 104.3, 500, 1]
    )
    np.testing.assert_allclose(end(TimeLocked(), cast)[1].score, [0, 7 * 104, 7 * 208, 7], rtol=1e-14)


def test_conviction_builds_up_for_who_stays_and_a_new_work_begins_with_none() -> None:
    rule, cast = Conviction(), ballots([[(0, 0.5, 0), (1, 0.5, 0), (2, -0.5, 0)]], [1000])
    most = 500 / (1 - RETENTION)
    kept = RETENTION**40_320
    state, first = end(rule, cast)
    np.testing.assert_allclose(first.score, np.array([1, 1, 0, 0]) * most * (1 - kept), rtol=1e-9)
    state, second = end(rule, cast, pool(fresh=(1,), absent=(3,)), state)
    np.testing.assert_allclose(second.score, np.array([1 + kept, 1, 0, 0]) * most * (1 - kept), rtol=1e-9)
    quiet = cast._replace(part=cast.part * 0)
    state, third = end(rule, quiet, pool(absent=(0,)), state)
    np.testing.assert_allclose(third.score, np.array([0, kept, 0, 0]) * most * (1 - kept), rtol=1e-9)
    assert first.passes.all()


def test_a_request_passes_when_its_conviction_reaches_the_threshold() -> None:
    cast = ballots([[(0, 0.5, 0), (1, 0.25, 0)]], [1000])
    threshold = float(conviction_threshold(0.05, 2000.0))
    passed = []
    for blocks in (5_000.0, 10_000.0, 20_000.0, 40_000.0):
        _, out = end(Conviction(blocks=blocks, requested_share=0.05, supply=10_000.0), cast)
        assert out.passes.tolist() == [score >= threshold for score in out.score.tolist()]
        passed.append(int(out.passes.sum()))
    assert passed == [0, 0, 1, 2]
    _, out = end(Conviction(requested_share=0.2, supply=10_000.0), cast)
    assert int(winner_of(out.score, out.passes, pool())) == -1
