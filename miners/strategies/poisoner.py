"""A miner that wants the network to learn something wrong."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Poisoner"]


@mechanism
class Poisoner:
    """Train on turned labels: class y of C becomes C - 1 - y, a number y becomes -y, in `flipped` of its rows.

    Source: specification of training and scoring, section 1.2 (`label flip`).
    """

    flipped: Annotated[float, Field(ge=0, le=1, description="share of its rows whose label it turns round")] = 1.0
    identities: ClassVar[int] = 1

    def plan(self, skill: Skill) -> Skill:
        """Train on turned labels."""
        return skill._replace(flipped=jnp.full_like(skill.flipped, self.flipped))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the poisoned model."""
        return memory, view.own
