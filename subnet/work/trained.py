"""Actions from real work: miners train and submit, validators evaluate."""

from dataclasses import field
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from miners.models.mlp import Mlp
from miners.strategies.honest import Honest
from miners.training import Training
from subnet.actions.base import Population, Recording
from subnet.keys import Stream, stream
from subnet.registration.base import Turnover
from subnet.tasks.base import TaskData, task_loss
from subnet.tasks.digits import Digits
from subnet.work.cohorts import cohorts
from subnet.work.evaluation import Looks, look
from subnet.work.population import Evaluators, Party, model_of
from subnet.work.predictions import Predictions, answered, predictions_of
from subnet.work.rows import prior_outputs, run_all
from subnet.work.submissions import Workshop, hand_in, open_workshop, remember_best, train_all
from subnet.work.truth import truth_of_losses, truth_of_ranks
from tokenomics.costs import training_flops
from tokenomics.mechanism import mechanism
from validators.scoring.base import measured

__all__ = ["Trained", "Work", "WorkState"]


class Work(NamedTuple):
    """One epoch of work: what validators saw, and what is true of the miners [M], in uid order.

    `looks` is what each validator saw, `whole` what one would see who looked at everything. `skill` is 1 - L / L0, L
    the loss on the whole hold-out and L0 that of the prior: negative for worse than knowing nothing. `loss` and
    `accuracy` (NaN where targets are no classes) are for people to read; `originality` in [0, 1] is 0 for a submission
    that repeats somebody else's of the last epoch. All of these are NaN for an empty seat. `miner_flops` [M] and
    `validator_flops` [V] were spent.

    Where only the order of answers counts, `predictions` are what was handed in, `skill` is CORR, and submissions are
    compared with others of the same round, since rows are never the same again.
    """

    looks: Looks
    whole: Looks
    skill: jax.Array
    loss: jax.Array
    accuracy: jax.Array
    originality: jax.Array
    miner_flops: jax.Array
    validator_flops: jax.Array
    predictions: Predictions | None = None


class WorkState(NamedTuple):
    """What is carried: the miners, epochs since each look [V, M], and the last epoch's submissions [M, P].

    Of these, the losses by row; where only the order of answers counts, their ranks.
    """

    workshop: Workshop
    waiting: jax.Array
    last: jax.Array


