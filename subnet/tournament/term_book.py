"""The signal behind returns: a weighted sum of terms of a few features."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["MIDDLE_BIN", "TermBook", "draw_terms", "signal", "standardised"]

MIDDLE_BIN = 2

_LINEAR, _BENT = 0.35, 0.40  # shares of terms; the rest are pairs


class TermBook(NamedTuple):
    """M terms: the first and second feature of each, how it is bent, and its mean weight.

    `kind` [M] is 0 for x_f, 1 for x_f² - 1, 2 for x_f x_g.
    """

    first: jax.Array
    second: jax.Array
    kind: jax.Array
    weight: jax.Array


def draw_terms(key: jax.Array, num_terms: int, num_features: int) -> TermBook:
    """Return terms of random features: 35 % linear, 40 % bent, 25 % pairs, each of a size in [0.5, 1.5] and any sign.

    Source: specification of Numerai-style tournaments, section 9.2.
    """
    keys = jax.random.split(key, 4)
    linear, bent = round(_LINEAR * num_terms), round(_BENT * num_terms)
    kind = jnp.repeat(
        jnp.arange(3), jnp.array([linear, bent, num_terms - linear - bent]), total_repeat_length=num_terms
    )
    first = jax.random.randint(keys[0], (num_terms,), 0, num_features)
    shift = jax.random.randint(keys[1], (num_terms,), 1, num_features)
    size = jax.random.uniform(keys[2], (num_terms,), minval=0.5, maxval=1.5)
    return TermBook(first, (first + shift) % num_features, kind, size * jax.random.rademacher(keys[3], (num_terms,)))


def standardised(bins: jax.Array) -> jax.Array:
    """Return bins 0 to 4, equally filled, with mean 0 and variance 1."""
    return (bins.astype(jnp.float32) - MIDDLE_BIN) / jnp.sqrt(jnp.float32(2))


def signal(terms: TermBook, weights: jax.Array, bins: jax.Array) -> jax.Array:
    """Return the signal of each stock [N], with mean 0 and variance 1: Σ weights_m z(h_m), z across stocks.

    Args:
        terms: M of them.
        weights: [M] at this time.
        bins: [N, F] features.
    """
    x = standardised(bins)
    f, g = x[:, terms.first], x[:, terms.second]
    h = jnp.select([terms.kind == 0, terms.kind == 1], [f, f**2 - 1], f * g)
    return _across(_across(h) @ weights.astype(h.dtype))


def _across(x: jax.Array) -> jax.Array:
    return (x - x.mean(axis=0)) / jnp.maximum(x.std(axis=0), 1e-12)
