"""Conduct that takes a stake out of a round, or cuts its gains: Signals only."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism

__all__ = ["SubmissionLimits", "churn_gain_factor"]


@mechanism
class SubmissionLimits:
    """Let only the stakes of steady submissions count.

    A stake counts as 0 where churn or turnover, the largest over the previous five rounds, reaches its limit, or where
    nothing was handed in during the previous week. A limit of infinity is none, as by default.

    Source: numerai/numerai-tools, signals.py; specification 8. The turnover limit of 0.20 became 0.25 on a date that
    no source gives.
    """

    churn_limit: Annotated[float, Field(gt=0, description="1 - rank correlation with an earlier submission")] = float(
        "inf"
    )
    turnover_limit: Annotated[float, Field(gt=0, description="part of the portfolio that was exchanged")] = float("inf")

    def counted(self, stake: jax.Array, churn: Real, turnover: Real, handed_in: jax.Array | bool = True) -> jax.Array:
        """Return the stake that counts, of the type and shape [K] of `stake`; NaN (nothing to compare with) counts."""
        over = (jnp.asarray(churn) >= self.churn_limit) | (jnp.asarray(turnover) >= self.turnover_limit)
        return jnp.where(over | ~jnp.asarray(handed_in), 0, stake)


def churn_gain_factor(neutral_churn: Real, threshold: Real = 0.1, steepness: Real = 10.0) -> jax.Array:
    """Return by what gains, not burns, are multiplied: min(1, 2 / (1 + exp(steepness (churn - threshold)))).

    Args:
        neutral_churn: mean churn of neutralised submissions, of any shape; up to the threshold nothing is cut.
        threshold: churn that is let pass.
        steepness: how fast gains fall beyond it.

    Source: numerai/numerai-tools 0.7.2; specification 8. When, or whether, it was applied to pay is not documented.
    """
    over = jnp.asarray(neutral_churn, jnp.float64) - threshold
    return jnp.minimum(1.0, 2 / (1 + jnp.exp(steepness * over)))
