"""Synthetic styles whose truth turns and whose demand wanders, at chosen speeds."""

import functools
from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from miners.signature import Signature
from subnet.tasks.base import Predicts, TaskData, fingerprint_of
from tokenomics.mechanism import mechanism, static

__all__ = ["Regimes"]

HOLDOUT_SHARE = 0.2
WAVES = 16  # cosines per style: enough for demand to pass as Gaussian


@mechanism
class Regimes:
    """Synthetic: classify rows of several styles, each with a teacher of its own that turns.

    A row is a style s, one-hot, and content u ~ N(0, I); its label is argmax_c [(cos θ A_s + sin θ B_s) u]_c with
    θ = θ_s + drift epoch. A and B together have orthonormal rows, so classes stay equally frequent whatever the angle.
    What was learned a quarter turn ago is worth nothing, half a turn ago less than nothing.

    Validators draw style s with probability softmax(demand_spread z(epoch))_s. Each z_s is a Gaussian process with mean
    0, variance 1 and covariance exp(-(demand_drift Δepoch)² / 2): it moves by `demand_drift` an epoch and forgets where
    it was within a few times 1 / demand_drift epochs. Miners who own different styles (label skew deals out styles)
    therefore change rank at that speed. With both drifts 0 nothing ever moves.

    Rows are the same in all runs; the starting angles θ_s and the waves of demand come from the run's key, per style.
    Both are functions of the epoch alone: any epoch can be asked for without those before it.

    Source: ours. Demand is a sum of cosines with random speeds and phases, the random features of Rahimi and Recht
    (2007) for a Gaussian kernel.
    """

    synthetic: ClassVar[bool] = True
    predicts: ClassVar[Predicts] = "classes"

    drift: Annotated[float, Field(ge=0, le=3.1415927, description="how far teachers turn, radians per epoch")] = 0.02
    demand_drift: Annotated[
        float, Field(ge=0, le=100, description="speed of demand; it forgets itself after 1 / demand_drift epochs")
    ] = 0.05
    demand_spread: Annotated[
        float, Field(ge=0, le=100, description="standard deviation of the styles' log demand; 0: all wanted alike")
    ] = 1.0
    num_styles: Annotated[int, Field(ge=1, le=256, description="styles of rows")] = static(8)
    num_classes: Annotated[int, Field(ge=2, le=64, description="classes of each style")] = static(4)
    num_features: Annotated[int, Field(ge=4, le=1024, description="numbers of content; at least two per class")] = (
        static(8)
    )
    rows_per_style: Annotated[int, Field(ge=10, le=100_000, description="rows, of which a fifth is held out")] = static(
        200
    )

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer."""
        return Signature((self.num_styles + self.num_features,), self.num_classes)

    def num_groups(self) -> int:
        """Return the number of styles."""
        return self.num_styles

    def load(self) -> TaskData:
        """Return the rows; their labels are those at angle 0, and of no further use.

        Raises:
            ValueError: there is not enough content for so many classes.
        """
        return _load(self.num_styles, self.num_classes, self.num_features, self.rows_per_style)

    def batch(self, key: jax.Array, epoch: jax.Array, data: TaskData, rows: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets of the training rows `rows` [b] as they are at `epoch`."""
        x = jnp.asarray(data.train_x)[rows]
        return x, self._labels(key, epoch, x, jnp.asarray(data.train_group)[rows])

    def holdout(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> tuple[jax.Array, jax.Array]:
        """Return inputs and targets [P, …] of the hold-out as they are at `epoch`."""
        x = jnp.asarray(data.holdout_x)
        return x, self._labels(key, epoch, x, jnp.asarray(data.holdout_group))

    def demand(self, key: jax.Array, epoch: jax.Array, data: TaskData) -> jax.Array:
        """Return how likely a validator draws each row of the hold-out [P]: its style's share, divided up evenly."""
        per_style = data.holdout_group.shape[0] // self.num_styles
        return self.style_demand(key, epoch)[jnp.asarray(data.holdout_group)] / per_style

    def style_demand(self, key: jax.Array, epoch: jax.Array) -> jax.Array:
        """Return the share [num_styles] of each style in what validators draw."""

        def wave(own: jax.Array) -> jax.Array:
            speed_key, phase_key = jax.random.fold_in(own, 0), jax.random.fold_in(own, 1)
            speed = jax.random.normal(speed_key, (WAVES,))
            phase = jax.random.uniform(phase_key, (WAVES,), maxval=2 * np.pi)
            return np.sqrt(2 / WAVES) * jnp.cos(speed * (self.demand_drift * epoch) + phase).sum()

        z = jax.vmap(wave)(self._style_keys(key, 0))
        return jax.nn.softmax(self.demand_spread * z)

    def prior(self, data: TaskData) -> jax.Array:
        """Return the log frequencies [num_classes] of classes that are equally frequent at any angle."""
        return jnp.full(self.num_classes, -np.log(self.num_classes), jnp.float32)

    def fingerprint(self) -> str:
        """Return the SHA-256 of all rows."""
        return fingerprint_of(self.load())

    def _labels(self, key: jax.Array, epoch: jax.Array, x: jax.Array, style: jax.Array) -> jax.Array:
        start = jax.vmap(lambda own: jax.random.uniform(own, maxval=2 * np.pi))(self._style_keys(key, 1))
        angle = (start + self.drift * epoch)[:, None, None]
        first, second = _teachers(self.num_styles, self.num_classes, self.num_features)
        teacher = (jnp.cos(angle) * first + jnp.sin(angle) * second).astype(jnp.float32)
        return _answers(teacher, x, style)

    def _style_keys(self, key: jax.Array, purpose: int) -> jax.Array:
        own = jax.random.fold_in(key, purpose)
        return jax.vmap(lambda style: jax.random.fold_in(own, style))(jnp.arange(self.num_styles))


def _answers(teacher: jax.Array, x: jax.Array, style: jax.Array) -> jax.Array:
    """Return the labels [n] that teachers [num_styles, C, F] give to rows `x` [n, num_styles + F]."""
    content = x[:, teacher.shape[0] :]
    return jnp.einsum("ncf,nf->nc", teacher[style], content).argmax(axis=1).astype(jnp.int32)


@functools.cache
def _teachers(num_styles: int, num_classes: int, num_features: int) -> tuple[np.ndarray, np.ndarray]:
    """Return A and B [num_styles, num_classes, num_features], whose rows are orthonormal within a style."""
    if num_features < 2 * num_classes:
        raise ValueError(
            f"regimes: num_features = {num_features} is too little for num_classes = {num_classes}: "
            f"teachers that turn need at least {2 * num_classes}"
        )
    styles = [np.random.default_rng([1, style]) for style in range(num_styles)]
    bases = [np.linalg.qr(rng.normal(size=(num_features, 2 * num_classes)))[0].T for rng in styles]
    both = np.stack(bases)
    return both[:, :num_classes], both[:, num_classes:]


@functools.cache
def _load(num_styles: int, num_classes: int, num_features: int, rows_per_style: int) -> TaskData:
    first, _ = _teachers(num_styles, num_classes, num_features)
    content = np.stack(
        [np.random.default_rng([0, k]).normal(size=(rows_per_style, num_features)) for k in range(num_styles)]
    )
    label = np.einsum("scf,snf->snc", first, content).argmax(axis=2).astype(np.int32)
    style = np.broadcast_to(np.arange(num_styles, dtype=np.int32)[:, None], label.shape)
    x = np.concatenate([np.eye(num_styles)[style], content], axis=2).astype(np.float32)
    cut = rows_per_style - int(HOLDOUT_SHARE * rows_per_style)
    train, holdout = (
        [part.reshape(-1, *part.shape[2:]) for part in (a[:, s] for a in (x, label, style))]
        for s in (slice(cut), slice(cut, None))
    )
    return TaskData(*train, *holdout)
