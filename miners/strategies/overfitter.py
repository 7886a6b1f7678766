"""A miner that trains on what validators test with."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Overfitter"]


@mechanism
class Overfitter:
    """Draw `leaked` of each training batch from validators' hold-out, which somebody leaked to it.

    Its score then says little of what it has learned: compare it with the loss on rows that never leaked.

    Source: specification of training and scoring, section 1.2 (`eval-gamer`).
    """

    leaked: Annotated[
        float, Field(ge=0, le=1, description="share of its training rows that come from the hold-out")
    ] = 0.5
    identities: ClassVar[int] = 1
    sees_holdout: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Train on what leaked."""
        return skill._replace(leaked=jnp.full_like(skill.leaked, self.leaked))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the trained model."""
        return memory, view.own
