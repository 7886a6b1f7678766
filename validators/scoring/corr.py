"""Scores by how well a ranking agrees with the truth: Numerai's CORR."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.numerai.ranks import center, rank_gauss_power, signed_power, standardise
from validators.scoring._outputs import rankings
from validators.scoring.base import Record, lead, no_record, remember

__all__ = ["Corr"]


@mechanism
class Corr:
    """Score a miner by the correlation of its ranking with the target, tails weighted more.

    measure_i = h_i b_i, whose mean over rows is CORR: h and b are H(p) and (t - mean t)^[1.5], standardised over the
    rows that have a target;  score = max(0, smoothed measure - base), where no skill is 0.

    A row without a target measures 0, and who leaves out a row or gives all the same number measures 0 throughout.

    Source: `validators.numerai.correlation.numerai_corr`; specification of Numerai-style tournaments, section 4.
    """

    predicts: ClassVar[tuple[str, ...]] = ("ranking",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array) -> jax.Array:
        """Return h_i b_i [M, P] of rankings `outputs` [M, P, 1] and `targets` [P], NaN where a row has none."""
        h = standardise(rank_gauss_power(rankings(outputs, targets)))
        b = standardise(signed_power(center(targets.astype(h.dtype))))
        return jnp.nan_to_num(h * b, nan=0.0)

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 1.0, self.smoothing_rate)
        return state, lead(state.value, state.base)
