"""From the winner to the money: auction, revenue, burns, rewards for voters, later sales."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from subnet.curation.books import ArtBooks, add_liquidity, burn, buy
from subnet.curation.scenario import CurationScenario
from subnet.keys import Stream, stream
from tokenomics.amounts import share_out
from tokenomics.curation.auction import Sale, english
from tokenomics.curation.revenue.base import RevenueOut
from tokenomics.ledger import OUTSIDE

__all__ = ["Minted", "SaleOut", "Vault", "Voters", "open_vault", "pay_karma", "resell", "sell"]

_HELD = 64  # works that can be sold again: the newest
_POINT_UNITS = 10**6  # points are shared out in whole millionths


class Minted(NamedTuple):
    """The round's work: `exists` [] bool, its true `quality` [] and the number of its `artist` [] int32."""

    exists: jax.Array
    quality: jax.Array
    artist: jax.Array


class Voters(NamedTuple):
    """Those whom a round may reward: `spent` [n] points, `wallets` [n], `stayed` [n] whether nothing was unstaked."""

    spent: jax.Array
    wallets: jax.Array
    stayed: jax.Array


class Vault(NamedTuple):
    """The newest works in collectors' hands: `held` [H] bool, `quality` [H], `artist` [H], and how many ever were."""

    held: jax.Array
    quality: jax.Array
    artist: jax.Array
    num_sold: jax.Array


class SaleOut(NamedTuple):
    """A sale's amounts, int64 [] in 10⁻⁹ ETH; `credited` [n] what voters were promised, in ETH or in tokens.

    `net` is what the rule of revenue divides: the hammer price less the marketplace's part and royalties.
    """

    sold: jax.Array
    hammer: jax.Array
    marketplace: jax.Array
    royalties: jax.Array
    net: jax.Array
    parts: RevenueOut
    credited: jax.Array
    undistributed: jax.Array


def open_vault() -> Vault:
    """Return that nobody holds anything."""
    return Vault(jnp.zeros(_HELD, bool), jnp.zeros(_HELD), jnp.zeros(_HELD, jnp.int32), jnp.zeros((), jnp.int64))


def sell(
    key: jax.Array,
    epoch: jax.Array,
    scenario: CurationScenario,
    books: ArtBooks,
    auctions: tuple[jax.Array, jax.Array],
    vault: Vault,
    minted: Minted,
    voters: Voters,
) -> tuple[ArtBooks, tuple[jax.Array, jax.Array], Vault, SaleOut]:
    """Auction the round's work and divide what it brings; without a work nothing is held.

    Args:
        key: the run's.
        epoch: [] the round.
        scenario: rules and people.
        books: before the sale.
        auctions: what the auction remembers of earlier ones.
        vault: works in collectors' hands.
        minted: the work.
        voters: whom the revenue may reward.
    """
    design = scenario.design
    values = scenario.collectors.values(stream(key, Stream.COLLECTOR, epoch), epoch, minted.quality)
    remembered, sale = design.auction.step(auctions, values)
    auctions = jax.tree.map(lambda new, old: jnp.where(minted.exists, new, old), remembered, auctions)
    sale = Sale(sale.sold & minted.exists, jnp.where(minted.exists, sale.price, 0), sale.buyer)
    marketplace, rest = design.auction.split(sale)
    owed = design.royalties.pay(rest, resale=False)
    eth = books.eth.move(OUTSIDE, "marketplace", marketplace, "marketplace fee")
    eth = eth.move(OUTSIDE, "artists", _to(scenario, minted.artist, owed.model), "royalty to the model's owner")
    eth = eth.move(OUTSIDE, "datasets", _to(scenario, minted.artist, owed.dataset), "royalty to the data's owner")
    books, parts, credited, undistributed = _divide(scenario, books._replace(eth=eth), owed.seller, voters)
    out = SaleOut(
        sold=sale.sold,
        hammer=sale.price,
        marketplace=marketplace,
        royalties=owed.model + owed.dataset,
        net=owed.seller,
        parts=parts,
        credited=credited,
        undistributed=undistributed,
    )
    return books, auctions, _bought(vault, sale.sold, minted), out


