"""A scenario: rules, and the people who live under them."""

from dataclasses import field
from typing import Any

from subnet.actions.recorded import Recorded
from subnet.design import Design
from tokenomics.mechanism import mechanism

__all__ = ["Scenario"]


@mechanism
class Scenario:
    """A design, a source of honest actions, and named adversaries laid over them."""

    design: Design = field(default_factory=Design)
    actions: Any = field(default_factory=Recorded)
    overlays: dict[str, Any] = field(default_factory=dict)
