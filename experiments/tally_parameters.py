"""The parameters of each way to count a vote: names, ranges and defaults; nothing here needs JAX."""

import dataclasses
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field

__all__ = [
    "LARGEST", "Approval", "BondingCurve", "Conviction", "FlipCost", "FlipTerms", "Kleros", "PeerPrediction",
    "Quadratic", "QuadraticFunding", "Registry", "TimeLocked", "TokenWeighted", "Trade", "Uma",
]  # fmt: skip

LARGEST = 1e15  # of one number of tokens, votes or credits: whole numbers up to here are exact, and their sums fit
_PPM = 1_000_000
_MOST_JURORS = 2000

_Amount: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=LARGEST, allow_inf_nan=False)]
_Signed: TypeAlias = Annotated[float, Field(strict=True, ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
_Label: TypeAlias = Annotated[int, Field(strict=True)] | Annotated[str, Field(strict=True)]
_Votes: TypeAlias = Annotated[tuple[_Label | None, ...], Field(min_length=1, max_length=_MOST_JURORS)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlipTerms:
    """What votes cost to whoever wants to turn the result."""

    price_per_vote: Annotated[float, Field(ge=0, le=LARGEST, description="market price of a vote")] = 0.0
    bribe_per_vote: Annotated[float, Field(ge=0, le=LARGEST, description="bribe for which a voter turns")] = 0.0
    slash_per_wrong_vote: Annotated[
        float, Field(ge=0, le=LARGEST, description="what a voter expects to lose besides, if the bribe fails")
    ] = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlipCost(FlipTerms):
    """A count that is already known; without it the stakes and choices of voters are counted."""

    tally: Annotated[
        dict[str, _Signed] | None, Field(min_length=2, description="votes of each option, at least two of them")
    ] = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class TokenWeighted(FlipTerms):
    """What makes a count valid."""

    quorum: Annotated[float, Field(ge=0, le=1, description="share of all stake that must vote")] = 0.0
    approval: Annotated[float, Field(ge=0, le=1, description="share of cast stake that the winner needs")] = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Approval(FlipTerms):
    """What makes an option valid."""

    quorum: Annotated[float, Field(ge=0, le=1, description="share of all stake that must vote on an option")] = 0.0
    approval: Annotated[float, Field(ge=0, le=1, description="share of that which must be in favour")] = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quadratic:
    """A voter who divides its credits over wallets."""

    sybil_voter: Annotated[
        int | str | None, Field(description="who splits: an id, or a place in the list counted from 0")
    ] = None
    sybil_wallets: Annotated[int, Field(ge=1, le=10**6, description="over how many wallets it splits")] = 1


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuadraticFunding:
    """A fund."""

    pool: Annotated[float, Field(ge=0, le=LARGEST, description="the fund that is divided")]
    pairwise_bound: Annotated[
        float, Field(ge=0, le=LARGEST, description="the bound M on what a pair extracts; 0: none")
    ] = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Conviction:
    """A request to a fund and who stands behind it."""

    stake: Annotated[float, Field(ge=0, le=LARGEST, description="tokens that support the request")]
    total_staked: Annotated[float, Field(ge=0, le=LARGEST, description="tokens that support any request")]
    token_supply: Annotated[float, Field(gt=0, le=LARGEST, description="all tokens")]
    funds: Annotated[float, Field(gt=0, le=LARGEST, description="what the fund holds")]
    requested: Annotated[float, Field(ge=0, le=LARGEST, description="what is asked for")]
    alpha: Annotated[float, Field(gt=0, lt=1, description="share of conviction kept per block")] = 0.9999599
    beta: Annotated[float, Field(gt=0, le=1, description="share of the funds from which on nothing passes")] = 0.2
    rho: Annotated[float, Field(gt=0, le=1, description="weight of the threshold")] = 0.002
    min_stake_share: Annotated[float, Field(ge=0, le=1, description="share of the supply that counts at least")] = 0.2
    blocks: Annotated[
        tuple[Annotated[float, Field(ge=0, le=1e12)], ...],
        Field(max_length=10_000, description="blocks after which the conviction is told"),
    ] = ()


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimeLocked(FlipTerms):
    """The clock."""

    now: Annotated[float, Field(ge=0, le=1e12, description="seconds, on the clock of lock_end")] = 0.0
    longest_lock_days: Annotated[float, Field(ge=7, le=36500, description="lock at which a token weighs 1")] = 1460.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Registry:
    """A challenge to an entry."""

    deposit: Annotated[int, Field(ge=0, le=LARGEST, description="tokens that each party put up")]
    winner_ppm: Annotated[int, Field(ge=0, le=_PPM, description="the winner's part of the loser's, per million")] = 0
    quorum_ppm: Annotated[int, Field(ge=0, le=_PPM, description="what must be exceeded, per million")] = 500_000


@dataclasses.dataclass(frozen=True, kw_only=True)
class Trade:
    """Shares bought (sold where negative), or tokens that are paid for shares."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    shares: _Signed | None = None
    pay: _Amount | None = None
    trader: Annotated[str, Field(strict=True, max_length=100)] = ""


@dataclasses.dataclass(frozen=True, kw_only=True)
class BondingCurve:
    """A curve and what happens on it."""

    trades: Annotated[tuple[Trade, ...], Field(min_length=1, max_length=10_000, description="trades in their order")]
    slope: Annotated[float, Field(gt=0, le=1e9, description="m of the price m s^n")] = 1.0
    exponent: Annotated[float, Field(ge=0, le=10, description="n of the price m s^n")] = 1.0
    supply: Annotated[float, Field(ge=0, le=LARGEST, description="shares before the first trade")] = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Kleros:
    """A dispute."""

    rounds: Annotated[
        tuple[_Votes, ...],
        Field(min_length=1, max_length=20, description="a list of votes per round, null where one is absent"),
    ]
    min_stake: Annotated[int, Field(ge=0, le=LARGEST, description="least stake of a juror, whole tokens")]
    alpha_bp: Annotated[int, Field(ge=0, le=10_000, description="part of it at risk per vote, of 10,000")]
    fee_per_juror: Annotated[int, Field(ge=0, le=LARGEST, description="paid in for each vote")] = 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Uma:
    """Thresholds and penalties of an oracle."""

    gat: Annotated[int, Field(ge=0, le=LARGEST, description="stake that all votes must exceed")]
    spat_ppm: Annotated[int, Field(ge=0, le=_PPM, description="part of all stake the mode must exceed, per million")]
    slash_wrong_ppm: Annotated[int, Field(ge=0, le=_PPM, description="what a wrong vote costs, per million")] = 1000
    slash_missed_ppm: Annotated[int, Field(ge=0, le=_PPM, description="what a missed vote costs, per million")] = 1000
    governance: Annotated[bool, Field(description="whether wrong votes cost nothing")] = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class PeerPrediction:
    """Nothing but the voters' reports."""
