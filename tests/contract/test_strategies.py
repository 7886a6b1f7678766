"""Every strategy laid over honest validators goes through the same contract."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import slots
from subnet.act import History, act, brought_stake, remember, start_practice
from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.cast import Cast, cast_of
from subnet.scenario import Scenario
from tests.contract.rule_cases import as_arrays
from validators.strategies.cabal import Cabal
from validators.strategies.contrarian import Contrarian
from validators.strategies.late import Late
from validators.strategies.lazy import Lazy
from validators.strategies.weight_copier import WeightCopier
from validators.view import HISTORY, ValidatorView

M = 8
OWN = np.arange(M) >= M - 3

STRATEGIES = {
    **{kind: as_arrays(slots.find("overlays", kind)()) for kind in slots.kinds("overlays")},
    "weight_copier, lag 4": as_arrays(WeightCopier(lag=4)),
    "late, lag 4": as_arrays(Late(lag=4)),
    "lazy, first tenth": as_arrays(Lazy(favours="first_tenth")),
    "cabal, half": as_arrays(Cabal(self_weight=0.5)),
}
every_strategy = pytest.mark.parametrize("name", list(STRATEGIES))


@cache
def _past(epochs: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    opinions, consensus = rng.random((2, max(epochs, 1), M))
    return opinions / opinions.sum(axis=1, keepdims=True), consensus


def view_at(epoch: int) -> ValidatorView:
    """Return the view at `epoch` after a past of opinions and consensus, each epoch's its own."""
    opinions, consensus = _past(200)
    history = History(jnp.zeros((HISTORY, M)), jnp.zeros((HISTORY, M)))
    rows = [np.zeros((HISTORY, M)), np.zeros((HISTORY, M))]
    for t in range(epoch):
        rows[0][t % HISTORY], rows[1][t % HISTORY] = opinions[t], consensus[t]
    history = History(jnp.asarray(rows[0]), jnp.asarray(rows[1]))
    return ValidatorView(jnp.int32(epoch), jnp.asarray(opinions[epoch]), *history, jnp.asarray(OWN))


@jax.jit
def weights_of(strategy: Any, view: ValidatorView) -> jax.Array:
    return strategy.weights(view)


@every_strategy
@pytest.mark.parametrize("epoch", [0, 1, 5, 40, 199])
def test_a_strategy_sets_weights_that_sum_to_one(name: str, epoch: int) -> None:
    weights = np.asarray(weights_of(STRATEGIES[name], view_at(epoch)))
    assert weights.shape == (M,)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(), 1, rtol=1e-12)


@every_strategy
def test_a_strategy_without_anything_to_go_by_sets_finite_weights(name: str) -> None:
    nothing = jnp.zeros((HISTORY, M))
    for own in (jnp.zeros(M, bool), jnp.ones(M, bool)):
        weights = np.asarray(
            weights_of(STRATEGIES[name], ValidatorView(jnp.int32(0), nothing[0], nothing, nothing, own))
        )
        assert np.isfinite(weights).all()
        assert (weights >= 0).all()
        assert min(abs(weights.sum() - total) for total in (0, 0.5, 1)) < 1e-12


@every_strategy
def test_a_compiled_strategy_does_what_it_does_uncompiled(name: str) -> None:
    np.testing.assert_allclose(
        weights_of(STRATEGIES[name], view_at(7)), STRATEGIES[name].weights(view_at(7)), rtol=1e-14
    )


@every_strategy
def test_a_batch_of_views_is_answered_as_each_alone(name: str) -> None:
    views = [view_at(epoch) for epoch in (0, 3, 60)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *views)
    together = jax.jit(jax.vmap(STRATEGIES[name].weights))(stacked)
    for row, view in zip(together, views, strict=True):
        np.testing.assert_allclose(row, weights_of(STRATEGIES[name], view), rtol=1e-14)


@every_strategy
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    traced: list[int] = []

    @jax.jit
    def counted(strategy: Any, view: ValidatorView) -> jax.Array:
        traced.append(1)
        return strategy.weights(view)

    leaves, structure = jax.tree.flatten(STRATEGIES[name])
    for k, leaf in enumerate(leaves):
        other = jnp.asarray(2 if jnp.issubdtype(leaf.dtype, jnp.integer) else 0.25, leaf.dtype)
        counted(jax.tree.unflatten(structure, [*leaves[:k], other, *leaves[k + 1 :]]), view_at(k))
    assert len(traced) == 1


