"""How wealth, skill and luck are spread: positive numbers drawn for a population."""

from typing import Literal, TypeAlias

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["Distribution", "draw_positive"]

Distribution: TypeAlias = Literal["normal", "lognormal", "pareto"]


def draw_positive(keys: jax.Array, distribution: Distribution, spread: Real) -> jax.Array:
    """Draw one number >= 0 per key, of typical size 1.

    normal: max(0, 1 + spread z);  lognormal: exp(spread z);  pareto: u^(-1 / spread), tail index `spread`.

    Args:
        keys: [n] one key per agent, so that adding an agent leaves the others' luck as it was.
        distribution: its family.
        spread: [] standard deviation (of the logarithm for lognormal), or the tail index (pareto).
    """
    if distribution == "pareto":
        return jax.vmap(lambda k: jax.random.uniform(k, minval=1e-12))(keys) ** (-1 / jnp.asarray(spread))
    z = jax.vmap(jax.random.normal)(keys)
    return jnp.maximum(1 + spread * z, 0) if distribution == "normal" else jnp.exp(spread * z)
