"""Rules that followed one another, and which of them holds on a day."""

import dataclasses
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Literal, TypeAlias

from tokenomics.tournament.auction import ConfidenceAuction
from tokenomics.tournament.limits import SubmissionLimits
from tokenomics.tournament.rounds import LAG_ROUNDS_20D, round_from
from tokenomics.tournament.rules import PayoutRule

__all__ = ["KnownTo", "Preset", "Tournament", "holding", "timeline"]

Tournament: TypeAlias = Literal["classic", "signals", "crypto"]
KnownTo: TypeAlias = Literal["day", "month", "year"]


@dataclasses.dataclass(frozen=True)
class Preset:
    """A rule and when it held.

    `rule` holds for rounds that open from `first` to `last`, days included; a `last` of None is the present. Where a
    source gives no day, `first` is the first of the month or year (`known_to`). `scores` name what the two multipliers
    weigh. `options` are the multipliers that models could choose, of which `rule` has one; a single one is no choice.
    `lag_rounds` counts rounds that pay, of which there are `rounds_per_week`.
    """

    name: str
    first: date
    rule: PayoutRule | ConfidenceAuction
    scores: tuple[str, str]
    source: str
    tournament: Tournament = "classic"
    last: date | None = None
    known_to: KnownTo = "day"
    options: tuple[tuple[float, float], ...] = ()
    rounds_per_week: int = 5
    lag_rounds: int = LAG_ROUNDS_20D
    limits: SubmissionLimits = dataclasses.field(default_factory=SubmissionLimits)

    @property
    def first_round(self) -> int | None:
        """Return the first round of Classic under this rule; None elsewhere, where numbers are not documented."""
        return round_from(self.first) if self.tournament == "classic" else None

    @property
    def last_round(self) -> int | None:
        """Return the last round of Classic under this rule; None elsewhere, and for the present."""
        if self.last is None or self.tournament != "classic":
            return None
        return round_from(self.last + timedelta(days=1)) - 1

    def covers(self, day: date) -> bool:
        """Tell whether the rule holds for rounds that open on `day`."""
        return self.first <= day and (self.last is None or day <= self.last)


def timeline(tournament: Tournament, presets: Sequence[Preset]) -> tuple[Preset, ...]:
    """Return `presets` in the order given, each ending the day before the next begins.

    Raises:
        ValueError: a preset does not begin after the one before it.
    """
    ends = [after.first - timedelta(days=1) for after in presets[1:]]
    for preset, end in zip(presets, ends, strict=False):
        if end < preset.first:
            raise ValueError(f"{preset.name} begins on {preset.first}, but the rule after it on {end} or the day after")
    return tuple(
        dataclasses.replace(preset, tournament=tournament, last=last, options=preset.options or _only_option(preset))
        for preset, last in zip(presets, [*ends, None], strict=True)
    )


def holding(presets: Sequence[Preset], day: date) -> Preset:
    """Return the one of `presets` that holds on `day`.

    Raises:
        ValueError: the first of them begins later.
    """
    for preset in presets:
        if preset.covers(day):
            return preset
    raise ValueError(f"day = {day}: no rule is known before {presets[0].first}, when {presets[0].name} begins")


def _only_option(preset: Preset) -> tuple[tuple[float, float], ...]:
    if isinstance(preset.rule, ConfidenceAuction):
        return ()
    return ((preset.rule.score_multiplier, preset.rule.contribution_multiplier),)
