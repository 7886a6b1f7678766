"""Every strategy of a miner goes through the same contract."""

import dataclasses
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from miners.models.linear import Linear
from miners.strategies.colluder import Colluder
from miners.strategies.copier import Copier
from miners.strategies.hoarder import Hoarder
from miners.strategies.lazy import Lazy
from miners.strategies.overfitter import Overfitter
from miners.strategies.poisoner import Poisoner
from miners.strategies.stale import Stale
from miners.strategies.sybil import Sybil
from miners.training import Skill, Training
from miners.view import REVEALED, MinerView, Published
from subnet.tasks.base import TaskData
from subnet.tasks.regimes import Regimes
from subnet.work.batches import batches
from subnet.work.birth import Crew
from subnet.work.cohorts import cohorts
from subnet.work.population import Party
from subnet.work.submissions import Revealed, Workshop, hand_in
from subnet.work.trained import Trained
from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented

KINDS = rules_in("miners.strategies")
STRATEGIES: dict[str, Any] = {
    **{kind: cls() for kind, cls in KINDS.items()},
    "copier, lag 4": Copier(lag=4, noise=0.5),
    "lazy, no effort": Lazy(effort=0.0),
    "colluder, half": Colluder(effort=0.5),
    "stale, by one": Stale(delay=1),
    "hoarder, no margin": Hoarder(margin=0.0),
}
every_strategy = pytest.mark.parametrize("name", STRATEGIES)
KEY = jax.random.key(3)
EPOCHS = 12
SIDE = {"model", "training", "count", "kind"}  # keys that stand beside a strategy's own in a config


def reads_published(strategy: Any) -> bool:
    return getattr(strategy, "reads_published", False)


@cache
def params_at(epoch: int) -> Any:
    """Return the parameters that a miner has trained by an epoch: a matrix, a vector and a single number."""
    rng = np.random.default_rng(epoch)
    return {
        "a": jnp.asarray(rng.normal(size=(3, 2)), jnp.float32),
        "b": jnp.asarray(rng.normal(size=4), jnp.float32),
        "c": jnp.asarray(rng.normal(), jnp.float32),
    }


@cache
def published() -> Published:
    """Return what others have revealed: in every epoch something else; its own loss leads by a little."""
    ring = jax.tree.map(lambda *rows: jnp.stack(rows), *(params_at(100 + k) for k in range(REVEALED)))
    losses = jnp.linspace(0.5, 1.5, REVEALED, dtype=jnp.float32)
    return Published(ring, losses, jnp.float32(0.4), jnp.float32(0.41))


def view_at(strategy: Any, epoch: int) -> MinerView:
    """Return the view of a miner that follows `strategy`."""
    return MinerView(jnp.int32(epoch), params_at(epoch), published() if reads_published(strategy) else None)


def played(strategy: Any, submit: Any) -> list[Any]:
    """Return what is submitted in each epoch, and at last the memory."""
    memory, found = strategy.init(params_at(0)), []
    for epoch in range(1, EPOCHS):
        memory, shown = submit(strategy, jax.random.fold_in(KEY, epoch), view_at(strategy, epoch), memory)
        found.append(shown)
    return [*found, memory]


def _submit(strategy: Any, key: jax.Array, view: MinerView, memory: Any) -> Any:
    return strategy.submit(key, view, memory)


submit = jax.jit(_submit)


def skill(**numbers: float) -> Skill:
    """Return a miner's skill as it is born."""
    usual = {"steps": 7, "learning_rate": 0.3, "label_noise": 0.1, "flipped": 0, "leaked": 0, "data_share": 0.25}
    return Skill(**{name: jnp.float32(x) for name, x in (usual | numbers).items()})


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(strategy) for strategy in STRATEGIES.values()} == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_has_a_range_and_a_description(kind: str) -> None:
    assert not undocumented(KINDS[kind])
    assert not SIDE & {field.name for field in dataclasses.fields(KINDS[kind])}
    assert KINDS[kind].__doc__


@every_strategy
def test_a_compiled_strategy_does_what_it_does_uncompiled(name: str) -> None:
    strategy = as_arrays(STRATEGIES[name])
    assert_trees_close(played(strategy, submit), played(strategy, _submit), rtol=1e-6, atol=1e-6)
    assert_trees_close(jax.jit(type(strategy).plan)(strategy, skill()), strategy.plan(skill()), rtol=1e-6)


