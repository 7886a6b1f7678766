"""Owners who run many models and stake on the luckiest."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.stakers._purse import Purse
from miners.stakers.base import REMEMBERED, Decision, StakerView, stay
from tokenomics.mechanism import mechanism, static

__all__ = ["BestOf"]


@mechanism
class BestOf(Purse):
    """Run `models` models, unstaked and free of charge, and then stake on the best of them.

    A party's models belong to its owners in consecutive groups of `models` (the last one may be smaller). Nothing is
    staked before round `after`: what is, goes back to the wallet. In that round, and then every `every` rounds, the
    model of each group with the highest mean score over the last `window` resolved rounds gets all of its own wallet,
    and everything staked on the others is asked back; gains on those go to the wallet. Ties go to the first model. A
    group of which no score is known waits for the next choice, for ever if there is none.

    Of J equally good models the best observed mean is too high by about σ √(2 ln J) / √n, with n independent rounds
    in the window (a twentieth of them where rounds of 20 days close daily): later results fall short by that much.

    Source: specification 10.2. Here each model has a wallet of its own, so only 1 / `models` of a group's money plays.
    """

    staked: Annotated[float, Field(ge=0, le=1, description="share of its tokens that is staked at the start")] = 0.0
    models: Annotated[int, Field(ge=1, le=1024, description="models that one owner runs")] = static(8)
    after: Annotated[int, Field(ge=0, le=10**9, description="round in which they stake first")] = 40
    every: Annotated[int, Field(ge=0, le=10**6, description="rounds from choice to choice; 0: only one")] = static(0)
    window: Annotated[int, Field(ge=1, le=REMEMBERED, description="resolved rounds by which they choose")] = static(20)

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does: all submit, few have something at stake."""
        best, known = self._best(jnp.nanmean(view.score[: self.window], axis=0))
        waits, chooses = view.round < self.after, known & self._is_choice(view.round)
        # Between choices a model with nothing staked is one that was not chosen: what it still gains is not staked.
        return stay(view)._replace(
            deposit=jnp.where(chooses & best, view.wallet, 0),
            release=jnp.where(waits | (chooses & ~best), view.stake, 0),
            compounds=jnp.where(chooses, best, (view.stake > 0) & ~waits),
        )

    def _is_choice(self, number: jax.Array) -> jax.Array:
        since = number - self.after
        return since == 0 if self.every == 0 else (since >= 0) & (since % self.every == 0)

    def _best(self, mean: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return which models [n] are the best of their group, and whose group has any mean that is known."""
        n = mean.shape[0]
        score = jnp.where(jnp.isnan(mean), -jnp.inf, mean)
        groups = jnp.pad(score, (0, -n % self.models), constant_values=-jnp.inf).reshape(-1, self.models)
        known = jnp.broadcast_to(groups.max(axis=1, keepdims=True) > -jnp.inf, groups.shape)
        best = jnp.arange(self.models) == groups.argmax(axis=1, keepdims=True)
        return best.ravel()[:n], known.ravel()[:n]
