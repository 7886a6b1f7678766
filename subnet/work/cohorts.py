"""Which miners work together: one compiled training loop serves all who share a model and a budget."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.training import Training
from subnet.keys import Stream, party_stream
from subnet.work.population import Party, model_of, trainers, training_of

__all__ = ["Cohort", "by_cohort", "cohorts", "models", "names_with", "of_uids", "party_keys"]


class Cohort(NamedTuple):
    """Miners that train in one batch: they share a model and a training budget. All static.

    `members` are party, first place and number of its operators.
    """

    model: Any
    training: Training
    sees_holdout: bool
    members: tuple[tuple[str, int, int], ...]

    @property
    def size(self) -> int:
        """Return the number of operators."""
        return sum(count for _, _, count in self.members)


def cohorts(source: Any) -> tuple[Cohort, ...]:
    """Return which parties train together.

    Numbers may differ from miner to miner; what selects a program may not. Those who never train are apart.
    """
    groups: dict[Any, list[tuple[str, int]]] = {}
    trainings: dict[Any, Training] = {}
    for name in sorted(source.miners):
        party = source.miners[name]
        model, training = model_of(party, source.model), training_of(party, source.training)
        trains = getattr(party.strategy, "trains", True) and training.steps > 0
        leaks = getattr(party.strategy, "sees_holdout", False)
        kind = (model, (training.steps, training.batch, training.optimiser) if trains else None, leaks)
        groups.setdefault(kind, []).append((name, trainers(party)))
        trainings.setdefault(kind, training if trains else dataclasses.replace(training, steps=0))
    made = []
    for kind, parties in groups.items():
        firsts = itertools.accumulate((count for _, count in parties), initial=0)
        members = tuple((name, first, count) for (name, count), first in zip(parties, firsts, strict=False))
        made.append(Cohort(kind[0], trainings[kind], kind[2], members))
    return tuple(made)


def models(source: Any) -> list[Any]:
    """Return the different models in use."""
    return list(dict.fromkeys(cohort.model for cohort in cohorts(source)))


def names_with(source: Any, model: Any) -> list[str]:
    """Return the parties that train a model, in the order of their names."""
    return [name for name in sorted(source.miners) if model_of(source.miners[name], source.model) == model]


def by_cohort(together: Any, groups: Sequence[Cohort]) -> list[Any]:
    """Return arrays of all cohorts' operators, one after the other, as one tree per cohort."""
    ends = list(itertools.accumulate(cohort.size for cohort in groups))
    return [
        jax.tree.map(lambda x, a=end - cohort.size, b=end: x[a:b], together)
        for cohort, end in zip(groups, ends, strict=True)
    ]


def of_uids(x: Any, first: int, count: int, party: Party) -> Any:
    """Return a party's part of a cohort's arrays [n, ...], one entry per uid [count, ...]."""
    part = jax.tree.map(lambda p: p[first : first + count], x)
    identities = party.strategy.identities
    return part if identities == 1 else jax.tree.map(lambda p: jnp.repeat(p, identities, axis=0)[: party.count], part)


def party_keys(key: jax.Array, name: Stream, party: str, count: int, epoch: jax.Array | int = 0) -> jax.Array:
    """Return a key per member [count]: of its party's name and its place in it, so that other parties do not matter."""
    own = party_stream(key, name, party, epoch)
    return jax.vmap(lambda place: jax.random.fold_in(own, place))(jnp.arange(count))
