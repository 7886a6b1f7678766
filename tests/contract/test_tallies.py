"""Every tally of the folder goes through the same contract."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, shifted, undocumented
from tests.contract.tally_cases import (
    CASES,
    DRAWS,
    KINDS,
    NUM_CURATORS,
    NUM_PLACES,
    TRACES,
    close,
    compiled,
    padded,
    relabelled,
    small_round,
    two_rounds,
)
from tokenomics.curation.tallies.base import TallyOut, winner_of

ROUNDS = [small_round(0), small_round(1, fresh=True)]
PLAYED: dict[str, Any] = {}
every_tally = pytest.mark.parametrize("name", CASES)


def played(name: str) -> Any:
    """Return what a rule makes of two rounds, computed once."""
    if name not in PLAYED:
        PLAYED[name] = two_rounds(as_arrays(CASES[name]), ROUNDS)
    return PLAYED[name]


def assert_same(got: Any, expected: Any) -> None:
    """Compare memories and ends of votes: whole amounts to the unit or two where a price is a float."""
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for a, b in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        amount = np.issubdtype(np.asarray(a).dtype, np.integer)
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=0 if amount else 2e-6, atol=0 if amount else 1e-9)


@every_tally
def test_a_tally_says_what_its_parameters_are(name: str) -> None:
    assert not undocumented(type(CASES[name]))


@every_tally
def test_a_compiled_tally_says_what_it_says_uncompiled(name: str) -> None:
    assert_same(two_rounds(as_arrays(CASES[name]), ROUNDS, step=close), played(name))


@every_tally
def test_a_batch_of_tallies_says_what_each_says_alone(name: str) -> None:
    rules, rounds = [shifted(CASES[name], 1 - 0.1 * k) for k in range(3)], [small_round(k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *zip(rules, rounds, strict=True))
    key, start = jax.random.key(0), rules[0].init(NUM_CURATORS, NUM_PLACES)
    together = jax.jit(jax.vmap(lambda both: close(both[0], key, start, both[1])))(stacked)
    for k, (rule, one) in enumerate(zip(rules, rounds, strict=True)):
        assert_same(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, key, start, one))


@every_tally
def test_relabelling_curators_relabels_what_they_gain_and_leaves_scores(name: str) -> None:
    order = np.array([3, 0, 6, 4, 1, 5, 2])
    state, outs = two_rounds(as_arrays(CASES[name]), [relabelled(x, order) for x in ROUNDS])
    expected_state, expected = played(name)
    if name in DRAWS:
        assert_same([out.score for out in outs], [out.score for out in expected])
        return
    assert_same(outs, [out._replace(delta=out.delta[order]) for out in expected])
    assert_same(state, jax.tree.map(lambda x: x[order] if x.shape[:1] == (NUM_CURATORS,) else x, expected_state))


@every_tally
def test_curators_without_stake_and_points_change_nothing(name: str) -> None:
    state, outs = two_rounds(as_arrays(CASES[name]), [padded(x, 3) for x in ROUNDS])
    assert not any(out.delta[NUM_CURATORS:].any() for out in outs)
    got = state, [out._replace(delta=out.delta[:NUM_CURATORS]) for out in outs]
    expected = played(name)
    assert_same(jax.tree.map(lambda x, like: x[tuple(slice(n) for n in like.shape)], got, expected), expected)


@every_tally
def test_what_an_empty_entry_names_does_not_matter(name: str) -> None:
    rule, changed = as_arrays(CASES[name]), []
    for one in ROUNDS:
        empty = one.ballots.part == 0
        assert empty.any()
        named = jnp.where(empty, one.finalists[0], one.ballots.fragment)
        changed.append(one._replace(ballots=one.ballots._replace(fragment=named)))
    assert_same(two_rounds(rule, changed), played(name))


@every_tally
def test_tokens_move_between_curators_and_nobody_loses_more_than_it_has(name: str) -> None:
    for seed in range(20):
        one = small_round(seed)
        rule = as_arrays(CASES[name])
        start = rule.init(NUM_CURATORS, NUM_PLACES)
        _, out = compiled(rule, jax.random.key(seed), start, one)
        assert int(out.delta.sum()) == -int(out.kept)
        assert int(out.kept) >= 0
        assert (out.delta >= -one.ballots.stake).all()


@every_tally
def test_an_absent_work_never_wins_and_without_works_nobody_does(name: str) -> None:
    rule = as_arrays(CASES[name])
    winners = []
    for seed in range(20):
        one = small_round(seed)
        _, out = compiled(rule, jax.random.key(seed), rule.init(NUM_CURATORS, NUM_PLACES), one)
        winners.append(int(winner_of(out.score, out.passes, one.works)))
        assert winners[-1] == -1 or bool(one.works.present[winners[-1]])
    assert max(winners) >= 0
    none = one._replace(works=one.works._replace(present=jnp.zeros(NUM_PLACES, bool)))
    _, out = compiled(rule, jax.random.key(0), rule.init(NUM_CURATORS, NUM_PLACES), none)
    assert int(winner_of(out.score, out.passes, none.works)) == -1
    assert int(out.delta.sum()) == -int(out.kept)


@every_tally
def test_a_round_without_votes_is_finite_and_a_world_without_stake_too(name: str) -> None:
    rule, one = as_arrays(CASES[name]), ROUNDS[0]
    b = one.ballots
    silent = b._replace(part=b.part * 0, choice=jnp.full_like(b.choice, -1))
    for ballots in (silent, b._replace(stake=b.stake * 0, points=b.points * 0)):
        start = rule.init(NUM_CURATORS, NUM_PLACES)
        _, out = compiled(rule, jax.random.key(0), start, one._replace(ballots=ballots))
        assert np.isfinite(out.score).all()
        assert int(out.delta.sum()) == -int(out.kept)
        assert (out.delta >= -ballots.stake).all()


@every_tally
def test_the_public_count_has_the_shape_of_the_pool(name: str) -> None:
    rule, one = as_arrays(CASES[name]), ROUNDS[0]
    score = jax.eval_shape(rule.score, rule.init(NUM_CURATORS, NUM_PLACES), one.ballots, one.works)
    assert (score.shape, score.dtype) == ((NUM_PLACES,), jnp.float64)


@every_tally
def test_shapes_and_types_stay_what_they_are(name: str) -> None:
    start = as_arrays(CASES[name]).init(NUM_CURATORS, NUM_PLACES)
    state, outs = played(name)
    assert jax.tree.structure(state) == jax.tree.structure(start)
    assert [(x.shape, x.dtype) for x in jax.tree.leaves(state)] == [(x.shape, x.dtype) for x in jax.tree.leaves(start)]
    expected = TallyOut(((NUM_PLACES,), "float64"), ((NUM_PLACES,), "bool"), ((NUM_CURATORS,), "int64"), ((), "int64"))
    for out in outs:
        assert tuple((x.shape, str(x.dtype)) for x in out) == tuple(expected)


@every_tally
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    played(name)
    rule, one = as_arrays(CASES[name]), ROUNDS[0]
    start = rule.init(NUM_CURATORS, NUM_PLACES)
    compiled(rule, jax.random.key(0), start, one)
    before = len(TRACES)
    compiled(shifted(CASES[name], 0.9), jax.random.key(5), start, small_round(9))
    assert len(TRACES) == before


@every_tally
def test_only_a_tally_that_draws_lots_depends_on_luck(name: str) -> None:
    rule, one = as_arrays(CASES[name]), ROUNDS[0]
    start = rule.init(NUM_CURATORS, NUM_PLACES)
    outs = [compiled(rule, jax.random.key(k), start, one)[1].delta.tolist() for k in range(8)]
    assert (len({tuple(delta) for delta in outs}) > 1) == (name in DRAWS)


def test_different_tallies_are_different_structures() -> None:
    assert len({jax.tree.structure(cls()) for cls in KINDS.values()}) == len(KINDS)
