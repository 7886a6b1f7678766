"""What a slashing rule sees and says, and the one place where fractions become tokens."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

import jax
import jax.numpy as jnp

from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Real
from tokenomics.shares import pro_rata

__all__ = [
    "Amounts",
    "Destination",
    "Penalties",
    "Slashing",
    "SlashingView",
    "amounts",
    "amounts_in_turn",
    "chosen",
    "disagreement",
    "exceeds",
]

# Where slashed tokens go: nobody, the subnet's treasury, or whoever showed the offence (the caller knows who).
Destination: TypeAlias = Literal["burn", "treasury", "reporter"]

_ROUNDING = 1e-6  # of a share: float noise must not decide who is slashed


class SlashingView(NamedTuple):
    """What an epoch shows of everybody's conduct. Padding holds no stake and no balance, so it loses nothing.

    `weights` [V, M] are the rows as set; `consensus` [M] what was agreed, sums to 1; `audit_weights` [M] what an
    honest auditor who looked at every submission would set; `stake` [V] int64; `originality` [M] in [0, 1], 0 where a
    submission repeats somebody else's earlier one; `skill` [M] the realised score, negative where a submission was
    worse than none, NaN where there was none; `balance` [M] int64, what a miner can lose.
    """

    weights: jax.Array
    consensus: jax.Array
    audit_weights: jax.Array
    stake: jax.Array
    originality: jax.Array
    skill: jax.Array
    balance: jax.Array


class Penalties(NamedTuple):
    """Fractions in [0, 1] to be lost: `validators` [V] of their stake, `miners` [M] of their balance."""

    validators: jax.Array
    miners: jax.Array


class Amounts(NamedTuple):
    """Tokens to be lost, int64: `validators` [V] and `miners` [M]."""

    validators: jax.Array
    miners: jax.Array


class Slashing(Protocol):
    """A rule that says who loses which part of what they hold, and where that goes."""

    @property
    def destination(self) -> Destination:
        """Say who gets what is slashed."""
        ...

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        """Return everybody's penalty; `key` decides who is caught, where that is left to chance."""
        ...


def amounts(penalties: Penalties, view: SlashingView) -> Amounts:
    """Return what each loses, rounded down and never more than there is."""
    held = (view.stake, view.balance)
    return Amounts(*(multiply_down(x, jnp.clip(p, 0, 1)) for x, p in zip(held, penalties, strict=True)))


def amounts_in_turn(penalties: Sequence[Penalties], view: SlashingView) -> list[Amounts]:
    """Return what each of several rules takes; a rule takes its fraction of what those before it left."""
    taken = []
    for penalty in penalties:
        lost = amounts(penalty, view)
        view = view._replace(stake=view.stake - lost.validators, balance=view.balance - lost.miners)
        taken.append(lost)
    return taken


def disagreement(weights: jax.Array, reference: jax.Array) -> jax.Array:
    """Return half the L1 distance between rows of `weights` [V, M] and `reference` [M], each taken as shares: [V].

    0 is the same opinion, 1 nothing in common. Who set no weights has no opinion that could differ, and where the
    reference is empty there is nothing to differ from: 0.
    """
    rows, target = pro_rata(weights, axis=1), pro_rata(reference)
    spoke = (weights.sum(axis=1) > 0) & (reference.sum() > 0)
    return jnp.where(spoke, jnp.abs(rows - target).sum(axis=1) / 2, 0)


def exceeds(x: jax.Array, tolerance: Real) -> jax.Array:
    """Tell where `x` is above `tolerance` by more than rounding."""
    return x > jnp.asarray(tolerance) + _ROUNDING


def chosen(key: jax.Array, num: int, rate: Real) -> jax.Array:
    """Draw who is looked at, bool [num]: each with probability `rate`, by a key of its own."""
    keys = jax.vmap(lambda uid: jax.random.fold_in(key, uid))(jnp.arange(num))
    return jax.vmap(lambda k: jax.random.uniform(k, dtype=jnp.float64))(keys) < rate