@every_strategy
def test_relabelling_miners_relabels_the_weights(name: str) -> None:
    if name == "lazy, first tenth":
        pytest.skip("it goes by uid")
    order, view = np.array([3, 7, 0, 5, 1, 6, 2, 4]), view_at(9)
    mixed = ValidatorView(view.epoch, *(x[..., order] for x in view[1:]))
    expected = np.asarray(weights_of(STRATEGIES[name], view))[order]
    np.testing.assert_allclose(weights_of(STRATEGIES[name], mixed), expected, rtol=1e-12)


@every_strategy
def test_a_strategy_holds_a_share_of_the_stake_and_runs_validators(name: str) -> None:
    strategy = STRATEGIES[name]
    assert 0 < float(strategy.stake_share) < 1
    assert strategy.num_validators >= 1


@pytest.mark.parametrize("lag", range(1, HISTORY))
def test_a_copier_sets_exactly_the_consensus_published_a_lag_ago(lag: int) -> None:
    _, consensus = _past(200)
    for epoch in (lag, lag + 1, 77, 199):
        seen = consensus[epoch - lag]
        got = weights_of(as_arrays(WeightCopier(lag=lag)), view_at(epoch))
        np.testing.assert_allclose(got, seen / seen.sum(), rtol=1e-14)


@pytest.mark.parametrize("lag", [1, 5, HISTORY - 1])
def test_a_copier_sets_equal_weights_before_there_is_anything_to_see(lag: int) -> None:
    for epoch in (0, lag - 1):
        np.testing.assert_allclose(weights_of(as_arrays(WeightCopier(lag=lag)), view_at(epoch)), 1 / M, rtol=1e-14)


@pytest.mark.parametrize("lag", range(HISTORY))
def test_a_late_validator_sets_the_opinion_of_a_lag_ago_and_the_first_before(lag: int) -> None:
    opinions, _ = _past(200)
    for epoch in (0, max(lag - 1, 0), lag, lag + 1, 120):
        got = weights_of(as_arrays(Late(lag=lag)), view_at(epoch))
        np.testing.assert_allclose(got, opinions[max(epoch - lag, 0)], rtol=1e-12)


@pytest.mark.parametrize("self_weight", [0.0, 0.3, 1.0])
def test_a_cabal_gives_its_own_miners_self_weight_in_equal_parts(self_weight: float) -> None:
    view = view_at(3)
    weights = np.asarray(weights_of(as_arrays(Cabal(self_weight=self_weight)), view))
    np.testing.assert_allclose(weights[OWN], self_weight / OWN.sum(), rtol=1e-12)
    others = np.asarray(view.opinion)[~OWN]
    np.testing.assert_allclose(weights[~OWN], (1 - self_weight) * others / others.sum(), rtol=1e-12)


def test_a_contrarian_turns_the_order_round_and_gives_the_best_nothing() -> None:
    view = view_at(3)
    weights, opinion = np.asarray(weights_of(as_arrays(Contrarian()), view)), np.asarray(view.opinion)
    np.testing.assert_array_equal(np.argsort(weights), np.argsort(-opinion))
    assert weights[opinion.argmax()] == 0


def test_a_contrarian_without_a_best_miner_sets_no_weights() -> None:
    view = view_at(3)._replace(opinion=jnp.full(M, 1 / M))
    assert not np.asarray(weights_of(as_arrays(Contrarian()), view)).any()


@pytest.mark.parametrize(("count", "favoured"), [(1, 1), (9, 1), (10, 1), (11, 2), (25, 3), (100, 10)])
def test_a_lazy_validator_favours_the_first_tenth_rounded_up(count: int, favoured: int) -> None:
    zeros = jnp.zeros((HISTORY, count))
    view = ValidatorView(jnp.int32(4), jnp.arange(count) / count, zeros, zeros, jnp.zeros(count, bool))
    weights = np.asarray(weights_of(as_arrays(Lazy(favours="first_tenth")), view))
    np.testing.assert_allclose(weights, (np.arange(count) < favoured) / favoured, rtol=1e-14)


def test_a_lazy_validator_never_changes_its_mind() -> None:
    for strategy in (Lazy(), Lazy(favours="first_tenth")):
        first, later = (np.asarray(weights_of(as_arrays(strategy), view_at(epoch))) for epoch in (0, 99))
        np.testing.assert_array_equal(first, later)


