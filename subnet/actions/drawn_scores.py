"""Scores drawn from the statistics of a real tournament: large fields, no data, no training."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Population, Recording
from subnet.keys import Stream, stream
from subnet.tournament.drawn_scores import DrawnScores as Draw
from subnet.tournament.drawn_scores import Scores
from subnet.work.scored import scored_work
from subnet.work.trained import Work
from tokenomics.mechanism import mechanism, static

__all__ = ["DrawnScores"]


@mechanism
class DrawnScores(Draw):
    """Draw the scores of models whose rounds overlap, with the statistics of Numerai's live rounds of 2024 to 2026.

    `num_models` are there from the start, `num_entrants` may come: parties `models` and `entrants` of the same skills.
    The meta model is given, whoever stakes on whom: not for questions in which stakes change it, such as copying.

    Source: specification of Numerai-style tournaments, section 9.3; see `subnet.tournament.drawn_scores`.
    """

    ranks: ClassVar[bool] = True
    synthetic: ClassVar[bool] = True

    num_models: Annotated[int, Field(ge=1, le=65536, description="models of the party `models`")] = static(60)
    num_entrants: Annotated[int, Field(ge=0, le=65536, description="models of the party `entrants`")] = static(0)
    rounds: Annotated[int, Field(ge=2, le=100_000, description="rounds that are drawn; the last one goes on")] = static(
        500
    )

    def population(self) -> Population:
        """Return the operator and everybody else."""
        parties = ("models",) * self.num_models + ("entrants",) * self.num_entrants
        counts = {"models": self.num_models, "entrants": self.num_entrants}
        names = tuple(f"{party} {k + 1}" for party, count in counts.items() for k in range(count))
        return Population((0,), tuple(range(1, len(names) + 1)), ("operator",), names, parties)

    def init(self, key: jax.Array, recording: Recording) -> Scores:
        """Draw all rounds at once, since they overlap."""
        return self.draw(stream(key, Stream.TASK), self.rounds, self.num_models + self.num_entrants)

    def work(
        self, key: jax.Array, epoch: jax.Array, state: Scores, recording: Recording, scoring: Any, turnover: Any = None
    ) -> tuple[Scores, Work]:
        """Return the scores of a round."""
        row = jnp.minimum(epoch, self.rounds - 1)
        return state, scored_work(state.corr[row], state.mmc[row], state.meta[row])

    def shape(self, recording: Recording) -> tuple[int, int]:
        """Return the numbers of validators (the operator) and models."""
        return 1, self.num_models + self.num_entrants

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the operator's stake [1] in tokens, which only says that it is there."""
        return jnp.ones(1)

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks [1], [M]: nobody is one."""
        return jnp.zeros(1, bool), jnp.zeros(self.shape(recording)[1], bool)
