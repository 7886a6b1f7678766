"""What a validator may know."""

from typing import NamedTuple

import jax

__all__ = ["HISTORY", "ValidatorView"]

HISTORY = 33  # epochs that are remembered: the longest lag is one less


class ValidatorView(NamedTuple):
    """A validator's knowledge when it sets weights at `epoch`.

    `opinion` [M] is what its own evaluation would say now: the honest validators' stake-weighted mean;
    `past_opinions` and `past_consensus` [HISTORY, M] hold, at row `epoch % HISTORY`, the same mean and the published
    consensus of earlier epochs (zeros before the first); `own_miners` [M] are the miners run by the same operator.
    """

    epoch: jax.Array
    opinion: jax.Array
    past_opinions: jax.Array
    past_consensus: jax.Array
    own_miners: jax.Array

    def opinion_of(self, lag: jax.Array | int) -> jax.Array:
        """Return the opinion of `lag` epochs ago, the present one for 0; the first one before there was any older."""
        from_past = self.past_opinions[jax.numpy.maximum(self.epoch - lag, 0) % HISTORY]
        return jax.numpy.where((jax.numpy.asarray(lag) <= 0) | (self.epoch <= 0), self.opinion, from_past)

    def consensus_of(self, lag: jax.Array | int) -> jax.Array:
        """Return the consensus published `lag` >= 1 epochs ago; zeros if none was."""
        past = self.past_consensus[(self.epoch - lag) % HISTORY]
        return jax.numpy.where(self.epoch - lag >= 0, past, 0)
