"""Tournaments in which everybody meets everybody, and a lead must exceed a margin to count."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from validators._pairs import sum_over_others

__all__ = ["beats_with_seniority", "competitive", "decayed_margin", "win_rates"]


def win_rates(beats: Callable[[Any, Any], jax.Array], playing: jax.Array, *given: jax.Array) -> jax.Array:
    """Return each player's points per match [..., M]: 1 for a win, a half where neither beats the other.

    (1 + (wins - defeats) / matches) / 2, in the type of the first of `given`

    Args:
        beats: takes the entries `given` of two players as tuples and says whether the first wins; nobody beats itself.
        playing: [..., M] mask; who does not play has a rate of 0, who plays alone of 1/2.
        given: [..., M] each.
    """

    def balance(mine: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> tuple[jax.Array]:
        wins, defeats = beats(mine[:-1], other[:-1]), beats(other[:-1], mine[:-1])
        return (jnp.where(other[-1], wins.astype(jnp.int32) - defeats, 0),)

    (lead,) = sum_over_others(balance, (jnp.zeros(playing.shape, jnp.int32),), *given, playing)
    matches = playing.sum(axis=-1, keepdims=True, dtype=jnp.int32) - 1
    lead, matches = (x.astype(given[0].dtype) for x in (lead, jnp.maximum(matches, 1)))
    return jnp.where(playing, (1 + lead / matches) / 2, 0)


def decayed_margin(age: jax.Array, start: float, end: float, duration: float) -> jax.Array:
    """Return the margin that a model of some `age` enjoys: a straight line from `start` down to `end`."""
    return start + (end - start) * jnp.clip(age / duration, 0, 1)


def beats_with_seniority(mine: Any, other: Any) -> jax.Array:
    """Say whether one model beats another, where the earlier one's loss counts (1 - margin) times.

    Args:
        mine: loss, time of submission and margin against later models; those of the same time have none.
        other: the same.

    Source: macrocosm-os/pretraining, `pretrain/validation.py: iswin`.
    """
    (loss, since, margin), (their_loss, their_since, their_margin) = mine, other
    counted = jnp.where(since < their_since, (1 - margin) * loss, loss)
    return counted < jnp.where(their_since < since, (1 - their_margin) * their_loss, their_loss)


def competitive(loss: jax.Array, since: jax.Array, margin: float) -> jax.Array:
    """Return the mask [M] of models that no earlier or equally old model keeps out at the least `margin`."""
    before = (since <= since[:, None]) & ~jnp.eye(len(loss), dtype=bool)
    return ~(before & (loss[:, None] >= (1 - margin) * loss)).any(axis=1)
