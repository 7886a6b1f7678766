"""Every rule by which Numerai ever paid, with its dates; look one up by day or round.

Names are those of specification 7.2 and 8, whose sources are repeated here. Two gaps: for a few days of December 2023
a rule of 0.5 CORR + 3 MMC was announced (`CORR_MMC_2023_12`), and in November one of MMC alone, without a multiplier;
neither is dated well enough to stand in the table.
"""

from datetime import date
from typing import Any

import jax
import jax.numpy as jnp

from tokenomics.tournament.auction import ConfidenceAuction
from tokenomics.tournament.limits import SubmissionLimits
from tokenomics.tournament.rounds import LAG_ROUNDS_60D, LAG_ROUNDS_WEEKLY, opening_date
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.timeline import Preset, Tournament, holding, timeline

__all__ = ["CLASSIC", "CORR_MMC_2023_12", "CRYPTO", "PRESETS", "SIGNALS", "preset_of", "preset_on", "rules_between"]

_NONE = float("inf")
_CORR, _MMC, _TC, _FNC_TC = ("corr", ""), ("corr", "mmc"), ("corr", "tc"), ("fncv4", "tc")
_TO_2X = tuple((1.0, y) for y in (0.0, 0.5, 1.0, 2.0))
_SIGNALS_TO_2X = tuple((2.0, y) for y in (0.0, 0.5, 1.0, 2.0))
# The page says 0 to 3 without the steps; these are the older ones and 3.
_TO_3X = tuple((x, y) for x in (0.0, 0.5, 1.0) for y in (0.0, 0.5, 1.0, 2.0, 3.0))
_SIGNALS_TO_3X = tuple((2.0, y) for y in (0.0, 0.5, 1.0, 2.0, 3.0))
_TC_WITH_2X = (*((x, 0.0) for x in (0.0, 0.5, 1.0, 1.5, 2.0)), (2.0, 0.5), (2.0, 1.0))
_WEEKLY: dict[str, Any] = {"rounds_per_week": 1, "lag_rounds": LAG_ROUNDS_WEEKLY}

CORR_MMC_2023_12 = PayoutRule(0.5, 3.0)


def _weekly(a: float, b: float, threshold: float = _NONE, clip_first: bool = False) -> PayoutRule:
    return PayoutRule(float(a), float(b), cap=0.25, threshold_nmr=float(threshold), cap_follows_factor=clip_first)


def _signals(a: float, b: float, cap: float = 0.05) -> PayoutRule:
    return PayoutRule(float(a), float(b), cap=cap, threshold_nmr=36_000.0)


CLASSIC = timeline(
    "classic",
    [
        Preset("auction_2017", date(2017, 6, 1), ConfidenceAuction(), ("log_loss", ""),
               "whitepaper 2017, section 3", known_to="month", **_WEEKLY),
        Preset("auction_2018", date(2018, 1, 1),
               ConfidenceAuction(least_stake_nmr=0.1, least_confidence=0.1, bonus_nmr=0.1), ("log_loss", ""),
               "numerai/docs docs/index.md, docs/faq.md at 2018-10", known_to="year", **_WEEKLY),
        # A mean daily change of 0.1 pays half the stake, and 100,000 NMR are selected pro rata. Pay came daily then.
        Preset("adc_2019_10", date(2019, 10, 26), PayoutRule(5.0, 0.0, 1.0, 100_000.0, cap_follows_factor=True),
               ("average_daily_correlation", ""), "learn.md 2019-12-20, round 183", **_WEEKLY),
        Preset("corr_2020_04", date(2020, 4, 1), _weekly(1, 0), _CORR, "learn.md 2020-04-21; forum t/200",
               known_to="month", **_WEEKLY),
        Preset("corr_or_mmc_2020_05", date(2020, 5, 1), _weekly(1, 0), _MMC, "learn.md 2020-05-03",
               known_to="month", options=((1.0, 0.0), (0.0, 2.0)), **_WEEKLY),
        Preset("corr_mmc_2020_07", date(2020, 7, 25), _weekly(1, 1), _MMC, "forum t/698, round 222",
               options=((1.0, 0.0), (1.0, 1.0)), **_WEEKLY),
        Preset("corr_mmc_2021_02", date(2021, 2, 20), _weekly(1, 1, 300_000), _MMC,
               "learn.md 2021-02-20; forum t/2469", options=_TO_2X, **_WEEKLY),
        Preset("corr_tc_2022_05", date(2022, 5, 1), _weekly(1, 1, 300_000), _TC, "learn.md 2022-05",
               known_to="month", options=_TO_2X, **_WEEKLY),
        Preset("corr_tc_2022_05_27", date(2022, 5, 27), _weekly(1, 1, 300_000, clip_first=True), _TC,
               "learn.md 2022-05-27, which printed the clip before the factor", options=_TO_2X, **_WEEKLY),
        Preset("corr_tc_2022_06", date(2022, 6, 16), _weekly(1, 1, 300_000), _TC, "learn.md 2022-06-16",
               options=_TO_2X, **_WEEKLY),
        Preset("corr_tc_2023_02", date(2023, 2, 1), _weekly(1, 1, 360_000), _TC,
               "forum t/6189, which says what held before 2023-05", known_to="month", options=_TO_2X, **_WEEKLY),
        Preset("corr_tc_2023_05", date(2023, 5, 1), PayoutRule(1.0, 1.0), _TC, "forum t/6189; docs 2023-05",
               options=_TO_3X),
        Preset("corr_tc_2023_10", date(2023, 10, 7), PayoutRule(2.0, 1.0), _TC, "forum t/6708, round 589",
               options=_TC_WITH_2X),
        Preset("corr_mmc_2024", date(2024, 1, 2), PayoutRule(0.5, 2.0), _MMC, "numerai-tournament/staking.md"),
        Preset("corr_mmc_2026", date(2026, 1, 1), PayoutRule(), _MMC, "numerai-vladthestaker, February 2026",
               known_to="year"),
    ],
)  # fmt: skip

