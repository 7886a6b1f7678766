"""When people join a network, and when they give up."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["Entry"]


@mechanism
class Entry:
    """Join where it looks worth the fee; leave when the cash is gone, or when something else pays better.

    Up to `applicants` newcomers an epoch, each with probability `arrival`, look at what the average miner earned
    lately. One joins if the fee is at most `horizon_epochs` of that profit, by its own estimate: exp(optimism z) times
    the truth. It behaves as the party does whose seat it takes. A miner whose own smoothed profit stays below
    `outside_usd` leaves with probability `impatience` per epoch.
    """

    applicants: Annotated[int, Field(ge=1, le=64, description="newcomers per epoch, at most")] = static(4)
    arrival: Annotated[float, Field(ge=0, le=1, description="probability that each of them comes")] = 0.5
    horizon_epochs: Annotated[
        float, Field(ge=0, le=1e6, description="epochs of profit that a newcomer will pay for")
    ] = 100.0
    optimism: Annotated[float, Field(ge=0, le=5, description="standard deviation of the logarithm of its estimate")] = (
        0.5
    )
    outside_usd: Annotated[
        float, Field(ge=-1e9, le=1e9, description="profit per epoch that a miner could have elsewhere")
    ] = 0.0
    impatience: Annotated[
        float, Field(ge=0, le=1, description="probability per epoch that a miner below it leaves")
    ] = 0.1
    memory_epochs: Annotated[float, Field(ge=1, le=1e6, description="epochs over which profit is averaged")] = 20.0
    cash_usd: Annotated[float, Field(ge=0, le=1e9, description="cash that everybody brings along")] = 100.0

    def wants_in(self, keys: jax.Array, mean_profit: jax.Array) -> jax.Array:
        """Return the highest fee in dollars that each applicant [applicants] pays; negative for one who did not come.

        Args:
            keys: [applicants].
            mean_profit: [] dollars per epoch of the average miner.
        """
        z = jax.vmap(lambda key: jax.random.normal(key, (2,)))(keys)  # one draw: see `miners.strategies.base.jittered`
        came = jax.scipy.stats.norm.cdf(z[:, 0]) < self.arrival
        estimate = jnp.maximum(mean_profit, 0) * jnp.exp(self.optimism * z[:, 1]) * self.horizon_epochs
        return jnp.where(came, estimate, -1.0)

    def gives_up(self, keys: jax.Array, profit: jax.Array, insolvent: jax.Array, settled: jax.Array) -> jax.Array:
        """Return who leaves [M]: whoever cannot pay, and some of those who would do better elsewhere.

        Args:
            keys: [M] one per uid.
            profit: [M] smoothed, dollars per epoch.
            insolvent: [M] could not pay its costs in this epoch.
            settled: [M] has been here for long enough to judge by its profit.
        """
        restless = jax.vmap(jax.random.uniform)(keys) < self.impatience
        return insolvent | (settled & (profit < self.outside_usd) & restless)
