"""Every rule by which Botto ever divided its revenue, with its dates; look one up by name or by day.

Shares are those of specification 1.7. A period has 13 weeks, and the first mint of the second was on 14 November 2022:
the third and fourth are dated from there, one after the other without a break, which is the earliest they can be.
"""

import dataclasses
from datetime import date, timedelta
from typing import Literal, TypeAlias

from tokenomics.curation.revenue.split import Split

__all__ = ["PRESETS", "DatedTo", "RevenuePreset", "preset_named", "preset_on"]

DatedTo: TypeAlias = Literal["day", "month", "earliest"]
_PERIOD = timedelta(weeks=13)
_SECOND_PERIOD = date(2022, 11, 14)


@dataclasses.dataclass(frozen=True)
class RevenuePreset:
    """A rule and when it held.

    It holds from `first` until the day before the next one that was in force begins. `known_to` says how well `first`
    is known: the day, the month, of which it is the first day, or the earliest day that the source allows. `in_force`
    is False for variants of a decision whose outcome is not known, or that were overtaken.
    """

    name: str
    first: date
    rule: Split
    source: str
    known_to: DatedTo = "day"
    in_force: bool = True


def _rule(
    active: float,
    *,
    retroactive: float = 0.0,
    liquidity: float = 0.0,
    karma: float = 0.0,
    buyback: float = 0.0,
    burn: float = 0.0,
    in_botto: bool = False,
) -> Split:
    return Split(active, retroactive, liquidity, karma, buyback, burn, in_botto)


_LAUNCH, _AUTUMN_2025 = date(2021, 10, 1), date(2025, 9, 1)

# Part C ends the share for liquidity and names no other use of it. Parts E (half of the revenue buys the rewards) and
# F (then 50 % treasury, 40 % activity, 10 % karma) agree only if rewards and treasury have half each, as before BIP-59.
PRESETS = (
    RevenuePreset("launch", _LAUNCH, _rule(0.0, buyback=1.0), "docs.botto.com/details/auction", "month"),
    RevenuePreset("bip_06", date(2022, 3, 5), _rule(0.0, burn=1.0),
                  "docs.botto.com/details/auction; passed in 2022, after BIP-01 of 4 March", "earliest"),
    RevenuePreset("bip_14", date(2022, 10, 24), _rule(0.25, retroactive=0.25, burn=0.2), "forum.botto.com/d/23"),
    RevenuePreset("bip_22", _SECOND_PERIOD + _PERIOD, _rule(0.25, retroactive=0.25, burn=0.5),
                  "docs.botto.com/details/rewards, for the third period", "earliest"),
    RevenuePreset("bip_30", _SECOND_PERIOD + 2 * _PERIOD, _rule(0.5, burn=0.5),
                  "forum.botto.com/d/48, for the fourth period", "earliest"),
    RevenuePreset("bip_47", date(2023, 12, 1), _rule(0.5), "forum.botto.com/d/74, around the turn of the year",
                  "earliest"),
    RevenuePreset("bip_59", date(2024, 8, 1), _rule(0.4, liquidity=0.2),
                  "forum.botto.com/d/92, continued by BIP-78 v2 (d/115)", "month"),
    RevenuePreset("bip_83_c", _AUTUMN_2025, _rule(0.5), "forum.botto.com/d/120; C succeeded, alone it was overtaken",
                  "earliest", in_force=False),
    RevenuePreset("bip_83_c_e", _AUTUMN_2025, _rule(0.5, in_botto=True),
                  "forum.botto.com/d/120; the outcome of E was not seen", "earliest", in_force=False),
    RevenuePreset("bip_83_c_f", _AUTUMN_2025, _rule(0.4, karma=0.1),
                  "docs.botto.com/overview/auction, which gives these shares and says nothing of E", "earliest"),
    RevenuePreset("bip_83_c_e_f", _AUTUMN_2025, _rule(0.4, karma=0.1, in_botto=True),
                  "forum.botto.com/d/120; the outcome of E was not seen", "earliest", in_force=False),
)  # fmt: skip


def preset_named(name: str) -> RevenuePreset:
    """Return the rule of a name.

    Raises:
        ValueError: there is none of that name.
    """
    for preset in PRESETS:
        if preset.name == name:
            return preset
    raise ValueError(f'preset = "{name}" is unknown; found: {", ".join(preset.name for preset in PRESETS)}')


def preset_on(day: date) -> RevenuePreset:
    """Return the rule in force on `day`, as well as dates are known.

    Raises:
        ValueError: the first of them begins later.
    """
    begun = [preset for preset in PRESETS if preset.in_force and preset.first <= day]
    if not begun:
        raise ValueError(f"day = {day}: no rule is known before {_LAUNCH}, when Botto began")
    return begun[-1]
