"""Villages of miners that train: a task so small that an epoch takes a millisecond."""

import dataclasses
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from miners.models.linear import Linear
from miners.strategies.hoarder import Hoarder
from miners.strategies.honest import Honest
from miners.strategies.stale import Stale
from miners.strategies.sybil import Sybil
from miners.training import Training
from subnet.actions.base import Recording
from subnet.keys import Stream, stream
from subnet.registration.base import Turnover
from subnet.tasks.regimes import Regimes
from subnet.work.cohorts import cohorts
from subnet.work.population import Evaluators, Party
from subnet.work.trained import Trained, Work, WorkState
from tests.contract.folder_rules import as_arrays
from validators.scoring.log_loss import LogLoss

# One style whose truth stays: a linear model can learn all of it. 160 rows to train on, 40 held out.
TASK = Regimes(
    drift=0.0, demand_drift=0.0, demand_spread=0.0, num_styles=1, num_classes=4, num_features=8, rows_per_style=200
)
TRAINING = Training(steps=3, batch=16, learning_rate=0.5)
KEY = jax.random.key(0)


@cache
def recording() -> Recording:
    return Recording(task=TASK.load())


def village(parties: dict[str, Party], rows: int = 40, **numbers: Any) -> Trained:
    """Return a network of some parties and three validators; each number an array."""
    made = Trained(
        task=TASK, model=Linear(), training=TRAINING, miners=parties, validators=Evaluators(count=3, rows=rows)
    )
    return as_arrays(made)


class Village(NamedTuple):
    """What happened in a village, by epoch: the work, and everybody's workshop at its end."""

    source: Trained
    work: Work
    states: WorkState

    def uids(self, party: str) -> np.ndarray:
        """Return a party's columns."""
        return np.array([p == party for p in self.source.population().miner_parties or ()])

    def trained(self, party: str) -> Any:
        """Return the parameters that a party's operators have trained at the end of each epoch, [E, count, ...]."""
        for cohort, crew in zip(cohorts(self.source), self.states.workshop.crews, strict=True):
            for name, first, count in cohort.members:
                if name == party:
                    return jax.tree.map(lambda x, a=first, b=first + count: x[:, a:b], crew.params)
        raise KeyError(party)


@partial(jax.jit, static_argnames="epochs")
def _worked(
    key: jax.Array, source: Trained, played: Recording, epochs: int, turnover: Turnover | None
) -> tuple[Work, WorkState]:
    def epoch(state: WorkState, now: Any) -> tuple[WorkState, tuple[Work, WorkState]]:
        state, work = source.work(key, now[0], state, played, LogLoss(), now[1])
        return state, (work, state)

    return jax.lax.scan(epoch, source.init(key, played), (jnp.arange(epochs), turnover))[1]


def worked(source: Trained, epochs: int, key: jax.Array = KEY, turnover: Turnover | None = None) -> Village:
    """Let a village work; NumPy arrays. `turnover` [epochs, M] says who comes and goes."""
    return Village(source, *jax.tree.map(np.asarray, _worked(key, source, recording(), epochs, turnover)))


# A second village that has a street in common with the first: see the tests. People may come and go here.
SMALL = {
    "aunts": Party(Hoarder(margin=0.0), 3),
    "honest": Party(Honest(), 4),
    "stale": Party(Stale(delay=3), 1),
    "sybil": Party(Sybil(identities=2, noise=0.0), 2),
}
SMALL_SIZE, SMALL_EPOCHS = 10, 30


@cache
def small_village(
    joined: tuple[int, ...] = (0,) * SMALL_SIZE,
    absent: int | None = None,
    since: int = 0,
    learning_rate: float = TRAINING.learning_rate,
) -> Village:
    """Let the second village work: at epoch `since` newcomers of these generations come, and a seat is left empty."""
    epoch, uid = np.arange(SMALL_EPOCHS)[:, None], np.arange(SMALL_SIZE)
    newcomer = np.where(epoch == since, joined, 0).astype(np.int32)
    present = (epoch < since) | (uid != (SMALL_SIZE if absent is None else absent))
    source = village(SMALL)
    source = dataclasses.replace(
        source, training=dataclasses.replace(source.training, learning_rate=jnp.float64(learning_rate))
    )
    return worked(source, SMALL_EPOCHS, turnover=Turnover(jnp.asarray(newcomer), jnp.asarray(present)))


def losses(params: Any, x: Any, y: Any) -> np.ndarray:
    """Return the mean loss on rows of models whose parameters have any leading axes."""
    kernel, bias = np.asarray(params["readout"]["kernel"], float), np.asarray(params["readout"]["bias"], float)
    logits = np.einsum("nf,...fc->...nc", np.asarray(x, float), kernel) + bias[..., None, :]
    right = np.take_along_axis(logits, np.asarray(y).reshape(*[1] * (logits.ndim - 2), -1, 1), axis=-1)[..., 0]
    return (np.logaddexp.reduce(logits, axis=-1) - right).mean(axis=-1)


def hidden(key: jax.Array = KEY) -> tuple[np.ndarray, np.ndarray]:
    """Return the hold-out as validators see it."""
    x, y = TASK.holdout(stream(key, Stream.TASK), jnp.int32(0), TASK.load())
    return np.asarray(x), np.asarray(y)


def unseen(count: int = 4000, key: jax.Array = KEY) -> tuple[np.ndarray, np.ndarray]:
    """Return rows that nobody has, with the labels that the village's teacher gives them."""
    content = np.random.default_rng(99).normal(size=(count, 8))
    x = np.concatenate([np.ones((count, 1)), content], axis=1).astype(np.float32)
    y = TASK._labels(stream(key, Stream.TASK), jnp.int32(0), jnp.asarray(x), jnp.zeros(count, jnp.int32))
    return x, np.asarray(y)
