"""What `subnetlab tally` prints."""

import json
from typing import TYPE_CHECKING, Any

from experiments.ballots import Ballots
from experiments.tally_result import Grid, Tally
from experiments.wording import aligned, plural

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["json_text", "tally_tables", "tally_words"]

_NONE = "–"
_OWN_LINE = ("rule", "flip", "concentration")
_MOST_ROWS = 60


def json_text(found: Tally) -> str:
    """Return all of a result as JSON, under the names that the shared vectors use."""
    return json.dumps(found.result, ensure_ascii=False, allow_nan=False)


def tally_tables(found: Tally) -> list["Table"]:
    """Return the tables of a result."""
    return [_table(one) for one in found.grids]


def tally_words(found: Tally, ballots: Ballots) -> str:
    """Return what stands below the tables: single values, the result, what turns it, who holds the weight."""
    facts = {k: v for k, v in found.result.items() if k not in _OWN_LINE and not isinstance(v, dict | list)}
    lines = [aligned([(k.replace("_", " "), _cell(v)) for k, v in facts.items()])] if facts else []
    lines += [f"{ballots.rule}: {found.headline}\n"]
    if turn := found.result.get("flip"):
        lines += [_turn(turn)]
    if held := found.result.get("concentration"):
        lines += [
            f"weight of {plural(held['voters'], 'voter')}: Gini {held['gini']:.3f}, "
            f"Herfindahl {held['herfindahl']:.3f}, Nakamoto {held['nakamoto']}\n"
        ]
    if ballots.unused:
        lines += [f"not used by {ballots.rule}: {', '.join(ballots.unused)}\n"]
    return "".join(lines)


def _turn(turn: dict[str, Any]) -> str:
    buy, bribe = _cost(turn["buy_cost"]), _cost(turn["bribe_cost"])
    if turn["bribe_cost_if_voters_expect_to_lose"] > turn["bribe_cost"]:
        bribe += f", {turn['bribe_cost_if_voters_expect_to_lose']:,.10g} if voters expect to lose"
    if "credits_to_buy_in_one_wallet" in turn:
        buy += f" ({turn['credits_to_buy_in_one_wallet']:,} credits in one wallet)"
    return (
        f"votes to make {turn['runner_up']} win: buy {turn['votes_to_buy']:,}{buy}, "
        f"or bribe {turn['votes_to_bribe']:,} away from {turn['leader']}{bribe}\n"
    )


def _cost(amount: float) -> str:
    return f" for {amount:,.10g}" if amount > 0 else ""


def _table(one: Grid) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for place, name in enumerate(one.head):
        table.add_column(Text(name), justify="right" if place else "left", no_wrap=True)
    for row in one.rows[:_MOST_ROWS]:
        table.add_row(*(Text(_cell(value)) for value in row))
    if len(one.rows) > _MOST_ROWS:
        table.add_row(Text(f"… {len(one.rows) - _MOST_ROWS} more"), *[""] * (len(one.head) - 1))
    return table


def _cell(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.10g}" if isinstance(value, float) else str(value)
