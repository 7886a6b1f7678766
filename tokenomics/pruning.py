"""Whose place a newcomer takes."""

import jax
import jax.numpy as jnp

__all__ = ["kept_after_trim", "lowest", "replaced_uid", "untouchable_uids"]

_TOO_MANY_PROTECTED = 80  # per cent of the new size


def replaced_uid(
    emission: jax.Array,
    registered_at: jax.Array,
    immune: jax.Array,
    untouchable: jax.Array,
    min_non_immune: jax.Array | int = 10,
) -> jax.Array:
    """Return the uid that a newcomer replaces when all slots are taken, or -1 if there is none.

    The lowest emission goes; among equals the earliest registration, then the lowest uid. Immune neurons are spared
    as long as more than `min_non_immune` others are left; otherwise the lowest immune one goes.

    Args:
        emission: [N] what each earned in the last epoch.
        registered_at: [N] block of registration.
        immune: [N] True while now - registered_at < immunity period.
        untouchable: [N] True for uids never replaced, and for padding.
        min_non_immune: [] how many must stay without immunity.

    Source: subtensor `subnets/registration.rs::get_neuron_to_prune`; specification R3.
    """
    exposed = ~untouchable & ~immune
    enough = exposed.sum() > min_non_immune
    return lowest(jnp.where(enough, exposed, ~untouchable & immune), emission, registered_at)


def lowest(candidates: jax.Array, *keys: jax.Array) -> jax.Array:
    """Return the first index whose keys, compared one after the other, are the lowest among `candidates`; -1 if none.

    Args:
        candidates: [N] mask.
        keys: [N] each, the first counts most.
    """
    for key in keys:
        candidates = candidates & (key == jnp.where(candidates, key, key.max()).min())
    return jnp.where(candidates.any(), candidates.argmax(), -1)


def untouchable_uids(
    owned: jax.Array, registered_at: jax.Array, designated: jax.Array | int, limit: jax.Array | int = 1
) -> jax.Array:
    """Return which of an owner's neurons are never replaced, as a mask [N].

    The first `limit` by registration block, then uid; the designated hotkey, where it is not among them, takes the
    place of the last.

    Args:
        owned: [N] True for the owner's neurons.
        registered_at: [N] block of registration.
        designated: [] uid of the hotkey that the subnet names as its owner's, -1 if there is none.
        limit: [] how many at most.

    Source: subtensor `subnets/registration.rs::get_immune_owner_uids`; specification R3.
    """
    uid = jnp.arange(owned.shape[0])
    earlier = _before(registered_at[None, :], registered_at[:, None], uid[None, :] < uid[:, None])
    place = (earlier & owned[None, :]).sum(axis=1)
    first = owned & (place < limit)
    is_designated = uid == designated
    displaced = owned & (place < jnp.asarray(limit) - 1)
    missing = is_designated.any() & ~(first & is_designated).any() & (jnp.asarray(limit) > 0)
    return jnp.where(missing, displaced | is_designated, first)


def kept_after_trim(emission: jax.Array, protected: jax.Array, size: jax.Array | int) -> jax.Array:
    """Return which neurons stay when the slots shrink to `size`, as a mask [N]; all if the owner may not do that.

    The lowest emission goes first, among equals the higher uid; immune and untouchable neurons stay. Refused where
    these are 80 % of the new size or more.

    Args:
        emission: [N] what each earned in the last epoch.
        protected: [N] immune or untouchable.
        size: [] slots that are left, 64 or more on the chain.

    Source: subtensor `subnets/uids.rs::trim_to_max_allowed_uids`; specification R4.
    """
    uid = jnp.arange(emission.shape[0])
    sooner = _before(emission[None, :], emission[:, None], uid[None, :] > uid[:, None])
    place = (sooner & ~protected[None, :]).sum(axis=1)
    removed = ~protected & (place < emission.shape[0] - jnp.asarray(size))
    refused = 100 * protected.sum() // jnp.maximum(jnp.asarray(size), 1) >= _TOO_MANY_PROTECTED
    return refused | ~removed


def _before(key: jax.Array, other: jax.Array, first_among_equals: jax.Array) -> jax.Array:
    return (key < other) | ((key == other) & first_among_equals)
