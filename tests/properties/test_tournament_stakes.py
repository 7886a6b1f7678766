"""A staked tournament keeps every unit, burns no more than there is, and pays what its rule promises."""

from datetime import date, timedelta
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.tournament.payouts import expected_emission, payout_amount, round_payouts
from tokenomics.tournament.presets import CLASSIC, PRESETS, preset_of, preset_on
from tokenomics.tournament.rounds import opening_date, round_from
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.season import RoundIn, RoundOut, SeasonState, play_round
from tokenomics.tournament.stakes import (
    Resolved,
    Stakes,
    close,
    exposure,
    num_open_rounds,
    open_stakes,
    request,
    resolve,
    resolving,
)
from tokenomics.tournament.supply import BurnMode, affordable, book, conserved, existing, open_supply

K, R, LAG = 5, 150, 4
NMR = RAO_PER_TOKEN
RULES = [p for presets in PRESETS.values() for p in presets if isinstance(p.rule, PayoutRule)]
# Powers of two, so that the slow season below multiplies as exactly as a compiler that fuses products.
ROUGH = PayoutRule(0.5, 2.0, cap=0.25, threshold_nmr=600.0)

every_mode = pytest.mark.parametrize("mode", ["destroyed", "netted"])


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time."""
    return settings(max_examples=times, deadline=None, derandomize=True, database=None)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, RoundIn]:
    """Draw stakes, wallets and what comes in R rounds: among it more than anybody has, and scores that ruin people."""
    rng = np.random.default_rng(seed)
    ask = 10 ** rng.integers(1, 12, (2, R, K)) * rng.integers(-1, 4, (2, R, K)) * (rng.random((2, R, K)) < 0.3)
    score, contribution = rng.integers(-400, 400, (2, R, K)) / 1024
    score[rng.random((R, K)) < 0.05] = np.nan
    given = RoundIn(ask[0], ask[1], rng.random((R, K)) < 0.85, score, contribution)
    return rng.integers(0, 300 * NMR, K), rng.integers(0, 50 * NMR, K), given


def opened(stake: np.ndarray, wallet: np.ndarray) -> SeasonState:
    # A treasury that now and then is empty: what is left of it is then shared out.
    return SeasonState(open_stakes(jnp.array(stake), jnp.array(wallet), LAG), open_supply(40 * NMR, K))


@jax.jit
def compiled_round(state: SeasonState, given: RoundIn, rule: PayoutRule) -> tuple[SeasonState, RoundOut]:
    return play_round(state, given, rule)


def seasons() -> Any:
    def season(state: SeasonState, given: RoundIn, rule: PayoutRule, mode: BurnMode) -> Any:
        def step(state: SeasonState, given: RoundIn) -> Any:
            state, out = play_round(state, given, rule, mode)
            return state, (state, out)

        return jax.lax.scan(step, state, given)

    return jax.jit(season, static_argnums=3)


season = seasons()


@every_mode
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_season_keeps_every_unit(seed: int, mode: BurnMode) -> None:
    stake, wallet, asked = drawn(seed)
    start = opened(stake, wallet)
    _, (states, out) = season(start, jax.tree.map(jnp.array, asked), ROUGH, mode)
    before = int(conserved(start.supply, start.stakes))
    total = jax.vmap(conserved)(states.supply, states.stakes)
    assert (np.asarray(total) == before).all()
    lost = before - jax.vmap(existing)(states.supply, states.stakes)
    assert (np.asarray(lost) == np.asarray(states.supply.destroyed)).all()
    for held in jax.tree.leaves((states, out)):
        assert held.dtype == jnp.int64
        assert (np.asarray(held) >= 0).all()
    gained, burned, released = (int(x.sum()) for x in out.resolved)
    assert min(burned, gained, released, int(states.supply.destroyed[-1])) > 0
    if mode == "netted":
        assert int(states.supply.destroyed[-1]) < burned
        assert int(start.supply.treasury - states.supply.treasury[-1]) < gained
    else:
        assert int(states.supply.destroyed[-1]) == burned


@pytest.mark.parametrize("seed", [1, 2])
def test_a_scanned_season_is_the_season_round_by_round(seed: int) -> None:
    stake, wallet, asked = drawn(seed)
    asked = jax.tree.map(jnp.array, asked)
    state = opened(stake, wallet)
    last, (_, out) = season(state, asked, ROUGH, "destroyed")
    for r in range(R):
        state, single = compiled_round(state, jax.tree.map(lambda x, r=r: x[r], asked), ROUGH)
        for scanned, alone in zip(jax.tree.leaves(out), jax.tree.leaves(single), strict=True):
            assert scanned[r].tolist() == alone.tolist()
    for scanned, alone in zip(jax.tree.leaves(last), jax.tree.leaves(state), strict=True):
        assert scanned.tolist() == alone.tolist()


class Slow(NamedTuple):
    """What the slow season says of each round."""

    at_risk: list[list[int]]
    stake: list[list[int]]
    wallet: list[list[int]]
    treasury: list[int]


def slow_season(stake: list[int], wallet: list[int], treasury: int, asked: RoundIn, rule: PayoutRule) -> Slow:
    """Play a season in whole numbers of Python, with a list of rounds rather than rows that are used again."""
    at_risk: list[list[int]] = []
    waiting: list[tuple[int, int, int]] = []  # the round it waits for, whose, how much
    said = Slow([], [], [], [])
    for r in range(R):
        for k in range(K):
            put = min(max(int(asked.deposit[r, k]), 0), wallet[k])
            out = min(max(int(asked.release[r, k]), 0), max(stake[k] - sum(a for _, j, a in waiting if j == k), 0))
            active = [q for q in range(max(r - LAG, 0), r) if at_risk[q][k] > 0]
            wallet[k], stake[k] = wallet[k] - put, stake[k] + put
            waiting.append((max(active, default=r - LAG), k, out))
        if r >= LAG:
            treasury -= _slow_resolution(stake, at_risk[r - LAG], treasury, asked, r, rule)
        for k in range(K):
            out = min(sum(a for q, j, a in waiting if j == k and q == r - LAG), stake[k])
            wallet[k], stake[k] = wallet[k] + out, stake[k] - out
        waiting = [w for w in waiting if w[0] != r - LAG]
        free = [stake[k] - sum(a for _, j, a in waiting if j == k) for k in range(K)]
        at_risk.append([max(free[k], 0) if asked.submitted[r, k] else 0 for k in range(K)])
        for record, value in zip(said, (at_risk[-1], stake, wallet, treasury), strict=True):
            record.append(value if isinstance(value, int) else list(value))
    return said


def _slow_resolution(
    stake: list[int], at_risk: list[int], treasury: int, asked: RoundIn, r: int, rule: PayoutRule
) -> int:
    """Add gains to stakes, take burns out of them, and return what the treasury pays."""
    factor = min(1.0, rule.threshold_nmr / max(sum(at_risk) / NMR, 1e-300))
    x = rule.score_multiplier * asked.score[r] + rule.contribution_multiplier * asked.contribution[r]
    g = np.clip(factor * np.nan_to_num(x), -rule.cap, rule.cap)
    amounts = [at_risk[k] * int(abs(g[k]) * 2.0**64) >> 64 for k in range(K)]
    gains = [a if g[k] > 0 else 0 for k, a in enumerate(amounts)]
    if sum(gains) > treasury:
        gains = [treasury * a // sum(gains) for a in gains]
    for k in range(K):
        stake[k] += gains[k] - (min(amounts[k], stake[k]) if g[k] < 0 else 0)
    return sum(gains)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_season_is_what_whole_numbers_of_python_make_of_it(seed: int) -> None:
    stake, wallet, asked = drawn(seed)
    start = opened(stake, wallet)
    _, (states, out) = season(start, jax.tree.map(jnp.array, asked), ROUGH, "destroyed")
    slow = slow_season(stake.tolist(), wallet.tolist(), int(start.supply.treasury), asked, ROUGH)
    assert out.at_risk.tolist() == slow.at_risk
    assert states.stakes.stake.tolist() == slow.stake
    assert states.stakes.wallet.tolist() == slow.wallet
    assert states.supply.treasury.tolist() == slow.treasury


stakes = st.lists(st.integers(0, 10**15), min_size=K, max_size=K)
numbers = st.lists(st.floats(-0.2, 0.2), min_size=K, max_size=K)
pays = jax.jit(round_payouts)
amount_of = jax.jit(payout_amount)


@tried(150)
@given(held=stakes, score=numbers, other=numbers, rule=st.sampled_from([p.rule for p in RULES]))
def test_a_submission_and_its_mirror_image_earn_nothing_together(
    held: list[int], score: list[float], other: list[float], rule: PayoutRule
) -> None:
    pair = np.array([[1], [-1]])
    amounts = pays(rule, jnp.array([held, held]), pair * np.array(score), pair * np.array(other))
    assert (amounts[0] + amounts[1]).tolist() == [0] * K


@tried(150)
@given(
    held=st.lists(st.integers(10**11, 10**15), min_size=K, max_size=K),
    score=numbers,
    other=numbers,
    a=st.floats(0, 3),
    b=st.floats(0, 3),
    threshold=st.floats(1, 400),
)
def test_past_the_threshold_a_round_pays_a_budget_set_by_the_mean_score(
    held: list[int], score: list[float], other: list[float], a: float, b: float, threshold: float
) -> None:
    w = np.array(held) / sum(held)
    contribution = np.array(other) - w @ np.array(other)  # to a stake-weighted meta model
    rule = PayoutRule(a, b, cap=1.0, threshold_nmr=threshold)
    paid = int(pays(rule, jnp.array(held), jnp.array(score), contribution).sum())
    budget = a * threshold * (w @ np.array(score)) * NMR
    assert abs(paid - budget) <= K + 1e-12 * threshold * NMR * (a + b)
    np.testing.assert_allclose(
        expected_emission(rule, sum(held) / NMR, w @ np.array(score)) * NMR, budget, rtol=1e-12, atol=1e-9
    )


@tried(100)
@given(held=st.lists(st.integers(10**11, 10**14), min_size=K, max_size=K), score=numbers, times=st.integers(2, 50))
def test_past_the_threshold_more_stake_earns_no_more_in_all(held: list[int], score: list[float], times: int) -> None:
    rule = PayoutRule(0.75, 0.0, cap=1.0, threshold_nmr=100.0)
    small, large = (pays(rule, jnp.array(held) * n, jnp.array(score), np.zeros(K)) for n in (1, times))
    assert abs(int(small.sum()) - int(large.sum())) <= 2 * K


def test_a_penalty_takes_from_gains_and_leaves_burns() -> None:
    score, held = np.array([0.04, -0.04]), jnp.array([NMR, NMR])
    whole, cut = (pays(PayoutRule(1.0, 0.0), held, score, np.zeros(2), factor) for factor in (1.0, 0.25))
    assert abs(int(whole[0]) - 4 * int(cut[0])) <= 4
    assert whole[1] == cut[1] < 0


@tried(100)
@given(held=st.integers(0, 10**15), cut=st.integers(0, 10**15), score=st.floats(-0.5, 0.5))
def test_splitting_a_stake_over_accounts_changes_nothing(held: int, cut: int, score: float) -> None:
    part = min(held, cut)
    whole = pays(PayoutRule(), jnp.array([held, 0, 10**14]), jnp.full(3, score), np.zeros(3))
    split = pays(PayoutRule(), jnp.array([part, held - part, 10**14]), jnp.full(3, score), np.zeros(3))
    assert abs(int(whole.sum()) - int(split.sum())) <= 1
    assert whole[2] == split[2]
    assert whole[1] == 0  # nothing at risk, nothing paid


@tried(200)
@given(
    held=st.integers(0, 10**18),
    fraction=st.floats(-1e3, 1.0) | st.sampled_from([-1.0, -1 - 1e-15, 1.0]),
)
def test_a_payout_never_burns_more_than_the_stake(held: int, fraction: float) -> None:
    assert int(amount_of(jnp.int64(held), jnp.float64(max(fraction, -9.0)))) >= -held
    assert PayoutRule(cap=1.5).fraction(-abs(fraction) * 1e300, 0.0, 1.0) >= -1  # a cap that no config would accept


@pytest.mark.parametrize("lag", [1, 3, 24])
def test_rounds_that_all_burn_end_at_nothing_and_not_below(lag: int) -> None:
    stakes = open_stakes(jnp.array([100 * NMR, 7]), jnp.array([0, 0]), lag)

    def burn_all(stakes: Stakes, _: None) -> tuple[Stakes, jax.Array]:
        stakes, out = resolve(stakes, -resolving(stakes))
        return close(stakes, jnp.array([True, True]))[0], out.burn

    stakes, burned = jax.lax.scan(burn_all, stakes, None, 2 * lag + 3)
    assert burned.sum(axis=0).tolist() == [100 * NMR, 7]
    assert stakes.stake.tolist() == [0, 0]


@jax.jit
def one_round(stakes: Stakes, release: int, submitted: bool, fraction: float) -> tuple[Stakes, jax.Array, jax.Array]:
    stakes = request(stakes, jnp.zeros(1, int), jnp.full(1, release))
    stakes, out = resolve(stakes, payout_amount(resolving(stakes), fraction))
    stakes, at_risk = close(stakes, jnp.full(1, submitted))
    return stakes, at_risk[0], out.released[0]


def play(stakes: Stakes, release: int = 0, submitted: bool = True, paid: float = 0.0) -> tuple[Stakes, int, int]:
    """Return the state after one round of a single model, what it has at risk in it, and what was released."""
    after, at_risk, released = one_round(stakes, release, submitted, paid)
    return after, int(at_risk), int(released)


def test_a_release_leaves_new_rounds_at_once_and_comes_when_the_last_round_in_flight_resolves() -> None:
    stakes = open_stakes(jnp.array([100]), jnp.array([0]), LAG)
    for _ in range(6):
        stakes, at_risk, released = play(stakes)
        assert (at_risk, released) == (100, 0)
    came = []
    for after in range(LAG + 1):
        stakes, at_risk, released = play(stakes, release=60 if after == 0 else 0)
        assert at_risk == 40
        came.append(released)
    assert came == [0] * (LAG - 1) + [60, 0]


def test_a_waiting_release_can_still_burn() -> None:
    stakes = open_stakes(jnp.array([100]), jnp.array([0]), LAG)
    for _ in range(LAG):
        stakes, _, _ = play(stakes)
    seen = []
    for after in range(LAG + 1):
        stakes, at_risk, released = play(stakes, release=100 if after == 0 else 0, paid=-0.1)
        seen.append((int(stakes.stake[0]), at_risk, released))
    assert seen == [(90, 0, 0), (80, 0, 0), (70, 0, 0), (0, 0, 60), (0, 0, 0)]


def test_a_release_waits_for_rounds_with_something_at_risk_only() -> None:
    stakes = open_stakes(jnp.array([100]), jnp.array([0]), LAG)
    stakes, _, released = play(stakes, release=10)  # nothing is in flight yet
    assert released == 10
    stakes, _, _ = play(stakes, submitted=False)
    stakes, _, _ = play(stakes, submitted=False)
    stakes, _, released = play(stakes, release=10, submitted=False)  # only round 0 is in flight, and goes next
    assert released == 0
    _, _, released = play(stakes)
    assert released == 10


def test_a_deposit_counts_from_the_next_close_and_gains_may_go_to_the_wallet() -> None:
    stakes = open_stakes(jnp.array([100, 100]), jnp.array([50, 0]), 1)
    stakes = request(stakes, jnp.array([80, 80]), jnp.array([0, 0]))
    stakes, at_risk = close(stakes, jnp.array([True, True]))
    assert at_risk.tolist() == [150, 100]
    stakes, out = resolve(stakes, jnp.array([15, 10]), jnp.array([True, False]))
    assert out.gain.tolist() == [15, 10]
    assert (stakes.stake.tolist(), stakes.wallet.tolist()) == ([165, 100], [0, 10])


def test_what_must_be_kept_is_not_released() -> None:
    stakes = open_stakes(jnp.array([100, 5]), jnp.array([0, 0]), LAG)
    stakes = request(stakes, jnp.array([0, 0]), jnp.array([100, 5]), kept=10)
    assert stakes.waiting.sum(axis=0).tolist() == [90, 0]


def test_a_netted_burn_pays_later_gains_and_what_is_left_goes_with_a_release() -> None:
    supply = open_supply(100, 2)
    nothing = jnp.zeros(2, int)
    supply = book(supply, Resolved(gain=nothing, burn=jnp.array([10, 3]), released=nothing), "netted")
    supply = book(supply, Resolved(gain=jnp.array([4, 8]), burn=nothing, released=nothing), "netted")
    assert (int(supply.treasury), supply.netted.tolist(), int(supply.destroyed)) == (95, [6, 0], 0)
    supply = book(supply, Resolved(gain=nothing, burn=nothing, released=jnp.array([1, 1])), "netted")
    assert (int(supply.treasury), supply.netted.tolist(), int(supply.destroyed)) == (95, [0, 0], 6)


def test_a_treasury_that_holds_too_little_is_shared_out() -> None:
    supply = open_supply(10, 4)._replace(netted=jnp.array([5, 0, 0, 9]))
    assert affordable(supply, jnp.array([15, 5, -7, 9])).tolist() == [5 + 6, 3, -7, 9]


def test_as_many_rounds_are_open_as_a_payout_takes() -> None:
    stakes = open_stakes(jnp.array([100]), jnp.array([0]), LAG)
    seen = []
    for _ in range(6):
        stakes, _, _ = play(stakes)
        seen.append((int(num_open_rounds(stakes)), int(exposure(stakes)[0])))
    assert seen == [(1, 100), (2, 200), (3, 300), (4, 400), (4, 400), (4, 400)]


def test_swept_rules_play_as_each_alone() -> None:
    stake, wallet, asked = drawn(5)
    start, asked = opened(stake, wallet), jax.tree.map(jnp.array, asked)
    caps = [0.01, 0.05, 0.25]
    a, b, theta, power = (jnp.full(3, x) for x in (0.5, 2.0, 600.0, 1.0))
    swept = PayoutRule(a, b, jnp.array(caps), theta, jnp.zeros(3, bool), power)
    together, _ = jax.vmap(lambda rule: season(start, asked, rule, "netted"))(swept)
    for i, cap in enumerate(caps):
        alone, _ = season(start, asked, PayoutRule(0.5, 2.0, cap, 600.0), "netted")
        for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            assert a[i].tolist() == b.tolist()


@pytest.mark.parametrize("tournament", PRESETS)
def test_every_day_has_one_rule(tournament: Any) -> None:
    presets = PRESETS[tournament]
    day, end = presets[0].first, date(2027, 1, 1)
    while day < end:
        (only,) = [p for p in presets if p.covers(day)]
        assert preset_on(day, tournament) is only
        day += timedelta(days=1)
    assert {p.tournament for p in presets} == {tournament}
    with pytest.raises(ValueError, match="no rule is known before"):
        preset_on(presets[0].first - timedelta(days=1), tournament)


def test_every_round_has_one_rule() -> None:
    spans = [(p, p.first_round, p.last_round or 1500) for p in CLASSIC]
    for r in range(spans[0][1] or 0, 1500):
        assert [p for p, first, last in spans if (first or 0) <= r <= last] == [preset_of(r)]


def test_rounds_and_opening_dates_are_one_to_one() -> None:
    opened_on = [opening_date(r) for r in range(1, 1500)]
    assert opened_on == sorted(set(opened_on))
    assert [round_from(day) for day in opened_on] == list(range(1, 1500))
    assert [round_from(day + timedelta(days=1)) for day in opened_on] == list(range(2, 1501))


@pytest.mark.parametrize("preset", RULES, ids=lambda p: p.name)
def test_the_multipliers_of_a_preset_could_be_chosen(preset: Any) -> None:
    assert (preset.rule.score_multiplier, preset.rule.contribution_multiplier) in preset.options
    assert preset.source
