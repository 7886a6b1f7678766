"""The tournament with every number free."""

from typing import Annotated

from pydantic import Field

from subnet.rounds.base import Tournament
from tokenomics.mechanism import mechanism, static
from tokenomics.tournament.rounds import LAG_ROUNDS_20D
from tokenomics.tournament.rules import PayoutRule

__all__ = ["Numerai"]


@mechanism
class Numerai(Tournament):
    """Pay stake · clip(f · (a CORR + b MMC), -cap, cap), f = min(1, threshold / all that is at risk), for daily rounds.

    The defaults are those of 2026. For weekly rounds take a cap of 0.25, a threshold of 360,000 and a lag of 4 or 5:
    five daily rounds are one of these.

    Source: numerai/docs, numerai-tournament/staking.md; specification 7.1.
    """

    score_multiplier: Annotated[float, Field(ge=0, le=10, description="weight of CORR")] = 0.75
    contribution_multiplier: Annotated[float, Field(ge=0, le=10, description="weight of MMC")] = 2.25
    cap: Annotated[float, Field(ge=0, le=1, description="largest part of a stake that a round pays or burns")] = 0.05
    threshold_nmr: Annotated[
        float, Field(gt=0, le=1e9, description="tokens at risk from which payouts are cut, theta")
    ] = 72_000.0
    factor_exponent: Annotated[
        float, Field(ge=0, le=10, description="how fast payouts are cut beyond it: f = min(1, (theta / S)^exponent)")
    ] = 1.0
    lag_rounds: Annotated[int, Field(ge=1, le=260, description="rounds from a close to its payout")] = static(
        LAG_ROUNDS_20D
    )

    cap_follows_factor: Annotated[
        bool, Field(description="whether the cap is applied to the score before the payout factor, as in spring 2022")
    ] = False
    one_in: Annotated[int, Field(ge=1, le=100, description="every so-manieth round pays, the others only score")] = (
        static(1)
    )

    def rule(self) -> PayoutRule:
        """Return the numbers that a round pays by."""
        return PayoutRule(
            self.score_multiplier,
            self.contribution_multiplier,
            self.cap,
            self.threshold_nmr,
            self.cap_follows_factor,
            self.factor_exponent,
        )

    @property
    def lag(self) -> int:
        """Return how many rounds after its close a round is paid."""
        return self.lag_rounds

    @property
    def pays_every(self) -> int:
        """Return that every so-manieth round pays; the others are only scored."""
        return self.one_in
