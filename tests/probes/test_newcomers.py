"""A miner that takes over a seat starts anew, and an empty seat submits nothing."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from miners.strategies.hoarder import Hoarder
from miners.strategies.honest import Honest
from miners.strategies.stale import Stale
from miners.strategies.sybil import Sybil
from subnet.registration.base import Turnover
from subnet.work.birth import Crew, born
from subnet.work.cohorts import cohorts
from subnet.work.population import Party
from subnet.work.trained import Work, WorkState
from tests.probes.living_world import KEY, TASK, recording, village
from validators.scoring.log_loss import LogLoss

PARTIES = {
    "hoarder": Party(Hoarder(margin=0.0), 2),
    "honest": Party(Honest(), 3),
    "stale": Party(Stale(delay=3), 1),
    "sybil": Party(Sybil(identities=2, noise=0.0), 2),
}
M, EPOCHS, BEFORE = 8, 9, 5
SOURCE = village(PARTIES)
ALL = (True,) * M


@jax.jit
def _step(epoch: jax.Array, state: WorkState, turnover: Turnover) -> tuple[WorkState, Work]:
    return SOURCE.work(KEY, epoch, state, recording(), LogLoss(), turnover)


@cache
def lived(joined: tuple[int, ...] = (0,) * M, present: tuple[bool, ...] = ALL) -> list[tuple[WorkState, Work]]:
    """Run the village; after `BEFORE` epochs newcomers of these generations join, and some seats are empty."""
    state, found = jax.jit(SOURCE.init)(KEY, recording()), []
    for epoch in range(EPOCHS):
        come = joined if epoch == BEFORE else (0,) * M
        there = present if epoch >= BEFORE else ALL
        state, work = _step(jnp.int32(epoch), state, Turnover(jnp.array(come, jnp.int32), jnp.array(there)))
        found.append(jax.tree.map(np.asarray, (state, work)))
    return found


def crew(step: tuple[WorkState, Work]) -> Crew:
    """Return all operators, who are one cohort: two hoarders, three honest, one stale, one behind two Sybils."""
    assert len(cohorts(SOURCE)) == 1
    return step[0].workshop.crews[0]


def joins(uid: int, generation: int = 1) -> tuple[int, ...]:
    return tuple(generation if k == uid else 0 for k in range(M))


def kernel(step: tuple[WorkState, Work]) -> Any:
    return crew(step).params["readout"]["kernel"]


@cache
def birth(generation: int) -> Crew:
    """Return everybody as born in some generation."""
    numbers = (jnp.full(7, generation, jnp.int32),)
    return jax.tree.map(np.asarray, jax.jit(lambda: born(KEY, SOURCE, TASK.load(), numbers))()[0])


def test_a_newcomer_is_born_with_skill_and_data_of_its_own() -> None:
    after = crew(lived(joins(3))[BEFORE])
    for generation, miner in ((0, 2), (1, 3), (0, 4)):
        expected = birth(generation)
        for ours, theirs in zip(jax.tree.leaves(after.skill), jax.tree.leaves(expected.skill), strict=True):
            assert ours[miner] == theirs[miner]
        np.testing.assert_array_equal(after.rows[miner], expected.rows[miner])
        np.testing.assert_array_equal(after.shift[miner], expected.shift[miner])
    assert birth(1).skill.learning_rate[3] != birth(0).skill.learning_rate[3]
    assert (birth(1).rows[3] != birth(0).rows[3]).any()


def test_a_newcomer_starts_untrained_and_learns_from_then_on() -> None:
    """Within an epoch it moves from where it was born by three clipped steps at most; its predecessor was elsewhere."""
    steps = lived(joins(3))
    moved = np.sqrt(((kernel(steps[BEFORE])[3] - birth(1).params["readout"]["kernel"][3]) ** 2).sum())
    assert 0 < moved <= 3 * birth(1).skill.learning_rate[3] * (1 + 1e-5)
    assert np.abs(kernel(steps[BEFORE])[3] - kernel(lived()[BEFORE])[3]).max() > 0.1
    assert steps[BEFORE][1].loss[3] > lived()[BEFORE][1].loss[3]
    assert steps[EPOCHS - 1][1].loss[3] < steps[BEFORE][1].loss[3]


def test_everybody_else_goes_on_as_if_nothing_had_happened() -> None:
    for ours, theirs in zip(lived(joins(3)), lived(), strict=True):
        np.testing.assert_array_equal(np.delete(kernel(ours), 3, axis=0), np.delete(kernel(theirs), 3, axis=0))
        np.testing.assert_array_equal(ours[1].loss[[2, 4, 5, 6, 7]], theirs[1].loss[[2, 4, 5, 6, 7]])


def test_each_generation_is_another_life_and_the_same_one_the_same() -> None:
    first, second = kernel(lived(joins(3))[BEFORE])[3], kernel(lived(joins(3, 2))[BEFORE])[3]
    assert np.abs(first - second).max() > 0.1
    both = kernel(lived(tuple(max(a, b) for a, b in zip(joins(3), joins(2), strict=True)))[BEFORE])
    np.testing.assert_array_equal(both[3], first)


def test_a_newcomer_remembers_nothing_of_its_predecessor() -> None:
    """A stale newcomer has no older model than the one it was born with, a hoarder no lead to keep."""
    stale = lived(joins(5))
    untrained = birth(1).params["readout"]["kernel"][5]
    older = stale[BEFORE][0].workshop.memory["stale"]["readout"]["kernel"][0]
    np.testing.assert_array_equal(older[(BEFORE + 1) % 3], untrained)
    np.testing.assert_array_equal(older[(BEFORE + 2) % 3], untrained)
    hoarder = lived(joins(0))[BEFORE]
    shown = hoarder[0].workshop.memory["hoarder"]["readout"]["kernel"][0]
    np.testing.assert_array_equal(shown, kernel(hoarder)[0])


def test_an_operator_behind_several_uids_comes_back_as_what_it_was() -> None:
    for ours, theirs in zip(lived(joins(6)), lived(), strict=True):
        np.testing.assert_array_equal(kernel(ours), kernel(theirs))


def test_an_empty_seat_submits_nothing_and_nobody_looks_at_it() -> None:
    best = int(np.argmin(lived()[EPOCHS - 1][1].loss))
    steps = lived(present=tuple(k != best for k in range(M)))
    for (state, work), (_, full) in zip(steps[BEFORE:], lived()[BEFORE:], strict=True):
        for values in (work.skill, work.loss, work.accuracy, work.originality):
            assert np.isnan(values[best])
            assert np.isfinite(np.delete(values, best)).all()
        assert not work.looks.evaluated[:, best].any()
        assert work.looks.evaluated.sum() == 3 * (M - 1)
        assert (work.validator_flops < full.validator_flops).all()
        assert np.isinf(state.loss_rows[best]).all()
        assert not work.whole.evaluated[0, best]
    row = (EPOCHS - 1) % 9
    published = steps[EPOCHS - 1][0].workshop.revealed[0].loss[row]
    assert published == np.nanmin(steps[EPOCHS - 1][1].loss)  # the best of those who are there
    assert published > lived()[EPOCHS - 1][0].workshop.revealed[0].loss[row]
