"""What a tournament accepts as a submission."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validators.numerai._order import rank_rows

__all__ = [
    "Accepted",
    "InvalidSubmissionError",
    "clean_submission",
    "latest_valid",
    "validate_classic",
    "validate_crypto",
    "validate_signals",
]

_SIGNALS_IDS = ("ticker", "sedol", "bloomberg_ticker", "composite_figi", "numerai_ticker")
_DATES = ("date", "friday_date")
_FEWEST_IDS = 100
_LEAST_SD = 1e-8

Submission = Mapping[str, ArrayLike]


class InvalidSubmissionError(ValueError):
    """A submission that is not accepted; `code` is the tournament's name for the reason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Accepted(NamedTuple):
    """A valid submission: ids of the universe [n], their values [n] in the order given, and ids left out."""

    ids: np.ndarray
    values: np.ndarray
    dropped: list[str]


def validate_classic(submission: Submission, universe: Collection[str]) -> Accepted:
    """Return a Classic submission without ids outside the universe: every live id once, values in [0, 1].

    Args:
        submission: columns by name, in their order: id, then prediction or probability. A polars frame is
            `frame.to_dict()`.
        universe: live ids.

    Raises:
        InvalidSubmissionError: with code invalid_submission_headers, invalid_submission_ids or
            invalid_submission_values.

    Source: numerai-tools 0.7.2, submissions.py, and the submission pages of numerai/docs. Exactly 0 and 1 are accepted.
    """
    name, value = _headers(submission, ("id",), ("prediction", "probability"), ())
    accepted = _on_universe(submission, name, value, universe)
    lacking = len(set(universe)) - len(accepted.ids)
    if lacking:
        raise InvalidSubmissionError(
            "invalid_submission_ids",
            f'column "{name}" lacks {lacking} of {len(set(universe))} live ids; all are needed',
        )
    return _check_values(accepted, value)


def validate_signals(submission: Submission, universe: Collection[str]) -> Accepted:
    """Return a Signals submission without ids outside the universe: at least 100 ids, values in [0, 1].

    Columns are one of ticker, sedol, bloomberg_ticker, composite_figi, numerai_ticker, then prediction or signal; a
    column date or friday_date may stand anywhere. Otherwise as `validate_classic`.
    """
    return _enough(submission, universe, _headers(submission, _SIGNALS_IDS, ("prediction", "signal"), _DATES))


def validate_crypto(submission: Submission, universe: Collection[str]) -> Accepted:
    """Return a Crypto submission without symbols outside the universe: at least 100 symbols, values in [0, 1].

    Columns are symbol, then prediction or signal. Otherwise as `validate_classic`.
    """
    return _enough(submission, universe, _headers(submission, ("symbol",), ("prediction", "signal"), ()))


def _enough(submission: Submission, universe: Collection[str], headers: tuple[str, str]) -> Accepted:
    name, value = headers
    accepted = _on_universe(submission, name, value, universe)
    if len(accepted.ids) < _FEWEST_IDS:
        raise InvalidSubmissionError(
            "invalid_submission_ids",
            f'column "{name}" has {len(accepted.ids)} ids of the universe; at least {_FEWEST_IDS} are needed',
        )
    return _check_values(accepted, value)


def _headers(
    submission: Submission, ids: tuple[str, ...], values: tuple[str, ...], optional: tuple[str, ...]
) -> tuple[str, str]:
    columns = list(submission)
    needed = [c for c in columns if c not in optional]
    if len(columns) - len(needed) > 1 or len(needed) != 2 or needed[0] not in ids or needed[1] not in values:
        also = f", and perhaps {' or '.join(optional)}" if optional else ""
        raise InvalidSubmissionError(
            "invalid_submission_headers",
            f"columns are {', '.join(map(str, columns)) or 'none'}; "
            f"allowed are {' or '.join(ids)}, then {' or '.join(values)}{also}",
        )
    return needed[0], needed[1]


def _on_universe(submission: Submission, name: str, value: str, universe: Collection[str]) -> Accepted:
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


def _check_values(accepted: Accepted, name: str) -> Accepted:
    wrong = _wrong_values(accepted)
    if wrong:
        raise InvalidSubmissionError("invalid_submission_values", f'column "{name}" {wrong}')
    return accepted._replace(values=accepted.values.astype(float))


def _wrong_values(accepted: Accepted) -> str:
    try:
        values = accepted.values.astype(float)
    except (TypeError, ValueError):
        return "holds something that is not a number; numbers from 0 to 1 are allowed"
    if np.isnan(values).any():
        return f'is missing for id "{accepted.ids[np.isnan(values)][0]}"; every id needs a number from 0 to 1'
    outside = (values < 0) | (values > 1)
    if outside.any():
        return f'is {values[outside][0]:g} for id "{accepted.ids[outside][0]}"; allowed is 0 to 1'
    if not values.std() > _LEAST_SD:
        return f"has a standard deviation of {values.std():.3g}; values must differ, by more than {_LEAST_SD:g}"
    return ""


def latest_valid(uploads: Iterable[Submission], validate: Callable[[Submission], Accepted]) -> Accepted | None:
    """Return the last of `uploads`, oldest first, that `validate` accepts; None if it accepts none."""
    for submission in reversed(list(uploads)):
        try:
            return validate(submission)
        except InvalidSubmissionError:
            continue
    return None


def clean_submission(
    ids: ArrayLike, values: ArrayLike, universe: Collection[str], rank_and_fill: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Join a submission to the universe as Signals and Crypto do before scoring.

    Args:
        ids: [n]; those outside the universe are left out, of duplicates the first counts.
        values: [n] in any unit; NaN where missing.
        universe: live ids [N].
        rank_and_fill: rank with ties kept, then fill missing rows with 0.5. Without it, values stay and missing
            rows are NaN.

    Returns:
        [N] ids of the universe, sorted; [N] their values.

    Raises:
        ValueError: if the universe or the submission is empty, or ids and values differ in number.

    Source: numerai-tools 0.7.2, submissions.py, clean_submission.
    """
    names, given = np.asarray(ids, object), np.asarray(values, float)
    if names.shape != given.shape or not len(names) or not len(universe):
        raise ValueError(
            f"ids have shape {names.shape} and values {given.shape} in a universe of {len(universe)}; "
            "neither may be empty, and every id needs one value"
        )
    value_of = dict(zip(names[::-1], given[::-1], strict=True))
    live = np.array(sorted(set(universe)), object)
    joined = np.array([value_of.get(x, np.nan) for x in live], float)
    return live, _ranked(joined) if rank_and_fill else joined


def _ranked(values: np.ndarray) -> np.ndarray:
    doubled = np.zeros((1, len(values)), np.int32)
    rank_rows(values[None], doubled, keep_ties=True)
    present = doubled[0] > 0
    return np.where(present, (doubled[0] - 1) / (2 * max(present.sum(), 1)), 0.5)
