"""How miners come into the world: untrained, with skill and data of their own."""

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.training import Skill
from subnet.keys import Stream
from subnet.tasks._shards import deal
from subnet.tasks.base import TaskData
from subnet.work.cohorts import Cohort, by_cohort, cohorts, models, party_keys
from subnet.work.population import training_of

__all__ = ["Crew", "born"]

_TARGET_SHARES = (0.05, 0.25, 0.75, 0.95)  # of rows below each boundary between the five values of a target


class Crew(NamedTuple):
    """One cohort's miners, leading axis its operators: models, optimisers, skill, data.

    `rows` [n, R] are the training rows (or parcels of them) in the order of their deal, of which the first `owned` [n]
    belong to the miner; `shift` [n, R] is added to their labels: 0 for clean ones, NaN for ones turned round.
    """

    params: Any
    optimiser: Any
    skill: Skill
    rows: jax.Array
    owned: jax.Array
    shift: jax.Array


class _Newborn(NamedTuple):
    """What a miner is born with whatever its model; leading axis operators, cohort after cohort."""

    params_key: jax.Array
    skill: Skill
    rows: jax.Array
    owned: jax.Array
    shift: jax.Array


def born(key: jax.Array, source: Any, data: TaskData, generations: tuple[jax.Array, ...]) -> tuple[Crew, ...]:
    """Return everybody as they are born; `generations` [n] per cohort count how often each place was taken."""
    groups, signature = cohorts(source), source.task.signature()
    newborn = _newborns(key, source, data, groups, jnp.concatenate(generations))
    parts = by_cohort(newborn, groups)
    start: dict[int, Any] = {}
    for model in models(source):  # cohorts with one model are born together: their initial draw is compiled once
        alike = [k for k, cohort in enumerate(groups) if cohort.model == model]
        keys = jnp.concatenate([parts[k].params_key for k in alike])
        params = jax.vmap(lambda k, model=model: model.init(k, signature))(keys)
        start |= dict(zip(alike, by_cohort(params, [groups[k] for k in alike]), strict=True))
    return tuple(
        Crew(start[k], jax.vmap(cohort.training.rule().init)(start[k]), own.skill, own.rows, own.owned, own.shift)
        for k, (cohort, own) in enumerate(zip(groups, parts, strict=True))
    )


def _newborns(
    key: jax.Array, source: Any, data: TaskData, groups: tuple[Cohort, ...], generation: jax.Array
) -> _Newborn:
    """Draw skill and data of everybody in one batch: what is drawn compiles slowly, so it is written once."""
    task, signature = source.task, source.task.signature()
    classes = signature.vocabulary or signature.num_outputs
    members = [(name, count) for cohort in groups for name, _, count in cohort.members]
    keys = jnp.concatenate([party_keys(key, Stream.BIRTH, name, count) for name, count in members])
    keys = jax.vmap(jax.random.fold_in)(keys, generation)
    skill, skew = _skills(source, members, keys)

    def one(k: jax.Array, skill: Skill, skew: jax.Array) -> _Newborn:
        rows, owned = deal(jax.random.fold_in(k, 2), data.train_group, task.num_groups(), skill.data_share, skew)
        shift = _label_shift(jax.random.fold_in(k, 3), rows.shape[0], skill, classes, task.predicts)
        return _Newborn(jax.random.fold_in(k, 0), skill, rows, owned, shift)

    return jax.vmap(one)(keys, skill, skew)


def _skills(source: Any, members: list[tuple[str, int]], keys: jax.Array) -> tuple[Skill, jax.Array]:
    """Return everybody's skill as its strategy plans it, and the label skew of its party's training, [n] each."""
    trainings = [(training_of(source.miners[name], source.training), count) for name, count in members]
    # Static choices do not matter to what is drawn, but must agree in a batch; the budget of steps is an array.
    common = [dataclasses.replace(t, steps=1, batch=1, optimiser="sgd") for t, _ in trainings]
    batch = jax.tree.map(
        lambda *values: jnp.concatenate([jnp.full(n, v) for v, (_, n) in zip(values, trainings, strict=True)]), *common
    )
    budget = jnp.concatenate([jnp.full(n, t.steps, jnp.float32) for t, n in trainings])
    drawn = jax.vmap(lambda training, k, steps: training.draw(jax.random.fold_in(k, 1), steps))(batch, keys, budget)
    plans, first = [], 0
    for name, count in members:
        own = jax.tree.map(lambda x, a=first, b=first + count: x[a:b], drawn)
        plans.append(jax.vmap(source.miners[name].strategy.plan)(own))
        first += count
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), *plans), batch.skew


def _label_shift(key: jax.Array, count: int, skill: Skill, classes: int, predicts: str) -> jax.Array:
    """Return what is wrong with each row's label [R]; the same rows are wrong throughout a miner's life."""
    u = jax.random.uniform(key, (3, count), minval=1e-7)
    if predicts == "classes":
        value = 1 + jnp.floor(u[0] * (max(classes, 2) - 1))
    elif predicts == "ranking":  # somebody else's target, which is not a little wrong but says nothing
        value = 1 + jnp.searchsorted(jnp.array(_TARGET_SHARES), u[0]) / len(_TARGET_SHARES)
    else:
        value = jax.scipy.stats.norm.ppf(u[0])
    noisy, flipped = u[1] < skill.label_noise, u[2] < skill.flipped
    return jnp.where(flipped, jnp.nan, jnp.where(noisy, value, 0)).astype(jnp.float32)
