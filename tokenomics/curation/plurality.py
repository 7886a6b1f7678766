"""Counting stake for one option each, and what makes the count valid."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["is_accepted", "stake_for"]


def stake_for(stake: jax.Array, choice: jax.Array, num_options: int) -> jax.Array:
    """Return the stake behind each option, T_p = Σ_i s_i 1[c_i = p].

    Args:
        stake: [n] weight of each voter, in any unit; the result has its type.
        choice: [n] the option that each names; outside 0 … num_options − 1 it stays away.
        num_options: P.
    """
    return jnp.zeros(num_options, stake.dtype).at[choice].add(stake, mode="drop", wrap_negative_indices=False)


def is_accepted(support: jax.Array, cast: jax.Array, total: jax.Array, quorum: Real, approval: Real) -> jax.Array:
    """Return whether a count is valid: cast >= Q · total, and support >= θ · cast.

    Args:
        support: [...] stake in favour.
        cast: [...] stake that voted at all.
        total: [] stake that could have.
        quorum: Q, a share of `total`; 0 for none.
        approval: θ, a share of `cast`; 0 for none.
    """
    return (cast >= quorum * total) & (support >= approval * cast)