@mechanism
class Trained:
    """Miners train on real data, hand in models, and validators evaluate them on rows nobody trained on.

    A model is run once per epoch on the whole hold-out; each validator then reads the rows and miners it drew, so
    that scores are noisy as real ones are, and as cheap as possible.
    """

    task: Any = Digits()
    model: Any = Mlp()
    training: Training = field(default_factory=Training)
    miners: dict[str, Party] = field(default_factory=lambda: {"miners": Party()})
    validators: Evaluators = field(default_factory=Evaluators)

    def population(self) -> Population:
        """Return everybody: evaluators first, then the parties in the order of their names."""
        V = self.validators.count
        names = [f"{party} {k + 1}" for party in sorted(self.miners) for k in range(self.miners[party].count)]
        return Population(
            tuple(range(V)),
            tuple(range(V, V + len(names))),
            tuple(f"validator {v + 1}" for v in range(V)),
            tuple(names),
            tuple(party for party in sorted(self.miners) for _ in range(self.miners[party].count)),
        )

    def init(self, key: jax.Array, recording: Recording) -> WorkState:
        """Return everybody before the first epoch."""
        data = _data_of(key, recording)
        V, M = self.shape(recording)
        rows = (M, data.holdout_group.shape[0])
        last = jnp.zeros(rows, jnp.uint16) if self._ranks else jnp.full(rows, jnp.inf, jnp.float32)
        return WorkState(open_workshop(key, self, data), jnp.zeros((V, M), jnp.int32), last)

    def work(
        self,
        key: jax.Array,
        epoch: jax.Array,
        state: WorkState,
        recording: Recording,
        scoring: Any,
        turnover: Turnover | None = None,
    ) -> tuple[WorkState, Work]:
        """Run one epoch: train, submit, evaluate.

        Args:
            key: the run's.
            epoch: [].
            state: of the last epoch.
            recording: holds the task's data.
            scoring: the rule whose measure validators take.
            turnover: of the source's miners [M]; None where nobody can join.
        """
        data = _data_of(key, recording)
        newcomer = None if turnover is None else self._by_party(turnover.newcomer)
        present = jnp.ones(self.shape(recording)[1], bool) if turnover is None else turnover.present
        workshop = train_all(key, epoch, self, data, state.workshop, newcomer)
        workshop, submitted = hand_in(key, epoch, self, workshop)
        task_key = stream(key, Stream.TASK)
        x, y = self.task.holdout(task_key, epoch, data)
        demand = self.task.demand(task_key, epoch, data).astype(jnp.float32)
        rows = run_all(self, submitted, x, y, scoring, present, partial(answered, key, epoch, self, x=x))
        prior = prior_outputs(self.task, data, x)
        base = measured(scoring, prior, y, active=jnp.ones(1, bool))[0]
        waiting, looks = look(key, epoch, self.validators, state.waiting, demand, rows.measure, base, present)
        prior_rows = task_loss(self.task.predicts, prior[0], y)
        if rows.answers is None:
            predictions, seen = None, truth_of_losses(rows.loss, prior_rows, demand, present, state.last)
        else:
            predictions = predictions_of(rows.answers, y, present, state.last)
            seen = truth_of_ranks(predictions, present)
        loss = (rows.loss * demand).sum(axis=1)  # a matrix product would round by how many others there are
        published = self._by_party(jnp.where(present, seen.published, jnp.inf))
        workshop = remember_best(epoch, self, workshop, submitted, published)
        everything = Looks((rows.measure @ demand)[None], present[None], (base @ demand)[None])
        work = Work(
            looks=looks,
            whole=everything,
            skill=jnp.where(present, seen.skill, jnp.nan),
            loss=jnp.where(present, loss, jnp.nan),
            accuracy=jnp.where(present, rows.accuracy @ demand, jnp.nan),
            originality=jnp.where(present, seen.originality, jnp.nan),
            miner_flops=self._training_flops(workshop),
            validator_flops=looks.evaluated @ jnp.asarray(self._forward_flops() * self.validators.rows),
            predictions=predictions,
        )
        return WorkState(workshop, waiting, seen.last), work

    def shape(self, recording: Recording) -> tuple[int, int]:
        """Return the numbers of validators and miners."""
        return self.validators.count, sum(party.count for party in self.miners.values())

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the evaluators' stake [V] in tokens at the start."""
        return self.validators.stake(key, recording)

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks [V], [M]: evaluators are honest, miners are if they follow the honest strategy."""
        crooked = [
            not isinstance(self.miners[party].strategy, Honest)
            for party in sorted(self.miners)
            for _ in range(self.miners[party].count)
        ]
        return jnp.zeros(self.validators.count, bool), jnp.array(crooked)

    @property
    def _ranks(self) -> bool:
        """Tell whether only the order of answers counts."""
        ranks: bool = self.task.predicts == "ranking"
        return ranks

    def _by_party(self, values: jax.Array) -> dict[str, jax.Array]:
        """Return values [M] as one array per party."""
        names = sorted(self.miners)
        ends = np.cumsum([self.miners[name].count for name in names])[:-1].tolist()
        return dict(zip(names, jnp.split(values, ends), strict=True))

    def _forward_flops(self) -> np.ndarray:
        """Return the FLOPs of each miner's model per row, [M]."""
        signature, parties = self.task.signature(), [self.miners[name] for name in sorted(self.miners)]
        return np.concatenate([np.full(p.count, model_of(p, self.model).flops(signature)) for p in parties])

    def _training_flops(self, workshop: Workshop) -> jax.Array:
        """Return the FLOPs of each uid's training in an epoch, [M]; an operator's are divided among its uids."""
        signature, found = self.task.signature(), {}
        for cohort, crew in zip(cohorts(self), workshop.crews, strict=True):
            step = training_flops(cohort.model.flops(signature), cohort.training.batch, 1)
            spent = step * jnp.minimum(crew.skill.steps, cohort.training.steps)
            for name, first, count in cohort.members:
                party = self.miners[name]
                each = spent[first : first + count] * (count / party.count)
                found[name] = jnp.repeat(each, party.strategy.identities)[: party.count]
        return jnp.concatenate([found[name] for name in sorted(found)]).astype(jnp.float64)


def _data_of(key: jax.Array, recording: Recording) -> TaskData:
    """Return the task's data as a run sees it: of several worlds, that of its seed."""
    data: TaskData = recording.task
    return data._replace(world=jax.random.key_data(key)[..., -1])
