"""Tiny worlds of scores and weights whose outcome a person can state."""

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from validators.scoring import _proper, _valuation
from validators.scoring._plackett_luce import Rating, plackett_luce
from validators.scoring.accuracy import Accuracy
from validators.scoring.base import forget, remember
from validators.scoring.brier import Brier
from validators.scoring.contribution import Contribution
from validators.scoring.crps import Crps
from validators.scoring.log_loss import LogLoss
from validators.scoring.log_score import LogScore
from validators.scoring.openskill import OpenSkill
from validators.weighting import _tournament
from validators.weighting.base import ranks
from validators.weighting.epsilon_tournament import EpsilonTournament
from validators.weighting.gather_reserve import GatherReserve
from validators.weighting.power import Power
from validators.weighting.proportional import Proportional
from validators.weighting.softmax import Softmax
from validators.weighting.top_k import TopK
from validators.weighting.winner_takes_all import WinnerTakesAll

SKILLS = {"log_loss": LogLoss(), "accuracy": Accuracy(), "brier": Brier(), "crps": Crps()}
every_skill = pytest.mark.parametrize("rule", SKILLS.values(), ids=SKILLS)


def scored(rule: Any, epochs: Any, base: Any = -1.0, evaluated: Any = True, state: Any = None) -> np.ndarray:
    """Return the scores [T, M] that one validator gives for measures `epochs` [T, M] against `base` [T] or []."""
    values = jnp.asarray(epochs, float)
    seen, bases = jnp.broadcast_to(evaluated, values.shape), jnp.broadcast_to(base, values.shape[:1])
    state = rule.init(1, values.shape[1], values.dtype) if state is None else state
    scan = jax.lax.scan(lambda s, x: rule.step(s, x[0][None], x[1][None], x[2][None]), state, (values, seen, bases))
    return np.asarray(scan[1][:, 0])


def certain(of: Any, targets: Any, num_classes: int = 3, sure: float = 4.0) -> jax.Array:
    """Return logits [M, P, C] of miners who see the rows at `of` [M, P] and know nothing of the others."""
    return sure * jnp.asarray(of, float)[..., None] * jax.nn.one_hot(jnp.asarray(targets), num_classes)


@every_skill
def test_a_perfect_submission_scores_one_and_the_prior_or_worse_nothing(rule: Any) -> None:
    best = 1.0 if isinstance(rule, Accuracy) else 0.0
    np.testing.assert_allclose(scored(rule, [[best, -0.3, -0.9]] * 3, base=-0.3), [[1, 0, 0]] * 3)


@every_skill
def test_where_the_prior_is_perfect_nobody_has_skill(rule: Any) -> None:
    best = 1.0 if isinstance(rule, Accuracy) else 0.0
    assert not scored(rule, [[best, best - 0.1]], base=best).any()


def test_the_first_evaluation_counts_in_full_and_later_ones_by_the_rate() -> None:
    got = scored(LogLoss(smoothing_rate=0.2), [[-0.5], [-1.0], [-0.5]])
    np.testing.assert_allclose(got[:, 0], [0.5, 0.4, 0.42])


def test_a_newcomer_is_scored_as_if_it_had_always_been_that_good() -> None:
    """It joins late, yet ends where a miner of the same quality stands who was there from the start."""
    seen = [[True, epoch >= 3] for epoch in range(5)]
    got = scored(LogLoss(), [[-0.7, -0.7]] * 5, evaluated=jnp.asarray(seen))
    np.testing.assert_allclose(got[:3, 1], 0)
    np.testing.assert_allclose(got[3:], 0.3)


def test_the_same_part_of_the_priors_loss_is_the_same_score_on_easy_and_hard_rows() -> None:
    base = -jnp.asarray([0.1, 3.0, 0.4, 1.0, 0.01])
    np.testing.assert_allclose(scored(LogLoss(), 0.7 * base[:, None], base), 0.3)


def test_luck_without_skill_is_worth_less_than_if_scores_were_smoothed_after_the_cut() -> None:
    luck = np.random.default_rng(0).normal(size=(4000, 1)) / 10
    paid, cut_first = scored(LogLoss(), luck - 1).mean(), np.maximum(luck, 0).mean()
    assert paid < 0.4 * cut_first


def test_a_disaster_counts_as_ten_times_as_far_below_the_base_as_the_best_lies_above() -> None:
    got = scored(LogLoss(smoothing_rate=0.5), [[-1e30], *[[0.0]] * 4])
    np.testing.assert_allclose(got[:, 0], [0, 0, 0, 0, 0.3125])  # -10, -4.5, -1.75, -0.375, 0.3125


