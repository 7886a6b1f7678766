"""What every task answers, and the parts that tasks on recorded data share."""

import hashlib
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax

from miners.signature import Signature
from validators.scoring._proper import crps_normal

__all__ = [
    "Predicts",
    "RecordedTask",
    "Task",
    "TaskData",
    "fingerprint_of",
    "in_parcels",
    "log_frequencies",
    "split",
    "task_loss",
]

Predicts: TypeAlias = Literal["classes", "normal", "ranking"]
TRAIN_SHARE = 0.8
_MOST_DEALT = 5000  # rows or parcels that a miner's shard lists
UNSEEN = 0.01  # added to every count, so that what was never seen costs much, not infinitely much
LOG_SD_LIMIT = 10.0  # beyond e^±10 a standard deviation is a mishap of training; float32 would overflow further on


class TaskData(NamedTuple):
    """A task's rows: n to train on, and P that validators hold out.

    `train_x` [n, …] float32 or int32, `train_y` [n] (or [n, T] for tokens), `train_group` [n] int32: what label skew
    deals out (a class, a stock, a style). The same for the hold-out. A task of several worlds has an axis of worlds
    before its rows, of which a run sees `world` []. Of very many rows miners are dealt parcels, `parcel` rows that
    follow each other, and `train_group` is that of each parcel: what everybody owns has to be remembered.
    """

    train_x: Any
    train_y: Any
    train_group: Any
    holdout_x: Any
    holdout_y: Any
    holdout_group: Any
    world: Any = 0
    parcel: Any = 1


class Task(Protocol):
    """What is to be learned, and what is the truth.

    `predicts` says how outputs are read: "classes" are logits, the targets int32 labels; "normal" are mean and
    logarithm of the standard deviation, the targets float32; "ranking" is one number whose order counts, the targets
    float32 in [0, 1], NaN where a row has none. A task that predicts numbers also has `scale() -> float`, the standard
    deviation of its targets. `key` is the run's key for tasks, already folded, and is used where a
    task has chance.
    """

    predicts: ClassVar[Predicts]

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer."""

    def num_groups(self) -> int:
        """Return how many groups rows fall into."""

    def load(self) -> TaskData:
        """Return the rows, on the host; the same at each call and on each machine, and nothing is downloaded."""

    def batch(self, key: jax.Array, epoch: jax.Array, data: TaskData, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets of the training rows `rows` [b] as they are at `epoch`."""

    def holdout(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets [P, …] of the hold-out as they are at `epoch`."""

    def demand(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> jax.Array:
        """Return how likely a validator draws each row of the hold-out [P]; sums to 1."""

    def prior(self, data: TaskData) -> jax.Array:
        """Return the outputs [num_outputs] of a submission without skill, which scoring takes as its zero."""

    def fingerprint(self) -> str:
        """Return the SHA-256 of the data, for a run's manifest."""


class RecordedTask(ABC):
    """The half of a task whose rows are recorded and stay as they are: gathered, and wanted alike."""

    @abstractmethod
    def load(self) -> TaskData:
        """Return the rows; each task says which."""

    def batch(self, key: jax.Array, epoch: jax.Array, data: TaskData, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets of the training rows `rows` [b]."""
        return jnp.asarray(data.train_x)[rows], jnp.asarray(data.train_y)[rows]

    def holdout(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets [P, …] of the hold-out."""
        return jnp.asarray(data.holdout_x), jnp.asarray(data.holdout_y)

    def demand(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> jax.Array:
        """Return equal shares [P]."""
        num_rows = data.holdout_x.shape[0]
        return jnp.full(num_rows, 1 / num_rows)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows."""
        return fingerprint_of(self.load())


def task_loss(predicts: Predicts, outputs: jax.Array, y: jax.Array) -> jax.Array:
    """Return the training loss of each row [n].

    Classes: cross-entropy in nats, the mean over positions where a row has several.
    Normal: the continuous ranked probability score, σ [z (2 Φ(z) - 1) + 2 φ(z) - 1 / √π] with z = (y - μ) / σ, in
    units of the target. The likelihood pulls at μ with z / σ, without bound for an outlier or a small σ; here no pull
    on μ exceeds 1. On the stocks the perceptron's gradients by the likelihood were some ten times as large at their
    largest, and diverged without clipping from a learning rate of 0.3 on, where these did not at 3.
    Ranking: (output - τ)² with τ = 4 y - 2, the target of contributions in Numerai's tournament; 0 for a row without
    target.

    Args:
        predicts: how outputs are read.
        outputs: [n, C] or [n, T, C] logits; [n, 2] mean and log standard deviation; [n, 1] to be ranked.
        y: [n] or [n, T] labels; [n] numbers.
    """
    if predicts == "normal":
        sd = jnp.exp(jnp.clip(outputs[..., 1], -LOG_SD_LIMIT, LOG_SD_LIMIT))
        return crps_normal(y - outputs[..., 0], sd)
    if predicts == "ranking":
        return jnp.where(jnp.isnan(y), 0, (outputs[..., 0] - (4 * y - 2)) ** 2)
    loss = optax.softmax_cross_entropy_with_integer_labels(outputs, y)
    return loss.reshape(loss.shape[0], -1).mean(axis=1)


def split(x: np.ndarray, y: np.ndarray, group: np.ndarray) -> TaskData:
    """Return rows divided by a fixed permutation: the first 80 % to train on, the others held out.

    Source: specification of training and scoring, section 7, note 4. Not for rows that overlap in time.
    """
    order = np.random.default_rng(0).permutation(len(x))
    train, holdout = np.split(order, [int(TRAIN_SHARE * len(x))])
    return TaskData(x[train], y[train], group[train], x[holdout], y[holdout], group[holdout])


def log_frequencies(y: jax.Array, num_classes: int) -> jax.Array:
    """Return the logarithm of each label's share of `y` [num_classes], with 0.01 added to each count."""
    counts = jnp.bincount(jnp.ravel(jnp.asarray(y)), length=num_classes) + UNSEEN
    return jnp.log(counts / counts.sum()).astype(jnp.float32)


def in_parcels(data: TaskData) -> TaskData:
    """Return data of several worlds with its training rows in at most some 5,000 parcels.

    A parcel's group is that of its first row; rows that fill no parcel are left out.
    """
    num_rows = data.train_group.shape[0]
    size = -(-num_rows // _MOST_DEALT)
    kept = num_rows // size * size
    x, y, group = data.train_x[:, :kept], data.train_y[:, :kept], data.train_group[:kept:size]
    return data._replace(train_x=x, train_y=y, train_group=group, parcel=size)


def fingerprint_of(data: TaskData) -> str:
    """Return the SHA-256 of arrays, their shapes and types, in the order of the fields."""
    digest = hashlib.sha256()
    for name, array in zip(TaskData._fields[:6], data[:6], strict=True):  # the rest is no data
        digest.update(f"{name} {array.dtype.str} {array.shape};".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
