"""Which works are shown: exposure scores, controversy, and the draw."""

from typing import Protocol

import jax
import jax.numpy as jnp

from tokenomics.arithmetic import Real

__all__ = ["FULL_SCORE", "Chances", "controversy", "draw_shown", "exposure_score"]

FULL_SCORE = 100.0


class Chances(Protocol):
    """Where a shown work comes from: `random_share` all of the pool, `controversial_share` its most disputed half.

    The rest comes from the exposure scores, a share `top_share` of it from the upper half. Where the first two exceed
    1 together, the second is cut.
    """

    @property
    def top_share(self) -> Real:
        """Return what the upper half gets of the looks that follow the scores."""
        ...

    @property
    def random_share(self) -> Real:
        """Return the share of looks that any work may get."""
        ...

    @property
    def controversial_share(self) -> Real:
        """Return the share of looks that go to the disputed."""
        ...


def exposure_score(views: jax.Array, choosers: jax.Array, min_views: Real) -> jax.Array:
    """Return 100 while a work has fewer than `min_views` views, else 100 · choosers / views: float64 [P].

    Args:
        views: [P] how often each was shown.
        choosers: [P] how many different curators chose it.
        min_views: [] views before which nothing is known.

    Source: specification 1.5, docs.botto.com/details/voting-mechanism.
    """
    seen = jnp.maximum(views, 1)
    return jnp.where(views < min_views, FULL_SCORE, FULL_SCORE * choosers / seen)


def controversy(positive: jax.Array, negative: jax.Array, half_votes: Real = 20.0) -> jax.Array:
    """Return how disputed each work is: 4 p (1 - p) m / (m + m_0), float64 [P] in [0, 1), 0 without votes.

    `positive` and `negative` [P] count votes, m = both, p = positive / m; m_0 = `half_votes` is how many votes give
    half the weight. Source: specification 1.5; nothing of the kind is documented for Botto.
    """
    m = positive + negative
    p = positive / jnp.maximum(m, 1)
    return 4 * p * (1 - p) * m / jnp.maximum(m + half_votes, 1)


def draw_shown(
    key: jax.Array,
    score: jax.Array,
    present: jax.Array,
    luck: jax.Array,
    chances: Chances,
    disputed: jax.Array | None = None,
) -> jax.Array:
    """Return the works to be shown, drawn with replacement: places, int32 of the shape of `luck`.

    Works that are present are sorted by score; the upper half, the middle one included, is drawn from with
    probability `top_share`, the lower with the rest, and within a group all are alike. Ties are broken anew by each
    key, or of a fresh pool, in which all scores are equal, the same half would always be favoured. An empty pool gives
    some place.

    Args:
        key: decides ties.
        score: [P] exposure scores.
        present: [P] bool.
        luck: float32 uniform in [0, 1), one number per work shown.
        chances: from which group; `Fragments` says it.
        disputed: [P] controversy; None: there is no such group, whatever the chances say.

    Source: specification 1.5. How large the two groups are is not documented; halves are our choice.
    """
    order = _best_first(key, score, present)
    table = order if disputed is None else jnp.concatenate([order, _best_first(key, disputed, present)])
    m = present.sum()
    half = (m + 1) // 2
    top, alike = jnp.asarray(chances.top_share), jnp.asarray(chances.random_share)
    hot = jnp.asarray(0.0 if disputed is None else chances.controversial_share)
    by_score = jnp.maximum(1 - alike - hot, 0)
    widths = jnp.stack([alike, hot, by_score * top, by_score * (1 - top)])
    firsts = jnp.stack([0, score.shape[0], 0, jnp.minimum(half, m - 1)])
    counts = jnp.stack([m, half, half, jnp.maximum(m - half, 1)])
    return table[_position(luck, widths, firsts, counts)]


def _best_first(key: jax.Array, score: jax.Array, present: jax.Array) -> jax.Array:
    tie = jax.random.bits(key, score.shape)
    return jnp.lexsort((tie, -score, ~present)).astype(jnp.int32)


def _position(u: jax.Array, widths: jax.Array, firsts: jax.Array, counts: jax.Array) -> jax.Array:
    """Return where in the table the draws `u` in [0, 1) fall: one draw decides on the group and on the work in it."""
    starts = jnp.minimum(jnp.cumsum(widths) - widths, 1).astype(u.dtype)
    found = jnp.zeros(u.shape, jnp.int32)
    for start, width, first, count in zip(starts, widths.astype(u.dtype), firsts, counts, strict=True):
        inside = jnp.floor((u - start) / jnp.maximum(width, jnp.finfo(u.dtype).tiny) * count).astype(jnp.int32)
        # A group without width begins where the next one does, which then has the draw.
        found = jnp.where(u >= start, (first + jnp.clip(inside, 0, count - 1)).astype(jnp.int32), found)
    return jnp.maximum(found, 0)