@every_strategy
def test_a_batch_of_miners_does_what_each_does_alone(name: str) -> None:
    strategy, miners = as_arrays(STRATEGIES[name]), [5, 6, 7]
    keys = jnp.stack([jax.random.fold_in(KEY, k) for k in miners])
    own = jax.tree.map(lambda *x: jnp.stack(x), *(params_at(k) for k in miners))
    memory = jax.vmap(strategy.init)(own)
    epoch, shown = jnp.int32(5), published() if reads_published(strategy) else None
    batched = jax.jit(jax.vmap(lambda k, p, m: strategy.submit(k, MinerView(epoch, p, shown), m)))(keys, own, memory)
    for row, k in enumerate(miners):
        view = MinerView(epoch, params_at(k), shown)
        alone = submit(strategy, keys[row], view, strategy.init(params_at(k)))
        assert_trees_close(jax.tree.map(lambda x, row=row: x[row], batched), alone, rtol=1e-6, atol=1e-6)


@every_strategy
def test_submissions_and_memory_keep_their_structure_shapes_and_types(name: str) -> None:
    strategy = as_arrays(STRATEGIES[name])

    def described(tree: Any) -> Any:
        return jax.tree.structure(tree), [(x.shape, x.dtype) for x in jax.tree.leaves(tree)]

    *submitted, memory = played(strategy, submit)
    assert described(memory) == described(strategy.init(params_at(0)))
    for shown in submitted:
        assert described(shown) == described(params_at(0))
    planned = strategy.plan(skill())
    assert described(planned) == described(skill())


@every_strategy
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    strategy = as_arrays(STRATEGIES[name])
    compiled, traces = counted(_submit)
    for k, factor in enumerate((1.0, 0.9)):
        compiled(shifted(STRATEGIES[name], factor), KEY, view_at(strategy, 5 + k), strategy.init(params_at(k)))
    assert len(traces) == 1


@every_strategy
@pytest.mark.parametrize("steps", [0, 1, 2, 7])
def test_a_plan_never_exceeds_the_budget_a_miner_was_born_with(name: str, steps: int) -> None:
    strategy, born = as_arrays(STRATEGIES[name]), skill(steps=steps)
    planned = strategy.plan(born)
    assert 0 <= planned.steps <= born.steps
    assert planned.steps == jnp.round(planned.steps)
    assert 0 <= planned.learning_rate <= born.learning_rate
    assert (planned.label_noise, planned.data_share) == (born.label_noise, born.data_share)
    assert 0 <= planned.flipped <= 1
    assert 0 <= planned.leaked <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_only_who_says_so_trains_on_the_hold_out(kind: str) -> None:
    strategy = as_arrays(KINDS[kind]())
    says = getattr(strategy, "sees_holdout", False)
    assert bool(strategy.plan(skill()).leaked > 0) is says
    source = network({"party": strategy})
    (cohort,) = cohorts(source)
    assert cohort.sees_holdout is says


def network(strategies: dict[str, Any], count: int = 2) -> Trained:
    """Return a network of tiny miners, `count` of each strategy."""
    parties = {name: Party(s, count * getattr(s, "identities", 1)) for name, s in strategies.items()}
    return Trained(task=TASK, model=Linear(), training=Training(steps=1, batch=8), miners=parties)


TASK = Regimes(num_styles=1, num_classes=2, num_features=4, rows_per_style=20, demand_spread=0.0)


def crew(count: int, leaked: float = 0.0) -> Crew:
    """Return miners with different parameters who own all rows, every label of them right."""
    keys = jnp.stack([jax.random.key(k) for k in range(count)])
    params = jax.jit(jax.vmap(lambda k: Linear().init(k, TASK.signature())))(keys)
    skills = jax.tree.map(lambda x: jnp.broadcast_to(x, (count,)), skill(leaked=leaked))
    rows = jnp.broadcast_to(jnp.arange(16), (count, 16))
    return Crew(params, (), skills, rows, jnp.full(count, 16), jnp.zeros((count, 16), jnp.float32))


