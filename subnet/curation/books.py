"""The accounts of a network of art: tokens and ETH, both in whole 10⁻⁹."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from subnet.curation.scenario import CurationScenario
from tokenomics.amounts import share_down
from tokenomics.arithmetic import Real
from tokenomics.curation.burn import Reserves, buyback_burn, treasury_burn
from tokenomics.curation.revenue.base import RevenueOut
from tokenomics.ledger import OUTSIDE, Ledger, open_ledger

__all__ = ["ArtBooks", "add_liquidity", "balanced", "burn", "buy", "open_books", "reserves", "restake", "supply"]


class ArtBooks(NamedTuple):
    """Both ledgers.

    Of tokens: `curators` [n] free, `staked` [n], `treasury`, `pool`, `others`, `rule` what a tally took and gave to
    nobody, `burned`. Of ETH: `curators` [n], `rewards` [n] credited and not yet claimed, `artists` and `datasets`
    [artists], `treasury`, `pool`, `marketplace`, `active`, `retroactive`, `karma`.
    """

    tokens: Ledger
    eth: Ledger


def open_books(scenario: CurationScenario, stake: jax.Array) -> ArtBooks:
    """Return the accounts before the first round; everybody has what it will stake, [n] int64, in its wallet."""
    market, nothing = scenario.market, jnp.zeros((), jnp.int64)
    nobody, makers = jnp.zeros_like(stake), jnp.zeros(len(scenario.artists), jnp.int64)
    treasury, pool = market.units("treasury_tokens"), market.units("pool_tokens")
    others = jnp.maximum(market.units("supply") - treasury - pool - stake.sum(), 0)
    tokens = {"curators": stake, "staked": nobody, "treasury": treasury, "pool": pool, "others": others}
    tokens |= dict.fromkeys(("rule", "burned"), nothing)
    eth = {"curators": nobody, "rewards": nobody, "artists": makers, "datasets": makers}
    eth |= {"treasury": market.units("treasury_eth"), "pool": market.units("pool_eth")}
    eth |= dict.fromkeys(("marketplace", "active", "retroactive", "karma"), nothing)
    return ArtBooks(open_ledger(tokens), open_ledger(eth))


def reserves(books: ArtBooks) -> Reserves:
    """Return what lies in the pool."""
    return Reserves(books.eth.balances["pool"], books.tokens.balances["pool"])


def supply(books: ArtBooks) -> jax.Array:
    """Return the tokens that exist, int64 []: burning lowers it, nothing raises it."""
    return -books.tokens.balances[OUTSIDE] - books.tokens.balances["burned"]


def restake(books: ArtBooks) -> ArtBooks:
    """Stake what lies in wallets: all of it before the first round, later what was earned in tokens."""
    tokens = books.tokens.move("curators", "staked", books.tokens.balances["curators"], "stake")
    return books._replace(tokens=tokens)


def buy(books: ArtBooks, fee: Real, account: str, amount: jax.Array, reason: str) -> tuple[ArtBooks, jax.Array]:
    """Buy tokens in the pool with `amount` [] ETH of an account; return them, int64 []: they are still in the pool."""
    after, bought = buyback_burn(reserves(books), amount, fee)
    paid = after.eth - books.eth.balances["pool"]
    return books._replace(eth=books.eth.move(account, "pool", paid, reason)), bought


def add_liquidity(books: ArtBooks, amount: jax.Array) -> ArtBooks:
    """Put `amount` [] of the treasury's ETH into the pool, with as many of its tokens as leave the price alone.

    Where the treasury has fewer, all of them go in, and the price rises.
    """
    X, Y = reserves(books)
    beside = jnp.minimum(share_down(Y, amount, X), books.tokens.balances["treasury"])
    return ArtBooks(
        books.tokens.move("treasury", "pool", beside, "liquidity"),
        books.eth.move("treasury", "pool", amount, "liquidity"),
    )


def burn(books: ArtBooks, fee: Real, revenue: RevenueOut) -> ArtBooks:
    """Burn what the revenue's rule says: out of the treasury at the pool's quote, or bought in the pool.

    The ETH for the latter is in the treasury already.
    """
    quoted = treasury_burn(reserves(books), books.tokens.balances["treasury"], revenue.treasury_burn, fee)
    tokens = books.tokens.move("treasury", "burned", quoted, "burned by the treasury")
    books, bought = buy(books._replace(tokens=tokens), fee, "treasury", revenue.buyback, "buy-back")
    return books._replace(tokens=books.tokens.move("pool", "burned", bought, "bought back and burned"))


def balanced(books: ArtBooks) -> jax.Array:
    """Tell whether both ledgers sum to 0 with the world outside and no account is overdrawn, bool []."""
    return jnp.stack([(ledger.total() == 0) & ~ledger.overdrawn() for ledger in books]).all()
