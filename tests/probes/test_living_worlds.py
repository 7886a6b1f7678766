"""Villages of miners that train, whose fate a person can state."""

from functools import cache
from typing import Any

import jax
import numpy as np

from miners.strategies.copier import Copier
from miners.strategies.hoarder import Hoarder
from miners.strategies.honest import Honest
from miners.strategies.lazy import Lazy
from miners.strategies.overfitter import Overfitter
from miners.strategies.poisoner import Poisoner
from miners.strategies.stale import Stale
from miners.strategies.sybil import Sybil
from subnet.work.population import Party
from tests.probes.living_world import SMALL_EPOCHS, Village, hidden, losses, small_village, unseen, village, worked

EPOCHS, DELAY, LAG = SMALL_EPOCHS, 3, 2

EVERYBODY = {
    "copier": Party(Copier(lag=LAG, noise=0.0), 1),
    "disguised": Party(Copier(lag=LAG, noise=0.02), 1),
    "hoarder": Party(Hoarder(margin=0.05), 2),
    "honest": Party(Honest(), 4),
    "lazy": Party(Lazy(effort=0.1), 4),
    "overfitter": Party(Overfitter(leaked=1.0), 2),
    "poisoner": Party(Poisoner(), 2),
    "stale": Party(Stale(delay=DELAY), 2),
    "sybil": Party(Sybil(identities=2, noise=0.0), 4),
}


@cache
def everybody() -> Village:
    """Return a village in which every kind of miner lives."""
    return worked(village(EVERYBODY), EPOCHS)


def lowest_before(made: Village, lag: int) -> np.ndarray:
    """Return the lowest loss that anybody's submission had `lag` epochs before each epoch from `lag` on."""
    return made.work.loss.min(axis=1)[:-lag]


def test_honest_miners_learn_and_their_losses_are_what_their_models_say() -> None:
    made = everybody()
    honest = made.work.loss[:, made.uids("honest")]
    assert (made.work.skill[-1, made.uids("honest")] > 0.1).all()
    assert made.work.skill[-1, made.uids("honest")].mean() > 0.3
    assert (honest[-1] < honest[0]).all()
    np.testing.assert_allclose(honest, losses(made.trained("honest"), *hidden()), rtol=1e-4)


def test_a_copier_is_as_good_as_the_best_of_a_lag_ago_and_no_better() -> None:
    made = everybody()
    copied = made.work.loss[LAG:, made.uids("copier")][:, 0]
    np.testing.assert_array_equal(copied, lowest_before(made, LAG))


def test_a_copiers_disguise_costs_it_more_often_than_it_helps() -> None:
    """With noise of a fiftieth, its loss is that of the best of a lag ago but for some per cent."""
    made = everybody()
    relative = made.work.loss[LAG:, made.uids("disguised")][:, 0] / lowest_before(made, LAG) - 1
    assert np.abs(relative).max() < 0.1
    assert relative.mean() > 0
    assert (relative > -0.02).all()


def test_a_copy_is_not_original_and_honest_work_is() -> None:
    """Whom it copies had the best loss two epochs ago; one epoch later that one had moved on by a little."""
    made = everybody()
    original = {name: made.work.originality[-10:, made.uids(name)].mean() for name in EVERYBODY}
    assert original["copier"] < 0.5 * original["honest"]


def test_a_copier_pays_nothing_for_training_and_sybils_pay_once() -> None:
    made = everybody()
    spent = {name: made.work.miner_flops[-1, made.uids(name)] for name in EVERYBODY}
    assert not spent["copier"].any()
    step = 3 * 2 * 9 * 4 * 16.0  # forward and backward, 9 numbers to 4 classes, 16 rows
    assert set(spent["honest"] / step) <= {1.0, 2.0, 3.0}
    assert set(spent["lazy"] / step) == {1.0}
    assert (spent["sybil"][::2] == spent["sybil"][1::2]).all()
    assert set((spent["sybil"][::2] + spent["sybil"][1::2]) / step) <= {1.0, 2.0, 3.0}


