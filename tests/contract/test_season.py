"""What every season of art promises: the same again, lanes like worlds, one trace, and shapes that stay."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.curation import lanes
from subnet.curation.lanes import SeasonProgram, learned_by
from subnet.curation.scenario import CurationScenario
from subnet.curation.season import SeasonOut, SeasonState
from subnet.lanes import stack_scenarios
from tests.season_world import play, tiny, tiny_fragments
from tokenomics.curation.points.accruing import Accruing
from tokenomics.curation.revenue.split import Split
from validators.curators.sincere import Sincere
from validators.curators.wash_voter import WashVoter
from validators.curators.whale import Whale

ROUNDS, LANES = 5, 2  # the artist chooses in the third round
SEEDS = np.array([4, 5])


def scenario(tokens: float = 800.0, **more: Any) -> CurationScenario:
    """Return nine curators; in the second lane the whale has another stake."""
    return tiny(
        {"crowd": Sincere(count=6, inequality=0.5), "wash": WashVoter(count=2), "whale": Whale(tokens=tokens)} | more,
        fragments=tiny_fragments(capacity=10, period_rounds=3),
        points=Accruing(),
        revenue=Split(buyback_share=0.1, karma_share=0.1),
    )


class Counted:
    """A program of two lanes, and how often one of its functions was traced."""

    def __init__(self) -> None:
        self.traces = 0
        original = lanes.run_chunk

        def counted(*args: Any) -> Any:
            self.traces += 1
            return original(*args)

        lanes.run_chunk = counted
        try:
            first = scenario()
            self.program = SeasonProgram(first, learned_by(first), LANES)
            self.whole = self.run(np.arange(ROUNDS))
        finally:
            lanes.run_chunk = original

    def run(self, *chunks: np.ndarray, tokens: tuple[float, ...] = (800.0, 9000.0)) -> tuple[SeasonState, SeasonOut]:
        """Run chunks one after the other and join what they tell."""
        people = self.program.place(stack_scenarios([scenario(x) for x in tokens]))
        seeds = self.program.place(SEEDS)
        states, told = self.program.start(seeds, people), []
        for epochs in chunks:
            states, out = self.program.chunk(epochs, seeds, people, states)
            told.append(jax.tree.map(np.asarray, out))
        joined = jax.tree.map(lambda *parts: np.concatenate(parts, axis=1), *told)
        return jax.tree.map(np.asarray, states), joined


@pytest.fixture(scope="module")
def program() -> Counted:
    return Counted()


def assert_same(a: Any, b: Any, exact: bool = True) -> None:
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for (path, x), y in zip(jax.tree_util.tree_leaves_with_path(a), jax.tree.leaves(b), strict=True):
        where = jax.tree_util.keystr(path)
        if exact or np.asarray(x).dtype.kind == "b":
            np.testing.assert_array_equal(x, y, err_msg=where)
        else:
            # What rounding leaves unspent of some thousand points are grains of another sum.
            atol = 0.0 if np.asarray(x).dtype.kind == "i" else 1e-3 if where == ".points" else 2e-5
            np.testing.assert_allclose(x, y, rtol=2e-5, atol=atol, err_msg=where)


@cache
def looped(tokens: float, seed: int) -> Any:
    return play([scenario(tokens)], ROUNDS, [seed]).world(0)


@pytest.mark.parametrize("lane", range(LANES))
def test_vmapped_lanes_are_what_worlds_are_one_by_one(program: Counted, lane: int) -> None:
    """Decisions are equal; sums of floats may be taken in another order, and prices follow qualities."""
    alone = looped((800.0, 9000.0)[lane], int(SEEDS[lane]))
    states, out = (jax.tree.map(lambda x: x[lane], part) for part in program.whole)
    assert_same(out, alone.out, exact=False)
    assert_same(states, jax.tree.map(lambda x: x[-1], alone.after), exact=False)


def test_the_same_seed_is_the_same_season_and_another_is_not(program: Counted) -> None:
    again = program.run(np.arange(ROUNDS))
    assert_same(again, program.whole)
    _, out = program.run(np.arange(ROUNDS), tokens=(800.0, 800.0))
    assert_same(jax.tree.map(lambda x: x[0], out), jax.tree.map(lambda x: x[0], program.whole[1]))
    assert (out.quality[0] != out.quality[1]).all()


def test_a_new_number_is_not_a_new_trace(program: Counted) -> None:
    before = program.traces
    program.run(np.arange(ROUNDS), tokens=(7.0, 0.0))
    program.run(np.arange(3, 3 + ROUNDS), tokens=(1e6, 123.4))
    assert program.traces == before
    assert before > 0


def test_padded_rounds_are_skipped_and_told_as_zeros(program: Counted) -> None:
    states, out = program.run(np.array([0, 1, -1, -1, -1]), np.array([2, 3, 4, -1, -1]))
    assert_same(states, program.whole[0])
    kept = [0, 1, 5, 6, 7]
    assert_same(jax.tree.map(lambda x: x[:, kept], out), program.whole[1])
    for skipped in jax.tree.leaves(jax.tree.map(lambda x: x[:, [2, 3, 4, 8, 9]], out)):
        assert not skipped.any()


def test_chunks_one_after_the_other_are_the_whole(program: Counted) -> None:
    """Here by chunks of five, of which the first has one round and the last four."""
    states, out = program.run(np.array([0, -1, -1, -1, -1]), np.array([-1, 1, 2, 3, 4]))
    assert_same(states, program.whole[0])
    assert_same(jax.tree.map(lambda x: x[:, [0, 6, 7, 8, 9]], out), program.whole[1])


def test_a_state_keeps_its_shapes_and_kinds_of_numbers(program: Counted) -> None:
    people, seeds = stack_scenarios([scenario(), scenario()]), SEEDS
    first = jax.tree.map(np.asarray, program.program.start(program.program.place(seeds), program.program.place(people)))
    last = program.whole[0]
    assert jax.tree.structure(first) == jax.tree.structure(last)
    assert [(x.shape, x.dtype) for x in jax.tree.leaves(first)] == [(x.shape, x.dtype) for x in jax.tree.leaves(last)]
    for amount in jax.tree.leaves(last.books):
        assert amount.dtype == np.int64
    assert last.points.dtype == np.float64
    assert last.works.features.dtype == last.crowd.taste.dtype == np.float32


def test_who_joins_without_stake_changes_nobody_elses_luck() -> None:
    """What it looks at counts as views, so that from the second day on others may be shown other works.

    Of the first round taste, stake, points, what the artist makes and how it is seen are equal; of later ones stake and
    points of those whom the tally and the sale leave alone are, as long as they spend alike, which is not promised.
    """
    more = scenario(zz_newcomer=WashVoter(count=3, tokens=0.0))
    joined, alone = play([more], ROUNDS, [int(SEEDS[0])]).world(0), looped(800.0, int(SEEDS[0]))
    old = slice(0, 9)
    np.testing.assert_array_equal(joined.start.crowd.taste[old], alone.start.crowd.taste)
    np.testing.assert_array_equal(joined.start.crowd.stake[old], alone.start.crowd.stake)
    np.testing.assert_array_equal(joined.out.people.points[0, old], alone.out.people.points[0])
    np.testing.assert_array_equal(joined.out.people.stake[0, old], alone.out.people.stake[0])
    for part in ("recent", "shown", "next_id"):
        np.testing.assert_array_equal(getattr(joined.after.studio, part)[0], getattr(alone.after.studio, part)[0])
    for part in ("best", "mean", "spread", "distance", "size"):
        np.testing.assert_array_equal(getattr(joined.out.pool, part)[0], getattr(alone.out.pool, part)[0])
    assert not joined.out.people.points[:, 9:].any()
    assert not joined.out.people.credited[:, 9:].any()
    assert not joined.out.pivotal[:, 3].any()


def test_all_numbers_of_a_season_are_finite_or_say_that_there_is_nothing(program: Counted) -> None:
    _, out = program.whole
    may_be_missing = {"score", "gap", "foretold"}
    for name, value in out._asdict().items():
        if name not in may_be_missing:
            assert all(np.isfinite(x).all() for x in jax.tree.leaves(value) if name != "pool"), name
    assert np.isfinite(out.score[~out.own_choice]).all()
    assert jnp.isnan(out.score[out.own_choice]).all()
