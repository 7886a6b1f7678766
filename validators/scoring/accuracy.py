"""Scores by the share of rows that were classified right."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import divide
from tokenomics.mechanism import mechanism
from validators.scoring._outputs import logit_of, over_positions
from validators.scoring.base import Record, no_record, remember, skill

__all__ = ["Accuracy"]


@mechanism
class Accuracy:
    """Score a miner by how many of the prior's mistakes it avoids.

    measure = 1 where the likeliest class came, else 0, classes that tie for the likeliest share the 1;
    score = max(0, (A - A0) / (1 - A0)), A the miner's and A0 the prior's smoothed accuracy on the same rows.
    Not proper: how sure a submission is does not matter. Logits that are no numbers are wrong.
    """

    predicts: ClassVar[tuple[str, ...]] = ("classes",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return hits [M, P] of `targets` [P, ...] under logits `outputs` [M, P, ..., C]."""
        highest = outputs.max(axis=-1)
        likeliest = (outputs == highest[..., None]).sum(axis=-1)
        hit = logit_of(outputs, targets) == highest
        return over_positions(divide(hit.astype(outputs.dtype), likeliest.astype(outputs.dtype)))

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 1 - base, self.smoothing_rate)
        return state, skill(state.value, state.base, best=1)
