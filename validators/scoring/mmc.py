"""Scores by what a ranking adds to the meta model: Numerai's MMC, with equal weights."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism
from validators.numerai.contribution import centred_target, orthogonalise
from validators.numerai.ranks import rank_gauss
from validators.scoring._outputs import rankings
from validators.scoring.base import Record, lead, no_record, remember

__all__ = ["Mmc"]

_UNIT = 2.0**-40  # of what is summed over submissions: sums of whole numbers do not depend on their order


@mechanism
class Mmc:
    """Score a miner by what its ranking knows that the mean of all rankings does not.

    measure_i = τ_i (G(p) ⊥ G(m))_i, whose mean over rows is MMC, m the equal-weight mean of G(p_k) over the miners that
    are there;  score = max(0, smoothed measure - base), where no skill is 0.

    The measures of all sum to nearly 0: what one adds, others lack. Copies of the mean add nothing, its opposite
    neither, and so does who is alone. A row without a target measures 0; who leaves out a row, or gives all the same
    number, measures 0 throughout and is not in the mean.

    Source: `validators.numerai.contribution.correlation_contribution`; specification of Numerai-style tournaments,
    section 4. Here nobody's weight in the mean depends on stake.
    """

    predicts: ClassVar[tuple[str, ...]] = ("ranking",)

    smoothing_rate: Annotated[float, Field(gt=0, le=1, description="weight of the newest evaluation")] = 0.2

    def measure(self, outputs: jax.Array, targets: jax.Array, active: jax.Array | None = None) -> jax.Array:
        """Return contributions [M, P] of rankings `outputs` [M, P, 1] on `targets` [P], NaN where a row has none.

        Only the miners at `active` [M] are in the mean, all by default.
        """
        g = rank_gauss(rankings(outputs, targets))
        there = ~jnp.isnan(targets)
        known = jnp.nan_to_num(g, nan=0.0)
        pooled = known if active is None else jnp.where(active[:, None], known, 0)
        # Rounding must not decide which of two rows is ahead: ranked again, that is no small matter.
        total = jnp.round(pooled / _UNIT).astype(jnp.int64).sum(axis=0).astype(jnp.float64)
        m = jnp.nan_to_num(rank_gauss(jnp.where(there, total, jnp.nan)), nan=0.0).astype(g.dtype)
        tau = jnp.nan_to_num(centred_target(targets.astype(g.dtype)), nan=0.0)
        return jnp.nan_to_num(tau * orthogonalise(known, m), nan=0.0)

    def init(self, num_validators: int, num_miners: int, dtype: Any = jnp.float32) -> Record:
        """Return a record of nobody."""
        return no_record(num_validators, num_miners, dtype)

    def step(self, state: Record, values: jax.Array, evaluated: jax.Array, base: jax.Array) -> tuple[Record, jax.Array]:
        """Score one epoch from `values` [V, M], mask `evaluated` [V, M] and the prior's `base` [V]."""
        state = remember(state, values, evaluated, base, 1.0, self.smoothing_rate)
        return state, lead(state.value, state.base)