def test_validators_do_not_learn_from_each_other() -> None:
    rule, values = LogLoss(), jnp.full((2, 2), -0.5)
    seen = jnp.asarray([[True, False], [False, True]])
    _, scores = rule.step(rule.init(2, 2), values, seen, jnp.full(2, -1.0))
    np.testing.assert_allclose(scores, [[0.5, 0], [0, 0.5]])


def test_a_rate_of_one_remembers_only_the_last_look() -> None:
    state = LogLoss().init(1, 1)
    for value in (-3.0, -0.25):
        state = remember(state, jnp.full((1, 1), value), jnp.ones((1, 1), bool), jnp.full(1, -1.0), 1.0, 1.0)
    assert float(state.value[0, 0]) == -0.25


def test_certainty_in_the_wrong_class_costs_sixteen_nats_and_so_does_nonsense() -> None:
    logits = jnp.asarray([[[1e4, 0.0]], [[jnp.nan, 0.0]], [[0.0, jnp.inf]], [[0.0, -jnp.inf]]])
    np.testing.assert_allclose(LogLoss().measure(logits, jnp.asarray([1]))[:, 0], math.log(1e-7))


def test_a_submission_without_an_opinion_is_right_as_often_as_a_guess() -> None:
    np.testing.assert_allclose(Accuracy().measure(jnp.zeros((1, 5, 4)), jnp.arange(5) % 4), 0.25)
    assert not Accuracy().measure(jnp.full((1, 5, 4), jnp.nan), jnp.arange(5) % 4).any()


def test_a_sure_forecast_costs_its_absolute_error() -> None:
    outputs = jnp.asarray([[[3.0, -16.0], [-2.0, -16.0]]])
    np.testing.assert_allclose(Crps().measure(outputs, jnp.asarray([1.0, 1.0])), [[-2, -3]], atol=1e-6)


def test_a_far_target_costs_no_digits() -> None:
    near, far = (Crps().measure(jnp.asarray([[[x + 0.5, 0.0]]], "float32"), jnp.float32([x])) for x in (0.0, 4e6))
    np.testing.assert_array_equal(near, far)


def test_halving_the_spread_of_a_right_forecast_is_worth_ln_two() -> None:
    wide, narrow = LogScore().measure(jnp.asarray([[[0.0, 0.0]], [[0.0, -math.log(2)]]]), jnp.zeros(1))[:, 0]
    np.testing.assert_allclose(narrow - wide, math.log(2))
    np.testing.assert_allclose(scored(LogScore(), [[float(narrow)]], base=float(wide)), math.log(2))


def test_honest_probabilities_have_the_best_expectation() -> None:
    truth = jnp.asarray([0.7, 0.2, 0.1])
    said = jnp.asarray([[0.7, 0.2, 0.1], [0.75, 0.17, 0.08], [0.6, 0.25, 0.15], [1 / 3] * 3, [0.98, 0.01, 0.01]])
    rows = jnp.broadcast_to(jnp.log(said)[:, None], (5, 3, 3))
    for rule in (LogLoss(), Brier()):
        assert int((rule.measure(rows, jnp.arange(3)) @ truth).argmax()) == 0
    assert int((_proper.spherical(said[:, None], said) @ truth).argmax()) == 0
    draws = jax.random.normal(jax.random.key(0), (20_000,))
    spreads = jnp.log(jnp.asarray([0.7, 0.85, 1.0, 1.2, 1.5]))
    said = jnp.broadcast_to(jnp.stack([0 * spreads, spreads], -1)[:, None], (5, len(draws), 2))
    for rule in (Crps(), LogScore()):
        assert int(rule.measure(said, draws).mean(axis=1).argmax()) == 2


def test_in_one_dimension_the_energy_score_is_the_crps_of_the_ensemble() -> None:
    members, observed = jax.random.normal(jax.random.key(1), (2, 7)), jnp.asarray([0.3, -2.0])
    energy = _proper.energy_score(members[..., None], observed[:, None])
    np.testing.assert_allclose(energy, _proper.crps_ensemble(members, observed))
    with pytest.raises(ValueError, match="at least two"):
        _proper.crps_ensemble(members[:, :1], observed, fair=True)


def test_copies_add_nothing_to_the_ensemble_but_each_is_paid_in_full_by_its_own_loss() -> None:
    targets = jnp.arange(6) % 3
    copies = jnp.repeat(certain(jnp.ones((1, 6)), targets), 4, axis=0)
    np.testing.assert_allclose(Contribution().measure(copies, targets), 0, atol=1e-12)
    own = np.asarray(LogLoss().measure(copies, targets))
    assert (own == own[0]).all()
    assert own.mean() > -0.1


