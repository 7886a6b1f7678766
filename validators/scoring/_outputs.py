"""What a validator reads from submissions, however odd they are."""

import math

import jax
import jax.numpy as jnp

__all__ = [
    "LARGEST_LOSS",
    "LEAST_PROBABILITY",
    "WORST_LOG_LOSS",
    "are_classes",
    "capped",
    "check_classes",
    "log_probability",
    "logit_of",
    "normal",
    "over_positions",
    "rankings",
]

LEAST_PROBABILITY = 1e-7
WORST_LOG_LOSS = -math.log(LEAST_PROBABILITY)
LARGEST_LOSS = 1e6  # of a row in the units of the target: sums over rows stay finite, in 32 bits too
_LOG_SD = (-16.0, 14.0)  # standard deviations from 10⁻⁷ to 10⁶


def are_classes(targets: jax.Array) -> bool:
    """Tell whether targets are classes, whole numbers, rather than amounts."""
    return jnp.issubdtype(targets.dtype, jnp.integer)


def logit_of(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the logit [M, P, ...] of what happened.

    Args:
        logits: [M, P, ..., C].
        targets: [P, ...] classes.

    Raises:
        ValueError: the shapes do not match, or targets are no classes.
    """
    check_classes(logits, targets)
    return jnp.take_along_axis(logits, targets[None, ..., None], axis=-1)[..., 0]


def log_probability(logits: jax.Array, targets: jax.Array) -> jax.Array:
    """Return the log probability [M, P, ...] of what happened: x_y - log sum_c exp x_c.

    Minus infinity for what was called impossible; NaN where logits are no numbers. Arguments as for `logit_of`.
    """
    return logit_of(logits, targets) - jax.nn.logsumexp(logits, axis=-1)


def normal(outputs: jax.Array, targets: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return target - mean, and the standard deviation, of normal forecasts.

    Args:
        outputs: [M, P, ..., 2] mean and log standard deviation; the latter is kept within [-16, 14].
        targets: [P, ...] amounts.

    Returns:
        Two arrays [M, P, ...]; the first is not finite where the mean is not, the second NaN where it is no number.

    Raises:
        ValueError: the shapes do not match, or targets are classes.
    """
    _check(outputs, targets, "normal")
    return targets - outputs[..., 0], jnp.exp(jnp.clip(outputs[..., 1], *_LOG_SD))


def rankings(outputs: jax.Array, targets: jax.Array) -> jax.Array:
    """Return what rows are ranked by [M, P], NaN where they have no target.

    Args:
        outputs: [M, P, 1]; a submission with any number that is not finite, where there is a target, is NaN throughout.
        targets: [P] amounts, NaN where a row has none.

    Raises:
        ValueError: the shapes do not match, or targets are classes.
    """
    _check(outputs, targets, "ranking")
    there = ~jnp.isnan(targets)
    p = outputs[..., 0]
    whole = (jnp.isfinite(p) | ~there).all(axis=-1, keepdims=True)
    return jnp.where(there & whole, p, jnp.nan)


def capped(loss: jax.Array, worst: float) -> jax.Array:
    """Return losses of at most `worst`; what is no number counts as that."""
    return jnp.where(loss < worst, loss, jnp.asarray(worst, loss.dtype))


def over_positions(x: jax.Array) -> jax.Array:
    """Return the mean [M, P] of `x` [M, P, ...] over the positions of a row."""
    return x.reshape(*x.shape[:2], -1).mean(axis=-1)


def check_classes(logits: jax.Array, targets: jax.Array) -> None:
    """Raise a ValueError unless `logits` [M, P, ..., C] fit `targets` [P, ...], which must be classes."""
    _check(logits, targets, "classes")


_LAST = {
    "classes": (None, "classes"),
    "normal": (2, "2 (mean, log standard deviation)"),
    "ranking": (1, "1 (what rows are ranked by)"),
}


def _check(outputs: jax.Array, targets: jax.Array, predicts: str) -> None:
    if are_classes(targets) is not (predicts == "classes"):
        raise ValueError(f"targets are {targets.dtype}: classes are whole numbers, amounts are floats")
    width, last = _LAST[predicts]
    if outputs.shape[1:-1] != targets.shape or width not in (None, outputs.shape[-1]):
        raise ValueError(
            f"outputs {outputs.shape} do not fit targets {targets.shape}: expected (miners, *targets.shape, {last})"
        )
