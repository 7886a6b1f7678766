"""Which part of a stake a round pays or burns."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism
from tokenomics.tournament.payout_factor import payout_factor

__all__ = ["PayoutRule"]


@mechanism
class PayoutRule:
    """Pay a model for its own score and for what it adds to the others', within a cap.

    x = a score + b contribution, with a `score_multiplier` and b `contribution_multiplier`;  f = min(1, (threshold /
    S)^γ) for S at risk in all, γ = 1 in every rule that was in force.

    fraction = clip(f x, -cap, cap), or f clip(x, -cap, cap) where `cap_follows_factor`.

    Every rule since 2019 is a choice of these numbers: see `presets`. Where models could choose multipliers, these
    fields are arrays [K]. All fields are numbers, so rules of several rounds stack and can be scanned over.

    Source: numerai/docs, numerai-tournament/staking.md; specification 7.1 and 7.2. The defaults are Classic's in 2026.
    """

    score_multiplier: Annotated[float, Field(ge=0, le=10, description="weight of the main score, CORR in Classic")] = (
        0.75
    )
    contribution_multiplier: Annotated[
        float, Field(ge=0, le=10, description="weight of the contribution to the meta model, MMC in Classic")
    ] = 2.25
    cap: Annotated[float, Field(ge=0, le=1, description="largest part of a stake that a round pays or burns")] = 0.05
    threshold_nmr: Annotated[
        float, Field(gt=0, description="stake at risk, in NMR, from which payouts are cut; infinite: never")
    ] = 72_000.0
    cap_follows_factor: Annotated[
        bool, Field(description="whether the cap is applied to the score before the payout factor")
    ] = False
    factor_exponent: Annotated[
        float, Field(ge=0, le=10, description="γ, how fast payouts are cut beyond the threshold; 1: as the stake grows")
    ] = 1.0

    def factor(self, total_nmr: Real) -> jax.Array:
        """Return the payout factor of a round with `total_nmr` at risk."""
        return payout_factor(total_nmr, self.threshold_nmr, self.factor_exponent)

    def score(self, score: Real, contribution: Real) -> jax.Array:
        """Return what a submission is paid on, float64; NaN where a score that counts is missing.

        A score that does not count (its multiplier is 0) may be missing.
        """
        return _weighted(self.score_multiplier, score) + _weighted(self.contribution_multiplier, contribution)

    def fraction(self, score: Real, contribution: Real, factor: Real, gain_factor: Real = 1.0) -> jax.Array:
        """Return the part of its stake that each submission earns, float64; negative where stake burns.

        Args:
            score: [K] main scores; NaN where there is none, which pays exactly 0.
            contribution: [K] contributions; likewise.
            factor: [] payout factor in (0, 1], fixed when the round closed.
            gain_factor: [] or [K] in [0, 1], by which gains, not burns, are multiplied: a penalty on churn.

        Returns:
            [K], never below -1: no stake burns more than it is, whatever the cap.
        """
        f, cap = jnp.asarray(factor, jnp.float64), jnp.asarray(self.cap, jnp.float64)
        x = self.score(score, contribution)
        # A factor is never negative, so a cap that shrinks with it is a cap that was applied before it.
        bound = jnp.where(self.cap_follows_factor, f * cap, cap)
        paid = jnp.clip(f * jnp.where(jnp.isnan(x), 0, x), -bound, bound)
        return jnp.maximum(jnp.where(paid > 0, paid * gain_factor, paid), -1.0)


def _weighted(multiplier: Real, score: Real) -> jax.Array:
    m, x = jnp.asarray(multiplier, jnp.float64), jnp.asarray(score, jnp.float64)
    return jnp.where(m == 0, 0, m * x)
