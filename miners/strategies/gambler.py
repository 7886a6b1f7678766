"""A participant that bets everything on one feature."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.answers import AnswerView
from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["Gambler"]


@mechanism
class Gambler:
    """Rank stocks by one feature, upwards or downwards, drawn for each uid and anew every `switch_every` rounds.

    The order has the largest exposure that there is and the most variable score: a cap on losses makes that worth
    while, neutralisation takes it away. It never trains. Stocks in the same bin tie.

    Source: specification 10.8 (high-exposure models with few features maximise variance).
    """

    switch_every: Annotated[int, Field(ge=1, le=10**9, description="rounds for which it keeps to a feature")] = 20
    identities: ClassVar[int] = 1
    trains: ClassVar[bool] = False
    ranks: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Do not train."""
        return skill._replace(steps=jnp.zeros_like(skill.steps))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the untrained model, which nobody asks."""
        return memory, view.own

    def answer(self, key: jax.Array, view: AnswerView) -> jax.Array:
        """Return a feature [N], or its negative."""
        num_features = view.features.shape[1]
        own = jax.random.fold_in(key, view.epoch // self.switch_every)
        drawn = jax.random.randint(own, (), 0, 2 * num_features)  # feature and direction in one draw
        feature = view.features[:, drawn % num_features]
        return jnp.where(drawn < num_features, feature, -feature)
