"""When rounds open, and how many of them are unresolved at a time."""

from datetime import date, timedelta

__all__ = ["FIRST_DAILY_ROUND", "LAG_ROUNDS_20D", "LAG_ROUNDS_60D", "LAG_ROUNDS_WEEKLY", "opening_date", "round_from"]

# A round's payout is credited before the close of the round that comes so much later.
LAG_ROUNDS_WEEKLY = 4
LAG_ROUNDS_20D = 24
LAG_ROUNDS_60D = 64

FIRST_DAILY_ROUND = 339
_FIRST_DAILY_OPENING = date(2022, 10, 22)
_DAYS_AFTER_SATURDAY = (0, 3, 4, 5, 6)  # Saturday's round, then Tuesday's to Friday's


def opening_date(round_number: int) -> date:
    """Return the date (UTC) on which a round of Classic opens: weekly on Saturdays, five a week from round 339 on.

    Source: specification 6. The two cadences meet all dates it gives: rounds 183 (October 2019), 222 (July 2020), 339
    (2022-10-22), 589 (2023-10-07) and 843 (2024-09-27). Rounds before 183 are counted back by weeks.

    Raises:
        ValueError: `round_number` is below 1.
    """
    if round_number < 1:
        raise ValueError(f"round_number = {round_number}: the first round is 1")
    later = round_number - FIRST_DAILY_ROUND
    if later < 0:
        return _FIRST_DAILY_OPENING + timedelta(weeks=later)
    weeks, place = divmod(later, len(_DAYS_AFTER_SATURDAY))
    return _FIRST_DAILY_OPENING + timedelta(weeks=weeks, days=_DAYS_AFTER_SATURDAY[place])


def round_from(day: date) -> int:
    """Return the first round of Classic that opens on `day` or later."""
    weeks, days = divmod((day - _FIRST_DAILY_OPENING).days, 7)
    if weeks < 0:
        return max(1, FIRST_DAILY_ROUND + weeks + (days > 0))
    started = sum(after < days for after in _DAYS_AFTER_SATURDAY)
    return FIRST_DAILY_ROUND + len(_DAYS_AFTER_SATURDAY) * weeks + started
