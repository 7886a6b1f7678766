"""A miner that trains as well as it can and hands in the result."""

from typing import Any, ClassVar

import jax

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Honest"]


@mechanism
class Honest:
    """Train with the skill it was born with, and submit what came out."""

    identities: ClassVar[int] = 1

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the trained model."""
        return memory, view.own
