"""Every rule by which owners stake goes through the same contract."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from miners.stakers.base import REMEMBERED, Decision, StakerView
from miners.stakers.best_of import BestOf
from miners.stakers.burn_averse import BurnAverse
from miners.stakers.enters import Enters
from miners.stakers.hold import Hold
from miners.stakers.regime_skipper import RegimeSkipper
from miners.stakers.yield_seeker import YieldSeeker
from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented
from tokenomics.tournament.stakes import Stakes, close, open_stakes, request, resolve, resolving

KINDS = rules_in("miners.stakers")
STAKERS: dict[str, Any] = {
    **{kind: cls() for kind, cls in KINDS.items()},
    "hold, gains paid out": Hold(compounds=False),
    "best_of, three each, again and again": BestOf(models=3, after=10, every=7, window=5),
    "best_of, nobody waits": BestOf(models=1, after=0),
    "regime_skipper, picky": RegimeSkipper(threshold=0.02, window=3),
    "yield_seeker, all at once": YieldSeeker(speed=1.0, outside_return=0.5),
    "enters, leaves": Enters(share=0.5, round_in=10, round_out=30),
    "burn_averse, of nothing": BurnAverse(tolerance=0.0, window=REMEMBERED),
}
every_staker = pytest.mark.parametrize("name", STAKERS)
MODELS, ROUNDS, LAG = 8, 60, 4
TOKEN = 10**9


class Season(NamedTuple):
    """What a party did and what became of its money: [ROUNDS, n] each."""

    view: StakerView
    decision: Decision
    at_risk: jax.Array
    money: jax.Array


def unknown(number: int = 0, models: int = MODELS) -> StakerView:
    """Return the view of owners who have some money on both sides and know no result."""
    wallet = jnp.arange(models, dtype=jnp.int64) * TOKEN + 7
    results = jnp.full((REMEMBERED, models), jnp.nan)
    return StakerView(jnp.int64(number), wallet, 3 * wallet[::-1], results, results, results[:, 0], jnp.float64(1.0))


def some_view(seed: int = 0, number: int = 45, models: int = MODELS) -> StakerView:
    """Return the view of owners who know results of most rounds but the oldest."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0.01, 0.03, (REMEMBERED, models))
    score[40:] = np.nan
    score[rng.random(score.shape) < 0.05] = np.nan
    wallet, stake = (jnp.asarray(rng.integers(0, 10**15, models) * (rng.random(models) < 0.8)) for _ in range(2))
    earned, meta_corr = jnp.asarray(np.clip(score, -0.05, 0.05)), jnp.asarray(score.mean(axis=1))
    return StakerView(jnp.int64(number), wallet, stake, jnp.asarray(score), earned, meta_corr, jnp.float64(0.7))


def decide(rule: Any, view: StakerView) -> Decision:
    found: Decision = rule.decide(view)
    return found


compiled = jax.jit(decide)


def play(rule: Any, earned: jax.Array, stake: jax.Array, wallet: jax.Array) -> Season:
    """Let a party stake where its models earn what `earned` [ROUNDS, n] says, whatever else happens."""
    history = jnp.concatenate([jnp.full((LAG, MODELS), jnp.nan), earned])  # row r: of the round that resolves in r

    def one(carry: tuple[Stakes, jax.Array], late: jax.Array) -> tuple[tuple[Stakes, jax.Array], Season]:
        stakes, known = carry
        free = stakes.stake - stakes.waiting.sum(axis=0)
        meta_corr, factor = known.mean(axis=1), jnp.float64(1.0)
        view = StakerView(stakes.round, stakes.wallet, jnp.maximum(free, 0), known, known, meta_corr, factor)
        does = rule.decide(view)
        stakes = request(stakes, does.deposit, does.release)
        gain = jnp.trunc(resolving(stakes) * jnp.nan_to_num(late)).astype(jnp.int64)
        stakes, _ = resolve(stakes, gain, does.compounds)
        stakes, at_risk = close(stakes, does.submits)
        known = jnp.roll(known, 1, axis=0).at[0].set(late)
        return (stakes, known), Season(view, does, at_risk, stakes.stake + stakes.wallet)

    start = open_stakes(stake, wallet, LAG), jnp.full((REMEMBERED, MODELS), jnp.nan)
    found: Season = jax.lax.scan(one, start, history[:ROUNDS])[1]
    return found


compiled_play = jax.jit(play)


@cache
def earnings() -> jax.Array:
    """Return what each model earns: some luck, and one of the eight far better than the others."""
    rng = np.random.default_rng(5)
    return jnp.asarray(np.clip(rng.normal(0.0, 0.01, (ROUNDS, MODELS)) + 0.02 * (np.arange(MODELS) == 5), -0.05, 0.05))


def half_staked(rule: Any, earned: jax.Array | None = None) -> Season:
    """Return the season of a party that begins with as much at stake as in its wallets."""
    money = jnp.full(MODELS, 1000 * TOKEN)
    season: Season = compiled_play(as_arrays(rule), earnings() if earned is None else earned, money, money)
    return season


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in STAKERS.values()} == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_has_a_range_and_a_description(kind: str) -> None:
    assert not undocumented(KINDS[kind])
    assert KINDS[kind].__doc__


