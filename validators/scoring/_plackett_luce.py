"""Ratings from matches of many: the Plackett–Luce update of Weng and Lin."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from validators._pairs import sum_over_others

__all__ = ["Rating", "plackett_luce"]

_LEAST_VARIANCE_KEPT = 1e-4  # kappa of openskill
_LARGEST_GAP = 40.0  # exp(-40)² is still a number in 32 bits


class Rating(NamedTuple):
    """What is believed of a skill: a normal distribution of mean `mu` and standard deviation `sigma`."""

    mu: jax.Array
    sigma: jax.Array

    @property
    def ordinal(self) -> jax.Array:
        """The skill that somebody has almost for certain: mu - 3 sigma."""
        return self.mu - 3 * self.sigma


def plackett_luce(rating: Rating, values: jax.Array, playing: jax.Array, beta: jax.Array, tau: jax.Array) -> Rating:
    """Return ratings after one match in which higher `values` rank first and equal ones tie.

    σ² ← σ² + τ²;  c = √Σ(σ_k² + β²);  A_q = #{k : v_k = v_q};  p_iq = exp(μ_i/c) / Σ_{k : v_k ≤ v_q} exp(μ_k/c);
    Ω_i = (σ_i²/c) Σ_{q : v_q ≥ v_i} (1[q = i] - p_iq) / A_q;
    D_i = (σ_i/c)³ Σ_{q : v_q ≥ v_i} p_iq (1 - p_iq) / A_q;
    μ_i ← μ_i + Ω_i;  σ_i ← σ_i √max(1 - D_i, 10⁻⁴).
    p_iq is a factor of i times one of q, so that each sum over q is one of numbers that depend on q alone.

    Args:
        rating: [..., n] each.
        values: [..., n] anything where not playing.
        playing: [..., n] mask; the others are not in any sum and keep their rating to the bit.
        beta: [] spread of a performance around the skill, > 0.
        tau: [] what a skill may drift between matches, >= 0.

    Source: openskill 6.2.0, `models/weng_lin/plackett_luce.py`, whose averaging over tied teams has no effect. A rating
    more than 40 c below the best is taken as 40 c below: such odds are smaller than floats can tell from 0.
    """
    variance = jnp.where(playing, rating.sigma**2 + tau**2, 0)
    c = jnp.sqrt(_total(jnp.where(playing, variance + beta**2, 0)))
    c = jnp.where(c > 0, c, 1)  # where nobody plays
    strength = _strength(rating.mu, playing, c)  # exp(μ/c) but for a factor of the match

    v, none = jnp.where(playing, values, -jnp.inf), jnp.zeros_like(strength)
    tied, field = sum_over_others(_beaten, (none, none), v, strength)
    tied, field = jnp.maximum(tied, 1), jnp.where(playing, field, 1)
    share = jnp.where(playing, 1 / (tied * field), 0)
    once, twice = sum_over_others(_unbeaten, (none, none), v, share, share / field)

    gain = variance / c * (1 / tied - strength * once)
    shrink = (variance / c**2) ** 1.5 * strength * (once - strength * twice)
    sigma = jnp.sqrt(variance * jnp.maximum(1 - shrink, _LEAST_VARIANCE_KEPT))
    return Rating(jnp.where(playing, rating.mu + gain, rating.mu), jnp.where(playing, sigma, rating.sigma))


def _beaten(mine: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    """Return whether the other ties, and its strength if it ties or ranks below."""
    (value, _), (theirs, strength) = mine, other
    return theirs == value, jnp.where(theirs <= value, strength, 0)


def _unbeaten(mine: tuple[jax.Array, ...], other: tuple[jax.Array, ...]) -> tuple[jax.Array, jax.Array]:
    """Return the other's two numbers if it ties or ranks above."""
    (value, _, _), (theirs, once, twice) = mine, other
    return jnp.where(theirs >= value, once, 0), jnp.where(theirs >= value, twice, 0)


def _total(x: jax.Array) -> jax.Array:
    return x.sum(axis=-1, keepdims=True)


def _strength(mu: jax.Array, playing: jax.Array, c: jax.Array) -> jax.Array:
    """Return exp(μ/c) relative to the best player's, 0 for who does not play."""
    best = jnp.where(playing, mu, -jnp.inf).max(axis=-1, keepdims=True)
    return jnp.where(playing, jnp.exp(jnp.maximum((mu - best) / c, -_LARGEST_GAP)), 0)
