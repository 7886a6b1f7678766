"""What is to be foretold: returns without what features explain, ranked into five bins."""

import jax
import jax.numpy as jnp
from jax import lax

from subnet.tournament.era_world import DAYS_PER_ERA, Eras
from subnet.tournament.term_book import MIDDLE_BIN
from tokenomics.arithmetic import Real

__all__ = ["VALUES", "auxiliary_target", "main_target", "residual_returns"]

VALUES = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEAST_RIDGE = 1e-9
_UPPER_PERCENT = (5, 25, 75, 95)  # of the stocks that lie below each of the four boundaries between bins


def residual_returns(eras: Eras, horizon: int = 20, neutral: Real = 0.5) -> jax.Array:
    """Return returns over `horizon` days less `neutral` of what this era's features explain linearly, [T, N] float32.

    As `neutralise` does, by normal equations: bins are small whole numbers, whose products are summed exactly, and
    decomposing the features themselves took longer than drawing them.

    Source: specification of Numerai-style tournaments, section 9.2.
    """

    def one(era: tuple[jax.Array, jax.Array]) -> jax.Array:
        bins, returns = era
        X = jnp.concatenate([bins.astype(jnp.float32) - MIDDLE_BIN, jnp.ones((bins.shape[0], 1), jnp.float32)], axis=1)
        moments, y = (X.T @ X).astype(jnp.float64), returns.astype(jnp.float64)
        ridge = _LEAST_RIDGE * bins.shape[0] * jnp.eye(X.shape[1])  # features may repeat each other
        slopes = jax.scipy.linalg.solve(moments + ridge, X.T.astype(jnp.float64) @ y, assume_a="pos")
        return (y - neutral * (X @ slopes)).astype(returns.dtype)

    return lax.map(one, (eras.features, eras.raw[horizon]))


def main_target(residual: jax.Array) -> jax.Array:
    """Return the target of each stock [T, N] float32: 0, 0.25, 0.5, 0.75 and 1 for 5, 20, 50, 20 and 5 % of an era."""
    count = residual.shape[1]
    places = jnp.array([-(-count * percent // 100) for percent in _UPPER_PERCENT])
    upper = jnp.sort(residual, axis=1)[:, places]
    return (residual[:, :, None] >= upper[:, None]).sum(axis=2).astype(jnp.float32) / (len(VALUES) - 1)


def auxiliary_target(key: jax.Array, residual: jax.Array, likeness: Real, horizon: int = 20) -> jax.Array:
    """Return another target [T, N] of weekly eras, which before binning correlates with the first by `likeness` r.

    r z + √(1 - r²) noise, noise of independent days that overlap between eras as returns do, z and noise standardised.
    """
    T, N = residual.shape
    days = jax.random.normal(key, ((T - 1) * DAYS_PER_ERA + horizon + 1, N), jnp.float32)
    total, first = jnp.cumsum(days, axis=0), jnp.arange(T) * DAYS_PER_ERA
    r = jnp.asarray(likeness, jnp.float32)
    noise = _standard(total[first + horizon] - total[first])
    return main_target(r * _standard(residual) + jnp.sqrt(1 - r**2) * noise)


def _standard(x: jax.Array) -> jax.Array:
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
