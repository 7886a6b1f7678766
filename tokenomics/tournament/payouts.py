"""What a resolved round pays and burns, in whole units and in floats."""

import jax
import jax.numpy as jnp

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down
from tokenomics.arithmetic import Real
from tokenomics.tournament.rules import PayoutRule

__all__ = ["expected_emission", "payout_amount", "payout_nmr", "round_payouts"]


def round_payouts(
    rule: PayoutRule, at_risk: jax.Array, score: Real, contribution: Real, gain_factor: Real = 1.0
) -> jax.Array:
    """Return each model's gain or burn for one resolved round.

    at_risk · clip(f (a score + b contribution), -cap, cap), with f = min(1, threshold / sum at_risk)

    Args:
        rule: the numbers of the round.
        at_risk: int64 >= 0 [K], units of 10⁻⁹ NMR at risk when the round closed; 0 for padding and for whoever handed
            in nothing, which pays exactly 0 and leaves the factor alone.
        score: [K] main scores; NaN pays 0.
        contribution: [K] contributions; NaN pays 0 unless the rule ignores them.
        gain_factor: [] or [K] in [0, 1], by which gains are multiplied, burns are not.

    Returns:
        int64 [K], negative where stake burns; rounding as in `payout_amount`.
    """
    factor = rule.factor(at_risk.sum() / RAO_PER_TOKEN)
    return payout_amount(at_risk, rule.fraction(score, contribution, factor, gain_factor))


def payout_amount(at_risk: jax.Array, fraction: jax.Array) -> jax.Array:
    """Return int64 units of at_risk · fraction, rounded towards 0, never below -at_risk.

    Both signs are cut alike, so that a submission and its mirror image with equal stakes earn nothing together, to
    the unit. What is cut off a gain stays in the treasury, what is cut off a burn stays in the stake.

    Args:
        at_risk: int64 >= 0 of any shape.
        fraction: floats that broadcast against it.

    Source: numerai/docs prints decimals and says nothing on rounding.
    """
    amount = jnp.sign(fraction).astype(jnp.int64) * multiply_down(at_risk, jnp.abs(fraction))
    return jnp.maximum(amount, -at_risk)


def payout_nmr(rule: PayoutRule, stake: Real, score: Real, contribution: Real, factor: Real) -> jax.Array:
    """Return the gain or burn on `stake` NMR at a known payout factor, float64 NMR: what a calculator shows."""
    return jnp.asarray(stake, jnp.float64) * rule.fraction(score, contribution, factor)


def expected_emission(rule: PayoutRule, total_nmr: Real, score: Real, contribution: Real = 0.0) -> jax.Array:
    """Return what a round pays less what it burns where no cap binds, float64 NMR.

    min(S, threshold) (a score + b contribution), with stake-weighted mean scores. Contributions to a stake-weighted
    meta model sum to about 0 by stake, so past the threshold a round pays a · threshold · score, whatever b is.

    Args:
        rule: the numbers of the round.
        total_nmr: S, NMR at risk.
        score: [] mean main score by stake.
        contribution: [] mean contribution by stake.

    Source: specification 7.1.
    """
    paid_on = jnp.minimum(jnp.asarray(total_nmr, jnp.float64), rule.threshold_nmr)
    return paid_on * rule.score(score, contribution)
