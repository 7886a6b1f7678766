"""Ballots as they were read: who voted how, with what."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from experiments.parameters import Refused
from experiments.tally_parameters import LARGEST

__all__ = ["Ballots", "Voter", "VoterNumbers"]

_MOST_CELLS = 20_000_000  # voters times options
_ROUNDING = 1e-9


@dataclasses.dataclass(frozen=True)
class VoterNumbers:
    """The numbers that a voter may have; each rule reads those it needs."""

    stake: Annotated[float, Field(ge=0, le=LARGEST, description="tokens")]
    credits: Annotated[float, Field(ge=0, le=LARGEST, description="points or credits to spend")]
    wallets: Annotated[int, Field(ge=1, le=10**6, description="wallets over which they are divided")]
    lock_end: Annotated[float, Field(ge=0, le=1e12, description="second in which the stake is free again")]
    unstaked_before_end: Annotated[bool, Field(description="whether it unstaked during the round")]


class Voter(NamedTuple):
    """One voter: `choice` or signed `votes` by option, None where it is absent, and its `numbers` by name."""

    id: str
    choice: str | None
    votes: Mapping[str, float] | None
    reports: tuple[str | None, ...] | None
    numbers: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Ballots:
    """A file of ballots under a rule.

    Attributes:
        rule: its name.
        parameters: of the rule, an instance of its dataclass.
        voters: in the order of the file.
        options: in the order of the file's list, else by name; ties go to the first.
        unused: parameters that other rules have and this one does not.
    """

    rule: str
    parameters: Any
    voters: tuple[Voter, ...]
    options: tuple[str, ...]
    unused: tuple[str, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the voters' names."""
        return tuple(voter.id for voter in self.voters)

    def numbers(self, name: str, otherwise: float = 0.0) -> NDArray[np.float64]:
        """Return one number of each voter, float64 [n]."""
        return np.array([voter.numbers.get(name, otherwise) for voter in self.voters], np.float64)

    def whole(self, name: str) -> NDArray[np.int64]:
        """Return the same as int64 [n]."""
        return self.numbers(name).astype(np.int64)

    def choices(self) -> NDArray[np.int64]:
        """Return the place of each voter's choice, int64 [n], -1 for the absent; of votes the largest one in favour."""
        place = {option: index for index, option in enumerate(self.options)}
        return np.array([-1 if f is None else place[f] for f in (_favourite(v, place) for v in self.voters)], np.int64)

    def amounts(self, weight: str) -> NDArray[np.float64]:
        """Return what each voter puts on each option, float64 [n, P]: its votes, or all its weight on its choice.

        Raises:
            Refused: a voter puts more on options than the credits it has, or there are too many.
        """
        shape = (len(self.voters), len(self.options))
        if shape[0] * shape[1] > _MOST_CELLS:
            raise Refused(f"has {shape[0]} voters and {shape[1]} options; their product may be {_MOST_CELLS:,}")
        found = np.zeros(shape)
        place = {option: index for index, option in enumerate(self.options)}
        for row, voter in enumerate(self.voters):
            for option, amount in (voter.votes or {}).items():
                found[row, place[option]] = amount
            if voter.choice is not None:
                found[row, place[voter.choice]] = voter.numbers.get("credits", voter.numbers.get(weight, 0.0))
        self._check_budgets(found)
        return found

    def _check_budgets(self, found: NDArray[np.float64]) -> None:
        budget, spent = self.numbers("credits", np.inf), np.abs(found).sum(axis=1)
        over = np.flatnonzero(spent > budget * (1 + _ROUNDING))
        if len(over):
            row = int(over[0])
            raise Refused(
                f"voters[{row}].votes put {spent[row]:g} on options, but {self.ids[row]} has {budget[row]:g} credits"
            )


def _favourite(voter: Voter, place: Mapping[str, int]) -> str | None:
    liked = [(option, amount) for option, amount in (voter.votes or {}).items() if amount > 0]
    if voter.choice is not None or not liked:
        return voter.choice
    return min(liked, key=lambda pair: (-pair[1], place[pair[0]]))[0]
