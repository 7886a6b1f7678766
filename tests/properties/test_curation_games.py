"""No game of curation makes or loses a unit: conservation over random games."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation import bonding_curve, flip_cost, kleros, peer_prediction, registry, uma
from tokenomics.curation.tallies.base import Ballots, Candidates
from tokenomics.curation.tallies.bonding_curve import BondingCurve
from tokenomics.curation.tallies.kleros import Kleros
from tokenomics.curation.tallies.registry import Registry
from tokenomics.curation.tallies.uma import Uma

GAMES = 300

close_all = jax.jit(
    lambda rule, keys, rounds: jax.vmap(lambda key, given: rule.close(key, (), *given)[1])(keys, rounds)
)


def test_every_round_of_a_dispute_conserves_tokens_and_fees() -> None:
    rng = np.random.default_rng(1)
    rounds, size, people = 3, 9, 5
    votes = jnp.asarray(rng.integers(-1, 3, (GAMES, rounds, size)))
    drawn = jnp.asarray(rng.random((GAMES, rounds, size)) < 0.7)
    juror = jnp.asarray(rng.integers(0, people, (GAMES, rounds, size)))
    balance = jnp.asarray(rng.integers(0, 4000, (GAMES, people)))
    risk, fee = (jnp.asarray(rng.integers(0, high, (GAMES, rounds))) for high in (1000, 500))
    out = jax.jit(jax.vmap(kleros.settle))(votes, drawn, risk, fee, juror, balance)
    assert not (out.token_delta.sum(axis=2) + out.governor_tokens + out.dust_tokens).any()
    assert (out.fee_income.sum(axis=2) + out.governor_fees + out.dust_fees == fee * drawn.sum(axis=2)).all()
    assert not np.asarray(out.token_delta)[~np.asarray(drawn)].any()
    assert (np.asarray(out.token_delta) >= -np.asarray(risk)[..., None]).all()
    assert (out.dust_tokens >= 0).all()
    assert (out.dust_tokens < size).all()
    left = np.asarray(balance).copy()
    for r in range(rounds):
        for g in range(GAMES):
            np.add.at(left[g], np.asarray(juror)[g, r], np.asarray(out.token_delta)[g, r])
        assert (left >= 0).all()
    assert (left == 0).any()  # some lost all they had: the cap was met
    assert (out.governor_tokens > 0).any()


def slow_vote(stake: list[int], votes: list[int], gat: int, spat: int, wrong: int, missed: int) -> list[int]:
    """Settle one request in Python's integers, which have no size."""
    totals = [sum(s for s, v in zip(stake, votes, strict=True) if v == option) for option in range(3)]
    mode, all_stake = totals.index(max(totals)), sum(stake)
    if not (sum(totals) > gat and max(totals) * 10**6 > spat * all_stake):
        return [0] * len(stake)
    pot = (missed * (all_stake - sum(totals)) + wrong * (sum(totals) - max(totals))) // 10**6
    rates = [missed if v < 0 else wrong for v in votes]
    return [
        s * pot // max(totals) if v == mode else -s * rate // 10**6
        for s, v, rate in zip(stake, votes, rates, strict=True)
    ]


@pytest.mark.parametrize("unit", [1, 10**6, 10**16])
def test_an_oracle_pays_out_no_more_than_it_takes_and_counts_like_python(unit: int) -> None:
    rng = np.random.default_rng(2)
    stake = rng.integers(0, 100, (GAMES, 6)) * unit + rng.integers(0, unit, (GAMES, 6))
    votes = np.where(rng.random((GAMES, 6)) < 0.6, 0, rng.integers(-1, 3, (GAMES, 6)))
    numbers = rng.integers(0, [200 * unit, 700_000, 200_000, 200_000], (GAMES, 4))
    settle = jax.jit(jax.vmap(lambda s, v, x: uma.settle(s, v, 3, *x)))
    out = settle(*(jnp.asarray(x) for x in (stake, votes, numbers)))
    exact = [slow_vote(*given) for given in zip(stake.tolist(), votes.tolist(), *numbers.T.tolist(), strict=True)]
    assert out.delta.tolist() == exact
    assert (out.delta.sum(axis=1) == -out.dust).all()
    assert (out.dust >= 0).all()
    assert (out.delta >= -stake).all()
    assert 0.2 < float(out.resolved.mean()) < 1


