"""What owners of models have before the first round."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from miners.stakers.hold import Hold
from subnet.cast import Cast
from subnet.keys import Stream
from subnet.scenario import Scenario
from subnet.work.cohorts import party_keys

__all__ = ["Purses", "open_purses", "staker_of"]


class Purses(NamedTuple):
    """Tokens of every model's owner, int64 [M] units: `wallet` is free, `stake` is staked on the model."""

    wallet: jax.Array
    stake: jax.Array


def staker_of(scenario: Scenario, party: str) -> Hold:
    """Return how a party stakes; who is not mentioned has the usual purse and leaves it staked."""
    found: Hold = scenario.stakers.get(party, Hold())
    return found


def open_purses(key: jax.Array, scenario: Scenario, cast: Cast) -> Purses:
    """Return everybody's tokens at the start; what one model's owner has depends on nobody else."""
    nothing = jnp.zeros(cast.num_miners, jnp.int64)
    purses = Purses(nothing, nothing)
    for party in dict.fromkeys(cast.miner_party):
        members = cast.columns_of(party).nonzero()[0]
        keys = party_keys(key, Stream.PURSE, party, len(members))
        wallet, stake = staker_of(scenario, party).open(keys)
        purses = Purses(purses.wallet.at[members].set(wallet), purses.stake.at[members].set(stake))
    return purses