def resell(
    key: jax.Array, epoch: jax.Array, scenario: CurationScenario, books: ArtBooks, vault: Vault
) -> tuple[ArtBooks, jax.Array]:
    """Sell some works on, at what the second of new bidders would pay; return the volume, int64 [] in 10⁻⁹ ETH."""
    rule, own = scenario.design.royalties, stream(key, Stream.RESALE, epoch)
    resold = rule.resold(jax.random.fold_in(own, 0), vault.held)
    values = scenario.collectors.values(jax.random.fold_in(own, 1), epoch, vault.quality)
    price = jax.vmap(lambda v: english(v, jnp.zeros((), jnp.int64)).price)(values)
    price = jnp.where(resold, price, 0)
    owed = jax.vmap(lambda p: rule.pay(p, resale=True))(price)
    eth = books.eth.move(OUTSIDE, "treasury", owed.creator.sum(), "commission on a resale")
    eth = eth.move(OUTSIDE, "artists", _to(scenario, vault.artist, owed.model), "royalty to the model's owner")
    eth = eth.move(OUTSIDE, "datasets", _to(scenario, vault.artist, owed.dataset), "royalty to the data's owner")
    return books._replace(eth=eth), price.sum()


def pay_karma(scenario: CurationScenario, books: ArtBooks, spent: jax.Array, due: jax.Array) -> ArtBooks:
    """Share out what was put aside, by the points spent in the period, [n], where it is `due` [].

    Karma is reputation and the retroactive pool was divided by a vote over eight kinds of contribution; both are the
    points that somebody spent here. Karma is changed into tokens where rewards are. If nobody spent any, all stays.
    """
    weights = jnp.rint(spent * _POINT_UNITS).astype(jnp.int64)
    due, reason = due & (weights.sum() > 0), "shared out at the end of a period"
    karma, rest = (jnp.where(due, books.eth.balances[account], 0) for account in ("karma", "retroactive"))
    if scenario.design.revenue.rewards_in_botto:
        books, bought = buy(books, scenario.market.fee, "karma", karma, "rewards bought in tokens")
        tokens = books.tokens.move("pool", "curators", share_out(bought, weights), reason)
        books = books._replace(tokens=tokens)
    else:
        books = books._replace(eth=books.eth.move("karma", "rewards", share_out(karma, weights), reason))
    return books._replace(eth=books.eth.move("retroactive", "rewards", share_out(rest, weights), reason))


def _divide(
    scenario: CurationScenario, books: ArtBooks, net: jax.Array, voters: Voters
) -> tuple[ArtBooks, RevenueOut, jax.Array, jax.Array]:
    """Divide the net revenue, burn, reward; return what voters are credited [n] and what nobody is []."""
    design, fee = scenario.design, scenario.market.fee
    parts = design.revenue.split(net)
    eth = books.eth
    for account in ("active", "retroactive", "karma"):
        eth = eth.move(OUTSIDE, account, getattr(parts, account), f"{account} rewards")
    eth = eth.move(OUTSIDE, "treasury", parts.treasury + parts.buyback + parts.liquidity, "revenue")
    books = burn(add_liquidity(books._replace(eth=eth), parts.liquidity), fee, parts)
    stake = books.tokens.balances["staked"]
    if design.revenue.rewards_in_botto:
        books, pot = buy(books, fee, "active", books.eth.balances["active"], "rewards bought in tokens")
        credited, left = design.rewards.credit(pot, voters.spent, stake, voters.wallets, voters.stayed)
        tokens = books.tokens.move("pool", "curators", credited, "reward for voting")
        books = books._replace(tokens=tokens.move("pool", "treasury", left, "undistributed"))
        return _claimed(scenario, books, voters), parts, credited, left
    credited, left = design.rewards.credit(parts.active, voters.spent, stake, voters.wallets, voters.stayed)
    eth = books.eth.move("active", "rewards", credited, "reward for voting")
    eth = eth.move("active", "treasury", left, "undistributed")
    return _claimed(scenario, books._replace(eth=eth), voters), parts, credited, left


def _claimed(scenario: CurationScenario, books: ArtBooks, voters: Voters) -> ArtBooks:
    """Pay out what waits in ETH and may be claimed: where rewards are tokens, that comes from the retroactive pool."""
    waiting, stake = books.eth.balances["rewards"], books.tokens.balances["staked"]
    claims = scenario.design.rewards.claims(waiting, waiting, stake, voters.wallets)
    return books._replace(eth=books.eth.move("rewards", "curators", claims, "claimed"))


def _to(scenario: CurationScenario, artist: jax.Array, amount: jax.Array) -> jax.Array:
    """Return amounts [...] summed by artist, int64 [artists]."""
    return jnp.zeros(len(scenario.artists), jnp.int64).at[artist].add(amount)


def _bought(vault: Vault, sold: jax.Array, minted: Minted) -> Vault:
    place = vault.num_sold % _HELD
    here = (jnp.arange(_HELD) == place) & sold
    return Vault(
        held=vault.held | here,
        quality=jnp.where(here, minted.quality, vault.quality),
        artist=jnp.where(here, minted.artist, vault.artist),
        num_sold=vault.num_sold + sold,
    )
