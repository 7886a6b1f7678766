"""The operator's own model, whose answers everybody can read."""

from typing import Any, ClassVar

import jax

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Benchmark"]


@mechanism
class Benchmark:
    """Train as an honest miner does, and publish the answers before the round closes.

    Where the task is a ranking, the mean of all benchmarks' standardised answers is what `benchmark_copier` reads; for
    other tasks it is an honest miner.

    Source: numerai/docs, benchmark models; specification 10.5 and 10.6.
    """

    identities: ClassVar[int] = 1
    public: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the trained model."""
        return memory, view.own
