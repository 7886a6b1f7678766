"""Small networks that people join and leave: what a newcomer finds, and what those who go leave behind."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from miners.entry import Entry
from subnet.act import History, act, start_practice
from subnet.actions.base import Recording
from subnet.cast import cast_of
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.registration.base import Turnover
from subnet.registration.burn_price import BurnPrice
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState, init, step
from tests.contract.folder_rules import as_arrays
from tests.random_work import RandomWork
from tokenomics.amounts import multiply_down
from tokenomics.costs import Costs
from tokenomics.pools.fixed_price import FixedPrice
from tokenomics.registration_price import RegistrationPrice
from validators.strategies.lazy import Lazy
from validators.view import HISTORY
from validators.weighting.winner_takes_all import WinnerTakesAll

V, M = 3, 5
KEY = jax.random.key(0)
KEPT = 0.9  # of a bond, from epoch to epoch
OVERLAYS = {"lazy": Lazy(stake_share=0.2)}  # sets equal weights, whoever is there
COMING = Entry(applicants=2, arrival=1.0, horizon_epochs=1e6, optimism=0.0, outside_usd=-1e9, cash_usd=10.0)
NOBODY = Entry(applicants=2, arrival=0.0, outside_usd=-1e9, cash_usd=10.0)


def scenario(entry: Entry, price: float = 10.0, fixed_cost: float = 0.0, **registration: Any) -> Scenario:
    """Return a network of random work; one program whatever the numbers."""
    prices = {"half_life_blocks": 360, "multiplier": 1.26, "min_rao": 1000, "immunity_blocks": 0, "min_non_immune": 0}
    design = Design(
        consensus=Yuma(yuma3=True, bonds_penalty=0.0),
        pool=FixedPrice(price),
        registration=BurnPrice(**(prices | registration)),
    )
    costs = Costs(flop_scale=0.0, fixed_usd_per_epoch=fixed_cost)
    return as_arrays(Scenario(design, RandomWork(V, M), OVERLAYS, costs, entry=entry))


CAST = cast_of(RandomWork(V, M).population(), OVERLAYS)


@jax.jit
def begin(made: Scenario) -> NetworkState:
    return init(KEY, made, CAST, Recording(), "float64")


@jax.jit
def live(made: Scenario, epoch: jax.Array, state: NetworkState) -> tuple[NetworkState, EpochOut]:
    return step(KEY, epoch, made, CAST, Recording(), "float64", state)


def lived(made: Scenario, epochs: int) -> tuple[list[NetworkState], list[EpochOut]]:
    """Return the states after each epoch, and what it told; NumPy arrays."""
    state, states, outs = begin(made), [], []
    for epoch in range(epochs):
        state, out = live(made, jnp.int32(epoch), state)
        states.append(jax.tree.map(np.asarray, state))
        outs.append(jax.tree.map(np.asarray, out))
    return states, outs


@cache
def busy() -> tuple[list[NetworkState], list[EpochOut]]:
    """Return a network in which two people join in every epoch, each in place of who earned least."""
    return lived(scenario(COMING), 12)


def newcomers(out: EpochOut) -> np.ndarray:
    """Return who joined at the end of an epoch, [M]."""
    assert out.money.joined is not None
    return out.money.joined


def test_newcomers_take_the_seats_of_those_who_earned_least() -> None:
    _, outs = busy()
    for out in outs:
        lowest = np.argsort(out.money.miner_pay, kind="stable")[:2]
        if newcomers(out).sum() == 2 and len(set(out.money.miner_pay.tolist())) == M:
            assert set(np.flatnonzero(newcomers(out))) == set(lowest.tolist())
    assert sum(newcomers(out).sum() for out in outs) > M


def test_generations_count_how_often_a_seat_was_taken_over() -> None:
    states, outs = busy()
    counted = np.cumsum([newcomers(out) for out in outs], axis=0)
    for state, expected, out in zip(states, counted, outs, strict=True):
        np.testing.assert_array_equal(state.economy.seats.generation, expected)
        np.testing.assert_array_equal(state.newcomer, np.where(newcomers(out), expected, 0))


def test_a_newcomer_knows_the_last_registration_by_its_block() -> None:
    states, outs = busy()
    for epoch, (state, out) in enumerate(zip(states, outs, strict=True)):
        assert (state.economy.seats.registered[newcomers(out)] == (epoch + 1) * 360).all()


def test_the_fee_rises_with_each_newcomer_and_falls_from_epoch_to_epoch() -> None:
    _, outs = busy()
    price, rule = jnp.int64(10**9), RegistrationPrice(min_rao=1000)
    for out in outs:
        price, paid = rule.decay(price, 360), 0
        for _ in range(int(newcomers(out).sum())):
            paid += int(price)
            price = multiply_down(price, 1.26)
        assert int(out.money.fee) == int(price)
        assert int(out.money.token_flows["miners", "mint", "registration fee"]) == paid
        assert int(out.money.token_flows["outside", "miners", "registration fee brought in"]) == paid


def test_a_newcomer_starts_with_its_cash_and_without_tokens() -> None:
    states, outs = busy()
    for state, out in zip(states, outs, strict=True):
        new = newcomers(out)
        assert not state.economy.books.tokens.balances["miners"][new].any()
        assert (state.economy.books.money.balances["miners"][new] == 10_000_000).all()
        assert (state.economy.books.tokens.balances["miners"][~new] > 0).any()


def test_a_newcomers_bonds_are_its_own() -> None:
    """The bonds of validators on a newcomer hold a tenth of their weight, not what they were on its predecessor."""
    states, outs = busy()
    for before, state in zip(outs, states[1:], strict=False):
        weights = state.practice.weights / state.practice.weights.sum(axis=1, keepdims=True)
        newest = np.floor((1 - KEPT) * weights * 65535 + 1e-6)
        new = newcomers(before)
        np.testing.assert_allclose(state.memory.bonds[:, new], newest[:, new], atol=1)
    old = ~newcomers(outs[-2])
    assert (states[-1].memory.bonds[:, old] > newest[:, old] + 1).any()


def test_validators_judge_a_newcomer_by_what_it_did_itself() -> None:
    states, outs = busy()
    source = RandomWork(V, M)
    for epoch, (before, state) in enumerate(zip(outs, states[1:], strict=False), start=1):
        _, work = source.work(KEY, jnp.int32(epoch), (), Recording(), None)
        new, found = newcomers(before), np.asarray(work.looks.values)
        np.testing.assert_allclose(state.practice.scores.value[:, new], found[:, new], rtol=1e-6)
        assert not np.isclose(state.practice.scores.value[:, ~new], found[:, ~new]).all()


def test_who_cannot_pay_leaves_and_its_seat_stays_empty() -> None:
    """Ten dollars of cash, three to pay, and tokens worth nothing: three epochs are paid, in the fourth all leave."""
    states, outs = lived(scenario(NOBODY, price=0.0, fixed_cost=3.0), 6)
    there = [out.money.present.tolist() for out in outs]
    assert there == [[True] * M] * 3 + [[False] * M] * 3
    for out in outs[4:]:
        assert not out.money.miner_pay.any()
        assert not out.incentive.any()
        assert not out.money.sides.miner_cost.any()
        assert np.isnan(out.work.skill).all()
    assert not states[-1].practice.weights.any()  # nor does who weights everybody alike
    assert int(states[3].economy.books.tokens.balances["miners"].sum()) == 0
    flows = outs[3].money.token_flows, outs[3].money.money_flows
    assert int(flows[0]["miners", "outside", "left"]) == sum(int(out.money.miner_pay.sum()) for out in outs[:4])
    assert int(flows[1]["miners", "suppliers", "costs"]) == M * 1_000_000  # the last dollar of each


def test_validators_do_not_keep_their_weight_for_the_best_who_is_gone() -> None:
    """The winner takes all: not one who left, whom validators remember as the best."""
    source = RandomWork(V, M, noise=0.0)
    made = as_arrays(Scenario(Design(weighting=WinnerTakesAll()), source))
    cast, epochs, found = cast_of(source.population(), {}), (jnp.int32(0), jnp.int32(1)), []
    opinions = History(jnp.zeros((HISTORY, M)), jnp.zeros((HISTORY, M)))

    @jax.jit
    def weights(epoch: jax.Array, practice: Any, present: jax.Array) -> Any:
        turnover = Turnover(jnp.zeros(M, jnp.int32), present)
        practice, acted = act(KEY, epoch, made, cast, Recording(), practice, opinions, jnp.ones(V), turnover)
        return practice, acted.weights

    practice, first = weights(epochs[0], start_practice(KEY, made, cast, Recording()), jnp.ones(M, bool))
    for present in (jnp.ones(M, bool), first[0] == 0):
        found.append(np.asarray(weights(epochs[1], practice, present)[1]))
    stays, gone = found
    np.testing.assert_array_equal(stays, first)  # whom they still think the best
    np.testing.assert_array_equal(gone.sum(axis=1), np.ones(V))
    assert not gone[np.asarray(first) > 0].any()


def test_an_emptied_seat_is_the_next_newcomers() -> None:
    made = scenario(NOBODY, price=0.0, fixed_cost=3.0)
    states, _ = lived(made, 5)
    assert not states[-1].economy.seats.present.any()
    free = scenario(COMING, price=10.0, min_rao=0, max_rao=0)
    state, out = live(free, jnp.int32(5), jax.tree.map(jnp.asarray, states[-1]))
    assert out.money.joined.tolist() == [True, True, False, False, False]
    _, after = live(free, jnp.int32(6), state)
    assert after.money.miner_pay[:2].any()
    assert not after.money.miner_pay[2:].any()


def test_who_could_earn_more_elsewhere_leaves_in_time() -> None:
    """Nobody earns a thousand dollars an epoch here; each leaves once it has seen enough, with a chance of one half."""
    restless = Entry(applicants=2, arrival=0.0, outside_usd=1e6, impatience=0.5, memory_epochs=2.0, cash_usd=10.0)
    _, outs = lived(scenario(restless), 10)
    there = np.array([out.money.present for out in outs])
    assert there[:2].all()  # as long as they have been here for the two epochs of their memory, or less
    assert not there[-1].any()
    gone = there[1:-1].sum(axis=1) - there[2:].sum(axis=1)
    assert (gone >= 0).all()
    assert (gone > 0).sum() > 1  # not all at once


@pytest.mark.parametrize(("fee", "comes"), [(1, True), (10**15, False)])
def test_a_newcomer_comes_if_the_fee_is_worth_it(fee: int, comes: bool) -> None:
    """Worth is a hundred epochs of the average miner's profit, some 590 tokens per epoch among five."""
    entry = Entry(applicants=2, arrival=1.0, horizon_epochs=100.0, optimism=0.0, outside_usd=-1e9, cash_usd=10.0)
    _, outs = lived(scenario(entry, min_rao=fee, max_rao=fee, half_life_blocks=0), 4)
    assert newcomers(outs[-1]).any() == comes
