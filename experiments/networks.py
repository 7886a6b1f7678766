"""Kinds of networks that an experiment can be about, and the blocks that each of them has."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

from subnet.design import Design
from subnet.scenario import Scenario

__all__ = ["CHAIN", "CURATION_BLOCKS", "Network", "curation", "network_of", "network_written"]

CURATION_BLOCKS = ("artists", "curators", "learning", "collectors", "market")  # of a network that makes art


@dataclasses.dataclass(frozen=True)
class Network:
    """A kind of network: its classes, and the blocks of a config that hold rules by name, each with an example.

    `usual` is what stands in such a block where a config leaves it out; `actions` says whether people's actions come
    from a source of their own.
    """

    name: str
    scenario: type
    design: type
    named: Mapping[str, str]
    usual: Mapping[str, Any]
    actions: bool

    @functools.cached_property
    def terms(self) -> tuple[str, ...]:
        """Return the blocks with one rule each that is the same for all designs."""
        apart = {"design", "actions", *self.named}
        return tuple(f.name for f in dataclasses.fields(self.scenario) if f.name not in apart)


CHAIN = Network(
    "chain",
    Scenario,
    Design,
    {"overlays": "copier: {kind: weight_copier}", "stakers": "workers: {kind: hold, tokens: 100}"},
    usual={},
    actions=True,
)


@functools.cache
def curation() -> Network:
    """Return the network that makes art; its generators are imported only where somebody asks for them."""
    from subnet.curation.design import CurationDesign
    from subnet.curation.scenario import CurationScenario

    named = {"artists": "engine: {kind: cppn}", "curators": "crowd: {kind: sincere, count: 1000}"}
    usual = {"artists": {"engine": {"kind": "cppn"}}, "curators": {"crowd": {"kind": "sincere"}}}
    return Network("curation", CurationScenario, CurationDesign, named, usual, actions=False)


def network_written(data: Mapping[str, Any]) -> Network:
    """Return the kind of network that a config is about: one with curators makes art."""
    return curation() if any(data.get(key) is not None for key in CURATION_BLOCKS) else CHAIN


def network_of(scenario: Any) -> Network:
    """Return the kind of network that a scenario belongs to."""
    return CHAIN if isinstance(scenario, Scenario) else curation()
