"""A tournament inside a network: every unit is booked, and pay is what the rule promises for the scores there were."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from miners.stakers.best_of import BestOf
from miners.stakers.burn_averse import BurnAverse
from miners.stakers.enters import Enters
from miners.stakers.hold import Hold
from miners.stakers.regime_skipper import RegimeSkipper
from miners.stakers.yield_seeker import YieldSeeker
from subnet.actions.base import Population
from subnet.cast import Cast, cast_of
from subnet.contest import RoundOut, open_contest, play
from subnet.design import Design
from subnet.purses import open_purses
from subnet.rounds.historic import Historic
from subnet.rounds.numerai import Numerai
from subnet.scenario import Scenario
from subnet.scores import ScoresOut
from subnet.work.predictions import predictions_of
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.ledger import Ledger, open_ledger
from tokenomics.tournament.compounding import compounded
from tokenomics.tournament.presets import CLASSIC
from tokenomics.tournament.rules import PayoutRule

M, N, R, LAG = 8, 150, 40, 4
RULE = Numerai(cap=0.25, threshold_nmr=300.0, lag_rounds=LAG, equivalent_rows=0.0)


def cast(parties: tuple[str, ...]) -> Cast:
    names = tuple(f"model {k}" for k in range(len(parties)))
    return cast_of(Population((0,), tuple(range(1, len(parties) + 1)), ("operator",), names, parties), {})


def world(seed: int, num_models: int = M, skill: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Return answers [R, K, N] and targets [R, N] in five bins, of which models know a little."""
    rng = np.random.default_rng(seed)
    hidden = rng.normal(size=(R, N))
    target = np.zeros((R, N), np.float32)
    for share, value in ((0.05, 0.25), (0.25, 0.5), (0.75, 0.75), (0.95, 1.0)):
        target[hidden.argsort(axis=1).argsort(axis=1) >= share * N] = np.nan  # filled below
        target = np.where(hidden >= np.quantile(hidden, share, axis=1, keepdims=True), value, np.nan_to_num(target))
    answers = skill * hidden[:, None] + rng.normal(size=(R, num_models, N))
    return answers.astype(np.float32), target.astype(np.float32)


@partial(jax.jit, static_argnames=("people",))
def season(
    scenario: Scenario, people: Cast, answers: Any, target: Any
) -> tuple[Ledger, tuple[RoundOut, ScoresOut, Any]]:
    """Play R rounds; return the books at the end, and what each round did and how the books stood."""
    rule, purses = scenario.design.tournament, open_purses(jax.random.key(0), scenario, people)
    tokens = open_ledger(
        {"miners": purses.wallet, "staked": purses.stake, "netted": jnp.zeros_like(purses.stake)}
        | {"treasury": rule.treasury, "burned": 0}
    )
    ranks = jnp.zeros((people.num_miners, N), jnp.uint16)

    def close(carry: Any, given: Any) -> Any:
        balances, state, earlier = carry
        predictions = predictions_of(given[0], given[1], jnp.ones(people.num_miners, bool), earlier)
        books, state, out, scores = play(scenario, people, Ledger(balances, {}), state, predictions)
        return (books.balances, state, predictions.ranks), (out, scores, (books.total(), books.overdrawn()))

    start = tokens.balances, open_contest(rule, people.num_miners), ranks
    (balances, _, _), told = jax.lax.scan(close, start, (jnp.asarray(answers), jnp.asarray(target)))
    return Ledger(balances, {}), told


def played(
    rule: Any, answers: Any, target: Any, stakers: dict[str, Any], parties: tuple[str, ...] = ("all",) * M
) -> Any:
    return season(Scenario(Design(tournament=rule), stakers=stakers), cast(parties), answers, target)