@every_staker
def test_a_compiled_rule_decides_as_it_does_uncompiled(name: str) -> None:
    rule = as_arrays(STAKERS[name])
    for view in (some_view(), unknown()):
        assert_trees_close(compiled(rule, view), rule.decide(view))


@every_staker
def test_a_batch_of_rules_decides_as_each_does_alone(name: str) -> None:
    rules, views = [shifted(STAKERS[name], 1 - 0.1 * k) for k in range(3)], [some_view(k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *zip(rules, views, strict=True))
    together = jax.jit(jax.vmap(lambda pair: decide(*pair)))(stacked)
    for k, (rule, view) in enumerate(zip(rules, views, strict=True)):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, view))


@every_staker
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    once, traces = counted(decide)
    for k, factor in enumerate((1.0, 0.9)):
        once(shifted(STAKERS[name], factor), some_view(k, 40 + k))
    assert len(traces) == 1


@every_staker
@pytest.mark.parametrize("models", [1, MODELS, 11])
def test_nobody_moves_money_that_is_not_there(name: str, models: int) -> None:
    rule = as_arrays(STAKERS[name])
    views = [unknown(n, models) for n in (0, 10, 40)] + [some_view(s, n, models) for s, n in enumerate((0, 10, 40, 45))]
    for view in views:
        made = compiled(rule, view)
        assert [x.shape for x in made] == [(models,)] * 4
        assert [x.dtype for x in made] == [jnp.int64, jnp.int64, jnp.bool_, jnp.bool_]
        assert ((made.deposit >= 0) & (made.deposit <= view.wallet)).all()
        assert ((made.release >= 0) & (made.release <= view.stake)).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_season_can_be_scanned_and_owners_without_results_lose_nothing(kind: str) -> None:
    season = half_staked(KINDS[kind](), jnp.full((ROUNDS, MODELS), jnp.nan))
    np.testing.assert_array_equal(season.money, 2000 * TOKEN)
    assert (season.at_risk <= season.money).all()


def test_a_holder_is_at_risk_with_all_that_compounds_and_with_no_gain_that_does_not() -> None:
    gains = jnp.full((ROUNDS, MODELS), 0.02)
    stays, pays_out = half_staked(Hold(), gains), half_staked(Hold(compounds=False), gains)
    stake = [1000.0] * (LAG + 1)  # S_r = S_{r-1} + g S_{r-L}
    for _ in range(ROUNDS - LAG):
        stake.append(stake[-1] + 0.02 * stake[-LAG])
    np.testing.assert_allclose(stays.at_risk[:, 0] / TOKEN, stake[1 : ROUNDS + 1], rtol=1e-9)
    assert (pays_out.at_risk == 1000 * TOKEN).all()
    np.testing.assert_array_equal(pays_out.money[-1], (2000 + 20 * (ROUNDS - LAG)) * TOKEN)


@pytest.mark.parametrize(("last", "submits"), [(0.02, True), (0.0, True), (-0.0001, False), (-0.02, False)])
def test_skippers_skip_while_the_mean_of_known_rounds_is_below_the_threshold(last: float, submits: bool) -> None:
    corr = jnp.full(REMEMBERED, -1.0).at[:4].set(jnp.array([last, jnp.nan, -0.03, 0.03]))
    made = RegimeSkipper(window=3).decide(unknown()._replace(meta_corr=corr))
    assert (made.submits == submits).all()
    assert not made.deposit.any()
    assert not made.release.any()


@pytest.mark.parametrize(("threshold", "submits"), [(0.01, True), (0.03, False)])
def test_pickier_skippers_want_more(threshold: float, submits: bool) -> None:
    view = unknown()._replace(meta_corr=jnp.full(REMEMBERED, 0.02))
    assert (RegimeSkipper(threshold=threshold).decide(view).submits == submits).all()


def test_skippers_submit_while_nothing_is_known() -> None:
    assert RegimeSkipper(threshold=1.0).decide(unknown()).submits.all()


def test_the_best_of_each_group_stakes_its_whole_wallet_and_the_others_take_theirs_back() -> None:
    score = jnp.full((REMEMBERED, MODELS), 0.0).at[:5].set(jnp.array([0.1, 0.3, 0.2, -0.1, -0.2, -0.3, 0.0, 0.0]))
    score = score.at[5:, 0].set(9.0).at[:2, 7].set(jnp.nan)  # an older triumph does not count; unknown is not 0
    view = unknown(number=40)._replace(score=score)
    made = BestOf(models=3, window=5).decide(view)
    best = np.isin(np.arange(MODELS), [1, 3, 6])  # of two alike the first
    np.testing.assert_array_equal(made.deposit, np.where(best, view.wallet, 0))
    np.testing.assert_array_equal(made.release, np.where(best, 0, view.stake))
    np.testing.assert_array_equal(made.compounds, best)
    assert made.submits.all()


