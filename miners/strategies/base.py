"""What every strategy of a miner answers."""

from typing import Any, Protocol

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from miners.training import Skill
from miners.view import MinerView

__all__ = ["Strategy", "jittered"]


class Strategy(Protocol):
    """How a miner departs from honest work: what it does in training, and what it hands in.

    `identities` uids share one operator and one training run; all strategies but Sybils have one each. A class may also
    say `trains = False` (it never does, so nobody waits for it), `reads_published = True` (its view shows what others
    have revealed), `sees_holdout = True` (rows of the hold-out leak into its batches) and `public = True` (where the
    task is a ranking everybody can read its answers before the round closes).

    Where the task is a ranking, a strategy may hand in another order than its model's: a class with `ranks = True` has
    `answer(key, view: AnswerView) -> [N]`, higher for what it expects more of. `key` is the uid's own and the same in
    every epoch: what is to change has the epoch folded in. For other tasks it makes no sense.
    """

    identities: int

    def plan(self, skill: Skill) -> Skill:
        """Return the skill that a miner trains with, given the one it was born with."""

    def init(self, params: Any) -> Any:
        """Return what one miner remembers of its past, from its initial parameters."""

    def submit(self, key: jax.Array, view: MinerView, memory: Any) -> tuple[Any, Any]:
        """Return the memory and the parameters that one uid hands in; `key` is its own."""


def jittered(key: jax.Array, params: Any, noise: jax.Array | float) -> Any:
    """Return `params` with normal noise: in each array `noise` times the root mean square of its entries."""
    # One draw for all arrays: the generator is written out anew for every draw, and compiles slowly.
    z, shaped = ravel_pytree(params)
    draws = shaped(jax.random.normal(key, z.shape, z.dtype))

    def moved(leaf: jax.Array, z: jax.Array) -> jax.Array:
        return leaf + jnp.asarray(noise, leaf.dtype) * jnp.sqrt(jnp.mean(jnp.square(leaf))) * z

    return jax.tree.map(moved, params, draws)