@pytest.mark.parametrize("burns", ["destroyed", "netted"])
def test_every_unit_is_somewhere_whoever_stakes_how(burns: Any) -> None:
    stakers = {
        "best": BestOf(models=2, after=8, tokens=50.0),
        "burnt": BurnAverse(tolerance=0.05, tokens=80.0),
        "late": Enters(round_in=10, round_out=25, tokens=300.0),
        "skips": RegimeSkipper(threshold=0.25, tokens=40.0),
        "yields": YieldSeeker(tokens=500.0, staked=0.1),
        "holds": Hold(compounds=False, tokens=60.0, distribution="lognormal"),
    }
    rule = Numerai(
        cap=0.25, threshold_nmr=300.0, lag_rounds=LAG, burns=burns, treasury_nmr=40.0, bonus=True, rounds_per_week=1
    )
    parties = ("best", "best", "burnt", "holds", "holds", "late", "skips", "yields")
    books, (out, _, (total, overdrawn)) = played(rule, *world(1), stakers, parties)
    assert not np.asarray(total).any()
    assert not np.asarray(overdrawn).any()
    gone = int(books.balances["burned"]) + int(np.asarray(books.balances["netted"]).sum())
    assert gone <= int(np.asarray(out.burn).sum())
    assert (gone == int(np.asarray(out.burn).sum())) or burns == "netted"
    assert np.asarray(out.burn).sum() > 0
    # Forty tokens are soon spent: gains stop there, and nothing is paid that is not there.
    assert int(books.balances["treasury"]) >= 0
    assert np.asarray(out.gain).sum() > 0


def test_a_stake_left_alone_grows_as_the_recurrence_says() -> None:
    answers, target = world(2)
    _, (out, scores, _) = played(RULE, answers, target, {"all": Hold(tokens=50.0)})
    terms = PayoutRule(0.75, 2.25, 0.25, 300.0)
    factor = np.asarray(out.factor)[:, None]
    fraction = terms.fraction(scores.corr, scores.mmc, factor)
    expected = compounded(jnp.full(M, 50.0), fraction, LAG)
    np.testing.assert_allclose(np.asarray(out.stake) / RAO_PER_TOKEN, expected, rtol=1e-7)
    assert np.ptp(np.asarray(out.stake)[-1]) > 0


def test_what_is_paid_past_the_threshold_is_a_budget() -> None:
    answers, target = world(3)
    wide = Numerai(cap=1.0, threshold_nmr=300.0, lag_rounds=LAG, equivalent_rows=0.0)
    _, (out, scores, _) = played(wide, answers, target, {"all": Hold(tokens=5000.0)})
    weights = np.asarray(out.at_risk) / np.asarray(out.at_risk).sum(axis=1, keepdims=True)
    corr, mmc = ((weights * np.asarray(x)).sum(axis=1) for x in (scores.corr, scores.mmc))
    net = (np.asarray(out.gain) - np.asarray(out.burn)).sum(axis=1) / RAO_PER_TOKEN
    np.testing.assert_allclose(net[LAG:], (300 * (0.75 * corr + 2.25 * mmc))[:-LAG], atol=1e-6)
    # Contributions cancel by stake exactly but for what ranking the mean again adds, here written again.
    g = stats.norm.ppf((stats.rankdata(answers, axis=2) - 0.5) / N)
    mean = np.einsum("rk,rkn->rn", weights, g)
    again = stats.norm.ppf((stats.rankdata(mean, axis=1) - 0.5) / N)
    tau = 4 * (target - target.mean(axis=1, keepdims=True))
    along = (mean * again).sum(axis=1) / (again**2).sum(axis=1)
    left = (tau * (mean - along[:, None] * again)).sum(axis=1) / N
    np.testing.assert_allclose(mmc, left, atol=5e-6)
    assert np.ptp(np.asarray(scores.mmc), axis=1).min() > 0.05  # of single models, contributions are large


def test_an_answer_and_its_reverse_earn_nothing_together_and_move_no_meta_model() -> None:
    answers, target = world(4)
    pair = answers.copy()
    pair[:, 1] = -pair[:, 0]
    parties = ("pair", "pair", *["rest"] * (M - 2))
    fixed = Numerai(cap=0.25, threshold_nmr=1e9, lag_rounds=LAG, equivalent_rows=0.0)
    keep = {"pair": Enters(round_in=0, tokens=80.0), "rest": Hold(tokens=20.0)}
    _, (out, scores, _) = played(fixed, pair, target, keep, parties)
    net = np.asarray(out.gain) - np.asarray(out.burn)
    # Only the first rounds are about the same stake on both; there it is exact, to the unit.
    assert (net[LAG : 2 * LAG, 0] + net[LAG : 2 * LAG, 1] == 0).all()
    assert (net[LAG : 2 * LAG, 0] != 0).all()
    without = {"pair": Enters(round_in=10**8, tokens=80.0), "rest": Hold(tokens=20.0)}
    _, (_, alone, _) = played(fixed, pair, target, without, parties)
    first = slice(0, LAG)
    np.testing.assert_allclose(np.asarray(scores.meta_corr)[first], np.asarray(alone.meta_corr)[first], atol=1e-6)


