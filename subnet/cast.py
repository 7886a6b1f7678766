"""The people of a scenario: honest agents of the source, and adversaries laid over them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from subnet.actions.base import Actions, Population, Recording
from subnet.scenario import Scenario
from validators.view import HISTORY, ValidatorView

__all__ = ["Cast", "History", "cast_of", "opinions_and_stake", "remember"]

HONEST = "honest"


class Cast(NamedTuple):
    """Everybody by row and column; honest agents first, then each overlay's in the order of the config.

    `validator_party` and `miner_party` hold `honest` or the name of the overlay that placed the agent.
    """

    population: Population
    validator_party: tuple[str, ...]
    miner_party: tuple[str, ...]

    @property
    def num_validators(self) -> int:
        """Rows."""
        return len(self.validator_party)

    @property
    def num_miners(self) -> int:
        """Columns."""
        return len(self.miner_party)

    @property
    def overlays(self) -> tuple[str, ...]:
        """Names of the overlays in the order of their rows (a pytree's dict comes back sorted)."""
        return tuple(dict.fromkeys(p for p in self.validator_party if p != HONEST))

    def rows_of(self, party: str) -> np.ndarray:
        """Return the mask [V] of a party's validators."""
        return np.array([p == party for p in self.validator_party])

    def columns_of(self, party: str) -> np.ndarray:
        """Return the mask [M] of a party's miners."""
        return np.array([p == party for p in self.miner_party])


class History(NamedTuple):
    """What was public in the last epochs: honest opinion and published consensus, [HISTORY, M] each."""

    opinions: jax.Array
    consensus: jax.Array


def cast_of(honest: Population, overlays: dict[str, Any]) -> Cast:
    """Return everybody; newcomers take the next free uids."""
    validator_uid, miner_uid = list(honest.validator_uid), list(honest.miner_uid)
    validator_names, miner_names = list(honest.validator_names), list(honest.miner_names)
    validator_party, miner_party = [HONEST] * len(validator_uid), [HONEST] * len(miner_uid)
    free = max([*validator_uid, *miner_uid], default=-1) + 1
    for name, strategy in overlays.items():
        for k in range(strategy.num_validators):
            validator_uid.append(free)
            validator_names.append(name if strategy.num_validators == 1 else f"{name} {k + 1}")
            validator_party.append(name)
            free += 1
        for k in range(getattr(strategy, "num_miners", 0)):
            miner_uid.append(free)
            miner_names.append(f"{name} miner {k + 1}")
            miner_party.append(name)
            free += 1
    people = Population(tuple(validator_uid), tuple(miner_uid), tuple(validator_names), tuple(miner_names))
    return Cast(people, tuple(validator_party), tuple(miner_party))


def opinions_and_stake(
    key: jax.Array, epoch: jax.Array, scenario: Scenario, cast: Cast, recording: Recording, history: History
) -> tuple[Actions, jax.Array]:
    """Return this epoch's actions of everybody, and the honest validators' stake-weighted mean opinion [M].

    Without overlays nobody asks for the mean opinion, and it is zeros.
    Honest validators give an overlay's own miners what the overlay says they are worth (`honest_weight`). An overlay
    holds `stake_share` of the total stake, its validators in equal parts.
    """
    actions = scenario.actions.act(key, epoch, recording)
    if not scenario.overlays:
        return actions, jnp.zeros(cast.num_miners)  # nobody is there to look at it
    newcomers = cast.num_miners - actions.weights.shape[1]
    weights = jnp.pad(_as_float(actions.weights), ((0, 0), (0, newcomers)))
    worth = jnp.zeros(cast.num_miners)
    for name in cast.overlays:
        strategy = scenario.overlays[name]
        own = cast.columns_of(name)
        if own.any():
            worth = worth + jnp.where(own, jnp.asarray(strategy.honest_weight) / own.sum(), 0)
    row_total = weights.sum(axis=1, keepdims=True)
    weights = weights * (1 - worth.sum()) + jnp.where(row_total > 0, worth * row_total, 0)
    opinion = _mean_opinion(weights, actions.stake)

    rows, stakes = [weights], [actions.stake]
    shares = {name: jnp.asarray(scenario.overlays[name].stake_share) for name in cast.overlays}
    total = actions.stake.sum() / (1 - sum(shares.values()))
    for name in cast.overlays:
        strategy = scenario.overlays[name]
        view = ValidatorView(epoch, opinion, history.opinions, history.consensus, jnp.asarray(cast.columns_of(name)))
        count = strategy.num_validators
        rows.append(jnp.broadcast_to(strategy.weights(view), (count, cast.num_miners)))
        stakes.append(jnp.full(count, shares[name] * total / count))
    reset = None if actions.reset is None else jnp.pad(actions.reset, (0, newcomers))
    return Actions(jnp.concatenate(rows), jnp.concatenate(stakes), reset), opinion


def remember(history: History, epoch: jax.Array, opinion: jax.Array, consensus: jax.Array) -> History:
    """Return the history with this epoch's opinion and consensus in place of the oldest."""
    row = epoch % HISTORY
    return History(history.opinions.at[row].set(opinion), history.consensus.at[row].set(consensus))


def _mean_opinion(weights: jax.Array, stake: jax.Array) -> jax.Array:
    weights = _as_float(weights)
    total = weights.sum(axis=1, keepdims=True)
    shares = jnp.where(total > 0, weights / jnp.where(total > 0, total, 1), 0)
    return stake @ shares / jnp.maximum(stake.sum(), jnp.finfo(jnp.float64).tiny)


def _as_float(weights: jax.Array) -> jax.Array:
    return weights.astype(jnp.float64) if jnp.issubdtype(weights.dtype, jnp.integer) else weights
