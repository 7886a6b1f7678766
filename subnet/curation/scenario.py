"""Rules of art, and the people who live under them."""

from dataclasses import field
from typing import Any

from miners.artists.cppn import Cppn
from miners.taste import TasteLearning
from subnet.curation.collectors import Collectors
from subnet.curation.design import CurationDesign
from subnet.curation.market import Market
from tokenomics.mechanism import mechanism
from validators.curators.sincere import Sincere

__all__ = ["CurationScenario"]


@mechanism
class CurationScenario:
    """Rules and people.

    A design, artists that propose works, parties of curators that vote on them, how the artists' taste model learns
    from the votes, who buys, and the market of the token.
    """

    design: CurationDesign = field(default_factory=CurationDesign)
    artists: dict[str, Any] = field(default_factory=lambda: {"engine": Cppn()})
    curators: dict[str, Any] = field(default_factory=lambda: {"crowd": Sincere()})
    learning: TasteLearning = field(default_factory=TasteLearning)
    collectors: Collectors = field(default_factory=Collectors)
    market: Market = field(default_factory=Market)
