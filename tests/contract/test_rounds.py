"""Every rule of staked rounds in the folder goes through the same contract."""

from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.parameters import parameters
from miners.stakers.hold import Hold
from subnet.actions.base import Population
from subnet.cast import Cast, cast_of
from subnet.contest import RoundOut, open_contest, play
from subnet.design import Design
from subnet.purses import open_purses
from subnet.rounds.base import Tournament
from subnet.rounds.historic import Historic
from subnet.rounds.none import NoTournament
from subnet.rounds.numerai import Numerai
from subnet.scenario import Scenario
from subnet.work.scored import scored_work
from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented
from tokenomics.ledger import Ledger, open_ledger
from tokenomics.tournament.rules import PayoutRule

KINDS = rules_in("subnet.rounds")
OPEN: dict[str, Any] = {
    "numerai": Numerai(lag_rounds=3, threshold_nmr=300.0),
    "numerai, everything on": Numerai(
        lag_rounds=2, threshold_nmr=300.0, burns="netted", bonus=True, churn_steepness=3.0, one_in=2, rounds_per_week=1
    ),
    "historic": Historic(rounds_per_week=1),
    "historic, weekly rules in daily rounds": Historic(preset="corr_2020_04"),
}
CASES = OPEN | {"none": NoTournament()}
PRESETS = get_args(get_args(get_type_hints(Historic, include_extras=True)["preset"])[0])
MODELS, ROUNDS = 4, 30
PEOPLE = cast_of(
    Population((0,), tuple(range(1, MODELS + 1)), ("operator",), tuple("abcd"), ("one", "one", "two", "two")), {}
)

every_open_rule = pytest.mark.parametrize("name", OPEN)


def scores(seed: int = 3) -> tuple[jax.Array, jax.Array]:
    """Return CORR and MMC [ROUNDS, MODELS] of models of which one is absent now and then."""
    rng = np.random.default_rng(seed)
    corr, mmc = rng.normal(0.02, 0.03, (ROUNDS, MODELS)), rng.normal(0, 0.02, (ROUNDS, MODELS))
    corr[5:8, 1] = np.nan
    return jnp.asarray(corr), jnp.asarray(mmc)


def season(rule: Any, corr: jax.Array, mmc: jax.Array, people: Cast = PEOPLE) -> tuple[RoundOut, Any, Any]:
    """Play a season of given scores; return what each round did, what was left over in the books, the balances."""
    scenario = Scenario(Design(tournament=rule), stakers={"one": Hold(tokens=200.0), "two": Hold(compounds=False)})
    purses = open_purses(jax.random.key(0), scenario, people)
    books = open_ledger(
        {"miners": purses.wallet, "staked": purses.stake, "netted": jnp.zeros_like(purses.stake)}
        | {"treasury": rule.treasury, "burned": 0}
    )

    def close(carry: Any, given: Any) -> Any:
        balances, state = carry
        predictions = scored_work(*given, jnp.zeros(())).predictions
        assert predictions is not None
        tokens, state, out, _ = play(scenario, people, Ledger(balances, {}), state, predictions)
        return (tokens.balances, state), (out, (tokens.total(), tokens.overdrawn()))

    start = books.balances, open_contest(rule, people.num_miners)
    (balances, _), (out, books_of_rounds) = jax.lax.scan(close, start, (corr, mmc))
    return out, books_of_rounds, balances


compiled, TRACES = counted(season)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in CASES.values()} == set(KINDS.values())
    assert {name for name, rule in CASES.items() if rule.opens} == set(OPEN)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_explained_and_bounded(kind: str) -> None:
    assert undocumented(KINDS[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_that_is_no_choice_can_be_swept(kind: str) -> None:
    numbers = [p for p in parameters(KINDS[kind]).values() if not p.static]
    leaves = jax.tree.leaves(as_arrays(KINDS[kind]()))
    assert len(leaves) == len(numbers)
    assert all(leaf.shape == () for leaf in leaves)


@every_open_rule
def test_a_round_is_paid_by_numbers_some_rounds_after_its_close(name: str) -> None:
    rule = OPEN[name]
    assert isinstance(rule.rule(), PayoutRule)
    assert rule.lag >= 1
    assert rule.pays_every >= 1
    assert rule.treasury.dtype == jnp.int64


@pytest.mark.parametrize("rounds_per_week", [1, 5])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_rule_of_the_past_has_a_rhythm_in_rounds_of_any_length(preset: Any, rounds_per_week: Any) -> None:
    """Twenty days and a little more are four to six weeks, whatever a round is."""
    rule = Historic(preset=preset, rounds_per_week=rounds_per_week)
    assert 4 <= rule.lag / rounds_per_week <= 6
    assert rule.pays_every in (1, rounds_per_week)


def test_a_rule_is_only_a_rule_where_it_says_all_that_is_asked() -> None:
    for asked in (Tournament().rule, lambda: Tournament().lag, lambda: Tournament().pays_every):
        with pytest.raises(NotImplementedError, match="Tournament does not say"):
            asked()


@every_open_rule
def test_every_unit_of_a_season_is_booked_and_rounds_pay_when_they_should(name: str) -> None:
    rule = OPEN[name]
    out, (total, overdrawn), balances = compiled(as_arrays(rule), *scores())
    assert not np.asarray(total).any()
    assert not np.asarray(overdrawn).any()
    moved = np.asarray(out.gain + out.burn).any(axis=1)
    closed = np.asarray(out.at_risk).any(axis=1)
    np.testing.assert_array_equal(closed, np.arange(ROUNDS) % rule.pays_every == 0)
    np.testing.assert_array_equal(moved[rule.lag :], closed[: -rule.lag])
    assert not moved[: rule.lag].any()
    paid = int(rule.treasury) - int(balances["treasury"])
    taken = int(balances["burned"]) + int(balances["netted"].sum())
    assert paid - taken == int((out.gain + out.bonus - out.burn).sum())


@every_open_rule
def test_who_hands_in_nothing_risks_nothing(name: str) -> None:
    out, _, _ = compiled(as_arrays(OPEN[name]), *scores())
    assert not np.asarray(out.at_risk)[5:8, 1].any()


@every_open_rule
def test_a_rule_spelt_out_pays_the_same(name: str) -> None:
    rule = as_arrays(OPEN[name])
    assert type(rule.spelt_out()) is Numerai
    assert_trees_close(compiled(rule, *scores()), compiled(as_arrays(rule.spelt_out()), *scores()))


def test_a_compiled_rule_plays_as_it_does_uncompiled() -> None:
    rule, rounds = as_arrays(OPEN["numerai, everything on"]), 4
    with jax.disable_jit():
        eager, _, _ = season(rule, *(x[:rounds] for x in scores()))
    whole, _, _ = compiled(rule, *scores())
    assert np.asarray(eager.gain).any()
    assert_trees_close(eager, jax.tree.map(lambda x: x[:rounds], whole), rtol=1e-12, atol=1)


def test_a_batch_of_rules_plays_as_each_does_alone() -> None:
    rules = [shifted(OPEN["numerai"], 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.jit(jax.vmap(season, (0, None, None)))(stacked, *scores())
    for k, rule in enumerate(rules):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, *scores()), rtol=1e-12, atol=1)


@every_open_rule
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    compiled(as_arrays(OPEN[name]), *scores())
    before = len(TRACES)
    compiled(shifted(OPEN[name], 0.9), *scores(4))
    assert len(TRACES) == before
