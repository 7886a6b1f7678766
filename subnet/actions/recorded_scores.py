"""Scores of a recorded tournament: how would other rules have paid them?"""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.actions.base import Recording
from subnet.keys import Stream, stream
from subnet.work.scored import scored_work
from subnet.work.trained import Work
from tokenomics.mechanism import mechanism, static

__all__ = ["RecordedScores"]


@mechanism
class RecordedScores:
    """Replay what models scored in a real tournament, round by round.

    Contributions are those measured against the recorded meta model, so the stakes of a simulation do not change them.
    As recorded, every seed sees the same rounds. With `block_rounds` each seed draws blocks of consecutive rounds anew,
    with replacement and round the end: a circular block bootstrap, which says how far another history of the same
    kind might have gone. Blocks should be longer than scores remember (20 rounds where returns of 20 days are daily).
    """

    ranks: ClassVar[bool] = True

    file: Annotated[
        str, Field(min_length=1, description="a packaged recording (numerai_live_scores), or a .csv or .parquet file")
    ] = static("numerai_live_scores")
    block_rounds: Annotated[
        int, Field(ge=0, le=10**6, description="length of blocks that seeds draw anew; 0: the rounds as recorded")
    ] = static(0)

    def init(self, key: jax.Array, recording: Recording) -> tuple[()]:
        """Remember nothing."""
        return ()

    def work(
        self,
        key: jax.Array,
        epoch: jax.Array,
        state: tuple[()],
        recording: Recording,
        scoring: Any,
        turnover: Any = None,
    ) -> tuple[tuple[()], Work]:
        """Return the scores of a round."""
        row = self._row(key, epoch, recording.scores.corr.shape[0])
        corr, mmc, meta_corr = (jnp.asarray(x)[row] for x in recording.scores)
        return state, scored_work(corr, mmc, meta_corr)

    def shape(self, recording: Recording) -> tuple[int, int]:
        """Return the numbers of validators (the operator) and models."""
        return 1, recording.scores.corr.shape[1]

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the operator's stake [1] in tokens, which only says that it is there."""
        return jnp.ones(1)

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """Return masks [1], [M]: nobody is known to be one."""
        return jnp.zeros(1, bool), jnp.zeros(self.shape(recording)[1], bool)

    def _row(self, key: jax.Array, epoch: jax.Array, count: int) -> jax.Array:
        if not self.block_rounds:
            return jnp.minimum(epoch, count - 1)
        first = jax.random.randint(stream(key, Stream.TASK, epoch // self.block_rounds), (), 0, count)
        return (first + epoch % self.block_rounds) % count
