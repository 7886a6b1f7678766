"""Scores by the squared error of probabilities."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.scoring import _proper
from validators.scoring._outputs import capped, check_classes, over_positions
from validators.scoring.base import Record, no_record, remember, skill

__all__ = ["Brier"]

_WORST = 2.0  # all probability on one class, and another one came


@mechanism
class Brier:
    """Score a miner by how much of the prior's Brier loss it saves.

    measure = - sum_c (p_c - y_c)²;
    score = max(0, 1 - L / L0), L the miner's and L0 the prior's smoothed loss on the same rows.
    Bounded, so that a single confident mistake costs little; logits that are no numbers cost the most, 2.
    """

    predicts: ClassVar[tuple[str, ...]] = ("classes",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return minus the Brier loss [M, P] of logits `outputs` [M, P, ..., C] on `targets` [P, ...]."""
        check_classes(outputs, targets)
        happened = jax.nn.one_hot(targets, outputs.shape[-1], dtype=outputs.dtype)
        return -over_positions(capped(_proper.brier(jax.nn.softmax(outputs), happened), _WORST))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 0 - base, self.smoothing_rate)
        return state, skill(state.value, state.base, best=0)
