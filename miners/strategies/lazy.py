"""A miner that does part of the work."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Lazy"]


@mechanism
class Lazy:
    """Make only `effort` of the training steps.

    Source: specification of training and scoring, section 1.2 (`lazy`). There the short update is scaled to look
    whole; here the miner hands in a model of its own, which lives on, so that laziness shows as being late.
    """

    effort: Annotated[float, Field(ge=0, le=1, description="share of an honest miner's steps that it makes")] = 0.1
    identities: ClassVar[int] = 1

    def plan(self, skill: Skill) -> Skill:
        """Cut the steps; a fraction of a step is made with a shorter one."""
        wanted = skill.steps * self.effort
        made = jnp.ceil(wanted)
        shorter = jnp.where(made > 0, wanted / jnp.maximum(made, 1), 0).astype(jnp.float32)
        return skill._replace(steps=made.astype(jnp.float32), learning_rate=skill.learning_rate * shorter)

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the half-trained model."""
        return memory, view.own
