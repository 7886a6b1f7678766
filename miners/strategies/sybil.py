"""One operator behind many uids."""

from typing import Annotated, Any

import jax
from pydantic import Field

from miners.strategies.base import jittered
from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism, static

__all__ = ["Sybil"]


@mechanism
class Sybil:
    """Train one model and submit it under `identities` uids, each with a little noise of its own.

    The training is paid for once. The party's count of uids is divided among operators with `identities` uids each.

    Source: specification of training and scoring, section 1.2 (`sybil cluster`).
    """

    identities: Annotated[int, Field(ge=1, le=1024, description="uids that one operator runs")] = static(4)
    noise: Annotated[float, Field(ge=0, le=10, description="noise added, relative to the size of the parameters")] = (
        0.02
    )

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the operator's model in this uid's disguise."""
        return memory, jittered(key, view.own, self.noise)
