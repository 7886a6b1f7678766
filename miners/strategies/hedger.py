"""One operator that bets on an order and on its reverse."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.answers import AnswerView
from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism, static

__all__ = ["Hedger"]


@mechanism
class Hedger:
    """Train one model and hand it in as p under the first uid and as 1 - p under the second, further ones in turn.

    With symmetric pay and equal stakes the pair earns nothing and risks nothing, and cancels in the meta model. It
    pays where a rule is asymmetric: a bonus by rank, a penalty on one side, multipliers that differ. The training is
    paid for once. The party's count of uids is divided among operators with `identities` uids each; of an odd number
    one stays without its mirror.

    Source: specification 10.3; with bonuses by rank one account led for two months while its mirror stood outside the
    top 300 (spring 2020).
    """

    identities: Annotated[int, Field(ge=2, le=1024, description="uids that one operator runs")] = static(2)
    ranks: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Train as it can."""
        return skill

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the operator's model under each uid."""
        return memory, view.own

    def answer(self, key: jax.Array, view: AnswerView) -> jax.Array:
        """Return the model's answers [N] under even places, the reverse order under odd ones."""
        return jnp.where(view.place % 2 == 0, view.own, -view.own)
