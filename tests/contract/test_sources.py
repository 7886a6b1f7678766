"""Every source of actions goes through the same contract."""

import dataclasses
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import slots
from subnet.actions.base import Actions, Recording
from subnet.actions.recorded import Recorded
from subnet.actions.sampled import Sampled
from subnet.actions.two_camps import TwoCamps
from tests.contract.rule_cases import as_arrays

V, M, T = 6, 8, 3


def recording(num_validators: int = V, num_miners: int = M) -> Recording:
    """Return a trace of three epochs; a smaller one is the corner of a larger one."""
    rng = np.random.default_rng(5)
    weights = rng.integers(0, 5, (T, 20, 20)).astype(float)[:, :num_validators, :num_miners]
    stake = rng.random((T, 20))[:, :num_validators] * 100
    return Recording(jnp.asarray(weights), jnp.asarray(stake), jnp.asarray(rng.random((T, 20)) < 0.3)[:, :num_miners])


def sized(cls: type, **more: Any) -> Any:
    """Return a source of a few people, its numbers arrays; its numbers of people are static."""
    names = {f.name for f in dataclasses.fields(cls)}
    sizes = {"num_validators": V, "num_miners": M} if "num_validators" in names else {}
    return as_arrays(cls(**(sizes | more)))


# Sources of work are no function of the epoch alone: see the tests of living networks.
SOURCES = {
    **{kind: sized(cls) for kind in slots.kinds("actions") if hasattr(cls := slots.find("actions", kind), "act")},
    "recorded, noisy": sized(Recorded, weight_noise=0.3),
    "sampled, normal": sized(Sampled, quality_distribution="normal", stake_distribution="normal", drift=0.5),
    "sampled, pareto": sized(Sampled, quality_distribution="pareto", stake_distribution="pareto", quality_spread=2.0),
    "sampled, recorded stake": sized(Sampled, stake_distribution="recorded"),
    "two_camps, no cabal": sized(TwoCamps, honest_stake=1.0),
    "two_camps, only cabal": sized(TwoCamps, honest_stake=0.0),
}
every_source = pytest.mark.parametrize("name", list(SOURCES))


@jax.jit
def act(source: Any, key: jax.Array, epoch: jax.Array, played: Recording) -> Actions:
    return source.act(key, epoch, played)


@cache
def key_of(seed: int) -> jax.Array:
    return jax.random.key(seed)


def draw(source: Any, seed: int = 1, epoch: int = 0, played: Recording | None = None) -> Actions:
    found = act(source, key_of(seed), jnp.int32(epoch), recording() if played is None else played)
    return jax.tree.map(np.asarray, found)


def same(a: Actions, b: Actions) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


@every_source
@pytest.mark.parametrize("epoch", [0, 1, 50])
def test_actions_have_the_stated_shapes_and_ranges(name: str, epoch: int) -> None:
    actions = draw(SOURCES[name], epoch=epoch)
    assert actions.weights.shape == (V, M)
    assert actions.stake.shape == (V,)
    for values in (actions.weights, actions.stake):
        assert np.isfinite(values).all()
        assert (values >= 0).all()
    assert actions.stake.sum() > 0
    assert actions.weights.sum() > 0
    if actions.reset is not None:
        assert actions.reset.shape == (M,)
        assert actions.reset.dtype == bool


@every_source
def test_what_is_known_of_the_people_has_the_stated_shapes(name: str) -> None:
    source, key = SOURCES[name], jax.random.key(0)
    quality = source.quality(key, jnp.int32(3), recording())
    if quality is not None:
        assert quality.shape == (M,)
        assert np.isfinite(np.asarray(quality)).all()
        assert (quality >= 0).all()
    rows, columns = source.adversaries(recording())
    assert (rows.shape, columns.shape) == ((V,), (M,))
    assert rows.dtype == columns.dtype == bool


@every_source
def test_the_same_key_draws_the_same_actions(name: str) -> None:
    source = SOURCES[name]
    assert same(draw(source, seed=3, epoch=2), draw(source, seed=3, epoch=2))
    differs = not same(draw(source, seed=3, epoch=2), draw(source, seed=4, epoch=2))
    assert differs is (name != "recorded")  # a recording without noise knows no luck


