"""Who takes part in a network whose miners train: parties of miners, and validators that look."""

from typing import Annotated, Any, Literal

import jax
from pydantic import Field

from miners.strategies.honest import Honest
from miners.training import Training
from subnet.actions.base import Recording
from subnet.keys import Stream, streams
from tokenomics.distributions import draw_positive
from tokenomics.mechanism import mechanism, static

__all__ = ["Evaluators", "Party", "model_of", "trainers", "training_of"]


@mechanism
class Party:
    """Miners of one kind: `count` uids that follow a strategy.

    They train the network's model in the network's way unless they have a model or a training of their own.
    """

    strategy: Any = Honest()
    count: Annotated[int, Field(ge=1, le=65536, description="miners (uids) in the party")] = static(16)
    model: Any = None
    training: Training | None = None


def trainers(party: Party) -> int:
    """Return how many models a party trains: one per operator."""
    return -(-party.count // party.strategy.identities)


def model_of(party: Party, common: Any) -> Any:
    """Return the model that a party trains."""
    return common if party.model is None else party.model


def training_of(party: Party, common: Training) -> Training:
    """Return how a party trains."""
    return common if party.training is None else party.training


@mechanism
class Evaluators:
    """Honest validators: each draws its own rows of the hold-out and looks at some of the miners, every epoch.

    Who has waited longer is more likely to be looked at. Stakes are drawn, or taken from recorded ones.
    """

    count: Annotated[int, Field(ge=1, le=4096, description="validators that evaluate")] = static(8)
    rows: Annotated[int, Field(ge=1, le=65536, description="rows of the hold-out that each draws per epoch")] = static(
        64
    )
    miners_per_epoch: Annotated[
        int, Field(ge=0, le=65536, description="miners that each looks at per epoch; 0: all")
    ] = static(0)
    stake_distribution: Annotated[
        Literal["normal", "lognormal", "pareto", "recorded"], Field(description="family of validators' stake")
    ] = static("lognormal")
    stake_spread: Annotated[
        float, Field(gt=0, le=100, description="standard deviation of stake (pareto: tail index)")
    ] = 1.0
    stake_file: Annotated[
        str, Field(description="recorded stakes: a packaged recording (nakamoto) or the path of a .npz file")
    ] = static("nakamoto")
    mean_stake: Annotated[float, Field(gt=0, le=1e9, description="typical stake of a validator, tokens")] = 1000.0

    def stake(self, key: jax.Array, recording: Recording) -> jax.Array:
        """Return the validators' stake [V] in tokens at the start."""
        keys = streams(key, Stream.STAKE, self.count)
        if self.stake_distribution == "recorded":
            assert recording.stake is not None
            holders = recording.stake[0]
            return holders[jax.vmap(lambda k: jax.random.randint(k, (), 0, holders.shape[0]))(keys)]
        return self.mean_stake * draw_positive(keys, self.stake_distribution, self.stake_spread)
