"""Scores by the log probability of what happened."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.scoring._outputs import WORST_LOG_LOSS, capped, log_probability, over_positions
from validators.scoring.base import Record, no_record, remember, skill

__all__ = ["LogLoss"]


@mechanism
class LogLoss:
    """Score a miner by how much of the prior's loss it saves.

    measure = log p_y;  score = max(0, 1 - L / L0), L the miner's and L0 the prior's smoothed loss on the same rows.
    Probabilities below 10⁻⁷, and logits that are no numbers, count as 10⁻⁷: a loss of 16.1 nats.
    """

    predicts: ClassVar[tuple[str, ...]] = ("classes",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return log probabilities [M, P] of `targets` [P, ...] under logits `outputs` [M, P, ..., C], in nats."""
        return -over_positions(capped(-log_probability(outputs, targets), WORST_LOG_LOSS))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 0 - base, self.smoothing_rate)
        return state, skill(state.value, state.base, best=0)
