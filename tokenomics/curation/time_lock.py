"""Voting weight of tokens that are locked for a time."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real
from tokenomics.curation.voting_points import SECONDS_PER_WEEK

__all__ = ["LONGEST_LOCK", "lock_weight"]

LONGEST_LOCK = 4 * 365 * 86_400  # seconds


def lock_weight(amount: Real, end: Real, now: Real, longest: Real = LONGEST_LOCK) -> jax.Array:
    """Return the weight of a lock: amount · (end − now) / longest, falling to 0 at the end and staying there.

    Args:
        amount: [...] tokens locked.
        end: [...] when they are free again, in seconds; rounded down to a whole week.
        now: [] seconds on the same clock.
        longest: the longest lock that there is, in seconds. A later end counts as now + longest.

    Source: oceanprotocol/df-py, contracts/ve/veOcean.vy, which refuses longer locks and cuts slopes to integers.
    """
    until = jnp.minimum(jnp.asarray(end, jnp.float64), now + longest)
    whole = jnp.floor(until / SECONDS_PER_WEEK) * SECONDS_PER_WEEK
    return jnp.asarray(amount) * jnp.maximum(whole - now, 0) / longest
