"""The parameters of Botto's rounds, points and burns: names, ranges and defaults; nothing here needs JAX."""

import dataclasses
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from experiments.tally_parameters import LARGEST, FlipTerms

__all__ = ["BottoBurn", "BottoPoints", "BottoRound", "SplitGain"]

_LARGEST_ETH = 1e9  # in 10⁻⁹ it fits int64 with room for a sum
_Eth: TypeAlias = Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="ETH")]
_Share: TypeAlias = Annotated[float, Field(strict=True, ge=0, le=1, allow_inf_nan=False)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BottoRound(FlipTerms):
    """Auction, division of the revenue, and who is rewarded."""

    valuations_eth: Annotated[tuple[_Eth, ...], Field(max_length=100_000, description="what each bidder would pay")]
    reserve_eth: Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="opening bid")] = 0.0
    marketplace_fee: Annotated[float, Field(ge=0, lt=1, description="marketplace's share of the price")] = 0.15
    preset: Annotated[
        Literal["launch", "bip_06", "bip_14", "bip_22", "bip_30", "bip_47", "bip_59", "bip_83_c", "bip_83_c_e",
                "bip_83_c_f", "bip_83_c_e_f"],
        Field(description="rule by which the revenue is divided, unless shares say it"),
    ] = "bip_59"  # fmt: skip
    shares: Annotated[
        dict[Literal["active", "treasury", "pol", "retroactive", "karma", "buyback"], _Share] | None,
        Field(description="shares of the revenue by name: active, treasury, pol, retroactive, karma, buyback"),
    ] = None
    min_stake: Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="BOTTO that a reward takes")] = 100.0
    counts: Annotated[
        Literal["eligible", "all"], Field(description="whose points the reward is divided by")
    ] = "eligible"  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class BottoPoints:
    """One wallet."""

    stake: Annotated[float, Field(ge=0, le=LARGEST, description="BOTTO staked")]
    days: Annotated[float, Field(ge=0, le=36500, description="days staked")] = 7.0
    lp_tokens: Annotated[float, Field(ge=0, le=LARGEST, description="liquidity shares staked")] = 0.0
    late_stake: Annotated[float, Field(ge=0, le=LARGEST, description="BOTTO added during the round")] = 0.0
    late_pct_remaining: Annotated[
        float, Field(ge=0, le=100, description="per cent of the round that were left when it was added")
    ] = 0.0
    connected: Annotated[bool, Field(description="whether an account is connected")] = True
    signed_up: Annotated[bool, Field(description="whether it signed up in this round")] = False


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitGain:
    """A stake that is divided evenly."""

    stake: Annotated[float, Field(gt=0, le=LARGEST, description="BOTTO of the owner")]
    wallets: Annotated[int, Field(ge=1, le=10**6, description="wallets among which it is divided")]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BottoBurn:
    """A pool, a treasury, and what of the revenue is burned."""

    net_revenue_eth: Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="revenue after the fee")]
    burn_share: Annotated[float, Field(ge=0, le=1, description="share of it that is burned")] = 1.0
    pool_eth: Annotated[float, Field(ge=1e-9, le=_LARGEST_ETH, description="ETH in the pool")] = 500.0
    pool_botto: Annotated[float, Field(ge=1e-9, le=_LARGEST_ETH, description="BOTTO in the pool")] = 1e7
    fee: Annotated[float, Field(ge=0, lt=1, description="the pool's fee")] = 0.003
    treasury_botto: Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="BOTTO in the treasury")] = 3e7
    supply_botto: Annotated[float, Field(ge=0, le=_LARGEST_ETH, description="all BOTTO")] = 1e8
