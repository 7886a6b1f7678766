"""Combinations of parameters that are each allowed but make no sense together."""

import math
from collections.abc import Iterator

from subnet.actions.two_camps import TwoCamps
from subnet.scenario import Scenario

__all__ = ["RELEVANT", "conflicts"]

# Parameters whose values decide below: sweeps of these are checked point by point.
RELEVANT = frozenset({"kind", "alpha_low", "alpha_high", "stake_share", "honest_weight"})


def conflicts(scenario: Scenario, arithmetic: str) -> Iterator[tuple[str, str]]:
    """Yield place and text of each contradiction; `{design}` in a place stands for the design."""
    yield from _in_rule(scenario, arithmetic)
    stakes = [overlay.stake_share for overlay in scenario.overlays.values()]
    if math.fsum(stakes) >= 1:
        shares = " + ".join(f"{share:g}" for share in stakes)
        yield "overlays", f" hold {shares} of the stake together; something below 1 must be left to the honest ones"
    worth = sum(overlay.honest_weight for overlay in scenario.overlays.values() if getattr(overlay, "num_miners", 0))
    if worth > 1:
        yield "overlays", f" have honest_weight {worth:g} together, but honest validators cannot give more than 1"
    if scenario.overlays and isinstance(scenario.actions, TwoCamps):
        names = ", ".join(scenario.overlays)
        yield "overlays", f": two_camps brings its own cabal; remove {names}, or take other actions"


def _in_rule(scenario: Scenario, arithmetic: str) -> Iterator[tuple[str, str]]:
    rule = scenario.design.consensus
    low, high = getattr(rule, "alpha_low", None), getattr(rule, "alpha_high", None)
    if low is not None and high is not None and low > high:
        yield (
            "{design}.consensus.alpha_low",
            f" = {low:g} is above alpha_high = {high:g}: the slowest rate of new bonds must not exceed the fastest",
        )
    supported = getattr(rule, "arithmetics", None)
    if supported is not None and arithmetic not in supported:
        yield (
            "{design}.consensus",
            f": {type(rule).__name__} cannot compute in arithmetic {arithmetic}; it knows: {', '.join(supported)}",
        )