@every_source
def test_a_compiled_source_acts_as_it_does_uncompiled(name: str) -> None:
    eager = SOURCES[name].act(key_of(1), jnp.int32(1), recording())
    for a, b in zip(jax.tree.leaves(draw(SOURCES[name], epoch=1)), jax.tree.leaves(eager), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)  # two_camps draws in 32 bits


@every_source
def test_a_batch_of_seeds_draws_what_each_draws_alone(name: str) -> None:
    keys = jax.vmap(jax.random.key)(jnp.arange(3))
    together = jax.jit(jax.vmap(SOURCES[name].act, (0, None, None)))(keys, jnp.int32(1), recording())
    for seed in range(3):
        alone = draw(SOURCES[name], seed=seed, epoch=1)
        for a, b in zip(jax.tree.leaves(together), jax.tree.leaves(alone), strict=True):
            np.testing.assert_allclose(np.asarray(a)[seed], b, rtol=1e-6)


@every_source
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    traced: list[int] = []

    @jax.jit
    def counted(source: Any, key: jax.Array, epoch: jax.Array, played: Recording) -> Actions:
        traced.append(1)
        return source.act(key, epoch, played)

    leaves, structure = jax.tree.flatten(SOURCES[name])
    for k in range(len(leaves) + 1):
        changed = [leaf if n != k else (leaf * 2 + 1).astype(leaf.dtype) for n, leaf in enumerate(leaves)]
        counted(jax.tree.unflatten(structure, changed), key_of(k), jnp.int32(k), recording())
    assert len(traced) == 1


@pytest.mark.parametrize("name", ["recorded", "recorded, noisy", "sampled", "sampled, pareto", "sampled, normal"])
def test_a_new_validator_leaves_the_luck_of_the_others_alone(name: str) -> None:
    source = SOURCES[name]
    more = source if isinstance(source, Recorded) else dataclasses.replace(source, num_validators=V + 3)
    for epoch in (0, 4):
        before, after = draw(source, epoch=epoch), draw(more, epoch=epoch, played=recording(V + 3))
        np.testing.assert_array_equal(after.weights[:V], before.weights)
        np.testing.assert_array_equal(after.stake[:V], before.stake)


@pytest.mark.parametrize("name", ["recorded", "recorded, noisy", "sampled", "sampled, pareto", "sampled, normal"])
def test_a_new_miner_leaves_the_luck_of_the_others_alone(name: str) -> None:
    source = SOURCES[name]
    more = source if isinstance(source, Recorded) else dataclasses.replace(source, num_miners=M + 3)
    for epoch in (0, 30):
        before, after = draw(source, epoch=epoch), draw(more, epoch=epoch, played=recording(V, M + 3))
        np.testing.assert_array_equal(after.stake, before.stake)
        # Rows are divided by their sum, to which the new miner adds: proportions among the others stay.
        first, second = (w[:, :M] / w[:, :M].sum(axis=1, keepdims=True) for w in (before.weights, after.weights))
        np.testing.assert_allclose(second, first, rtol=1e-12)
        key = key_of(1)
        old = source.quality(key, jnp.int32(epoch), recording())
        if old is not None:
            new = more.quality(key, jnp.int32(epoch), recording())
            np.testing.assert_array_equal(np.asarray(new)[:M], np.asarray(old))


def test_a_new_member_of_a_camp_leaves_the_luck_of_the_others_alone() -> None:
    small, large = sized(TwoCamps, num_validators=5), sized(TwoCamps, num_validators=10)
    before, after = draw(small), draw(large)
    np.testing.assert_array_equal(after.weights[:3], before.weights[:3])  # honest in both worlds: 0.6 of 5, of 10
    np.testing.assert_allclose(after.stake[:3] / after.stake[0], before.stake[:3] / before.stake[0], rtol=1e-12)


