"""Payouts, stakes and rankings of the tournament against worked examples of its documentation and its formulas."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.tournament import rounds
from tokenomics.tournament.auction import ConfidenceAuction, least_probability
from tokenomics.tournament.compounding import compounded, stake_after
from tokenomics.tournament.leaderboard_bonus import LeaderboardBonus
from tokenomics.tournament.limits import SubmissionLimits, churn_gain_factor
from tokenomics.tournament.originality_rule import OriginalityRule
from tokenomics.tournament.payout_factor import payout_factor as factor_of
from tokenomics.tournament.payout_factor import total_at_risk
from tokenomics.tournament.payouts import payout_amount, payout_nmr
from tokenomics.tournament.presets import CLASSIC, PRESETS, preset_of, preset_on, rules_between
from tokenomics.tournament.ranking import account_score, place, reputation, reputation_weights, season_score
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.supply import SNAPSHOT_2018_NMR

VECTORS = json.loads((Path(__file__).parent / "vectors" / "numerai.json").read_text(encoding="utf-8"))["cases"]
CASES = [c for c in VECTORS if c["group"] == "payout"]
PAYOUTS = [c for c in CASES if c["op"] == "payout"]
PENALTIES = [c for c in VECTORS if c["op"] == "neutral_churn_penalty"]

# What a vector calls its rules -> the preset of that name.
NAMED = {
    "2020-04 weekly, CORR only": "corr_2020_04",
    "2020-05 weekly, CORR only": "corr_or_mmc_2020_05",
    "2020-07 weekly, CORR+MMC": "corr_mmc_2020_07",
    "2021-02 weekly, factor then clip": "corr_mmc_2021_02",
    "2022-05-27 variant: clip before factor": "corr_tc_2022_05_27",
    "2023-05 daily, 5% clip, TC": "corr_tc_2023_05",
    "classic_2024": "corr_mmc_2024",
    "classic_2026": "corr_mmc_2026",
    "2020-10 Signals 2xCORR": "signals_2020_10",
    "2020-10 Signals 2xCORR+MMC": "signals_2020_10",
    "2021-02 Signals": "signals_2021_02",
    "signals_2024": "signals_2024",
    "signals_2025_09": "signals_2025_09",
    "crypto_2025": "crypto_2025",
}

in_nmr = jax.jit(payout_nmr)
in_units = jax.jit(lambda rule, stake, x, y, factor: payout_amount(stake, rule.fraction(x, y, factor)))
settled = jax.jit(lambda rule, *bids: rule.settle(*bids))
bonus = jax.jit(lambda *claims: LeaderboardBonus().pay(*claims))

Inputs = dict[str, Any]
FORMULAS: dict[str, Callable[[Inputs, Inputs], Any]] = {}


def formula(function: Callable[[Inputs, Inputs], Any]) -> Callable[[Inputs, Inputs], Any]:
    """Take what stands below as the formula of the same name: inputs and parameters in, what is expected out."""
    FORMULAS[function.__name__] = function
    return function


def by_id(cases: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("case", [pytest.param(c, id=c["id"]) for c in cases])


def rule_of(params: Inputs) -> PayoutRule:
    a, b = (*params["multipliers"], 0)[:2]
    return PayoutRule(a, b, cap=params["clip"], cap_follows_factor=params["order"] == "clip_before_factor")


def padded(scores: Any) -> tuple[Any, Any]:
    """Return two scores; one that does not count is missing."""
    return scores[0], scores[1] if len(scores) > 1 else jnp.nan


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@by_id(CASES)
def test_a_formula_gives_the_numbers_of_the_documentation(case: dict[str, Any], dtype: str) -> None:
    inputs = {k: v if k == "names" else _taken(v, dtype) for k, v in case["inputs"].items()}
    got = FORMULAS[case["op"]](inputs, case["params"])
    assert got.keys() == case["expected"].keys()
    rtol, atol = (case["tol"]["rtol"], case["tol"]["atol"]) if dtype == "float64" else (0, case["tol"]["f32_atol"])
    if dtype == "float32" and case["op"] == "payout_factor_inverse":
        rtol = 1e-7  # of a total of 637,208
    for name, expected in case["expected"].items():
        np.testing.assert_allclose(np.asarray(got[name], float), expected, rtol=rtol, atol=atol)


def test_every_formula_has_vectors() -> None:
    assert {c["op"] for c in CASES} == set(FORMULAS)


def _taken(x: Any, dtype: str) -> jax.Array:
    x = np.asarray(x)
    return jnp.asarray(x if x.dtype == bool else x.astype(dtype))


@formula
def payout(inputs: Inputs, params: Inputs) -> Inputs:
    score, contribution = padded(inputs["scores"])
    return {"payout": in_nmr(rule_of(params), inputs["stake"], score, contribution, inputs["payout_factor"])}


@formula
def payout_factor(inputs: Inputs, params: Inputs) -> Inputs:
    return {"payout_factor": factor_of(inputs["total_at_risk"], params["threshold"])}


@formula
def payout_factor_inverse(inputs: Inputs, params: Inputs) -> Inputs:
    return {"total_at_risk": total_at_risk(inputs["payout_factor"], params["threshold"])}


@formula
def confidence_auction(inputs: Inputs, params: Inputs) -> Inputs:
    rule = ConfidenceAuction(prize_pool_usd=params["prize_pool"])
    out = settled(rule, inputs["stake"], inputs["confidence"], inputs["beat_benchmark"])
    return {"dollars": out.dollars, "burned": out.burned}


@formula
def stake_weighted_average_score(inputs: Inputs, params: Inputs) -> Inputs:
    return {"score": account_score(inputs["scores"], inputs["stakes"])}


@formula
def stake_step(inputs: Inputs, params: Inputs) -> Inputs:
    return {"stake": stake_after(inputs["stake_prev"], inputs["payout_resolving"])}


@formula
def reputation_round_weights_2021(inputs: Inputs, params: Inputs) -> Inputs:
    return {"weights": reputation_weights(inputs["day"])}


@formula
def compounding(inputs: Inputs, params: Inputs) -> Inputs:
    fractions = jnp.full(params["n_rounds"], inputs["payout_fraction_per_round"])
    return {
        "stake_at_round": jax.jit(compounded, static_argnums=2)(
            inputs["initial_stake"], fractions, params["lag_rounds"]
        )
    }


@by_id(PAYOUTS)
def test_whole_units_are_the_documented_payout_rounded_towards_zero(case: dict[str, Any]) -> None:
    score, contribution = padded(case["inputs"]["scores"])
    stake = jnp.int64(round(case["inputs"]["stake"] * RAO_PER_TOKEN))
    got = in_units(rule_of(case["params"]), stake, score, contribution, case["inputs"]["payout_factor"])
    assert got.dtype == jnp.int64
    exact = case["expected"]["payout"] * RAO_PER_TOKEN
    assert -1.001 < abs(int(got)) - abs(exact) < 0.001  # the floats of the vector are a thousandth of a unit off


@by_id(PAYOUTS)
def test_the_preset_of_a_documented_example_has_its_numbers(case: dict[str, Any]) -> None:
    params = case["params"]
    (preset,) = [p for presets in PRESETS.values() for p in presets if p.name == NAMED[params["rules"]]]
    wanted = rule_of(params)
    assert isinstance(preset.rule, PayoutRule)
    assert (preset.rule.cap, preset.rule.cap_follows_factor) == (wanted.cap, wanted.cap_follows_factor)
    assert (wanted.score_multiplier, wanted.contribution_multiplier) in preset.options


@by_id(PENALTIES)
def test_gains_are_cut_for_churn_as_the_library_cuts_them(case: dict[str, Any]) -> None:
    got = churn_gain_factor(case["inputs"]["neutral_churn"], *case["params"].values())
    np.testing.assert_allclose(got, case["expected"]["y"], rtol=case["tol"]["rtol"], atol=case["tol"]["atol"])


@pytest.mark.parametrize(
    ("tournament", "day", "threshold", "cap", "lag"),
    [
        ("classic", date(2021, 6, 1), 300_000, 0.25, 4),
        ("classic", date(2023, 3, 1), 360_000, 0.25, 4),
        ("classic", date(2023, 5, 1), 72_000, 0.05, 24),
        ("classic", date(2026, 4, 19), 72_000, 0.05, 24),
        ("signals", date(2021, 6, 1), 100_000, 0.25, 4),
        ("signals", date(2022, 2, 1), 150_000, 0.25, 4),
        ("signals", date(2023, 4, 30), 180_000, 0.25, 4),
        ("signals", date(2025, 9, 1), 36_000, 0.05, 24),
        ("signals", date(2025, 9, 2), 36_000, 0.017, 64),
        ("crypto", date(2025, 6, 1), 10_000, 0.05, 24),
    ],
)
def test_thresholds_caps_and_lags_are_those_of_their_day(
    tournament: Any, day: date, threshold: float, cap: float, lag: int
) -> None:
    preset = preset_on(day, tournament)
    assert isinstance(preset.rule, PayoutRule)
    assert (preset.rule.threshold_nmr, preset.rule.cap, preset.lag_rounds) == (threshold, cap, lag)


@pytest.mark.parametrize(
    ("round_number", "day"),
    [
        (222, date(2020, 7, 25)),  # forum t/698: July 2020
        (339, date(2022, 10, 22)),
        (475, date(2023, 5, 2)),
        (589, date(2023, 10, 7)),  # forum t/6708
        (650, date(2024, 1, 2)),
        (843, date(2024, 9, 27)),  # the first round of the recorded scores
    ],
)
def test_rounds_open_on_the_days_that_sources_name(round_number: int, day: date) -> None:
    assert rounds.opening_date(round_number) == day
    assert rounds.round_from(day) == round_number


def test_the_rules_of_rounds_that_sources_name() -> None:
    first = {p.name: p.first_round for p in CLASSIC}
    assert first["adc_2019_10"] == 183
    assert first["corr_mmc_2020_07"] == 222
    assert first["corr_tc_2023_10"] == 589
    assert preset_of(299).rule.threshold_nmr == 300_000  # type: ignore[union-attr]


def test_stacked_rules_pay_as_each_round_alone() -> None:
    first, last = 313, 323  # the cap went before the factor and back again
    paid = jax.vmap(lambda rule: rule.fraction(0.3, 0.01, 0.5))(rules_between(first, last))
    alone = [preset_of(r).rule.fraction(0.3, 0.01, 0.5) for r in range(first, last + 1)]  # type: ignore[union-attr]
    np.testing.assert_array_equal(paid, alone)
    assert np.unique(np.asarray(paid)).tolist() == [0.125, 0.155]


def test_the_rule_of_2019_pays_half_the_stake_for_a_daily_change_of_a_tenth() -> None:
    rule = preset_of(183).rule
    assert isinstance(rule, PayoutRule)
    np.testing.assert_allclose(rule.fraction([0.1, -0.1, 0.3], jnp.nan, 1.0), [0.5, -0.5, 1.0])
    np.testing.assert_allclose(rule.fraction([0.1, -0.3], jnp.nan, rule.factor(400_000)), [0.125, -0.25])


def test_the_leaderboard_pays_by_rank_until_the_cap() -> None:
    rank = jnp.array([1, 2, 10, 11, 25, 26, 100, 101, 300, 301, 0])
    stake = jnp.full(11, 100 * RAO_PER_TOKEN)
    due = np.array([5, 4, 4, 3, 3, 2, 2, 0.5, 0.5, 0, 0])
    np.testing.assert_allclose(bonus(stake, rank) / RAO_PER_TOKEN, due, atol=1.1e-9)
    capped = bonus(stake * 100, rank)
    np.testing.assert_allclose(capped / RAO_PER_TOKEN, due * 250 / due.sum(), atol=1e-8)
    assert 250 * RAO_PER_TOKEN - 11 <= capped.sum() <= 250 * RAO_PER_TOKEN


def test_bids_below_the_minima_of_2018_stand_aside() -> None:
    rule = preset_on(date(2018, 10, 1)).rule
    assert isinstance(rule, ConfidenceAuction)
    stake = jnp.array([10, 50_000_000, 10 * RAO_PER_TOKEN, 10 * RAO_PER_TOKEN])
    out = settled(rule, stake, jnp.array([1, 1, 0.05, 0.2]), jnp.array([0, 0, 0, 0], bool), RAO_PER_TOKEN, 2)
    assert out.burned.tolist() == [0, 0, 0, 10 * RAO_PER_TOKEN]
    np.testing.assert_allclose(out.bonus_nmr, [0, 0, 0, 0.2])


def test_the_bid_after_the_last_prize_loses_nothing() -> None:
    out = settled(
        ConfidenceAuction(prize_pool_usd=0.3),
        jnp.array([0.1, 0.2, 5.0]),
        jnp.array([1.0, 1.0, 0.5]),
        jnp.array([True, True, False]),
    )
    np.testing.assert_allclose(out.dollars, [0.1, 0.2, 0])
    assert out.burned.tolist() == [0, 0, 0]


def test_a_bid_pays_from_the_probability_at_which_gain_and_loss_meet() -> None:
    c, nmr_per_usd, stake = 0.4, 0.05, 7.0
    p = float(least_probability(c, nmr_per_usd))
    assert p * stake / c == pytest.approx((1 - p) * stake / nmr_per_usd)


def test_stakes_of_restless_signals_do_not_count() -> None:
    stake = jnp.array([5, 5, 5, 5, 5])
    churn, turnover = jnp.array([0.1, 0.15, 0.1, jnp.nan, 0.1]), jnp.array([0.1, 0.1, 0.2, jnp.nan, 0.1])
    handed_in = jnp.array([True, True, True, True, False])
    limits = preset_on(date(2025, 9, 2), "signals").limits
    assert limits.counted(stake, churn, turnover, handed_in).tolist() == [5, 0, 0, 5, 0]
    assert SubmissionLimits().counted(stake, churn, turnover).tolist() == [5] * 5


def test_a_factor_of_nothing_at_risk_is_one() -> None:
    assert factor_of(0, 72_000) == 1
    assert factor_of(1e9, np.inf) == 1
    assert total_at_risk(1.0, 72_000) == 72_000


def test_a_season_counts_missed_rounds_as_zero_and_asks_for_twenty() -> None:
    R = 40
    scores, stake = jnp.full((R, 3), 0.02), jnp.full((R, 3), RAO_PER_TOKEN)
    submitted = jnp.arange(R)[:, None] < jnp.array([R, 20, 19])
    mean, ranked = season_score(scores, stake.at[:10, 0].set(RAO_PER_TOKEN - 1), submitted)
    np.testing.assert_allclose(mean, [0.015, 0.01, 0.0095])
    assert ranked.tolist() == [True, True, False]


def test_titles_go_to_the_first_ten_hundred_and_then_by_thirds() -> None:
    K = 302
    scores = -jnp.arange(K, dtype=float).at[5].set(4.0)  # a tie, which the lower index wins
    rank, title = jax.jit(place)(scores, jnp.arange(K) != 1)
    assert rank[:7].tolist() == [1, 0, 2, 3, 4, 5, 6]
    titles = dict(zip(*np.unique(np.asarray(title), return_counts=True), strict=True))
    assert titles == {-1: 1, 0: 1, 1: 9, 2: 90, 3: 1, 4: 100, 5: 100}


def test_the_first_missed_round_scores_as_the_example_and_later_ones_badly() -> None:
    submitted = jnp.ones(20, bool).at[jnp.array([7, 12])].set(False)  # 12 is the earlier one
    got = reputation(jnp.full(20, 0.02), jnp.full(20, 0.01), submitted, 5)
    np.testing.assert_allclose(got, (14 * 0.02 + 0.01 - 0.1) / 16)


def test_the_proposed_rule_pays_small_and_original_stakes_better() -> None:
    got = OriginalityRule().fraction([0.0, 20_000.0, 20_000.0, 1.0], [0.04, 0.04, -0.04, np.nan], [0.0, 0.5, 1.0, 0.5])
    np.testing.assert_allclose(got, [0.04, 0.01, 0, 0])


def test_the_snapshot_of_2018_adds_up() -> None:
    assert SNAPSHOT_2018_NMR["minted"] - SNAPSHOT_2018_NMR["burned"] == SNAPSHOT_2018_NMR["supply"]
