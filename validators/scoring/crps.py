"""Scores by the continuous ranked probability score of normal forecasts."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.scoring._outputs import LARGEST_LOSS, capped, normal, over_positions
from validators.scoring._proper import crps_normal
from validators.scoring.base import Record, no_record, remember, skill

__all__ = ["Crps"]


@mechanism
class Crps:
    """Score a miner by how much of the prior's CRPS it saves.

    measure = - σ (z (2 Φ(z) - 1) + 2 φ(z) - 1/√π),  z = (y - μ) / σ;
    score = max(0, 1 - L / L0), L the miner's and L0 the prior's smoothed loss on the same rows.
    A sure forecast (σ near 0) costs its absolute error. Forecasts that are no numbers cost the most, 10⁶.
    """

    predicts: ClassVar[tuple[str, ...]] = ("normal",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return minus the CRPS [M, P] of `outputs` [M, P, ..., 2] on `targets` [P, ...], in units of the target."""
        return -over_positions(capped(crps_normal(*normal(outputs, targets)), LARGEST_LOSS))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 0 - base, self.smoothing_rate)
        return state, skill(state.value, state.base, best=0)
