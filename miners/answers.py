"""What a miner may know when it answers stocks with an order."""

from typing import NamedTuple

import jax

__all__ = ["AnswerView"]


class AnswerView(NamedTuple):
    """One uid's knowledge of a round of N stocks, whose order it is asked for.

    `epoch` []. `own` [N] float32 is what its own (or its operator's) model answers; only the order counts. `features`
    [N, F] float32 are standardised bins. `benchmark` [N] is the mean of the standardised answers of the network's
    public models in this round, zeros where it has none. `place` [] says which of its operator's identities this is,
    from 0.
    """

    epoch: jax.Array
    own: jax.Array
    features: jax.Array
    benchmark: jax.Array
    place: jax.Array
