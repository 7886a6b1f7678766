"""A miner that hands in the best of what others revealed."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.strategies.base import jittered
from miners.training import Skill
from miners.view import REVEALED, MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Copier"]


@mechanism
class Copier:
    """Submit the best model revealed `lag` epochs ago, with a little noise against detection.

    It never trains. Commit-reveal with a period of k epochs is a lag of k. It can copy models of its own
    architecture only; before there is one, it hands in an untrained model.

    Source: specification of training and scoring, section 1.2 (`copycat`).
    """

    lag: Annotated[int, Field(ge=1, lt=REVEALED, description="age in epochs of the submissions it can see")] = 1
    noise: Annotated[float, Field(ge=0, le=10, description="noise added, relative to the size of the parameters")] = (
        0.02
    )
    identities: ClassVar[int] = 1
    trains: ClassVar[bool] = False
    reads_published: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Do not train."""
        return skill._replace(steps=jnp.zeros_like(skill.steps))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the copy."""
        return memory, jittered(key, view.best_revealed(self.lag), self.noise)
