"""A scenario: rules, and the people who live under them."""

from dataclasses import field
from typing import Any

from miners.entry import Entry
from subnet.actions.recorded import Recorded
from subnet.design import Design
from tokenomics.costs import Costs
from tokenomics.delegation import Delegation
from tokenomics.mechanism import mechanism

__all__ = ["Scenario"]


@mechanism
class Scenario:
    """Rules and people.

    A design, a source of honest actions, named adversaries laid over them, what work costs, who delegates, who joins or
    gives up, and how parties of miners stake on their own work.
    """

    design: Design = field(default_factory=Design)
    actions: Any = field(default_factory=Recorded)
    overlays: dict[str, Any] = field(default_factory=dict)
    costs: Costs = field(default_factory=Costs)
    delegation: Delegation = field(default_factory=Delegation)
    entry: Entry = field(default_factory=Entry)
    stakers: dict[str, Any] = field(default_factory=dict)