@pytest.mark.parametrize("epoch", [0, 1, 2, 3, 100])
def test_a_trace_is_replayed_and_stays_at_its_last_epoch(epoch: int) -> None:
    actions, trace = draw(SOURCES["recorded"], epoch=epoch), recording()
    t = min(epoch, T - 1)
    assert trace.weights is not None
    assert trace.stake is not None
    assert trace.reset is not None
    np.testing.assert_array_equal(actions.weights, trace.weights[t])
    np.testing.assert_array_equal(actions.stake, trace.stake[t])
    np.testing.assert_array_equal(actions.reset, trace.reset[t])


def test_noise_moves_recorded_weights_but_makes_none_and_spares_stake() -> None:
    plain, noisy = draw(SOURCES["recorded"]), draw(SOURCES["recorded, noisy"])
    np.testing.assert_array_equal(noisy.weights == 0, plain.weights == 0)
    assert (noisy.weights != plain.weights)[plain.weights > 0].all()
    np.testing.assert_array_equal(noisy.stake, plain.stake)


def test_noise_on_a_recording_is_drawn_anew_each_epoch() -> None:
    assert not same(draw(SOURCES["recorded, noisy"], epoch=T), draw(SOURCES["recorded, noisy"], epoch=T + 1))


def test_validators_without_noise_agree_and_see_true_quality() -> None:
    source = sized(Sampled, validator_noise=0.0)
    weights = draw(source).weights
    quality = np.asarray(source.quality(key_of(1), jnp.int32(0), recording()))
    np.testing.assert_allclose(weights, np.tile(quality / quality.sum(), (V, 1)), rtol=1e-12)


def test_quality_moves_between_regimes_and_not_within() -> None:
    source, key = sized(Sampled, drift=0.5, regime_epochs=10), key_of(1)
    q = [np.asarray(source.quality(key, jnp.int32(epoch), recording())) for epoch in (0, 9, 10, 19, 20)]
    np.testing.assert_array_equal(q[0], q[1])
    np.testing.assert_array_equal(q[2], q[3])
    assert (q[1] != q[2]).all()
    assert (q[3] != q[4]).all()


def test_quality_without_drift_stays() -> None:
    source, key = sized(Sampled, regime_epochs=1), key_of(1)
    first, later = (np.asarray(source.quality(key, jnp.int32(e), recording())) for e in (0, 50))
    np.testing.assert_array_equal(first, later)


def test_sampled_stake_stays_and_opinions_are_new_each_epoch() -> None:
    first, later = draw(SOURCES["sampled"], epoch=0), draw(SOURCES["sampled"], epoch=7)
    np.testing.assert_array_equal(first.stake, later.stake)
    assert (first.weights != later.weights).any(axis=1).all()


def test_stake_drawn_from_a_recording_is_somebodys_stake() -> None:
    played = recording()
    assert played.stake is not None
    assert set(draw(SOURCES["sampled, recorded stake"]).stake) <= set(np.asarray(played.stake[0]))


def test_camps_weight_and_hold_what_the_game_says() -> None:
    source = sized(TwoCamps, num_validators=10, num_miners=10, honest_utility=0.7, cabal_self_weight=0.9)
    actions = draw(source)
    rows, columns = (np.asarray(x) for x in source.adversaries(recording()))
    assert (rows.sum(), columns.sum()) == (4, 4)
    np.testing.assert_allclose(actions.weights.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(actions.weights[~rows][:, ~columns].sum(axis=1), 0.7, rtol=1e-6)
    np.testing.assert_allclose(actions.weights[rows][:, columns].sum(axis=1), 0.9, rtol=1e-6)
    np.testing.assert_allclose([actions.stake[~rows].sum(), actions.stake.sum()], [0.6, 1], rtol=1e-6)


def test_the_game_of_camps_has_one_epoch() -> None:
    assert same(draw(SOURCES["two_camps"], epoch=0), draw(SOURCES["two_camps"], epoch=9))


@pytest.mark.parametrize(("honest_stake", "honest"), [(0.55, 11), (0.6, 12), (0.65, 13), (0.7, 14), (0.999, 19)])
def test_camps_are_divided_at_the_decimal_share_rounded_down(honest_stake: float, honest: int) -> None:
    rows, _ = sized(TwoCamps, num_validators=20, honest_stake=honest_stake).adversaries(recording())
    assert int((~rows).sum()) == honest