def test_a_stale_submission_is_late_by_exactly_its_delay() -> None:
    made = everybody()
    shown = made.work.loss[DELAY:, made.uids("stale")]
    np.testing.assert_allclose(shown, losses(made.trained("stale"), *hidden())[:-DELAY], rtol=1e-4)


def test_lazy_miners_are_behind_honest_ones() -> None:
    made = everybody()
    skill = {name: made.work.skill[:, made.uids(name)].mean(axis=1) for name in ("honest", "lazy")}
    assert (skill["lazy"][3:] < skill["honest"][3:]).all()


def test_a_poisoner_is_worse_than_nothing() -> None:
    made = everybody()
    assert (made.work.skill[10:, made.uids("poisoner")] < 0).all()
    assert (made.work.accuracy[10:, made.uids("poisoner")] < 0.25).all()  # a blind guess of four


def test_an_overfitter_looks_better_than_it_is() -> None:
    """Trained on the forty rows that validators test with, it knows them better than others like them."""
    made = everybody()
    last = {name: jax.tree.map(lambda p: p[-1], made.trained(name)) for name in ("overfitter", "honest")}
    tested = {name: losses(params, *hidden()).mean() for name, params in last.items()}
    true = {name: losses(params, *unseen()).mean() for name, params in last.items()}
    assert tested["overfitter"] < 0.8 * true["overfitter"]
    assert tested["overfitter"] < tested["honest"]
    assert true["overfitter"] - tested["overfitter"] > true["honest"] - tested["honest"]


def test_a_hoarder_shows_the_same_model_while_it_leads_and_keeps_its_progress_to_itself() -> None:
    made = small_village()
    loss, uids = made.work.loss, np.flatnonzero(made.uids("aunts"))
    memory = made.states.workshop.memory["aunts"]["readout"]["kernel"]
    own = made.trained("aunts")["readout"]["kernel"]
    kept = shown = 0
    for place, uid in enumerate(uids):
        for epoch in range(1, EPOCHS):
            leads = loss[epoch - 1, uid] < np.delete(loss[epoch - 1], uid).min()
            before, now = memory[epoch - 1, place], memory[epoch, place]
            np.testing.assert_array_equal(now, before if leads else own[epoch, place])
            if leads:
                assert loss[epoch, uid] == loss[epoch - 1, uid]
            kept, shown = kept + leads, shown + (not leads)
    assert kept > 2
    assert shown > 2


def test_siblings_of_a_sybil_without_noise_submit_the_same() -> None:
    made = everybody()
    uids = np.flatnonzero(made.uids("sybil"))
    np.testing.assert_array_equal(made.work.loss[:, uids[::2]], made.work.loss[:, uids[1::2]])
    assert (made.work.loss[:, uids[0]] != made.work.loss[:, uids[2]]).all()  # two operators


def test_what_is_trained_does_not_depend_on_who_else_is_there() -> None:
    """Without its siblings, its imitators and its rivals, and with a party before it in the alphabet."""
    small, large = small_village(), everybody()
    for name, count in (("honest", 4), ("sybil", 1)):
        for a, b in zip(jax.tree.leaves(small.trained(name)), jax.tree.leaves(large.trained(name)), strict=True):
            np.testing.assert_array_equal(a, b[:, :count])
    ours, theirs = small.work.loss[:, small.uids("honest")], large.work.loss[:, large.uids("honest")]
    np.testing.assert_array_equal(ours, theirs)
    siblings = small.work.loss[:, small.uids("sybil")]
    np.testing.assert_array_equal(siblings, large.work.loss[:, large.uids("sybil")][:, :2])


def test_another_seed_is_another_life_and_the_same_seed_the_same() -> None:
    again = worked(village(EVERYBODY), EPOCHS)
    np.testing.assert_array_equal(again.work.loss, everybody().work.loss)
    other: Any = worked(village(EVERYBODY), EPOCHS, key=jax.random.key(1))
    assert (other.work.loss != again.work.loss).all()
