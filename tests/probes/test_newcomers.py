"""A miner that takes over a seat starts anew, and an empty seat submits nothing."""

from typing import Any

import numpy as np

from subnet.work.birth import Crew
from subnet.work.cohorts import cohorts
from tests.probes.living_world import SMALL_SIZE, Village, small_village

# Uids: three hoarders, four honest, one stale, and one operator behind the last two. All train as one cohort.
HOARDER, HONEST, STALE, SYBIL = 0, 4, 7, 8
SINCE = 10


def joins(uid: int, generation: int = 1) -> tuple[int, ...]:
    return tuple(generation if k == uid else 0 for k in range(SMALL_SIZE))


def joined(uid: int, generation: int = 1) -> Village:
    """Return the village in which a newcomer takes one seat."""
    return small_village(joins(uid, generation), since=SINCE)


def birth(generation: int) -> Crew:
    """Return everybody as born in some generation: all came at once, and learn nothing."""
    return crew(small_village((generation,) * SMALL_SIZE, learning_rate=0.0), 0)


def crew(made: Village, epoch: int) -> Crew:
    """Return all operators after an epoch."""
    assert len(cohorts(made.source)) == 1
    (found,) = made.states.workshop.crews
    return Crew(*(_at(part, epoch) for part in found))


def _at(tree: Any, epoch: int) -> Any:
    if isinstance(tree, dict):
        return {name: _at(part, epoch) for name, part in tree.items()}
    if isinstance(tree, tuple):
        parts = [_at(part, epoch) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree[epoch]


def kernel(made: Village, epoch: int = SINCE) -> Any:
    return crew(made, epoch).params["readout"]["kernel"]


def test_a_newcomer_is_born_with_skill_and_data_of_its_own() -> None:
    after = crew(joined(HONEST), SINCE)
    for generation, miner in ((0, HONEST - 1), (1, HONEST), (0, HONEST + 1)):
        expected = birth(generation)
        for name in ("steps", "label_noise", "data_share"):
            assert getattr(after.skill, name)[miner] == getattr(expected.skill, name)[miner]
        np.testing.assert_array_equal(after.rows[miner], expected.rows[miner])
        np.testing.assert_array_equal(after.shift[miner], expected.shift[miner])
    assert birth(1).skill.label_noise[HONEST] != birth(0).skill.label_noise[HONEST]
    assert (birth(1).rows[HONEST] != birth(0).rows[HONEST]).any()


def test_a_newcomer_starts_untrained_and_learns_from_then_on() -> None:
    """Within an epoch it moves from where it was born by three clipped steps at most; its predecessor was elsewhere."""
    made, without = joined(HONEST), small_village()
    moved = np.sqrt(((kernel(made)[HONEST] - birth(1).params["readout"]["kernel"][HONEST]) ** 2).sum())
    assert 0 < moved <= 3 * crew(made, SINCE).skill.learning_rate[HONEST] * (1 + 1e-5)
    assert np.abs(kernel(made)[HONEST] - kernel(without)[HONEST]).max() > 0.1
    assert made.work.loss[SINCE, HONEST] > without.work.loss[SINCE, HONEST]
    assert made.work.loss[-1, HONEST] < made.work.loss[SINCE, HONEST]


def test_everybody_else_goes_on_as_if_nothing_had_happened() -> None:
    made, without = joined(HONEST), small_village()
    for epoch in range(SINCE + 5):
        ours, theirs = (np.delete(kernel(village, epoch), HONEST, axis=0) for village in (made, without))
        np.testing.assert_array_equal(ours, theirs)
    others = [uid for uid in range(HOARDER + 3, SMALL_SIZE) if uid != HONEST]  # hoarders look at others' losses
    np.testing.assert_array_equal(made.work.loss[:, others], without.work.loss[:, others])


def test_each_generation_is_another_life_and_the_same_one_the_same() -> None:
    first, second = kernel(joined(HONEST))[HONEST], kernel(joined(HONEST, 2))[HONEST]
    assert np.abs(first - second).max() > 0.1
    both = tuple(max(a, b) for a, b in zip(joins(HONEST), joins(HONEST + 1), strict=True))
    np.testing.assert_array_equal(kernel(small_village(both, since=SINCE))[HONEST], first)


def test_a_newcomer_remembers_nothing_of_its_predecessor() -> None:
    """A stale newcomer has no older model than the one it was born with."""
    older = joined(STALE).states.workshop.memory["stale"]["readout"]["kernel"][SINCE, 0]
    untrained = birth(1).params["readout"]["kernel"][STALE]
    np.testing.assert_array_equal(older[(SINCE + 1) % 3], untrained)
    np.testing.assert_array_equal(older[(SINCE + 2) % 3], untrained)


def test_a_newcomer_has_no_lead_to_keep() -> None:
    """It takes the seat of a hoarder who led, and would have gone on showing the same model."""
    loss = small_village().work.loss
    leads = loss[:, HOARDER : HOARDER + 3] == loss.min(axis=1, keepdims=True)
    epoch, uid = (int(found[-1]) for found in np.nonzero(leads[:-1]))
    made = small_village(joins(uid), since=epoch + 1)
    shown = made.states.workshop.memory["aunts"]["readout"]["kernel"][epoch + 1, uid]
    np.testing.assert_array_equal(shown, kernel(made, epoch + 1)[uid])


def test_an_operator_behind_several_uids_comes_back_as_what_it_was() -> None:
    np.testing.assert_array_equal(kernel(joined(SYBIL)), kernel(small_village()))


def test_an_empty_seat_submits_nothing_and_nobody_looks_at_it() -> None:
    full = small_village()
    best = int(np.argmin(full.work.loss[-1]))
    made = small_village(absent=best, since=SINCE)
    work, late = made.work, slice(SINCE, None)
    for values in (work.skill, work.loss, work.accuracy, work.originality):
        assert np.isnan(values[late, best]).all()
        assert np.isfinite(np.delete(values, best, axis=1)).all()
        assert np.isfinite(values[:SINCE]).all()
    assert not work.looks.evaluated[late, :, best].any()
    assert work.looks.evaluated[late].sum(axis=(1, 2)).tolist() == [3 * (SMALL_SIZE - 1)] * (len(work.loss) - SINCE)
    assert not work.whole.evaluated[late, 0, best].any()
    assert (work.validator_flops[late] < full.work.validator_flops[late]).all()
    assert np.isinf(made.states.last[late, best]).all()


def test_nobody_can_copy_who_is_not_there() -> None:
    full = small_village()
    best = int(np.argmin(full.work.loss[-1]))
    made, row = small_village(absent=best, since=SINCE), (len(full.work.loss) - 1) % 9
    published = made.states.workshop.revealed[0].loss[-1, row]
    assert published == np.nanmin(made.work.loss[-1])  # the best of those who are there
    assert published > full.states.workshop.revealed[0].loss[-1, row]