def test_a_bonus_for_the_best_pays_a_hedged_pair_and_a_penalty_on_churn_costs_it() -> None:
    answers, target = world(5, skill=0.6)
    pair = answers.copy()
    pair[:, 1] = -pair[:, 0]
    parties, keep = ("pair", "pair", *["rest"] * (M - 2)), {"pair": Hold(tokens=80.0), "rest": Hold(tokens=20.0)}
    common: dict[str, Any] = {
        "lag_rounds": LAG,
        "equivalent_rows": 0.0,
        "rounds_per_week": 1,
        "cap": 0.01,
        "threshold_nmr": 1e9,
    }

    def worth(rule: Numerai) -> int:
        books, _ = played(rule, pair, target, keep, parties)
        held = sum(np.asarray(books.balances[name])[:2].sum() for name in ("miners", "staked"))
        return int(held) - 160 * RAO_PER_TOKEN

    symmetric, bonus = worth(Numerai(**common)), worth(Numerai(**common, bonus=True, bonus_field=8.0))
    penalty = worth(Numerai(**common, churn_steepness=10.0))
    assert abs(symmetric) < 8 * RAO_PER_TOKEN  # compounding alone: one side grows by a cap a round, the other shrinks
    assert bonus > 20 * RAO_PER_TOKEN
    assert penalty < symmetric - 5 * RAO_PER_TOKEN


def test_splitting_a_stake_over_accounts_changes_nothing() -> None:
    answers, target = world(6)
    answers[:, 1] = answers[:, 0]
    parties = ("one", "two", *["rest"] * (M - 2))
    whole = {"one": Hold(tokens=90.0), "two": Hold(tokens=0.0), "rest": Hold(tokens=20.0)}
    split = {"one": Hold(tokens=30.0), "two": Hold(tokens=60.0), "rest": Hold(tokens=20.0)}
    stakes = [np.asarray(played(RULE, answers, target, keep, parties)[1][0].stake) for keep in (whole, split)]
    both = [stake[:, :2].sum(axis=1) for stake in stakes]
    np.testing.assert_allclose(both[0], both[1], rtol=1e-7)
    np.testing.assert_allclose(stakes[0][:, 2:], stakes[1][:, 2:], rtol=1e-7)


def test_what_is_no_answer_risks_nothing_and_counts_nothing() -> None:
    answers, target = world(7)
    broken = answers.copy()
    broken[:, 0, 3] = np.nan
    broken[:, 1] = 0.5
    _, (out, scores, _) = played(RULE, broken, target, {"all": Hold(tokens=50.0)})
    assert not np.asarray(out.at_risk)[:, :2].any()
    assert not np.asarray(scores.influence)[:, :2].any()
    assert np.isnan(np.asarray(scores.corr)[:, :2]).all()
    assert (np.asarray(out.at_risk)[:, 2:] > 0).all()
    assert (np.asarray(out.stake)[:, :2] == 50 * RAO_PER_TOKEN).all()


def test_only_stocks_that_have_a_target_say_how_noisy_scores_are() -> None:
    answers, target = world(9)
    target[:, 100:] = np.nan  # eras of one's own are filled up to the longest
    common: dict[str, Any] = {"cap": 0.25, "threshold_nmr": 300.0, "lag_rounds": LAG}
    stakes = [
        np.asarray(
            played(Numerai(**common, equivalent_rows=rows), answers, target, {"all": Hold(tokens=50.0)})[1][0].stake
        )
        for rows in (100.0, 0.0)
    ]
    np.testing.assert_array_equal(stakes[0], stakes[1])
    assert np.ptp(stakes[0][-1]) > 0


def test_where_nobody_stakes_there_is_no_meta_model_and_no_pay() -> None:
    _, (out, scores, _) = played(RULE, *world(8), {"all": Hold(tokens=50.0, staked=0.0)})
    assert not np.asarray(out.gain).any()
    assert not np.asarray(out.burn).any()
    assert np.isnan(np.asarray(scores.meta_corr)).all()


def test_every_preset_says_the_same_by_name_and_by_numbers() -> None:
    for preset in CLASSIC:
        if not isinstance(preset.rule, PayoutRule) or preset.name.startswith("adc"):
            continue
        named = Historic(preset=preset.name)  # type: ignore[arg-type]
        spelt = named.spelt_out()
        assert spelt.rule() == preset.rule
        assert spelt.lag == named.lag == preset.lag_rounds * 5 // preset.rounds_per_week
        assert spelt.pays_every == named.pays_every == 5 // preset.rounds_per_week
