"""The operator's own model, whose answers everybody can read."""

from typing import ClassVar

from miners.strategies.honest import Honest
from tokenomics.mechanism import mechanism

__all__ = ["Benchmark"]


@mechanism
class Benchmark(Honest):
    """Train as an honest miner does, and publish the answers before the round closes.

    Where the task is a ranking, the mean of all benchmarks' standardised answers is what `benchmark_copier` reads; for
    other tasks it is an honest miner.

    Source: numerai/docs, benchmark models; specification 10.5 and 10.6.
    """

    public: ClassVar[bool] = True
