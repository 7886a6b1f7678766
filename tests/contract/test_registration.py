"""Every registration rule of the folder goes through the same contract."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.registration.base import Seats, open_seats
from subnet.registration.burn_price import BurnPrice
from subnet.registration.closed import Closed
from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented

KINDS = rules_in("subnet.registration")
OPEN = {
    "burn_price": BurnPrice(immunity_blocks=1000, min_non_immune=2),
    "burn_price_without_immunity": BurnPrice(immunity_blocks=0, min_non_immune=0, multiplier=1.05, fee_is="burned"),
}
CASES = OPEN | {"closed": Closed()}
MINERS, EPOCHS, APPLICANTS, BLOCKS = 8, 60, 3, 360

every_open_rule = pytest.mark.parametrize("name", OPEN)


def season(rule: Any, key: jax.Array) -> tuple[Seats, tuple[Seats, jax.Array, jax.Array, jax.Array]]:
    """Return the last seats, and per epoch the seats, the fees paid [M], who left [M] and what was offered."""

    def epoch(seats: Seats, number: jax.Array) -> tuple[Seats, tuple[Seats, jax.Array, jax.Array, jax.Array]]:
        keys = jax.random.split(jax.random.fold_in(key, number), 3)
        emission = jax.random.permutation(keys[0], MINERS)  # no ties: those are decided by uid
        leaving = (jax.random.uniform(keys[1], (MINERS,)) < 0.1) & seats.present
        offers = jnp.exp(3 * jax.random.normal(keys[2], (APPLICANTS,))) * 1e9
        after, fees = rule.step(seats, (number + 1) * BLOCKS, BLOCKS, emission, leaving, offers)
        return after, (after, fees, leaving, offers)

    return jax.lax.scan(epoch, open_seats(rule, MINERS), jnp.arange(EPOCHS))


compiled, TRACES = counted(season)
KEY = jax.random.key(3)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in CASES.values()} == set(KINDS.values())
    assert {name for name, rule in CASES.items() if rule.opens} == set(OPEN)


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_explained_and_bounded(kind: str) -> None:
    assert undocumented(KINDS[kind]) == []


@pytest.mark.parametrize("name", CASES)
def test_everybody_sits_at_the_start(name: str) -> None:
    seats = open_seats(CASES[name], MINERS)
    assert seats.present.all()
    assert not seats.generation.any()


@every_open_rule
def test_who_sits_down_pays_and_nobody_else(name: str) -> None:
    _, (seats, fees, leaving, offers) = compiled(as_arrays(OPEN[name]), KEY)
    generation = np.concatenate([np.zeros((1, MINERS)), np.asarray(seats.generation)])
    joined = np.diff(generation, axis=0)
    assert set(np.unique(joined)) == {0, 1}
    assert (joined.sum(axis=1) <= APPLICANTS).all()
    np.testing.assert_array_equal(np.asarray(fees) > 0, joined > 0)
    assert (np.asarray(fees).max(axis=1) <= np.asarray(offers).max(axis=1)).all()
    assert np.asarray(seats.present)[joined > 0].all()
    before = np.concatenate([np.ones((1, MINERS), bool), np.asarray(seats.present)[:-1]])
    np.testing.assert_array_equal(seats.present, (before & ~np.asarray(leaving)) | (joined > 0))
    assert np.asarray(leaving).any()


@every_open_rule
def test_relabelling_uids_relabels_who_goes(name: str) -> None:
    """Where nobody ties: among equals, and for free seats, the lowest uid counts."""
    order, rng = np.array([3, 1, 7, 0, 2, 6, 4, 5]), np.random.default_rng(0)
    rule, emission = as_arrays(OPEN[name]), jnp.asarray(rng.permutation(MINERS))
    seats = open_seats(rule, MINERS)._replace(registered=jnp.asarray(rng.permutation(MINERS) * 900))
    nobody, offers = jnp.zeros(MINERS, bool), jnp.full(APPLICANTS, 1e13)
    after, fees = rule.step(seats, jnp.int64(7000), BLOCKS, emission, nobody, offers)
    mixed = seats._replace(registered=seats.registered[order])
    after_mixed, fees_mixed = rule.step(mixed, jnp.int64(7000), BLOCKS, emission[order], nobody, offers)
    expected = Seats(after.fee, after.registered[order], after.generation[order], after.present[order])
    assert_trees_close((after_mixed, fees_mixed), (expected, fees[order]))
    assert (np.asarray(fees) > 0).sum() == APPLICANTS


@every_open_rule
def test_a_compiled_rule_seats_as_it_does_uncompiled(name: str) -> None:
    with jax.disable_jit():
        eager = season(as_arrays(OPEN[name]), KEY)
    assert_trees_close(compiled(as_arrays(OPEN[name]), KEY), eager, rtol=1e-12)


@every_open_rule
def test_a_batch_of_rules_seats_as_each_does_alone(name: str) -> None:
    rules = [shifted(OPEN[name], 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.jit(jax.vmap(season, (0, None)))(stacked, KEY)
    for k, rule in enumerate(rules):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, KEY), rtol=1e-12)


@every_open_rule
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    compiled(as_arrays(OPEN[name]), KEY)
    before = len(TRACES)
    compiled(shifted(OPEN[name], 0.9), jax.random.key(4))
    assert len(TRACES) == before
