"""The people of a scenario: honest agents of the source, and adversaries laid over them."""

from typing import Any, NamedTuple

import numpy as np

from subnet.actions.base import Population

__all__ = ["HONEST", "Cast", "cast_of"]

HONEST = "honest"


class Cast(NamedTuple):
    """Everybody by row and column; honest agents first, then each overlay's in the order of the config.

    `validator_party` and `miner_party` hold `honest`, or the name of the overlay or the party of miners.
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


def cast_of(honest: Population, overlays: dict[str, Any]) -> Cast:
    """Return everybody; newcomers take the next free uids.

    Raises:
        ValueError: an overlay has the name of a party of miners, so that nobody could tell whose miners are whose.
    """
    if taken := sorted(set(overlays) & set(honest.miner_parties or ())):
        raise ValueError(f'overlays: "{taken[0]}" is also a party of miners; give one of them another name')
    validator_uid, miner_uid = list(honest.validator_uid), list(honest.miner_uid)
    validator_names, miner_names = list(honest.validator_names), list(honest.miner_names)
    validator_party = [HONEST] * len(validator_uid)
    miner_party = list(honest.miner_parties or [HONEST] * len(miner_uid))
    free = max([*validator_uid, *miner_uid], default=-1) + 1
    for name, strategy in overlays.items():
        for k in range(strategy.num_validators):
            validator_uid.append(free)
            validator_names.append(name if strategy.num_validators == 1 else f"{name} {k + 1}")
            validator_party.append(name)
            free += 1
        brought = 0 if getattr(strategy, "backs", "") else getattr(strategy, "num_miners", 0)
        for k in range(brought):
            miner_uid.append(free)
            miner_names.append(f"{name} miner {k + 1}")
            miner_party.append(name)
            free += 1
    people = Population(tuple(validator_uid), tuple(miner_uid), tuple(validator_names), tuple(miner_names))
    return Cast(people, tuple(validator_party), tuple(miner_party))
