"""A rule from somebody else's file: the example of the style guide, letter by letter, and one with a memory."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

NAME = "my_lab_rules"
WITH_MEMORY = "my_lab_memory"

SOURCE = '''"""Consensus by a stake-weighted trimmed mean."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["TrimmedMean"]


@mechanism
class TrimmedMean:
    """Pay miners by the mean opinion of the stake left after both tails are cut.

    Sort the opinions on miner j; opinion i then covers a stretch of stake of length S_i.
    C_j = sum_i k_ij W_ij / (1 - 2 trim), where k_ij is the part of that stretch inside
    [trim, 1 - trim];  I_j = C_j / sum C;  D_i = S_i (W I)_i / sum_i S_i (W I)_i.

    """

    trim: Annotated[float, Field(ge=0, lt=0.5, description="share of stake cut from each tail")] = 0.1

    def init(self, num_validators: int, num_miners: int) -> tuple[()]:
        """Return the state of a rule that remembers nothing."""
        return ()

    def step(
        self, state: tuple[()], weights: jax.Array, stake: jax.Array, active: jax.Array
    ) -> tuple[tuple[()], ConsensusOut]:
        """Settle one epoch from `weights` [V, M], `stake` [V] and `active` [M]."""
        W, S = weights, pro_rata(stake, stake > 0)
        order = jnp.argsort(W, axis=0)  # [V, M]
        upper = jnp.cumsum(S[order], axis=0)
        lower = upper - S[order]
        kept = jnp.minimum(upper, 1 - self.trim) - jnp.maximum(lower, self.trim)
        kept = jnp.maximum(kept, 0)  # sums to 1 - 2 trim over validators
        C = (kept * jnp.take_along_axis(W, order, axis=0)).sum(axis=0) / (1 - 2 * self.trim)
        I = pro_rata(C, active)
        D = pro_rata(S * (W @ I), S > 0)
        return state, ConsensusOut(consensus=C, incentive=I, dividends=D)
'''

MEMORY_SOURCE = '''"""Consensus by a moving average of the mean opinion."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism
from tokenomics.shares import pro_rata

__all__ = ["MovingMean"]


class Past(NamedTuple):
    mean: jax.Array


@mechanism
class MovingMean:
    """C' = rate S W + (1 - rate) C;  I = C / sum C;  D = S."""

    rate: Annotated[float, Field(ge=0, le=1, description="weight of the newest opinion")] = 0.25

    def init(self, num_validators: int, num_miners: int) -> Past:
        """Return no past."""
        return Past(jnp.zeros(num_miners))

    def step(
        self, state: Past, weights: jax.Array, stake: jax.Array, active: jax.Array
    ) -> tuple[Past, ConsensusOut]:
        """Settle one epoch."""
        S = pro_rata(stake)
        C = self.rate * (S @ weights) + (1 - self.rate) * state.mean
        return Past(C), ConsensusOut(consensus=C, incentive=pro_rata(C, active), dividends=S)
'''


def write_rules(folder: Path) -> None:
    """Put both rules into a folder, one file each."""
    (folder / f"{NAME}.py").write_text(SOURCE, encoding="utf-8")
    (folder / f"{WITH_MEMORY}.py").write_text(MEMORY_SOURCE, encoding="utf-8")


@contextlib.contextmanager
def working_in(folder: Path) -> Iterator[None]:
    """Make `folder` the current directory; what is imported from it is forgotten afterwards."""
    path = list(sys.path)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        sys.path[:] = path
        for name in (NAME, WITH_MEMORY):
            sys.modules.pop(name, None)
