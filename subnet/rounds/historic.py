"""The tournament as it was at some time."""

import dataclasses
import math
from typing import Annotated, Literal

from pydantic import Field

from subnet.rounds.base import Tournament
from subnet.rounds.numerai import Numerai
from tokenomics.mechanism import mechanism, static
from tokenomics.tournament.presets import CLASSIC
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.timeline import Preset

__all__ = ["Historic"]


@mechanism
class Historic(Tournament):
    """Pay by a rule that was once in force: its multipliers, cap, threshold and rhythm.

    Where rounds are daily and the rule was weekly, one round in five pays. Where it was the other way round, each
    round pays as one of the five. Where participants could choose multipliers, everybody makes the usual choice, and
    true contribution (2022 to 2023), which only its operator could compute, is paid as MMC.

    Source: specification of Numerai-style tournaments, 7.2; the dates are in `tokenomics/tournament/presets.py`.
    """

    preset: Annotated[
        Literal[
            "corr_2020_04", "corr_or_mmc_2020_05", "corr_mmc_2020_07", "corr_mmc_2021_02", "corr_tc_2022_05",
            "corr_tc_2022_05_27", "corr_tc_2022_06", "corr_tc_2023_02", "corr_tc_2023_05", "corr_tc_2023_10",
            "corr_mmc_2024", "corr_mmc_2026",
        ],
        Field(description="which rule; `subnetlab payout --rules` says when each held"),
    ] = static("corr_mmc_2026")  # fmt: skip

    def rule(self) -> PayoutRule:
        """Return the numbers that a round pays by."""
        found = self._preset.rule
        assert isinstance(found, PayoutRule)  # auctions are not among the choices
        return found

    @property
    def lag(self) -> int:
        """Return how many rounds after its close a round is paid."""
        return math.ceil(self._preset.lag_rounds * self.rounds_per_week / self._preset.rounds_per_week)

    @property
    def pays_every(self) -> int:
        """Return that every so-manieth round pays; the others are only scored."""
        return max(1, self.rounds_per_week // self._preset.rounds_per_week)

    def spelt_out(self) -> Numerai:
        """Return the same rule as numbers, so that rules which differ in nothing else share a program."""
        rule, own = self.rule(), {f.name: getattr(self, f.name) for f in dataclasses.fields(Tournament)}
        return Numerai(
            **own,
            score_multiplier=rule.score_multiplier,
            contribution_multiplier=rule.contribution_multiplier,
            cap=rule.cap,
            threshold_nmr=rule.threshold_nmr,
            factor_exponent=rule.factor_exponent,
            lag_rounds=self.lag,
            cap_follows_factor=rule.cap_follows_factor,
            one_in=self.pays_every,
        )

    @property
    def _preset(self) -> Preset:
        return next(preset for preset in CLASSIC if preset.name == self.preset)