def test_who_alone_knows_something_adds_more_than_each_of_two_who_know_the_same() -> None:
    targets = jnp.arange(6) % 3
    half = jnp.arange(6) < 3
    logits = certain(jnp.stack([half, half, ~half]), targets)
    first, copy, only = Contribution().measure(logits, targets).mean(axis=1)
    assert first == copy
    assert only > 0.05 > first


def test_a_miner_without_knowledge_takes_something_from_the_ensemble() -> None:
    targets = jnp.arange(6) % 3
    logits = certain(jnp.stack([jnp.ones(6), jnp.ones(6), jnp.zeros(6)]), targets)
    assert (Contribution().measure(logits, targets)[2] < 0).all()
    forecasts = jnp.stack([jnp.zeros((3, 6)), jnp.asarray([[-1.0], [-1.0], [3.0]]) * jnp.ones(6)], -1)
    assert (Contribution().measure(forecasts, jnp.zeros(6))[2] < 0).all()


def test_who_is_alone_adds_nothing_and_nonsense_is_not_pooled() -> None:
    targets, rule = jnp.arange(6) % 3, Contribution()
    logits = certain(jnp.ones((3, 6)), targets) * jnp.asarray([1.0, 0.5, 0.1])[:, None, None]
    assert not rule.measure(logits[:1], targets).any()
    expected = rule.measure(logits[:2], targets)
    got = rule.measure(logits.at[2].set(jnp.nan), targets)
    np.testing.assert_allclose(got[:2], expected)
    assert not got[2].any()
    assert not rule.measure(logits, targets, jnp.asarray([False, True, False])).any()


@pytest.mark.parametrize("predicts", ["classes", "normal"])
def test_a_contribution_is_the_marginal_value_in_the_game_of_ensembles(predicts: str) -> None:
    """Build every ensemble of four miners by itself and compare what the last to come adds."""
    rng, n = np.random.default_rng(3), 4
    members = [[j for j in range(n) if s >> j & 1] for s in range(1, 2**n)]
    if predicts == "classes":
        logits, targets = rng.normal(size=(n, 5, 3)), rng.integers(0, 3, 5)
        p = np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True)
        values = [np.log(p[s].mean(axis=0)[np.arange(5), targets]).mean() for s in members]
        rows = Contribution().measure(jnp.asarray(logits), jnp.asarray(targets))
    else:
        outputs, targets = rng.normal(size=(n, 5, 2)), rng.normal(size=5)
        mean, second = outputs[..., 0], np.exp(2 * outputs[..., 1]) + outputs[..., 0] ** 2
        pooled = [(mean[s].mean(axis=0), second[s].mean(axis=0)) for s in members]
        values = [-_proper.crps_normal(targets - m, jnp.sqrt(q - m**2)).mean() for m, q in pooled]
        rows = Contribution().measure(jnp.asarray(outputs), jnp.asarray(targets))
    worth = _valuation.leave_one_out(jnp.asarray([0.0, *values]))
    np.testing.assert_allclose(rows.mean(axis=1), worth, rtol=1e-9, atol=1e-12)


def test_two_copies_share_their_shapley_value_and_have_no_marginal_one() -> None:
    """Players 0 and 1 are copies worth 6 together or alone; player 2 adds 3."""
    game = jnp.asarray([6.0 * (s & 3 > 0) + 3.0 * (s >> 2) for s in range(8)])
    np.testing.assert_allclose(_valuation.shapley(game), [3, 3, 3])
    np.testing.assert_allclose(_valuation.leave_one_out(game), [0, 0, 3])
    np.testing.assert_allclose(_valuation.banzhaf(game), [3, 3, 3])


def test_shapley_values_of_twelve_players_sum_to_what_all_are_worth() -> None:
    game = jax.random.normal(jax.random.key(0), (2**12,))
    np.testing.assert_allclose(_valuation.shapley(game).sum(), game[-1] - game[0], rtol=1e-9)
    for size in (2**13, 12, 1):
        with pytest.raises(ValueError, match="players"):
            _valuation.shapley(jnp.zeros(size))


