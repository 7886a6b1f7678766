"""The rules of a network that makes art: what is compared."""

from dataclasses import field
from typing import Any

from tokenomics.curation.auction import Auction
from tokenomics.curation.fragments import Fragments
from tokenomics.curation.points.per_round import PerRound
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.rewards import ActiveRewards
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.mechanism import mechanism
from tokenomics.royalties import Royalties

__all__ = ["CurationDesign"]


@mechanism
class CurationDesign:
    """One answer per question about a round of art.

    What a stake may vote with, what is shown to whom, which work wins, how it is sold, who gets the money, what voting
    pays, and what later sales owe.
    """

    points: Any = field(default_factory=PerRound)
    fragments: Fragments = field(default_factory=Fragments)
    tally: Any = field(default_factory=NetPoints)
    auction: Auction = field(default_factory=Auction)
    revenue: Any = field(default_factory=Split)
    rewards: ActiveRewards = field(default_factory=ActiveRewards)
    royalties: Royalties = field(default_factory=Royalties)
