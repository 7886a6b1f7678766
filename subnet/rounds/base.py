"""What every staked tournament decides beside the payout of a round."""

import math
from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism, static
from tokenomics.tournament.leaderboard_bonus import LeaderboardBonus
from tokenomics.tournament.limits import churn_gain_factor
from tokenomics.tournament.rules import PayoutRule

__all__ = ["Tournament"]

_DAYS_A_WEEK = 7
_BONUS_AFTER_DAYS = 100


@mechanism
class Tournament:
    """Everybody stakes on their own submissions, and is paid or burned when a round resolves.

    What a payout rule leaves open: how often rounds are, where gains come from and where burns go, and what is paid
    beside them. A subclass says by which numbers a round pays: `rule`, `lag_rounds` and `pays_every`.

    Scores of few stocks are noisy: they are multiplied by √(N / equivalent_rows), so that caps and multipliers mean
    what they mean in the live tournament. A rank on the leaderboard counts among `bonus_field` models, however many
    there are here.

    Source: specification of Numerai-style tournaments, sections 6 to 8 and 9.2.
    """

    opens: ClassVar[bool] = True

    rounds_per_week: Annotated[Literal[1, 5], Field(description="rounds a week: 5, as since 2022, or 1")] = static(5)
    treasury_nmr: Annotated[float, Field(ge=0, le=1e9, description="tokens that gains are paid from")] = 3_000_000.0
    burns: Annotated[
        Literal["destroyed", "netted"],
        Field(description="destroyed at once, or kept against later gains of the same stake until some is released"),
    ] = static("destroyed")
    equivalent_rows: Annotated[
        float, Field(ge=0, le=1e6, description="stocks whose scores these should be as noisy as; 0: leave scores alone")
    ] = 6500.0
    bonus: Annotated[
        bool, Field(description="whether the leaderboard's best earn a share of their stake of 100 days ago")
    ] = static(False)
    bonus_scale: Annotated[float, Field(ge=0, le=1, description="part of the published bonus that is paid")] = 1.0
    bonus_cap_nmr: Annotated[float, Field(ge=0, le=1e7, description="tokens of bonus a day for all together")] = 250.0
    bonus_field: Annotated[float, Field(ge=1, le=1e6, description="models among which a rank counts")] = 1500.0
    churn_steepness: Annotated[
        float, Field(ge=0, le=1000, description="how fast gains, not burns, fall beyond the threshold; 0: never")
    ] = 0.0
    churn_threshold: Annotated[float, Field(ge=0, le=2, description="churn that is let pass")] = 0.1

    @property
    def treasury(self) -> jax.Array:
        """Return the treasury at the start, int64 [] units."""
        return jnp.rint(jnp.asarray(self.treasury_nmr) * RAO_PER_TOKEN).astype(jnp.int64)

    @property
    def bonus_lag(self) -> int:
        """Return how many rounds 100 days are."""
        return math.ceil(_BONUS_AFTER_DAYS * self.rounds_per_week / _DAYS_A_WEEK)

    def score_scale(self, num_rows: Real | None) -> jax.Array:
        """Return what scores of `num_rows` stocks with a target are multiplied by; 1 where scores alone are known."""
        if num_rows is None:
            return jnp.ones(())
        wanted = jnp.asarray(self.equivalent_rows)
        return jnp.where(wanted > 0, jnp.sqrt(num_rows / jnp.where(wanted > 0, wanted, 1)), 1.0)

    def gain_factor(self, churn: jax.Array) -> jax.Array:
        """Return by what gains are multiplied after `churn` [M]; 1 where there is nothing to compare with (NaN)."""
        return jnp.where(jnp.isnan(churn), 1.0, churn_gain_factor(churn, self.churn_threshold, self.churn_steepness))

    def bonuses(self, earlier_stake: jax.Array, reputation: jax.Array) -> jax.Array:
        """Return a round's bonus, int64 [M] units, for `earlier_stake` int64 [M] and `reputation` [M], NaN unranked."""
        known = ~jnp.isnan(reputation)
        better = (reputation[None, :] > reputation[:, None]).sum(axis=1)
        rank = jnp.ceil((better + 1) * self.bonus_field / reputation.shape[0]).astype(jnp.int64)
        rank = jnp.where(better == 0, 1, rank)
        daily = LeaderboardBonus(self.bonus_scale, self.bonus_cap_nmr).pay(earlier_stake, jnp.where(known, rank, 0))
        return daily * _DAYS_A_WEEK // self.rounds_per_week

    def rule(self) -> PayoutRule:
        """Return the numbers that a round pays by."""
        raise NotImplementedError(f"{type(self).__name__} does not say by which numbers a round pays")

    @property
    def lag(self) -> int:
        """Return how many rounds after its close a round is paid."""
        raise NotImplementedError(f"{type(self).__name__} does not say when a round is paid")

    @property
    def pays_every(self) -> int:
        """Return that every so-manieth round pays; the others are only scored."""
        raise NotImplementedError(f"{type(self).__name__} does not say which rounds pay")

    def spelt_out(self) -> "Tournament":
        """Return the same rule as numbers, so that rules which differ in nothing else share a program."""
        return self
