"""A miner that has friends among the validators."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Colluder"]


@mechanism
class Colluder:
    """Make `effort` of the training steps, and be paid by a cabal of validators all the same.

    A cabal of validators names the party of its colluders in `backs`. With no effort the submission is an untrained
    model, so that all it earns it owes to the cabal.

    Source: specification of training and scoring, section 1.2 (`colluding ring`).
    """

    effort: Annotated[float, Field(ge=0, le=1, description="share of an honest miner's steps that it makes")] = 0.0
    identities: ClassVar[int] = 1

    def plan(self, skill: Skill) -> Skill:
        """Cut the steps, rounding down."""
        return skill._replace(steps=jnp.floor(skill.steps * self.effort).astype(skill.steps.dtype))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in whatever there is."""
        return memory, view.own
