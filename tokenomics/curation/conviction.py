"""Conviction: support that builds up while stake stays, and what it takes to spend from a fund."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = [
    "MAX_SHARE",
    "MIN_STAKE_SHARE",
    "RETENTION",
    "WEIGHT",
    "blocks_to_pass",
    "conviction_after",
    "conviction_threshold",
    "effective_stake",
    "half_life",
    "standing_share_needed",
]

# The defaults of 1Hive: a half-life of 3 days at 15 seconds a block.
RETENTION = 0.9999599
MAX_SHARE = 0.2
WEIGHT = 0.002
MIN_STAKE_SHARE = 0.2


def conviction_after(conviction: Real, stake: Real, blocks: Real, retention: Real = RETENTION) -> jax.Array:
    """Return the conviction after some blocks of constant support: y_t = α^t y_0 + x (1 − α^t) / (1 − α).

    Args:
        conviction: [...] y_0, in tokens times blocks.
        stake: [...] x, tokens that support it.
        blocks: [...] t.
        retention: α < 1, the share of conviction kept from one block to the next.

    Source: 1Hive/conviction-voting-app, contracts/ConvictionVoting.sol, calculateConviction, which cuts to integers;
    these floats agree with it to 3e-13.
    """
    kept = jnp.asarray(retention, jnp.float64) ** blocks
    return kept * conviction + stake * (1 - kept) / (1 - retention)


def half_life(retention: Real = RETENTION) -> jax.Array:
    """Return after how many blocks conviction without support has halved: ln ½ / ln α."""
    return jnp.log(0.5) / jnp.log(jnp.asarray(retention, jnp.float64))


def effective_stake(staked: Real, supply: Real, min_stake_share: Real = MIN_STAKE_SHARE) -> jax.Array:
    """Return the stake that a request is measured against: max(staked, m · supply)."""
    return jnp.maximum(jnp.asarray(staked, jnp.float64), min_stake_share * supply)


def standing_share_needed(requested_share: Real, max_share: Real = MAX_SHARE, weight: Real = WEIGHT) -> jax.Array:
    """Return the share of the effective stake that passes a request if it stays for ever: ρ / (β − q/F)².

    Infinite for q >= β F, which no support can pass.
    """
    room = max_share - jnp.asarray(requested_share, jnp.float64)
    return jnp.where(room > 0, weight / jnp.where(room > 0, room, 1) ** 2, jnp.inf)


def conviction_threshold(
    requested_share: Real,
    effective: Real,
    retention: Real = RETENTION,
    max_share: Real = MAX_SHARE,
    weight: Real = WEIGHT,
) -> jax.Array:
    """Return the conviction that a request needs: ρ S_eff / ((1 − α) (β − q/F)²), infinite for q >= β F.

    Args:
        requested_share: [...] q/F, the share of the funds that is asked for.
        effective: [] S_eff, as `effective_stake` returns it.
        retention: α.
        max_share: β, from which share on nothing passes.
        weight: ρ.

    Source: 1Hive/conviction-voting-app, contracts/ConvictionVoting.sol, calculateThreshold.
    """
    return standing_share_needed(requested_share, max_share, weight) * effective / (1 - retention)


def blocks_to_pass(stake: Real, threshold: Real, retention: Real = RETENTION) -> jax.Array:
    """Return after how many whole blocks constant support from nothing reaches a threshold; infinite for never."""
    alpha = jnp.asarray(retention, jnp.float64)
    missing = 1 - threshold * (1 - alpha) / stake  # α^t that is left when it is reached
    return jnp.where(missing > 0, jnp.ceil(jnp.log(jnp.where(missing > 0, missing, 1)) / jnp.log(alpha)), jnp.inf)