def test_the_last_epochs_are_remembered_and_older_ones_forgotten() -> None:
    history = History(jnp.zeros((HISTORY, 1)), jnp.zeros((HISTORY, 1)))
    for epoch in range(HISTORY + 5):
        history = remember(history, jnp.int32(epoch), jnp.full(1, epoch), jnp.full(1, -epoch))
    view = ValidatorView(jnp.int32(HISTORY + 5), jnp.zeros(1), *history, jnp.zeros(1, bool))
    for lag in range(1, HISTORY):
        assert float(view.opinion_of(lag)[0]) == HISTORY + 5 - lag
        assert float(view.consensus_of(lag)[0]) == lag - HISTORY - 5


HONEST = Population((0, 1, 2), (3, 4, 5, 6), ("a", "b", "c"), ("p", "q", "r", "s"))
PLAYED = Recording(
    jnp.asarray([[[1.0, 2, 3, 4], [5, 0, 0, 5], [0, 0, 0, 0]]]), jnp.asarray([[300.0, 100, 50]]), jnp.ones((1, 4), bool)
)


class Together(NamedTuple):
    """What everybody does, and who is who."""

    cast: Cast
    weights: np.ndarray
    stake: np.ndarray
    reset: np.ndarray
    opinion: np.ndarray


def together(**overlays: Any) -> Together:
    """Return what three recorded validators do with overlays."""
    cast, key, epoch = cast_of(HONEST, overlays), jax.random.key(0), jnp.int32(0)
    nothing = jnp.zeros((HISTORY, cast.num_miners))
    scenario = Scenario(actions=Recorded(), overlays=overlays)
    stake = brought_stake(key, epoch, scenario, cast, PLAYED)
    practice = start_practice(key, scenario, cast, PLAYED)
    _, acted = act(key, epoch, scenario, cast, PLAYED, practice, History(nothing, nothing), stake, None)
    found = jax.tree.map(np.asarray, (acted.weights, stake, acted.reset, acted.opinion))
    return Together(cast, *found)


def test_overlays_hold_their_share_of_the_total_in_equal_parts() -> None:
    made = together(zz=Lazy(stake_share=0.2), cabal=Cabal(stake_share=0.3, num_validators=2))
    assert made.cast.validator_party == ("honest", "honest", "honest", "zz", "cabal", "cabal")
    np.testing.assert_allclose(made.stake / made.stake.sum(), [1 / 3, 1 / 9, 1 / 18, 0.2, 0.15, 0.15], rtol=1e-12)
    np.testing.assert_allclose(made.stake[:3], [300, 100, 50])


def test_newcomers_take_the_next_free_uids() -> None:
    made = together(copier=WeightCopier(), cabal=Cabal(num_validators=2, num_miners=3))
    assert made.cast.population.validator_uid == (0, 1, 2, 7, 8, 9)
    assert made.cast.population.miner_uid == (3, 4, 5, 6, 10, 11, 12)
    assert made.weights.shape == (6, 7)
    assert made.reset.tolist() == [True] * 4 + [False] * 3


@pytest.mark.parametrize("worth", [0.0, 0.25, 1.0])
def test_honest_validators_give_a_cabals_miners_what_they_are_worth(worth: float) -> None:
    made = together(cabal=Cabal(honest_weight=worth, num_miners=2))
    rows = made.weights[:2] / made.weights[:2].sum(axis=1, keepdims=True)
    np.testing.assert_allclose(rows[:, 4:], worth / 2, rtol=1e-12)
    np.testing.assert_allclose(rows[0, :4], (1 - worth) * np.arange(1, 5) / 10, rtol=1e-12)
    assert not made.weights[2].any()  # an empty row stays empty


def test_the_mean_opinion_weighs_honest_rows_by_stake() -> None:
    opinion = together(late=Late()).opinion
    expected = (300 * np.array([0.1, 0.2, 0.3, 0.4]) + 100 * np.array([0.5, 0, 0, 0.5])) / 450
    np.testing.assert_allclose(opinion, expected, rtol=1e-12)


def test_overlays_keep_the_rows_of_their_own_name() -> None:
    made = together(z=Cabal(num_validators=1, num_miners=1), a=Cabal(num_validators=2, num_miners=2))
    np.testing.assert_allclose(made.weights[made.cast.rows_of("z")][:, made.cast.columns_of("z")], 1)
    np.testing.assert_allclose(made.weights[made.cast.rows_of("a")][:, made.cast.columns_of("a")], 0.5)
