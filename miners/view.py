"""What a miner may know."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

__all__ = ["REVEALED", "MinerView", "Published"]

REVEALED = 9  # epochs of revealed submissions that are remembered: the longest lag is one less


class Published(NamedTuple):
    """What everybody can read once it is revealed, as it matters to one miner.

    `revealed` holds, at row `epoch % REVEALED`, the best submission with this miner's model in an earlier epoch, and
    `revealed_loss` [REVEALED] its loss on the hold-out (infinite before the first): nobody can read it while it is
    committed. `own_loss` is that of the miner's last submission, `rival_loss` the lowest of anybody else's with its
    model in the last epoch; both are infinite before the first.
    """

    revealed: Any
    revealed_loss: jax.Array
    own_loss: jax.Array
    rival_loss: jax.Array


class MinerView(NamedTuple):
    """One miner's knowledge when it hands in its submission at `epoch`.

    `own` are the parameters it has trained. `published` is None unless its strategy says `reads_published`: who claims
    to know nothing but its own data is not shown anything else.
    """

    epoch: jax.Array
    own: Any
    published: Published | None

    def best_revealed(self, lag: jax.Array | int) -> Any:
        """Return the best submission revealed `lag` >= 1 epochs ago, the own one before there was any."""
        assert self.published is not None
        row = (self.epoch - lag) % REVEALED
        known = (self.epoch - lag >= 0) & jnp.isfinite(self.published.revealed_loss[row])
        return jax.tree.map(lambda theirs, own: jnp.where(known, theirs[row], own), self.published.revealed, self.own)
