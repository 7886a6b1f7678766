"""Combinations of parameters of a network of art that are each allowed but make no sense together."""

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["curation_conflicts"]

_MOST_CURATORS = 1_000_000
_MOST_TOKENS = 1e8  # that one owner can have
Found = Iterator[tuple[str, str]]


def curation_conflicts(scenario: Any) -> Found:
    """Yield place and text of each contradiction; `{design}` in a place stands for the design."""
    yield from _among_artists(scenario.artists, scenario.design.fragments.additions)
    yield from _in_pool(scenario.design.fragments)
    total = sum(party.count for party in scenario.curators.values())
    if total > _MOST_CURATORS:
        yield "curators", f" are {total} together; at most {_MOST_CURATORS} are possible: lower a count"
    yield from _in_purses(scenario)
    bribers = sorted(name for name, party in scenario.curators.items() if party.pays)
    if len(bribers) > 1:
        yield "curators", f": {' and '.join(bribers)} both bribe; at most one party can: leave one out"
    revenue = scenario.design.revenue.spelt_out()
    shares = revenue.shares()
    if math.fsum(shares.values()) > 1 + 1e-12:
        told = " + ".join(f"{name} {share:g}" for name, share in shares.items())
        yield "{design}.revenue", f" gives away {told}, more than there is; lower one"


def _among_artists(artists: dict[str, Any], additions: int) -> Found:
    sizes = {name: artist.num_features for name, artist in artists.items()}
    if len(set(sizes.values())) > 1:
        told = ", ".join(f"{name} by {size}" for name, size in sorted(sizes.items()))
        yield "artists", f" are judged by different numbers of features: {told}; they need the same"
    if len(artists) > additions:
        yield "{design}.fragments.additions", f" = {additions}, but there are {len(artists)} artists: one work each"
    for name, artist in artists.items():
        each = additions // len(artists) + (sorted(artists).index(name) < additions % len(artists))
        if artist.draws < each:
            yield f"artists.{name}.draws", f" = {artist.draws}, but {each} works of a round are to be picked from them"


def _in_purses(scenario: Any) -> Found:
    """Yield that people would own more than there is: what they stake comes out of the supply."""
    market = scenario.market
    staked = sum(
        p.count * min(p.tokens * math.exp(p.inequality**2 / 2), _MOST_TOKENS) for p in scenario.curators.values()
    )
    left = market.supply - market.treasury_tokens - market.pool_tokens
    if staked > left:
        yield (
            "curators",
            f" stake about {staked:,.0f} tokens together, but only {left:,.0f} of the supply are neither in the "
            f"treasury nor in the pool; lower tokens or count, or raise market.supply",
        )


def _in_pool(rule: Any) -> Found:
    if rule.capacity < rule.additions:
        yield (
            "{design}.fragments.capacity",
            f" = {rule.capacity} has no room for the {rule.additions} works of a round; raise it, or lower additions",
        )
    if rule.finalists > rule.capacity:
        yield "{design}.fragments.finalists", f" = {rule.finalists} are more than the {rule.capacity} works of the pool"
