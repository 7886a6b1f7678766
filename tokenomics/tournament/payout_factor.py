"""How far payouts are cut once more is staked than the tournament wants to pay for."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["payout_factor", "total_at_risk"]


def payout_factor(total: Real, threshold: Real, exponent: Real = 1.0) -> jax.Array:
    """Return the part of a score that is paid: min(1, (threshold / total)^exponent), float64.

    Args:
        total: stake at risk at the close of a round, of any shape; 1 where nothing is at risk.
        threshold: in the same unit, of a shape that broadcasts; infinite where a rule has none.
        exponent: 1 in the live tournament: beyond the threshold the most that is paid stays the same. Below 1 more is
            paid the more is staked; at 0 nothing is ever cut.

    Source: numerai/docs, numerai-tournament/staking.md; specification 7.1. Pages of Signals and Crypto call the curve
    logarithmic; their formula and plot are this one.
    """
    S, theta = jnp.asarray(total, jnp.float64), jnp.asarray(threshold, jnp.float64)
    over = theta < S
    share, power = theta / jnp.where(over, S, 1), jnp.asarray(exponent, jnp.float64)
    return jnp.where(over, jnp.where(power == 1, share, share**power), 1.0)


def total_at_risk(factor: Real, threshold: Real) -> jax.Array:
    """Return how much is at risk where `factor` in (0, 1] is seen: threshold / factor, float64.

    A factor of 1 says only that the total is at most the threshold, which is what comes back; infinite without a
    threshold.
    """
    return jnp.asarray(threshold, jnp.float64) / jnp.asarray(factor, jnp.float64)
