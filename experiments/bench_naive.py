"""The naive form of a living network, for the shared pool to be measured against: everybody runs everything."""

from typing import Any

import jax
import jax.numpy as jnp

from subnet.actions.base import Recording
from subnet.registration.base import Turnover
from subnet.work.evaluation import Looks
from subnet.work.rows import prior_outputs
from subnet.work.submissions import hand_in, remember_best, train_all
from subnet.work.trained import Trained, Work, WorkState
from tokenomics.mechanism import mechanism
from validators.scoring.base import measured

__all__ = ["EachForItself", "values_by_each"]


def values_by_each(model: Any, params: Any, x: jax.Array, y: jax.Array, scoring: Any) -> jax.Array:
    """Return the mean measure [V, M] where every validator runs every submission on rows of its own.

    One submission after the other, on all validators' rows at once: the fastest order on a CPU.

    Args:
        model: of every miner.
        params: submissions, [M, …].
        x: [V, B, …] each validator's rows.
        y: [V, B] their targets.
        scoring: the rule whose measure is taken; one that judges each submission alone.
    """
    rows, targets = x.reshape(-1, *x.shape[2:]), y.reshape(-1)

    def one(params: Any) -> jax.Array:
        return scoring.measure(model.apply(params, rows)[None], targets)[0].reshape(y.shape).mean(axis=1)

    return jax.lax.map(one, params).T


@mechanism
class EachForItself(Trained):
    """Let miners train as ever, and every validator run every submission on the rows that it drew.

    Nobody runs a submission on the whole hold-out, so what is true of a miner is what validators see on average.
    """

    def work(
        self,
        key: jax.Array,
        epoch: jax.Array,
        state: WorkState,
        recording: Recording,
        scoring: Any,
        turnover: Turnover | None = None,
    ) -> tuple[WorkState, Work]:
        """Run one epoch: train, submit, evaluate; nobody can join."""
        V, M = self.shape(recording)
        data, everybody = recording.task, jnp.ones((V, M), bool)
        workshop, submitted = hand_in(key, epoch, self, train_all(key, epoch, self, data, state.workshop, None))
        together = jax.tree.map(lambda *parts: jnp.concatenate(parts), *(submitted[name] for name in sorted(submitted)))
        drawn = jax.random.randint(jax.random.fold_in(key, epoch), (V, self.validators.rows), 0, len(data.holdout_y))
        x, y = jnp.asarray(data.holdout_x)[drawn], jnp.asarray(data.holdout_y)[drawn]
        values = values_by_each(self.model, together, x, y, scoring)
        base = measured(scoring, prior_outputs(self.task, data, x.reshape(-1, *x.shape[2:])), y.reshape(-1))
        base = base.reshape(y.shape).mean(axis=1)
        seen, seen_base = values.mean(axis=0), base.mean()
        workshop = remember_best(epoch, self, workshop, submitted, self._by_party(-seen))
        work = Work(
            looks=Looks(values, everybody, base),
            whole=Looks(seen[None], everybody[:1], seen_base[None]),
            skill=1 - seen / seen_base,
            loss=-seen,
            accuracy=jnp.full(M, jnp.nan, seen.dtype),
            originality=jnp.ones(M, seen.dtype),
            miner_flops=self._training_flops(workshop),
            validator_flops=everybody @ jnp.asarray(self._forward_flops() * self.validators.rows),
        )
        return WorkState(workshop, state.waiting, state.last), work
