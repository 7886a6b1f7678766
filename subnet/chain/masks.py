"""Which recorded weights and bonds still mean the miner they were meant for."""

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["NO_COMMIT", "counted_weights", "last_epoch_start", "replaced_miners"]

NO_COMMIT = jnp.iinfo(jnp.int64).max


def counted_weights(
    permit: jax.Array,
    is_self: jax.Array,
    is_owner: jax.Array,
    last_update: jax.Array,
    registered: jax.Array,
    commit_block: jax.Array | None,
) -> jax.Array:
    """Return the mask [V, M] of weights that count.

    Args:
        permit: [V] may validate now.
        is_self: [V, M] the row's own column.
        is_owner: [V] the subnet's owner, whose self-weight counts.
        last_update: [V] block at which weights were set.
        registered: [M] block at which the miner took its uid.
        commit_block: [V] block of the earliest open commit, `NO_COMMIT` without one; None where commit-reveal is off.
    """
    # Set before, or in the same block as, the registration: meant for the predecessor at that uid.
    outdated = last_update[:, None] <= registered[None, :]
    counted = permit[:, None] & ~(is_self & ~is_owner[:, None]) & ~outdated
    if commit_block is not None:
        counted &= ~(commit_block[:, None] < registered[None, :])
    return counted


def last_epoch_start(block: jax.Array, tempo: Real, last_epoch_block: jax.Array) -> jax.Array:
    """Return the first block after the last completed epoch, or a tempo ago if none was completed yet."""
    return jnp.where(last_epoch_block == 0, jnp.maximum(block - tempo, 0), last_epoch_block + 1)


def replaced_miners(registered: jax.Array, since: jax.Array) -> jax.Array:
    """Return the miners [M] that took their uid since the last epoch: bonds on them were bonds on somebody else."""
    return since <= registered
