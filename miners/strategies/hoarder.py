"""A miner that keeps its progress to itself while it leads."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Hoarder"]


@mechanism
class Hoarder:
    """Train honestly, but reveal a new model only when somebody's loss comes within `margin` of its own.

    What is not revealed cannot be copied. It looks at the losses published in the last epoch.

    Source: specification of training and scoring, section 3.3: the scheme under which hoarding is profitable.
    """

    margin: Annotated[
        float, Field(ge=0, le=10, description="lead, relative to its own loss, below which it reveals its progress")
    ] = 0.05
    identities: ClassVar[int] = 1
    reads_published: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> Any:
        """Remember the model revealed last."""
        return params

    def submit(self, key: jax.Array, view: MinerView, memory: Any) -> tuple[Any, Any]:
        """Hand in the old model while it leads clearly, the newest otherwise."""
        assert view.published is not None
        mine, others = view.published.own_loss, view.published.rival_loss
        leads = jnp.isfinite(mine) & (mine * (1 + self.margin) < others)
        shown = jax.tree.map(lambda old, own: jnp.where(leads, old, own), memory, view.own)
        return shown, shown
