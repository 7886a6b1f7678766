"""Where payouts come from and where burns go: treasury, tokens that are netted, tokens that are no more."""

from typing import Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down
from tokenomics.tournament.stakes import Resolved, Stakes

__all__ = [
    "ISSUE_PER_WEEK_NMR",
    "SNAPSHOT_2018_NMR",
    "SUPPLY_CAP_NMR",
    "BurnMode",
    "Supply",
    "affordable",
    "book",
    "conserved",
    "existing",
    "open_supply",
]

# destroyed: a burn lowers the supply at once. netted: it is kept against later gains of the same stake, and what is
# left of it is destroyed when stake is released.
BurnMode: TypeAlias = Literal["destroyed", "netted"]

SUPPLY_CAP_NMR = {"2017": 21_000_000, "2019": 11_000_000}  # since the upgrade of 2019 nothing more is minted
ISSUE_PER_WEEK_NMR = 96_153.846  # until then
# On 2018-08-13. Source: numerai/docs, docs/faq.md at 2018-10; specification 7.6.
SNAPSHOT_2018_NMR = {"supply": 6_362_843, "minted": 6_433_454, "burned": 70_611, "mintable": 1_554_219}


class Supply(NamedTuple):
    """Tokens outside wallets and stakes, int64 units.

    `treasury` [] pays gains; nothing is minted. `netted` [K] was burned from a stake but exists. `destroyed` [] does
    not exist any more.
    """

    treasury: jax.Array
    netted: jax.Array
    destroyed: jax.Array


def open_supply(treasury: jax.Array | int, num_models: int) -> Supply:
    """Return a supply of which nothing is burned yet."""
    zero = jnp.zeros((), jnp.int64)
    return Supply(jnp.asarray(treasury, jnp.int64), jnp.zeros(num_models, jnp.int64), zero)


def affordable(supply: Supply, payout: jax.Array) -> jax.Array:
    """Return `payout`, int64 [K], with gains cut pro rata, rounded down, where the treasury does not hold enough.

    What a model has netted pays for its own gain first. Burns stay as they are. No source says what would happen.
    """
    own = jnp.clip(payout, 0, supply.netted)
    due = jnp.maximum(payout, 0) - own
    total = due.sum()
    paid = jnp.where(total > supply.treasury, share_down(supply.treasury, due, total), due)
    return jnp.where(payout > 0, own + paid, payout)


def book(supply: Supply, resolved: Resolved, mode: BurnMode) -> Supply:
    """Return the supply after a resolved round.

    Args:
        supply: the state.
        resolved: what `stakes.resolve` did with an `affordable` payout.
        mode: what a burn does. Netted, all that is left of a model's burns is destroyed as soon as any of its stake is
            released: a burn reaches the chain only when a position is closed.

    Source: specification 7.5.
    """
    if mode == "destroyed":
        return supply._replace(
            treasury=supply.treasury - resolved.gain.sum(), destroyed=supply.destroyed + resolved.burn.sum()
        )
    own = jnp.minimum(resolved.gain, supply.netted)
    netted = supply.netted - own + resolved.burn
    gone = jnp.where(resolved.released > 0, netted, 0)
    return Supply(
        treasury=supply.treasury - (resolved.gain - own).sum(),
        netted=netted - gone,
        destroyed=supply.destroyed + gone.sum(),
    )


def existing(supply: Supply, stakes: Stakes) -> jax.Array:
    """Return the tokens in treasury, wallets and stakes and those netted, int64 []: only destruction lowers it."""
    return supply.treasury + supply.netted.sum() + stakes.wallet.sum() + stakes.stake.sum()


def conserved(supply: Supply, stakes: Stakes) -> jax.Array:
    """Return what exists and what was destroyed together, int64 []: constant, whatever is done."""
    return existing(supply, stakes) + supply.destroyed