def test_a_batch_without_leaks_never_touches_the_hold_out() -> None:
    data = TASK.load()
    hidden: Any = TaskData(data.train_x, data.train_y, data.train_group, None, None, None)
    own = jax.tree.map(lambda x: x[0], crew(1))
    x, _ = jax.jit(batches(KEY, jnp.int32(0), TASK, hidden, own, 8, sees_holdout=False))(KEY)
    known = {row.tobytes() for row in data.train_x}
    assert all(np.asarray(row).tobytes() in known for row in x)


@partial(jax.jit, static_argnums=1)
def leaky(own: Crew, size: int) -> tuple[jax.Array, ...]:
    """Return a large batch into which the hold-out leaks, and the hold-out."""
    data, epoch = TASK.load(), jnp.int32(0)
    return *batches(KEY, epoch, TASK, data, own, size, sees_holdout=True)(KEY), *TASK.holdout(KEY, epoch, data)


@pytest.mark.parametrize("leaked", [0.0, 0.3, 1.0])
def test_the_stated_share_of_a_batch_leaks_from_the_hold_out(leaked: float) -> None:
    size = 4000
    x, y, hidden_x, hidden_y = (np.asarray(part) for part in leaky(jax.tree.map(lambda x: x[0], crew(1, leaked)), size))
    place = {row.tobytes(): k for k, row in enumerate(hidden_x)}
    found = [place.get(np.asarray(row).tobytes()) for row in x]
    share = np.mean([k is not None for k in found])
    assert abs(share - leaked) <= 4 * np.sqrt(leaked * (1 - leaked) / size)
    assert all(y[row] == hidden_y[k] for row, k in enumerate(found) if k is not None)


@cache
def everybody() -> tuple[Trained, Workshop]:
    """Return a network of all strategies, and its workshop in the midst of things."""
    source = network({kind: as_arrays(cls()) for kind, cls in KINDS.items()})
    crews, memory = [], {}
    for cohort in cohorts(source):
        made = crew(cohort.size)
        crews.append(made)
        for name, first, count in cohort.members:
            older = jax.tree.map(lambda x, a=first, b=first + count: x[a:b] / 2, made.params)
            memory[name] = jax.vmap(source.miners[name].strategy.init)(older)
    ring = jax.tree.map(lambda p: jnp.stack([p[0] * k for k in range(REVEALED)]), crews[0].params)
    losses = {name: jnp.full(party.count, 0.5, jnp.float32) for name, party in source.miners.items()}
    return source, Workshop(tuple(crews), memory, (Revealed(ring, jnp.ones(REVEALED, jnp.float32)),), losses)