def test_no_update_is_aligned_with_nothing() -> None:
    dot, cosine = _valuation.gradient_alignment(jnp.asarray([[0.0, 0.0], [2.0, 0.0]]), jnp.asarray([1.0, 0.0]))
    np.testing.assert_array_equal([dot, cosine], [[0, 2], [0, 1]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_newcomer_has_exactly_no_rating_and_a_match_takes_two(dtype: str) -> None:
    rule = OpenSkill()
    state = rule.init(1, 3, dtype)
    for seen in ([False] * 3, [True, False, False]):
        after, scores = rule.step(state, jnp.zeros((1, 3), dtype), jnp.asarray([seen]), jnp.zeros(1, dtype))
        assert not scores.any()
        assert all((a == b).all() for a, b in zip(jax.tree.leaves(after), jax.tree.leaves(state), strict=True))


def test_rounding_pays_no_newcomer() -> None:
    rule, nobody = OpenSkill(), jnp.zeros((1, 1), bool)
    state = rule.init(1, 1)
    nudged = state._replace(rating=state.rating._replace(mu=jnp.nextafter(state.rating.mu, jnp.inf)))
    assert not rule.step(nudged, jnp.zeros((1, 1)), nobody, jnp.zeros(1))[1].any()


def test_a_match_of_some_is_the_same_whether_the_others_are_masked_or_not_there() -> None:
    rng, plays = np.random.default_rng(5), np.array([True, False, True, True, False, True])
    mu, sigma, values = (jnp.asarray(x) for x in (rng.normal(25, 5, 6), rng.uniform(2, 8, 6), rng.normal(size=6)))
    values = values.at[0].set(values[2])
    masked = plackett_luce(Rating(mu, sigma), jnp.where(plays, values, jnp.nan), jnp.asarray(plays), 7.0, 0.1)
    alone = plackett_luce(Rating(mu[plays], sigma[plays]), values[plays], jnp.ones(4, bool), 7.0, 0.1)
    for got, expected, before in zip(masked, alone, (mu, sigma), strict=True):
        np.testing.assert_allclose(got[plays], expected, rtol=1e-12)
        np.testing.assert_array_equal(got[~plays], before[~plays])


def test_a_match_between_worlds_apart_moves_nobody_who_was_sure_to_win() -> None:
    mu, sigma = jnp.float32([1e6, 0.0]), jnp.float32([0.1, 0.1])
    rating = plackett_luce(Rating(mu, sigma), jnp.float32([1, 0]), jnp.ones(2, bool), jnp.float32(0.1), jnp.float32(0))
    np.testing.assert_allclose(rating, [mu, sigma])


def test_who_wins_every_match_climbs_and_who_loses_every_one_gets_nothing() -> None:
    got = scored(OpenSkill(), [[3.0, 2.0, 1.0]] * 60)
    assert (np.diff(got[:, 0]) > 0).all()
    assert not got[:, 2].any()
    assert got[-1, 0] > got[-1, 1] > 0


def test_equal_miners_stay_equal_and_ratings_ask_for_order_only() -> None:
    tied = scored(OpenSkill(), [[1.0, 1.0, 0.0]] * 5)
    assert (tied[:, 0] == tied[:, 1]).all()
    near, far = scored(OpenSkill(), [[1.0, 0.9]] * 5), scored(OpenSkill(), [[1.0, -99.0]] * 5, base=50)
    np.testing.assert_array_equal(near, far)


def test_who_takes_over_a_slot_does_not_inherit_its_rating() -> None:
    rule, everybody = OpenSkill(), jnp.ones((1, 2), bool)
    state = rule.init(1, 2)
    for _ in range(9):
        state, _ = rule.step(state, jnp.asarray([[1.0, 0.0]]), everybody, jnp.zeros(1))
    state = forget(rule, state, jnp.asarray([True, False]))
    np.testing.assert_allclose([state.rating.mu[0, 0], state.rating.sigma[0, 0]], [25, 25 / 3], rtol=1e-6)
    _, scores = rule.step(state, jnp.zeros((1, 2)), ~everybody, jnp.zeros(1))
    assert float(scores[0, 0]) == 0


SCORES = jnp.asarray([[0.1, 0.4, 0.0, 0.3, 0.2]])


def test_an_exponent_goes_from_flat_over_proportional_to_the_winner() -> None:
    np.testing.assert_allclose(Power(exponent=0).weights(SCORES), [[0.25, 0.25, 0, 0.25, 0.25]])
    np.testing.assert_allclose(Power(exponent=1).weights(SCORES), Proportional().weights(SCORES))
    np.testing.assert_allclose(Power(exponent=2).weights(SCORES), [[1 / 30, 16 / 30, 0, 9 / 30, 4 / 30]])
    np.testing.assert_allclose(Power(exponent=64).weights(SCORES), WinnerTakesAll().weights(SCORES), atol=1e-7)


def test_the_best_k_share_evenly_or_by_score() -> None:
    np.testing.assert_allclose(TopK(k=2, exponent=0).weights(SCORES), [[0, 0.5, 0, 0.5, 0]])
    np.testing.assert_allclose(TopK(k=2, exponent=1).weights(SCORES), [[0, 4 / 7, 0, 3 / 7, 0]])
    np.testing.assert_allclose(TopK(k=99, exponent=2).weights(SCORES), Power(exponent=2).weights(SCORES))
    np.testing.assert_allclose(TopK(k=1).weights(SCORES), WinnerTakesAll().weights(SCORES))


def test_a_tie_for_the_last_place_goes_to_the_lower_uid_but_winners_share() -> None:
    tied = jnp.asarray([[0.2, 0.5, 0.5, 0.5]])
    np.testing.assert_allclose(TopK(k=2).weights(tied), [[0, 0.5, 0.5, 0]])
    np.testing.assert_allclose(WinnerTakesAll().weights(tied), [[0, 1 / 3, 1 / 3, 1 / 3]])


def test_ranks_are_those_of_a_stable_sort() -> None:
    scores = jax.random.randint(jax.random.key(2), (3, 40), 0, 9)
    expected = np.argsort(np.argsort(-np.asarray(scores), axis=1, kind="stable"), axis=1)
    np.testing.assert_array_equal(ranks(scores), expected)


def test_powers_ask_for_ratios_softmax_for_differences() -> None:
    np.testing.assert_allclose(Power().weights(SCORES * 7), Power().weights(SCORES))
    all_up = jnp.where(SCORES > 0, SCORES + 5, 0)
    np.testing.assert_allclose(Softmax().weights(all_up), Softmax().weights(SCORES))
    ratio = Softmax(temperature=0.1).weights(SCORES)[0, 1] / Softmax(temperature=0.1).weights(SCORES)[0, 3]
    np.testing.assert_allclose(ratio, math.e)


def test_gather_and_reserve_ask_for_order_only() -> None:
    rule = GatherReserve(gather_count=2, reserve_count=2)
    weights = rule.weights(SCORES)
    np.testing.assert_allclose(weights, rule.weights(SCORES**3))
    np.testing.assert_array_equal(np.argsort(weights[0]), np.argsort(SCORES[0]))
    np.testing.assert_allclose(GatherReserve().weights(SCORES[:, 1:3]), [[1, 0]])
    np.testing.assert_allclose(GatherReserve().weights(jnp.asarray([[0.9, 0.1]])), [[2 / 3, 1 / 3]])


def test_a_reserve_miner_gets_at_most_half_of_the_last_gathered_one() -> None:
    """25 % for one reserve miner would be as much as the last gathered gets; 10 % is less, and stays."""
    scores = jnp.asarray([[3.0, 2.0, 1.0]])
    squeezed = np.asarray(GatherReserve(gather_count=2, gather_share=0.7).weights(scores))[0]
    np.testing.assert_allclose(squeezed[2], squeezed[1] / 2)
    np.testing.assert_allclose(GatherReserve(gather_count=2, gather_share=0.9).weights(scores), [[0.6, 0.3, 0.1]])


def test_a_copy_within_the_margin_shares_and_a_clear_lead_takes_all() -> None:
    rule = EpsilonTournament(epsilon=0.01)
    np.testing.assert_allclose(rule.weights(jnp.asarray([[1.0, 1.009]])), [[0.5, 0.5]])
    np.testing.assert_allclose(rule.weights(jnp.asarray([[1.0, 1.011]])), [[0, 1]], atol=1e-40)
    np.testing.assert_allclose(rule.weights(jnp.asarray([[0.0, 0.3]])), [[0, 1]])


def test_with_seniority_a_copy_loses_to_its_original_and_must_wait_for_the_margin_to_shrink() -> None:
    loss, since = jnp.asarray([2.0, 1.995]), jnp.asarray([0, 100])
    for age, first in ((0.0, True), (50.0, False)):
        margin = _tournament.decayed_margin(jnp.full(2, age), start=0.005, end=0.001, duration=40)
        rates = _tournament.win_rates(_tournament.beats_with_seniority, jnp.ones(2, bool), loss, since, margin)
        assert rates.tolist() == [first, not first]
    assert _tournament.competitive(loss, since, 0.001).tolist() == [True, True]
    assert _tournament.competitive(loss, since, 0.003).tolist() == [True, False]
