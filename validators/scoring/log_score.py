"""Scores by the log density of normal forecasts."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.scoring._outputs import LARGEST_LOSS, capped, normal, over_positions
from validators.scoring._proper import log_score_normal
from validators.scoring.base import Record, lead, no_record, remember

__all__ = ["LogScore"]


@mechanism
class LogScore:
    """Score a miner by its information about amounts: nats per row above the prior.

    measure = log density of what came;
    score = max(0, G - G0), G the miner's and G0 the prior's smoothed measure on the same rows.
    A density has no best value, so this is no share of what could be known. False certainty is dear: up to 10⁶ nats a
    row, of which an epoch is remembered as at most ten below the prior. Forecasts that are no numbers cost the most.
    """

    predicts: ClassVar[tuple[str, ...]] = ("normal",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return log densities [M, P] of `targets` [P, ...] under `outputs` [M, P, ..., 2], in nats."""
        return -over_positions(capped(log_score_normal(*normal(outputs, targets)), LARGEST_LOSS))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 1.0, self.smoothing_rate)
        return state, lead(state.value, state.base)