def test_a_challenge_pays_out_both_deposits() -> None:
    rng = np.random.default_rng(3)
    deposit, share = rng.integers(0, 10**15, GAMES), rng.integers(0, 10**6 + 1, GAMES)
    tokens, votes = rng.integers(0, 50, (GAMES, 5)), rng.integers(-1, 2, (GAMES, 5))
    out = jax.jit(jax.vmap(registry.settle))(*(jnp.asarray(x) for x in (deposit, share, tokens, votes)))
    assert (out.applicant + out.challenger + out.voters.sum(axis=1) + out.dust == 2 * deposit).all()
    assert (out.dust >= 0).all()
    assert (out.dust < 5).all()
    assert not np.asarray(out.voters)[votes < 0].any()
    assert (np.asarray(out.applicant == 0) == ~np.asarray(out.listed))[deposit > 0].all()
    assert (jnp.maximum(out.applicant, out.challenger) >= deposit).all()


@pytest.mark.parametrize(("slope", "exponent"), [(1.0, 0.0), (0.3, 1.0), (2.0, 0.5), (1e-3, 3.0)])
def test_the_reserve_is_the_area_under_the_curve_after_every_trade(slope: float, exponent: float) -> None:
    rng = np.random.default_rng(4)
    held, supply = 0.0, jnp.zeros(())
    for _ in range(30):
        if rng.random() < 0.6 or held == 0:
            paid = rng.exponential()
            supply = supply + bonding_curve.shares_for(paid, supply, slope, exponent)
            held += paid
        else:
            after = supply * rng.random()
            held += float(bonding_curve.cost(supply, after, slope, exponent))
            supply = after
        grid = np.linspace(0, float(supply), 2001)
        prices = np.asarray(bonding_curve.price(grid, slope, exponent))
        assert held == pytest.approx(float(bonding_curve.reserve(supply, slope, exponent)), rel=1e-9, abs=1e-12)
        assert held == pytest.approx(np.trapezoid(prices, grid), rel=1e-4)


def test_a_constant_report_earns_nothing_whatever_the_peer_says() -> None:
    items, answers = 4, 2
    peers = jnp.array(list(itertools.product(range(answers), repeat=items)))
    for constant in range(answers):
        mine = jnp.full(items, constant)
        frequency = jnp.array([0.3, 0.7])
        earned = jax.vmap(lambda p, mine=mine, f=frequency: peer_prediction.mean_correlated_pay(mine, p, f))(peers)
        np.testing.assert_allclose(earned, 0, atol=1e-12)


def test_the_mean_of_all_draws_is_the_closed_form() -> None:
    rng = np.random.default_rng(5)
    mine, peers, items = rng.integers(0, 3, 5), rng.integers(0, 3, 5), range(5)
    frequency = peer_prediction.answer_frequency(jnp.array([mine, peers]), 3)
    draws = [(t, u, v) for t in items for u, v in itertools.permutations(items, 2)]
    t, u, v = (np.array(x) for x in zip(*draws, strict=True))
    one_by_one = peer_prediction.correlated_pay(*map(jnp.asarray, (mine[t], peers[t], mine[u], peers[v])), frequency)
    closed_form = peer_prediction.mean_correlated_pay(jnp.asarray(mine), jnp.asarray(peers), frequency)
    assert float(one_by_one.mean()) == pytest.approx(float(closed_form), rel=1e-12)


def test_in_expectation_looking_pays_and_a_constant_report_does_not() -> None:
    rng = np.random.default_rng(6)
    truth = rng.random((20_000, 3)) < 0.3

    def seen(who: int) -> np.ndarray:
        return np.where(np.random.default_rng(who).random(truth.shape) < 0.8, truth, ~truth).astype(int)

    mine, peers = seen(7), seen(8)
    frequency = peer_prediction.answer_frequency(jnp.asarray(peers), 2)

    def earned(mine: np.ndarray) -> np.ndarray:
        reports = (mine[:, 0], peers[:, 0], mine[:, 1], peers[:, 2])
        return np.asarray(peer_prediction.correlated_pay(*map(jnp.asarray, reports), frequency))

    for constant in (0, 1):
        pay = earned(np.full_like(mine, constant))
        assert abs(pay.mean()) < 4 * pay.std() / np.sqrt(len(pay))
    pay = earned(mine)
    assert pay.mean() > 10 * pay.std() / np.sqrt(len(pay))


