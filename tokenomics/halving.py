"""A supply that is never reached: emission that halves whenever half of what is left has been issued."""

import jax
import jax.numpy as jnp
from jax import lax

__all__ = ["FIRST_EMISSION_RAO", "SUPPLY_RAO", "block_emission", "emission_over", "halving_threshold"]

SUPPLY_RAO = 21 * 10**15
FIRST_EMISSION_RAO = 10**9


def block_emission(
    issuance: jax.Array | int, supply: jax.Array | int = SUPPLY_RAO, first: jax.Array | int = FIRST_EMISSION_RAO
) -> jax.Array:
    """Return what one block mints.

    k = floor(log2(1 / (1 - issuance / supply)));  floor(first / 2^k), and 0 once the supply is issued.

    In integers: k is the largest number with (supply - issuance) 2^k <= supply, so a threshold is met exactly.

    Args:
        issuance: int64 units that exist, any shape. Recycled units do not exist any more and delay a halving, burned
            ones still do.
        supply: units that will ever exist, 1 <= supply < 2^63.
        first: units minted per block before the first halving.

    Source: subtensor `coinbase/block_emission.rs`; specification E1. What is left bounds the last block, as the
    chain's refusal to mint past the supply does; with its numbers that never happens.
    """
    left = _int64(supply) - _int64(issuance)
    halvings = _halvings(left, _int64(supply))
    return jnp.where(left > 0, jnp.minimum(_int64(first) >> halvings, left), 0)


def halving_threshold(halvings: jax.Array | int, supply: jax.Array | int = SUPPLY_RAO) -> jax.Array:
    """Return the least issuance from which emission has been halved so often: supply - floor(supply / 2^halvings)."""
    return _int64(supply) - (_int64(supply) >> jnp.minimum(_int64(halvings), 63))


def emission_over(
    issuance: jax.Array | int,
    blocks: jax.Array | int,
    supply: jax.Array | int = SUPPLY_RAO,
    first: jax.Array | int = FIRST_EMISSION_RAO,
) -> jax.Array:
    """Return what `blocks` blocks mint from `issuance` on, int64 []: `block_emission` summed block by block, exactly.

    Blocks between two halvings mint alike, so the loop turns once per halving, not once per block: usually once. The
    block that reaches a threshold still mints at the old rate.
    """
    supply, first = _int64(supply), _int64(first)

    def goes_on(carry: tuple[jax.Array, jax.Array]) -> jax.Array:
        issued, blocks_left = carry
        return (blocks_left > 0) & (block_emission(issued, supply, first) > 0)

    def until_halving(carry: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        issued, blocks_left = carry
        left = supply - issued
        rate = block_emission(issued, supply, first)
        to_threshold = halving_threshold(_halvings(left, supply) + 1, supply) - issued
        alike = jnp.minimum(blocks_left, -(-to_threshold // rate))
        return issued + jnp.minimum(rate * alike, left), blocks_left - alike

    issued, _ = lax.while_loop(goes_on, until_halving, (_int64(issuance), _int64(blocks)))
    return issued - _int64(issuance)


def _halvings(left: jax.Array, supply: jax.Array) -> jax.Array:
    ratio = supply // jnp.maximum(left, 1)
    return 63 - lax.clz(jnp.maximum(ratio, 1))


def _int64(x: jax.Array | int) -> jax.Array:
    return jnp.asarray(x, jnp.int64)
