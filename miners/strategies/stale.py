"""A miner that hands in what it had some epochs ago."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism, static

__all__ = ["Stale"]


@mechanism
class Stale:
    """Train honestly, but submit the model of `delay` epochs ago.

    Source: specification of training and scoring, section 1.2 (`stale`).
    """

    delay: Annotated[int, Field(ge=1, le=32, description="epochs by which its submissions are late")] = static(3)
    identities: ClassVar[int] = 1

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> Any:
        """Remember the models of the last epochs, [delay, ...] each."""
        return jax.tree.map(lambda p: jnp.broadcast_to(p, (self.delay, *p.shape)), params)

    def submit(self, key: jax.Array, view: MinerView, memory: Any) -> tuple[Any, Any]:
        """Hand in the oldest model remembered, and remember the newest in its place."""
        row = view.epoch % self.delay
        oldest = jax.tree.map(lambda m: m[row], memory)
        return jax.tree.map(lambda m, own: m.at[row].set(own), memory, view.own), oldest
