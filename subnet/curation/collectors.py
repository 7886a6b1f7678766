"""Who buys: private values that follow quality."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.mechanism import mechanism, static

__all__ = ["Collectors"]


@mechanism
class Collectors:
    """Bidders whose private values are lognormal around what quality is worth.

    v_c = value · exp(trend t + sensitivity s tanh(q / s) + spread z_c): q is the work's true quality, standard normal
    over what artists make at the start, s the saturation, beyond which better works look hardly better, t the round.

    Source: specification 1.6 (private values); the distribution is a choice of this model.
    """

    count: Annotated[int, Field(ge=1, le=1000, description="bidders at each auction")] = static(10)
    value_eth: Annotated[
        float, Field(gt=0, le=1e6, description="median value of a work of quality 0 to one bidder")
    ] = 4.0
    sensitivity: Annotated[float, Field(ge=0, le=5, description="change of the logarithm per unit of quality")] = 0.4
    saturation: Annotated[
        float, Field(gt=0, le=100, description="quality beyond which better works look hardly better")
    ] = 3.0
    spread: Annotated[float, Field(ge=0, le=5, description="standard deviation of the logarithm among bidders")] = 0.5
    trend: Annotated[float, Field(ge=-1, le=1, description="change of the logarithm per round")] = 0.0

    def values(self, key: jax.Array, epoch: jax.Array, quality: jax.Array) -> jax.Array:
        """Return what each bidder would pay for works of `quality` [...]: int64 [..., count] in 10⁻⁹ ETH."""
        noise = jax.random.normal(key, (*quality.shape, self.count))
        felt = self.saturation * jnp.tanh(quality / self.saturation)
        log = self.trend * epoch + self.sensitivity * felt[..., None] + self.spread * noise
        worth = jnp.asarray(self.value_eth, jnp.float64) * jnp.exp(log.astype(jnp.float64))
        return jnp.rint(jnp.minimum(worth, 1e9) * RAO_PER_TOKEN).astype(jnp.int64)
