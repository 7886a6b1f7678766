"""What every scoring rule answers, and how evaluations are remembered."""

import inspect
from typing import Any, ClassVar, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real, divide, like

__all__ = ["Record", "Scoring", "forget", "lead", "measured", "no_record", "remember", "skill"]

_DEEPEST = 10  # reaches below the base: one broken submission must not outlast the memory of a network


class Scoring(Protocol):
    """A scoring rule: submissions in, a measure per row; evaluations in, scores out.

    `predicts` names what submissions it can judge: "classes" (outputs are logits [..., C], or [..., T, C] for rows of T
    positions; targets are whole numbers), "normal" (outputs [..., 2] are mean and log standard deviation; targets are
    floats) or "ranking" (outputs [..., 1] are what rows are ranked by; targets are floats, NaN where a row has none).
    A rule that takes classes and normals goes by the type of the targets, which selects a program as a choice does.
    Every array of its state is [V, M], and keeps the type that `init` gave it.
    """

    predicts: ClassVar[tuple[str, ...]]

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return how good each row of each submission is [M, P], higher is better and always finite.

        A measure that depends on the other submissions may name a third parameter, `active` [M]: who is there at all.
        """

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Any:
        """Return the state in which nobody was evaluated yet."""

    def step(self, state: Any, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Any, jax.Array]:
        """Return the state after one epoch, and scores [V, M] >= 0, higher is better.

        Args:
            state: what `init` or the last `step` returned.
            values: [V, M] mean measure over the rows that a validator drew; anything where not evaluated.
            evaluated: [V, M] True where a validator looked at a miner in this epoch.
            base: [V] the same mean for a submission without skill.
        """


def measured(rule: Any, outputs: jax.Array, targets: jax.Array, **on_request: Any) -> jax.Array:
    """Call `rule.measure` with those of `on_request` that its signature names."""
    asked = inspect.signature(rule.measure).parameters
    return rule.measure(outputs, targets, **{k: v for k, v in on_request.items() if k in asked})


class Record(NamedTuple):
    """Smoothed measure of each miner, of the base on the same rows, and whether there is any: [V, M] each."""

    value: jax.Array
    base: jax.Array
    known: jax.Array


def no_record(num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
    """Return the record of miners of whom nothing is known: neither above nor below the base."""
    shape = (num_validators, num_miners)
    return Record(jnp.zeros(shape, dtype), jnp.zeros(shape, dtype), jnp.zeros(shape, bool))


def remember(
    record: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array, reach: Real, rate: Real
) -> Record:
    """Return the record after one epoch's evaluations.

    s' = s + rate (x - s) where evaluated, s' = x the first time, s' = s elsewhere; the same for the base.

    What is smoothed is the measure, not the skill. A skill is cut at 0: smoothed after the cut, an unskilled miner's
    good luck would be paid and its bad luck forgiven. The base, seen on the same rows, is smoothed alongside, so that
    the luck of easy rows cancels and easy epochs count no more than hard ones.

    Args:
        record: what is known so far.
        values: [V, M] measure; anything where not evaluated.
        evaluated: [V, M] mask.
        base: [V] measure of a submission without skill.
        reach: [V] or [] distance from the base to the best possible measure, or a unit where there is no best. A
            measure counts as at most ten reaches below the base.
        rate: [] weight of the newest evaluation, in (0, 1].
    """
    values, base, rate, reach = like(record.value, values, base, rate, reach)
    (base, reach) = (jnp.broadcast_to(x, values.shape[:1])[:, None] for x in (base, reach))
    values = jnp.maximum(values, base - _DEEPEST * reach)

    def smoothed(old: jax.Array, new: jax.Array) -> jax.Array:
        mixed = jnp.where(record.known, old + rate * (new - old), new)
        return jnp.where(evaluated, mixed, old)

    return Record(smoothed(record.value, values), smoothed(record.base, base), record.known | evaluated)


def lead(value: jax.Array, base: jax.Array) -> jax.Array:
    """Return how far a measure lies above the base, 0 below it."""
    return jnp.maximum(value - base, 0)


def skill(value: jax.Array, base: jax.Array, best: float) -> jax.Array:
    """Return max(0, (value - base) / (best - base)), the part of the way from base to best; 0 if there is no way."""
    return divide(lead(value, base), jnp.maximum(best - base, 0))


def forget(rule: Any, state: Any, forgotten: jax.Array) -> Any:
    """Return a rule's state in which the miners at `forgotten` (broadcasts to [V, M]) were never evaluated."""
    leaves = jax.tree.leaves(state)
    if not leaves:
        return state
    floats = [x.dtype for x in leaves if jnp.issubdtype(x.dtype, jnp.floating)]
    return jax.tree.map(lambda x, new: jnp.where(forgotten, new, x), state, rule.init(*leaves[0].shape, *floats[:1]))
