"""A curator that votes to be paid for voting."""

from typing import ClassVar

import jax
import jax.numpy as jnp

from tokenomics.mechanism import mechanism
from validators.curators._spend import best, row_keys, spend
from validators.curators.base import Curators, CuratorView

__all__ = ["WashVoter"]


@mechanism
class WashVoter(Curators):
    """Spend all power evenly on whatever is shown first, up or down by chance; its taste does not matter.

    Where a reward is paid for spending, it earns as much as anybody. What it could not spend goes the same way at the
    next sitting, and upwards on the leaderboard. In a final vote it names a finalist by chance.
    """

    honest: ClassVar[bool] = False
    wishes: ClassVar[bool] = False

    def vote(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the signed share [n, K] of the round's power that each puts on what it is shown."""
        num_works = view.open.shape[1]
        up = jax.vmap(lambda k: jax.random.bits(k, (-(-num_works // 8),), jnp.uint8))(row_keys(key, view))
        signs = 2.0 * jnp.unpackbits(up, axis=1)[:, :num_works] - 1  # a bit each: draws are what costs time here
        return spend(view, view.left, signs)

    def boost(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return the share [n, K] that each puts on finalists."""
        return spend(view, view.left, view.open)

    def choose(self, key: jax.Array, view: CuratorView) -> jax.Array:
        """Return an open column [n] by chance, -1 where none is open."""
        luck = jax.vmap(lambda k: jax.random.uniform(k, (), jnp.float32))(row_keys(key, view))
        pick = jnp.floor(luck * view.open.sum(axis=1)) + 1
        return best(view, jnp.cumsum(view.open, axis=1) >= pick[:, None])