def test_a_group_of_which_nothing_is_known_waits() -> None:
    score = unknown().score.at[0, 5].set(-0.5)
    made = BestOf(models=4).decide(unknown(number=40)._replace(score=score))
    np.testing.assert_array_equal(made.deposit > 0, np.arange(MODELS) == 5)
    assert not made.release[:4].any()


@pytest.mark.parametrize(("every", "rounds"), [(0, {40}), (7, {40, 47, 54})])
def test_the_best_are_chosen_when_it_is_time_and_nothing_is_staked_before(every: int, rounds: set[int]) -> None:
    season = half_staked(BestOf(models=4, every=every))
    wants = np.flatnonzero((season.decision.deposit + season.decision.release).any(axis=1))
    assert set(wants.tolist()) - {0} <= rounds
    assert 40 in wants
    assert not season.at_risk[:40].any()
    np.testing.assert_array_equal((season.at_risk[40:] > 0).reshape(-1, 2, 4).sum(axis=2), 1)
    assert (season.at_risk[40:, 5] >= 2000 * TOKEN).all()


def test_later_results_of_the_chosen_fall_short_of_those_they_were_chosen_for() -> None:
    rng = np.random.default_rng(1)
    score = jnp.asarray(rng.normal(0, 1, (2000, REMEMBERED, MODELS)))
    view = unknown(number=40)
    chosen = jax.jit(jax.vmap(lambda s: BestOf(window=20).decide(view._replace(score=s)).deposit > 0))(score)
    rows = chosen[:, None, :] & (view.wallet > 0)
    seen, others = (
        score[:, part].mean(where=jnp.broadcast_to(rows, score[:, part].shape))
        for part in (slice(0, 20), slice(20, 40))
    )
    np.testing.assert_allclose(seen, 1.4236 / np.sqrt(20), rtol=0.05)  # mean of the largest of eight normal numbers
    np.testing.assert_allclose(others, 0, atol=0.02)


@pytest.mark.parametrize(("annual", "moves"), [(0.06, 1), (0.04, -1), (-1.0, -1), (jnp.nan, 0)])
def test_yield_seekers_move_a_share_to_where_the_party_earns_more(annual: float, moves: int) -> None:
    earned = jnp.full((REMEMBERED, MODELS), 9.0).at[:20].set(annual / 52)
    earned = earned.at[:20].add(jnp.linspace(-1, 1, MODELS))  # an own model's luck does not matter
    view = unknown()._replace(earned=earned)
    made = YieldSeeker(speed=0.25).decide(view)
    np.testing.assert_array_equal(made.deposit, view.wallet // 4 if moves > 0 else 0)
    np.testing.assert_array_equal(made.release, view.stake // 4 if moves < 0 else 0)
    assert made.submits.all()


def test_yield_seekers_stay_where_both_pay_the_same() -> None:
    made = YieldSeeker(outside_return=0.0).decide(unknown()._replace(earned=jnp.zeros((REMEMBERED, MODELS))))
    assert not made.deposit.any()
    assert not made.release.any()


def test_a_whale_is_at_risk_from_the_round_it_enters_until_the_round_it_leaves() -> None:
    season = half_staked(Enters(share=0.5, round_in=10, round_out=30), jnp.full((ROUNDS, MODELS), 0.01))
    at_risk = np.asarray(season.at_risk)
    assert not at_risk[:10].any()
    np.testing.assert_array_equal(at_risk[10], 1000 * TOKEN)
    assert (np.diff(at_risk[10 + LAG : 30], axis=0) > 0).all()
    assert not at_risk[30:].any()
    np.testing.assert_array_equal(season.view.wallet[-1], season.money[-1])


def test_a_whale_stays_for_ever_by_default() -> None:
    season = half_staked(Enters())
    assert not season.at_risk[:30].any()
    assert (season.at_risk[30:] > 0).all()


def test_owners_endure_exactly_what_they_say_within_the_window() -> None:
    last = jnp.array([[-0.25, -0.25, jnp.nan, jnp.nan], [-0.25, -0.5, -0.75, jnp.nan], [-9.0, 9.0, 9.0, jnp.nan]])
    view = unknown(models=4)
    made = BurnAverse(tolerance=0.5, window=2).decide(view._replace(earned=view.earned.at[:3].set(last)))
    leaves = np.array([False, True, True, False])
    np.testing.assert_array_equal(made.release, np.where(leaves, view.stake, 0))
    assert not made.deposit.any()


def test_who_has_burned_too_much_leaves_for_good() -> None:
    earned = jnp.full((ROUNDS, MODELS), 0.02).at[10:13, 2].set(-0.05).at[10:12, 3].set(-0.05)
    season = half_staked(BurnAverse(tolerance=0.1, window=3), earned)
    leaves = np.asarray(season.decision.release > 0)
    assert np.flatnonzero(leaves.any(axis=0)).tolist() == [2]
    (left,) = np.flatnonzero(leaves[:, 2])
    assert left == 10 + LAG + 3  # three burns of 0.05 are known
    assert not season.at_risk[left:, 2].any()  # nor with what the rounds in flight still gain
    np.testing.assert_array_equal(season.view.wallet[-1, 2], season.money[-1, 2])
    assert (season.at_risk[:, 3] > 0).all()
