"""What a tournament accepts as a submission."""

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from validators.numerai._acceptance import (
    Accepted,
    InvalidSubmissionError,
    Submission,
    check_values,
    on_universe,
    on_whole_universe,
)
from validators.numerai._order import rank_rows

__all__ = [
    "Accepted",
    "InvalidSubmissionError",
    "Judged",
    "clean_submission",
    "latest_valid",
    "validate_classic",
    "validate_classic_columns",
    "validate_crypto",
    "validate_signals",
]

_SIGNALS_IDS = ("ticker", "sedol", "bloomberg_ticker", "composite_figi", "numerai_ticker")
_DATES = ("date", "friday_date")
_FEWEST_IDS = 100


class Judged(NamedTuple):
    """Submissions that are columns of one table: those accepted, by name, and why each of the others is not."""

    accepted: dict[str, Accepted]
    refused: dict[str, InvalidSubmissionError]


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
    return check_values(on_whole_universe(submission, name, value, universe), value)


def validate_classic_columns(submission: Submission, universe: Collection[str]) -> Judged:
    """Return which columns of a table are Classic submissions, all with the ids of its first column.

    Each is judged as by `validate_classic`, whatever its name; the ids are looked at once.

    Args:
        submission: columns by name, in their order: ids, then submissions.
        universe: live ids.

    Raises:
        InvalidSubmissionError: with code invalid_submission_ids, since wrong ids are wrong for every column.
    """
    name, *names = submission
    rows = {name: submission[name], "": np.arange(len(np.asarray(submission[name], object)))}
    whole = on_whole_universe(rows, name, "", universe)
    accepted, refused = {}, {}
    for value in names:
        try:
            given = whole._replace(values=np.asarray(submission[value])[whole.values])
            accepted[value] = check_values(given, value)
        except InvalidSubmissionError as error:
            refused[value] = error
    return Judged(accepted, refused)


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
    accepted = on_universe(submission, name, value, universe)
    if len(accepted.ids) < _FEWEST_IDS:
        raise InvalidSubmissionError(
            "invalid_submission_ids",
            f'column "{name}" has {len(accepted.ids)} ids of the universe; at least {_FEWEST_IDS} are needed',
        )
    return check_values(accepted, value)


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