SIGNALS = timeline(
    "signals",
    [
        Preset("signals_2020_10", date(2020, 10, 1), _weekly(2, 1), _MMC, "signals-overview.md 2020-10-09",
               known_to="month", options=((2.0, 0.0), (2.0, 1.0)), **_WEEKLY),
        Preset("signals_2021_02", date(2021, 2, 20), _weekly(2, 1, 100_000), _MMC,
               "signals-overview.md 2021-02-23; forum t/2469", options=_SIGNALS_TO_2X, **_WEEKLY),
        Preset("signals_2022_01", date(2022, 1, 1), _weekly(2, 1, 150_000), _MMC, "specification 8",
               known_to="month", options=_SIGNALS_TO_2X, **_WEEKLY),
        Preset("signals_2022_05", date(2022, 5, 1), _weekly(2, 1, 150_000), _TC, "taken over from Classic",
               known_to="month", options=_SIGNALS_TO_2X, **_WEEKLY),
        Preset("signals_2023_02", date(2023, 2, 1), _weekly(2, 1, 180_000), _TC, "forum t/6189",
               known_to="month", options=_SIGNALS_TO_2X, **_WEEKLY),
        Preset("signals_2023_05", date(2023, 5, 1), _signals(2, 1), _TC, "forum t/6189", options=_SIGNALS_TO_3X),
        Preset("signals_2023_06", date(2023, 6, 3), _signals(2, 1), _FNC_TC, "forum t/6337", options=_SIGNALS_TO_3X),
        Preset("signals_2023_10", date(2023, 10, 7), _signals(2, 1), _FNC_TC, "forum t/6708", options=_TC_WITH_2X),
        # The page that gives the rule is of March 2024 and names no day; this is Classic's.
        Preset("signals_2024", date(2024, 1, 2), _signals(1, 2), ("fncv4", "mmc"), "numerai-signals/staking.md",
               known_to="year"),
        Preset("signals_2024_09", date(2024, 9, 20), _signals(1, 2), ("fncv4", "mmc"), "forum t/7648",
               limits=SubmissionLimits(churn_limit=0.15)),
        Preset("signals_2025_09", date(2025, 9, 2), _signals(0.3, 0.8, cap=0.017), ("alpha", "mpc"), "forum t/8162",
               lag_rounds=LAG_ROUNDS_60D, limits=SubmissionLimits(churn_limit=0.15, turnover_limit=0.20)),
    ],
)  # fmt: skip

CRYPTO = timeline(
    "crypto",
    [
        Preset("crypto_2025", date(2025, 1, 1), PayoutRule(0.0, 1.0, threshold_nmr=10_000.0), ("", "mmc"),
               "numerai-crypto/staking.md", known_to="year"),
    ],
)  # fmt: skip

PRESETS: dict[Tournament, tuple[Preset, ...]] = {"classic": CLASSIC, "signals": SIGNALS, "crypto": CRYPTO}


def preset_on(day: date, tournament: Tournament = "classic") -> Preset:
    """Return the rule for rounds that open on `day`.

    Raises:
        ValueError: the tournament's first rule begins later.
    """
    return holding(PRESETS[tournament], day)


def preset_of(round_number: int) -> Preset:
    """Return the rule of a round of Classic."""
    return preset_on(opening_date(round_number))


def rules_between(first_round: int, last_round: int) -> PayoutRule:
    """Return the rules of Classic's rounds `first_round` to `last_round` with a leading axis [R], to be scanned over.

    Where models could choose, the multipliers are one of the choices: replace them. Of the rounds from 339 up to May
    2023 only Saturdays' paid (`rounds_per_week`); their rules are here all the same.

    Raises:
        ValueError: there is no round between, or one of them was an auction.
    """
    rules = [preset_of(r).rule for r in range(first_round, last_round + 1)]
    if not rules:
        raise ValueError(f"last_round = {last_round} is before first_round = {first_round}")
    if not all(isinstance(rule, PayoutRule) for rule in rules):
        raise ValueError(f"first_round = {first_round}: rounds before 183 were auctions, which have another shape")
    return jax.tree.map(lambda *leaves: jnp.stack([jnp.asarray(leaf) for leaf in leaves]), *rules)
