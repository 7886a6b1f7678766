"""Ids and values that a tournament accepts, and why it refuses others."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

__all__ = ["Accepted", "InvalidSubmissionError", "Submission", "check_values", "on_universe", "on_whole_universe"]

_LEAST_SD = 1e-8

Submission = Mapping[str, ArrayLike]


class InvalidSubmissionError(ValueError):
    """A submission that is not accepted; `code` is the tournament's name for the reason, `message` says it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message


class Accepted(NamedTuple):
    """A valid submission: ids of the universe [n], their values [n] in the order given, and ids left out."""

    ids: np.ndarray
    values: np.ndarray
    dropped: list[str]


def on_universe(submission: Submission, name: str, value: str, universe: Collection[str]) -> Accepted:
    """Return column `value` at the ids of column `name` that are in the universe, unless ids are missing or doubled.

    Raises:
        InvalidSubmissionError: they are; code invalid_submission_ids.
    """
    ids, values = np.asarray(submission[name], object), np.asarray(submission[value])
    if ids.shape != values.shape or ids.ndim != 1:
        raise InvalidSubmissionError(
            "invalid_submission_ids", f'"{name}" has shape {ids.shape} and "{value}" {values.shape}; one value per id'
        )
    missing = [i for i, x in enumerate(ids) if x is None or x != x or x == ""]
    if missing:
        raise InvalidSubmissionError(
            "invalid_submission_ids", f'column "{name}" has no id in row {missing[0]}; every row needs one'
        )
    live = set(universe)
    inside = np.array([x in live for x in ids], bool)
    kept = ids[inside]
    names, counts = np.unique(kept.astype(str), return_counts=True)
    if (counts > 1).any():
        raise InvalidSubmissionError(
            "invalid_submission_ids", f'column "{name}" has "{names[counts > 1][0]}" more than once; once is allowed'
        )
    return Accepted(kept, values[inside], [str(x) for x in ids[~inside]])


def on_whole_universe(submission: Submission, name: str, value: str, universe: Collection[str]) -> Accepted:
    """Return the same if it has every id of the universe.

    Raises:
        InvalidSubmissionError: as `on_universe`, and where one is lacking.
    """
    accepted = on_universe(submission, name, value, universe)
    lacking = set(universe).difference(accepted.ids)
    if lacking:
        raise InvalidSubmissionError(
            "invalid_submission_ids",
            f'column "{name}" lacks {len(lacking)} of {len(set(universe))} ids, such as "{min(lacking)}"; '
            "all are needed",
        )
    return accepted


def check_values(accepted: Accepted, name: str) -> Accepted:
    """Return the same as float64 if all are numbers from 0 to 1 that differ.

    Raises:
        InvalidSubmissionError: they are not; code invalid_submission_values.
    """
    wrong = _wrong_values(accepted)
    if wrong:
        raise InvalidSubmissionError("invalid_submission_values", f'column "{name}" {wrong}')
    return accepted._replace(values=accepted.values.astype(float))


def _wrong_values(accepted: Accepted) -> str:
    try:
        values = accepted.values.astype(float)
    except (TypeError, ValueError):
        return "holds something that is not a number; numbers from 0 to 1 are allowed"
    if np.isnan(values).all():
        return "has no number at all; every id needs one from 0 to 1"
    if np.isnan(values).any():
        return f'is missing for id "{accepted.ids[np.isnan(values)][0]}"; every id needs a number from 0 to 1'
    outside = (values < 0) | (values > 1)
    if outside.any():
        return f'is {values[outside][0]:g} for id "{accepted.ids[outside][0]}"; allowed is 0 to 1'
    if values.min() == values.max():
        return f"is {values[0]:g} for every id; values must differ"
    if not values.std() > _LEAST_SD:
        return f"has a standard deviation of {values.std():.3g}; values must differ, by more than {_LEAST_SD:g}"
    return ""
