"""Every strategy that hands in an order of its own goes through the same contract."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import spearmanr

from miners.answers import AnswerView
from miners.models.linear import Linear
from miners.models.mlp import Mlp
from miners.signature import Signature
from miners.strategies.benchmark import Benchmark
from miners.strategies.benchmark_copier import BenchmarkCopier
from miners.strategies.gambler import Gambler
from miners.strategies.hedger import Hedger
from miners.strategies.sybil import Sybil
from miners.view import MinerView
from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted

KINDS = rules_in("miners.strategies")
RANKING: dict[str, Any] = {
    **{kind: cls() for kind, cls in KINDS.items() if hasattr(cls, "answer")},
    "gambler, restless": Gambler(switch_every=1),
    "benchmark_copier, noisy": BenchmarkCopier(noise=1.0),
    "hedger, four": Hedger(identities=4),
}
every_order = pytest.mark.parametrize("name", RANKING)
STOCKS, FEATURES = 400, 12
KEY = jax.random.key(8)


def view_at(epoch: int, place: int = 0) -> AnswerView:
    """Return what a uid knows in an epoch; its model and the benchmark have nothing in common."""
    rng = np.random.default_rng(epoch)
    bins = rng.integers(-2, 3, (STOCKS, FEATURES)) / np.sqrt(2)
    own, benchmark = rng.normal(size=(2, STOCKS))
    numbers = (jnp.asarray(x, jnp.float32) for x in (own, bins, benchmark))
    return AnswerView(jnp.int32(epoch), *numbers, place=jnp.int32(place))


def _answer(strategy: Any, key: jax.Array, view: AnswerView) -> jax.Array:
    found: jax.Array = strategy.answer(key, view)
    return found


answer = jax.jit(_answer)


def similarity(a: Any, b: Any) -> float:
    """Return Spearman's correlation."""
    return float(spearmanr(np.asarray(a), np.asarray(b)).statistic)


def feature_of(order: jax.Array, view: AnswerView) -> tuple[int, int]:
    """Return the one feature that an order is of, and its direction."""
    (found,) = [
        (k, sign)
        for k in range(FEATURES)
        for sign in (1, -1)
        if np.array_equal(np.asarray(order), sign * np.asarray(view.features[:, k]))
    ]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_who_answers_with_an_order_of_its_own_says_so(kind: str) -> None:
    assert getattr(KINDS[kind], "ranks", False) is hasattr(KINDS[kind], "answer")


@every_order
def test_a_compiled_answer_is_the_uncompiled_one(name: str) -> None:
    strategy = as_arrays(RANKING[name])
    for epoch in (0, 21):
        view = view_at(epoch, place=1)
        found = answer(strategy, KEY, view)
        assert (found.shape, found.dtype) == ((STOCKS,), jnp.float32)
        assert jnp.isfinite(found).all()
        assert_trees_close(found, _answer(strategy, KEY, view), rtol=1e-6, atol=1e-6)


@every_order
def test_a_batch_of_uids_answers_as_each_does_alone(name: str) -> None:
    strategy, views = as_arrays(RANKING[name]), [view_at(20 + k, place=k) for k in range(3)]
    keys = jnp.stack([jax.random.fold_in(KEY, k) for k in range(3)])
    together = jax.jit(jax.vmap(strategy.answer))(keys, jax.tree.map(lambda *x: jnp.stack(x), *views))
    for k, view in enumerate(views):
        assert_trees_close(together[k], answer(strategy, keys[k], view), rtol=1e-6, atol=1e-6)


@every_order
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    once, traces = counted(_answer)
    for k, factor in enumerate((1.0, 0.9)):
        once(shifted(RANKING[name], factor), KEY, view_at(k, place=k))
    assert len(traces) == 1


def test_only_a_benchmark_is_public() -> None:
    assert [kind for kind, cls in KINDS.items() if getattr(cls, "public", False)] == ["benchmark"]
    assert getattr(Benchmark, "trains", True)


def test_a_copy_has_the_order_of_the_benchmark_and_is_nobody_elses() -> None:
    view = view_at(3)
    copies = [answer(BenchmarkCopier(), jax.random.key(k), view) for k in range(2)]
    assert min(similarity(copy, view.benchmark) for copy in copies) > 0.99
    assert not np.array_equal(*copies)
    later = answer(BenchmarkCopier(), jax.random.key(0), view._replace(epoch=jnp.int32(4)))
    assert not np.array_equal(copies[0], later)


@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("scale", [1.0, 1e-3])
def test_a_copys_noise_is_relative_to_the_spread_of_the_benchmark(noise: float, scale: float) -> None:
    view = view_at(3)._replace(benchmark=scale * jax.random.normal(KEY, (20_000,), jnp.float32))
    off = answer(as_arrays(BenchmarkCopier(noise=noise)), KEY, view._replace(own=view.benchmark)) - view.benchmark
    np.testing.assert_allclose(off.std(), noise * scale, rtol=0.02, atol=1e-9)


def test_without_a_benchmark_a_copier_answers_with_its_untrained_model() -> None:
    view = view_at(3)._replace(benchmark=jnp.zeros(STOCKS, jnp.float32))
    np.testing.assert_array_equal(answer(BenchmarkCopier(noise=1.0), KEY, view), view.own)


def test_a_hedgers_answers_cancel_and_further_identities_take_turns() -> None:
    answers = [answer(Hedger(identities=4), jax.random.key(k), view_at(3, place=k)) for k in range(4)]
    np.testing.assert_array_equal(answers[0], view_at(3).own)
    np.testing.assert_array_equal(answers[0] + answers[1], 0)
    np.testing.assert_array_equal(answers[2:], answers[:2])


@pytest.mark.parametrize("every", [20, 7])
def test_a_gamblers_order_is_that_of_one_feature_until_it_switches(every: int) -> None:
    strategy, keys = as_arrays(Gambler(switch_every=every)), [jax.random.fold_in(KEY, k) for k in range(40)]
    views = [view_at(epoch) for epoch in (every, 2 * every - 1, 2 * every)]
    first, last, next_ = ([feature_of(answer(strategy, key, view), view) for key in keys] for view in views)
    assert first == last
    changed = np.mean([a != b for a, b in zip(last, next_, strict=True)])
    assert changed > 0.8  # 23 of 24 choices are others
    assert {sign for _, sign in first} == {1, -1}
    assert len({feature for feature, _ in first}) > FEATURES / 2


@pytest.mark.parametrize("model", [Linear(), Mlp()], ids=["linear", "mlp"])
def test_the_noise_of_a_sybils_parameters_makes_every_order_its_own_and_keeps_it_close(model: Any) -> None:
    params = model.init(KEY, Signature((FEATURES,), 1))
    view, x = MinerView(jnp.int32(0), params, None), view_at(0).features
    one, two = (model.apply(Sybil().submit(jax.random.key(k), view, ())[1], x)[:, 0] for k in range(2))
    assert 0.95 < similarity(one, two) < 1
