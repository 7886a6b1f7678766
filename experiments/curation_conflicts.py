"""Combinations of parameters of a network of art that are each allowed but make no sense together."""

import math
from collections.abc import Iterator
from typing import Any

__all__ = ["curation_conflicts"]

_MOST_CURATORS = 1_000_000
Found = Iterator[tuple[str, str]]


def curation_conflicts(scenario: Any) -> Found:
    """Yield place and text of each contradiction; `{design}` in a place stands for the design."""
    yield from _among_artists(scenario.artists, scenario.design.fragments.additions)
    yield from _in_pool(scenario.design.fragments)
    total = sum(party.count for party in scenario.curators.values())
    if total > _MOST_CURATORS:
        yield "curators", f" are {total} together; at most {_MOST_CURATORS} are possible: lower a count"
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
        each = -(-additions // len(artists))
        if artist.draws < each:
            yield f"artists.{name}.draws", f" = {artist.draws}, but {each} works of a round are to be picked from them"


def _in_pool(rule: Any) -> Found:
    if rule.capacity < rule.additions:
        yield (
            "{design}.fragments.capacity",
            f" = {rule.capacity} has no room for the {rule.additions} works of a round; raise it, or lower additions",
        )
    if rule.finalists > rule.capacity:
        yield "{design}.fragments.finalists", f" = {rule.finalists} are more than the {rule.capacity} works of the pool"
