"""How miners work: training, and handing in; what others can then read."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.training import train
from miners.view import REVEALED, MinerView, Published
from subnet.keys import Stream, stream
from subnet.spare import with_spare_devices
from subnet.tasks.base import TaskData, task_loss
from subnet.work.batches import batches
from subnet.work.birth import Crew, born
from subnet.work.cohorts import Cohort, cohorts, models, names_with, of_uids, party_keys
from subnet.work.population import Party

__all__ = ["Revealed", "Workshop", "hand_in", "open_workshop", "remember_best", "train_all"]


class Revealed(NamedTuple):
    """The best submission with one model in each of the last epochs, [REVEALED, ...], and its published loss."""

    params: Any
    loss: jax.Array


class Workshop(NamedTuple):
    """All that miners carry from epoch to epoch.

    `crews` by cohort; `memory` by party, of its uids; `revealed` by model; `loss` [count] by party, as published in the
    last epoch, infinite before the first.
    """

    crews: tuple[Crew, ...]
    memory: dict[str, Any]
    revealed: tuple[Revealed, ...]
    loss: dict[str, jax.Array]


def open_workshop(key: jax.Array, source: Any, data: TaskData) -> Workshop:
    """Return everybody untrained, with data of their own.

    Args:
        key: the run's.
        source: the network's `Trained` source.
        data: of its task.
    """
    groups = cohorts(source)
    crews = born(key, source, data, tuple(jnp.zeros(cohort.size, jnp.int32) for cohort in groups))
    seen = []
    for model in models(source):
        some = next(crew for crew, cohort in zip(crews, groups, strict=True) if cohort.model == model)
        ring = jax.tree.map(lambda p: jnp.broadcast_to(p[0], (REVEALED, *p.shape[1:])), some.params)
        seen.append(Revealed(ring, jnp.full(REVEALED, jnp.inf, jnp.float32)))
    memory: dict[str, Any] = {}
    for cohort, crew in zip(groups, crews, strict=True):
        memory |= _blank(source, cohort, crew)
    loss = {name: jnp.full(party.count, jnp.inf, jnp.float32) for name, party in source.miners.items()}
    return Workshop(crews, memory, tuple(seen), loss)


def train_all(
    key: jax.Array,
    epoch: jax.Array,
    source: Any,
    data: TaskData,
    workshop: Workshop,
    newcomer: dict[str, jax.Array] | None,
) -> Workshop:
    """Put newcomers in their seats, then train everybody.

    Args:
        key: the run's.
        epoch: [].
        source: the network's `Trained` source.
        data: of its task.
        workshop: of the last epoch.
        newcomer: by party, the generation of each uid [count] taken since the last epoch, 0 elsewhere; None where
            nobody can join.
    """
    if newcomer is not None:
        workshop = _with_newcomers(key, source, data, workshop, newcomer)
    pairs = zip(cohorts(source), workshop.crews, strict=True)
    return workshop._replace(crews=tuple(_trained(key, epoch, source, data, cohort, crew) for cohort, crew in pairs))


def hand_in(key: jax.Array, epoch: jax.Array, source: Any, workshop: Workshop) -> tuple[Workshop, dict[str, Any]]:
    """Return the workshop, and what each party's uids submit: parameters [count, ...] by party."""
    memory, submitted = {}, {}
    for cohort, crew in zip(cohorts(source), workshop.crews, strict=True):
        for name, first, count in cohort.members:
            party = source.miners[name]
            keys = party_keys(key, Stream.SUBMIT, name, party.count, epoch)
            own = of_uids(crew.params, first, count, party)
            memory[name], submitted[name] = _handed_in(
                epoch, party, keys, own, workshop.memory[name], _published(workshop, source, cohort.model, name)
            )
    return workshop._replace(memory=memory), submitted


def remember_best(
    epoch: jax.Array, source: Any, workshop: Workshop, submitted: dict[str, Any], loss: dict[str, jax.Array]
) -> Workshop:
    """Publish this epoch's losses, and keep the best submission with each model for those who copy."""
    row, kept = epoch % REVEALED, []
    for kind, model in enumerate(models(source)):
        names = names_with(source, model)
        lowest = jnp.stack([loss[n].min() for n in names])
        best = [_entry(submitted[n], loss[n].argmin()) for n in names]
        winner = _entry(jax.tree.map(lambda *options: jnp.stack(options), *best), lowest.argmin())
        past = workshop.revealed[kind]
        ring = jax.tree.map(lambda r, new: r.at[row].set(new), past.params, winner)
        kept.append(Revealed(ring, past.loss.at[row].set(lowest.min())))
    return workshop._replace(revealed=tuple(kept), loss=loss)


