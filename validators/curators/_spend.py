"""What curators share: parts of a round's power, and columns of a view."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from tokenomics.shares import pro_rata
from validators.curators.base import CuratorView

__all__ = ["after", "best", "row_keys", "sees_wanted", "spend", "wanted_first", "wanted_or_liked"]

GRAINS = 2.0**24  # float32 holds every multiple of 2⁻²⁴ up to 1, so sums of such parts are exact in any order


def spend(view: CuratorView, share: jax.Array, pull: jax.Array) -> jax.Array:
    """Divide a share of the round's power among the open works in proportion to |pull|, with the sign of the pull.

    sign(pull_ik) floor(2²⁴ min(share_i, left_i) |pull_ik| / sum_k |pull_ik|) / 2²⁴

    Args:
        view: what the curators see; nothing goes to works that are not open.
        share: [n] share of the round's power that each would spend, cut to [0, left].
        pull: [n, K] signed numbers or a mask.

    Returns:
        Parts [n, K], float32; a row without a pull spends nothing. |parts| never sum to more than `left`, and to less
        than `share` by under K 2⁻²⁴: what rounding takes stays unspent.
    """
    wish = jnp.where(view.open, pull, 0).astype(jnp.float64)  # so that the sum before the floor is as good as exact
    may = jnp.clip(share, 0, view.left)
    part = jnp.floor(GRAINS * may[:, None] * pro_rata(jnp.abs(wish), axis=1)) / GRAINS
    return (jnp.sign(wish) * part).astype(jnp.float32)


def after(view: CuratorView, parts: jax.Array) -> CuratorView:
    """Return the view of those who have spent `parts` [n, K] at this sitting: less is left, those works are closed."""
    return view._replace(left=view.left - jnp.abs(parts).sum(axis=1), open=view.open & (parts == 0))


def sees_wanted(view: CuratorView) -> jax.Array:
    """Return in which column, if in any, each may vote for the work that the party wants: a mask [n, K]."""
    return view.open & (view.shown == view.wanted)


def wanted_first(view: CuratorView, share: jax.Array, rest: Callable[[CuratorView], jax.Array]) -> jax.Array:
    """Put `share` [n] of the round's power on the wanted work where it is seen, then vote on others by `rest`."""
    first = spend(view, share, sees_wanted(view))
    return first + rest(after(view, first))


def best(view: CuratorView, score: jax.Array) -> jax.Array:
    """Return the open column [n] int32 of the largest `score` [n, K], the first of equals; -1 where none is open."""
    column = jnp.where(view.open, score, -jnp.inf).argmax(axis=1)
    return jnp.where(view.open.any(axis=1), column, -1).astype(jnp.int32)


def wanted_or_liked(view: CuratorView) -> jax.Array:
    """Return the open column [n] of the wanted work, or of the most liked where it is not there; -1 for none."""
    return best(view, jnp.where(sees_wanted(view), jnp.inf, view.liking))


def row_keys(key: jax.Array, view: CuratorView) -> jax.Array:
    """Return a key per curator [n]: more curators change nobody's luck."""
    return jax.vmap(lambda row: jax.random.fold_in(key, row))(jnp.arange(view.left.shape[0]))