def test_the_votes_that_turn_a_vote_do_and_one_less_does_not() -> None:
    score = jnp.asarray(np.random.default_rng(9).integers(0, 30, (GAMES, 4)).astype(float))
    counts = jnp.ones(score.shape, bool)
    first, second = (np.asarray(x) for x in flip_cost.leaders(score, counts))
    buy, bribe = (np.asarray(x) for x in flip_cost.flip_votes(score, counts))
    top, next_ = (np.take_along_axis(np.asarray(score), x[:, None], axis=1)[:, 0] for x in (first, second))
    assert (next_ + buy > top).all()
    assert (next_ + buy - 1 <= top).all()
    assert (next_ + bribe > top - bribe).all()
    assert (next_ + bribe - 1 <= top - bribe + 1).all()


def random_round(rng: np.random.Generator, scale: int) -> tuple[Ballots, Candidates, Any]:
    """Return a round of 9 curators and 6 places; entries may be empty, and name absent works."""
    n, places, days = 9, 6, 3
    shown = np.stack([np.concatenate([rng.permutation(places), rng.permutation(places)[:2]]) for _ in range(n)])
    part = rng.normal(size=shown.shape) * (rng.random(shown.shape) < 0.7)
    part = (part / np.maximum(np.abs(part).sum(axis=1, keepdims=True), 1e-9)).astype(np.float32)
    ballots = Ballots(
        fragment=jnp.asarray(shown, jnp.int32),
        part=jnp.asarray(part),
        day=jnp.array([0, 0, 0, 1, 1, 1, 2, 2], jnp.int32),
        last_day=jnp.array(days - 1, jnp.int32),
        choice=jnp.asarray(rng.integers(-1, places, n), jnp.int32),
        points=jnp.ones(n),
        stake=jnp.asarray(rng.integers(0, scale, n) * (rng.random(n) < 0.8)),
        wallets=jnp.ones(n),
        lock_weeks=jnp.zeros(n),
    )
    present = jnp.asarray(rng.random(places) < 0.8)
    works = Candidates(jnp.asarray(rng.permutation(50)[:places]), present, jnp.ones(places, bool))
    finalists = np.where(rng.random(4) < 0.1, -1, rng.permutation(places)[:4])  # -1: fewer works than seats
    return ballots, works, jnp.asarray(finalists, jnp.int32)


@pytest.mark.parametrize("scale", [10, 10**12, 10**16])
@pytest.mark.parametrize(
    "rule",
    [
        Kleros(min_stake=800.0, appeals=2),
        Uma(gat=0.05, spat=0.2, slash_wrong=0.3, slash_missed=0.2),
        Registry(deposit=150.0, winner_share=0.3),
        BondingCurve(exponent=1.5, losers_pay=0.4),
    ],
    ids=lambda rule: type(rule).__name__,
)
def test_a_tally_moves_stake_and_makes_none(rule: Any, scale: int) -> None:
    rounds = [random_round(np.random.default_rng((scale, seed)), scale) for seed in range(200)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rounds)
    keys = jax.random.split(jax.random.key(0), len(rounds))
    out, (ballots, works, finalists) = close_all(rule, keys, stacked), stacked
    assert (out.delta.sum(axis=1) == -out.kept).all()
    assert (out.kept >= 0).all()
    assert (out.delta >= -ballots.stake).all()
    assert not (out.passes & ~works.present).any()
    assert (out.delta != 0).any()
    if not isinstance(rule, BondingCurve):
        final = (finalists[:, :, None] == jnp.arange(6)).any(axis=1)
        assert not (out.passes & ~final).any()
    if isinstance(rule, Kleros | Uma):
        assert (out.passes.sum(axis=1) <= 1).all()
