"""A source of work without any: what miners would have done is drawn, so that an epoch costs nothing."""

from typing import Any

import jax
import jax.numpy as jnp

from subnet.actions.base import Population, Recording
from subnet.keys import Stream, stream
from subnet.registration.base import Turnover
from subnet.work.evaluation import Looks
from subnet.work.trained import Work
from tokenomics.mechanism import mechanism, static

__all__ = ["RandomWork"]

DEAREST = 1e18  # FLOPs of an epoch, at most


@mechanism
class RandomWork:
    """Draw every miner's skill anew in each epoch, and what each validator sees of it: some are worse than nothing."""

    count: int = static(4)
    num_miners: int = static(6)
    mean_stake: float = 1000.0
    noise: float = 0.3

    def population(self) -> Population:
        """Return everybody, of one party."""
        V, M = self.count, self.num_miners
        names = tuple(f"v{i}" for i in range(V)), tuple(f"m{j}" for j in range(M))
        return Population(tuple(range(V)), tuple(range(V, V + M)), *names, ("workers",) * M)

    def init(self, key: jax.Array, recording: Recording) -> tuple[()]:
        """Remember nothing."""
        return ()

    def shape(self, recording: Recording) -> tuple[int, int]:
        """Return the numbers of validators and miners."""
        return self.count, self.num_miners

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return stake [V]: each holds one more mean than the one before."""
        return self.mean_stake * jnp.arange(1.0, self.count + 1)

    def adversaries(self, recording: Recording) -> tuple[jax.Array, jax.Array]:
        """All are honest."""
        return jnp.zeros(self.count, bool), jnp.zeros(self.num_miners, bool)

    def work(
        self,
        key: jax.Array,
        epoch: jax.Array,
        state: tuple[()],
        recording: Recording,
        scoring: Any,
        turnover: Turnover | None = None,
    ) -> tuple[tuple[()], Work]:
        """Draw one epoch."""
        V, M = self.count, self.num_miners
        u = jax.random.uniform(stream(key, Stream.TASK, epoch), (V + 3, M), jnp.float32)
        present = jnp.ones(M, bool) if turnover is None else turnover.present
        skill = jnp.where(present, 2 * u[0] - 1, jnp.nan)
        loss = 1 - skill
        seen = -jnp.where(present, loss, 9) * (1 + self.noise * (u[3:] - 0.5)).astype(jnp.float32)
        everybody = jnp.broadcast_to(present, (V, M))
        return state, Work(
            looks=Looks(seen, everybody, jnp.full(V, -1.0, jnp.float32)),
            whole=Looks(-jnp.where(present, loss, 9)[None], present[None], jnp.full(1, -1.0, jnp.float32)),
            skill=skill,
            loss=loss,
            accuracy=jnp.where(present, u[0], jnp.nan),
            originality=jnp.where(present, u[1], jnp.nan),
            miner_flops=u[2].astype(jnp.float64) * DEAREST,
            validator_flops=jnp.full(V, 0.5 * DEAREST),
        )