@cache
def submissions() -> tuple[Any, Any]:
    """Return what everybody submits, and what they would submit had others revealed something else."""
    source, workshop = everybody()
    other = Revealed(jax.tree.map(lambda p: p + 1, workshop.revealed[0].params), jnp.full(REVEALED, 0.1, jnp.float32))
    losses = workshop.loss | {"hoarder": jnp.array([0.1, 0.2], jnp.float32)}  # one of the hoarders leads
    changed = workshop._replace(revealed=(other,), loss=losses)
    compiled = jax.jit(lambda w: hand_in(KEY, jnp.int32(6), source, w)[1])
    return compiled(workshop), compiled(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_revealed_matters_to_nobody_but_those_who_say_that_they_read_it(kind: str) -> None:
    before, after = (jax.tree.leaves(found[kind]) for found in submissions())
    same = all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
    assert same is not reads_published(KINDS[kind]())


def test_who_claims_to_read_nothing_is_shown_nothing() -> None:
    with pytest.raises(AssertionError):
        Copier().submit(KEY, MinerView(jnp.int32(3), params_at(3), None), ())


def test_honest_lazy_poisoning_and_overfitting_miners_hand_in_what_they_have() -> None:
    for name in ("honest", "lazy", "colluder", "poisoner", "overfitter"):
        for epoch, shown in enumerate(played(as_arrays(STRATEGIES[name]), submit)[:-1], start=1):
            assert_trees_close(shown, params_at(epoch))


@pytest.mark.parametrize("delay", [1, 3, 8])
def test_a_stale_submission_is_the_model_of_exactly_so_many_epochs_ago(delay: int) -> None:
    submitted = played(Stale(delay=delay), submit)[:-1]
    for epoch, shown in enumerate(submitted, start=1):
        assert_trees_close(shown, params_at(max(epoch - delay, 0)))


@pytest.mark.parametrize("lag", range(1, REVEALED))
def test_a_copier_without_noise_submits_the_best_of_a_lag_ago(lag: int) -> None:
    strategy = as_arrays(Copier(lag=lag, noise=0.0))
    for epoch in (lag, 40):
        _, shown = submit(strategy, KEY, view_at(strategy, epoch), ())
        expected = jax.tree.map(lambda ring, row=(epoch - lag) % REVEALED: ring[row], published().revealed)
        assert_trees_close(shown, expected)
    _, early = submit(strategy, KEY, view_at(strategy, lag - 1), ())
    assert_trees_close(early, params_at(lag - 1))


def test_a_copier_does_not_copy_an_epoch_in_which_nobody_submitted() -> None:
    strategy, nobody = as_arrays(Copier(noise=0.0)), published()._replace(revealed_loss=jnp.full(REVEALED, jnp.inf))
    _, shown = submit(strategy, KEY, MinerView(jnp.int32(5), params_at(5), nobody), ())
    assert_trees_close(shown, params_at(5))


@pytest.mark.parametrize("noise", [0.0, 0.02, 1.0])
@pytest.mark.parametrize("name", ["copier", "sybil"])
def test_noise_is_relative_to_the_size_of_the_parameters_and_each_uids_own(name: str, noise: float) -> None:
    strategy = as_arrays(dataclasses.replace(STRATEGIES[name], noise=noise))
    big = {"a": jnp.full((50, 50), 3.0, jnp.float32), "b": jnp.full(2500, 0.1, jnp.float32)}
    ring = jax.tree.map(lambda leaf: jnp.stack([leaf] * REVEALED), big)
    others = published()._replace(revealed=ring) if reads_published(strategy) else None
    view = MinerView(jnp.int32(20), big, others)
    one, two = (strategy.submit(jax.random.key(k), view, ())[1] for k in (0, 1))
    for leaf, size in (("a", 3.0), ("b", 0.1)):
        off = np.asarray(one[leaf] - big[leaf])
        np.testing.assert_allclose(off.std(), noise * size, rtol=0.05, atol=1e-7)
        assert (noise == 0) == np.array_equal(one[leaf], two[leaf])


@pytest.mark.parametrize(("own", "rival", "margin", "keeps"), [(0.4, 0.5, 0.05, True), (0.4, 0.41, 0.05, False)])
def test_a_hoarder_keeps_what_it_has_while_its_lead_is_above_the_margin(
    own: float, rival: float, margin: float, keeps: bool
) -> None:
    known = published()._replace(own_loss=jnp.float32(own), rival_loss=jnp.float32(rival))
    view = MinerView(jnp.int32(4), params_at(4), known)
    memory, shown = Hoarder(margin=margin).submit(KEY, view, params_at(1))
    assert_trees_close(shown, params_at(1 if keeps else 4))
    assert_trees_close(memory, shown)


def test_a_hoarder_shows_its_model_before_anything_was_published() -> None:
    unknown = published()._replace(own_loss=jnp.float32(jnp.inf), rival_loss=jnp.float32(jnp.inf))
    _, shown = Hoarder().submit(KEY, MinerView(jnp.int32(0), params_at(4), unknown), params_at(1))
    assert_trees_close(shown, params_at(4))


@pytest.mark.parametrize(("effort", "steps", "made"), [(1.0, 7, 7), (0.5, 7, 4), (0.1, 7, 1), (0.0, 7, 0)])
def test_a_lazy_miner_makes_its_share_of_steps_the_broken_one_shorter(effort: float, steps: int, made: int) -> None:
    planned = Lazy(effort=effort).plan(skill(steps=steps))
    assert planned.steps == made
    moved = float(planned.steps * planned.learning_rate)
    np.testing.assert_allclose(moved, effort * steps * 0.3, rtol=1e-6)


def test_poison_and_leaks_are_as_strong_as_stated() -> None:
    assert Poisoner(flipped=0.7).plan(skill()).flipped == jnp.float32(0.7)
    assert Overfitter(leaked=0.2).plan(skill()).leaked == jnp.float32(0.2)
    assert Sybil(identities=3).identities == 3
