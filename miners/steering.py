"""How votes steer a generator: which of its pictures are shown, and where its mean moves."""

import jax
import jax.numpy as jnp

__all__ = ["drawn", "drifted", "preselect"]


def drawn(key: jax.Array, mean: jax.Array, spread: jax.Array | float, count: int) -> jax.Array:
    """Return `count` genomes ~ Normal(mean, spread² I), float32 [count, g]."""
    luck = jax.random.normal(key, (count, *mean.shape), jnp.float32)
    return mean + jnp.asarray(spread, jnp.float32) * luck


def preselect(
    score: jax.Array,
    features: jax.Array,
    recent: jax.Array,
    recent_mask: jax.Array,
    count: int,
    exploration: jax.Array | float,
) -> jax.Array:
    """Return the places of the pictures that are shown, int32 [count], all different.

    k = round(exploration · count). The count - k with the highest score come first, best first; then, of the others,
    the k whose nearest picture of those recently shown is farthest, farthest first.

    Args:
        score: [N] what the taste model expects.
        features: [N, d] of the pictures drawn.
        recent: [R, d] features of what was shown in the last rounds.
        recent_mask: [R] bool, which rows of `recent` are pictures.
        count: how many to show, at most N.
        exploration: [] in [0, 1].

    Ties go to the earlier draw, so that where nothing was shown yet the explored ones are drawn by lot.

    Raises:
        ValueError: more are to be shown than were drawn.

    Source: specification of curation, section 1.10.
    """
    if count > len(score):
        raise ValueError(f"count = {count} pictures cannot be chosen from draws = {len(score)}")
    num_best = count - jnp.round(exploration * count).astype(jnp.int32)
    by_score = _ranks(-score)
    best = by_score < num_best
    strange = jnp.where(best, -1, _distance_to_nearest(features, recent, recent_mask))
    place = jnp.where(best, by_score, num_best + _ranks(-strange))
    return jnp.argsort(place)[:count].astype(jnp.int32)


def _ranks(x: jax.Array) -> jax.Array:
    """Return each entry's rank, 0 for the smallest; of equals the first comes first."""
    order = jnp.argsort(x)
    return jnp.zeros(x.shape, jnp.int32).at[order].set(jnp.arange(x.shape[0], dtype=jnp.int32))


def _distance_to_nearest(features: jax.Array, recent: jax.Array, recent_mask: jax.Array) -> jax.Array:
    """Return the squared distance [N] to the nearest recent row, infinite where there is none."""
    # |x - y|² = |x|² + (|y|² - 2 x·y): one product of matrices instead of [N, R, d] differences.
    size = jnp.where(recent_mask, (recent * recent).sum(axis=1), jnp.inf)
    nearest = (size - 2 * (features @ recent.T)).min(axis=1, initial=jnp.inf)
    return jnp.maximum((features * features).sum(axis=1) + nearest, 0)


def drifted(
    mean: jax.Array, genomes: jax.Array, net: jax.Array, present: jax.Array, drift: jax.Array | float
) -> jax.Array:
    """Return the generator's mean after a round of votes, float32 [g].

    mu' = (1 - drift) mu + drift · sum_f max(net_f, 0) g_f / sum_f max(net_f, 0)

    Args:
        mean: [g] mu.
        genomes: [P, g] of the works in the pool.
        net: [P] votes for less votes against each.
        present: [P] bool, which places hold a work.
        drift: [] in [0, 1].

    Unchanged where no work has more votes for it than against it. Source: specification of curation, section 1.10.
    """
    liked = jnp.where(present, jnp.maximum(net, 0), 0)
    total = liked.sum()
    shares = (liked / jnp.where(total > 0, total, 1)).astype(jnp.float32)
    towards = shares @ jnp.where(present[:, None], genomes, 0)
    pace = jnp.asarray(jnp.where(total > 0, drift, 0), jnp.float32)
    return mean + pace * (towards - mean)