def _handed_in(
    epoch: jax.Array, party: Party, keys: jax.Array, own: Any, memory: Any, published: Published
) -> tuple[Any, Any]:
    """Return a party's memory and submissions; its strategy is shown what it says it reads, and nothing else."""
    reads = getattr(party.strategy, "reads_published", False)

    def submit(key: jax.Array, own: Any, memory: Any, own_loss: jax.Array, rival_loss: jax.Array) -> tuple[Any, Any]:
        shown = published._replace(own_loss=own_loss, rival_loss=rival_loss) if reads else None
        found: tuple[Any, Any] = party.strategy.submit(key, MinerView(epoch, own, shown), memory)
        return found

    return jax.vmap(submit)(keys, own, memory, published.own_loss, published.rival_loss)


def _published(workshop: Workshop, source: Any, model: Any, name: str) -> Published:
    """Return what a party can read: shared by its uids but for its own losses, and those of its rivals, [count]."""
    revealed, own = workshop.revealed[models(source).index(model)], workshop.loss[name]
    others = [workshop.loss[n].min() for n in names_with(source, model) if n != name]
    rivals = jnp.where(jnp.eye(own.shape[0], dtype=bool), jnp.inf, own[None, :]).min(axis=1)
    rivals = jnp.minimum(rivals, jnp.stack(others).min()) if others else rivals
    return Published(revealed.params, revealed.loss, own, rivals)


def _with_newcomers(
    key: jax.Array, source: Any, data: TaskData, workshop: Workshop, newcomer: dict[str, jax.Array]
) -> Workshop:
    """Return the workshop with newcomers, who know and remember nothing, in their seats."""
    groups = cohorts(source)
    generations = tuple(
        jnp.concatenate([_single_only(source.miners[name], newcomer[name]) for name, _, _ in cohort.members])
        for cohort in groups
    )

    def renewed(turn: jax.Array, old: Workshop) -> Workshop:
        fresh = born(key, source, data, tuple(generation + turn for generation in generations))
        crews, memory, loss = [], dict(old.memory), dict(old.loss)
        for cohort, crew, past, generation in zip(groups, fresh, old.crews, generations, strict=True):
            crews.append(_where(generation > 0, crew, past))
            blank = _blank(source, cohort, crew)
            for name, first, count in cohort.members:
                new = of_uids(generation > 0, first, count, source.miners[name])
                memory[name] = _where(new, blank[name], memory[name])
                loss[name] = jnp.where(new, jnp.inf, loss[name])
        return old._replace(crews=tuple(crews), memory=memory, loss=loss)

    anybody = jnp.concatenate([generation > 0 for generation in generations]).any()
    # A loop of one turn or none: under `vmap` a `cond` would draw everybody anew in every epoch. What is drawn depends
    # on the turn (0) lest the compiler take it out of the loop.
    return jax.lax.fori_loop(0, anybody.astype(jnp.int32), renewed, workshop)


def _single_only(party: Party, newcomer: jax.Array) -> jax.Array:
    """Return the generation of operators that start anew: one with several identities comes back as what it was."""
    identities = party.strategy.identities
    return newcomer if identities == 1 else jnp.zeros_like(newcomer[::identities])


def _blank(source: Any, cohort: Cohort, crew: Crew) -> dict[str, Any]:
    """Return what the uids of each party in a cohort remember at the start."""
    found = {}
    for name, first, count in cohort.members:
        party = source.miners[name]
        found[name] = jax.vmap(party.strategy.init)(of_uids(crew.params, first, count, party))
    return found


def _entry(x: Any, place: jax.Array) -> Any:
    return jax.tree.map(lambda leaf: leaf[place], x)


def _where(mask: jax.Array, new: Any, old: Any) -> Any:
    return jax.tree.map(lambda n, o: jnp.where(mask.reshape(-1, *[1] * (n.ndim - 1)), n, o), new, old)


def _trained(key: jax.Array, epoch: jax.Array, source: Any, data: TaskData, cohort: Cohort, crew: Crew) -> Crew:
    task, training, task_key = source.task, cohort.training, stream(key, Stream.TASK)
    if training.steps == 0:
        return crew

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        return task_loss(task.predicts, cohort.model.apply(params, x), y).mean()

    def one(own_key: jax.Array, own: Crew) -> tuple[Any, Any]:
        batch = batches(task_key, epoch, task, data, own, training.batch, cohort.sees_holdout)
        return train(own_key, own.params, own.optimiser, own.skill, training, batch, loss)

    keys = jnp.concatenate([party_keys(key, Stream.TRAIN, name, count, epoch) for name, _, count in cohort.members])
    params, optimiser = with_spare_devices(lambda batch: jax.vmap(one)(*batch), (keys, crew))
    return crew._replace(params=params, optimiser=optimiser)
