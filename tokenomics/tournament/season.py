"""One round after the other: what people ask for, what resolves, what closes."""

from typing import NamedTuple

import jax

from tokenomics.tournament.payouts import round_payouts
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.stakes import Resolved, Stakes, close, request, resolve, resolving
from tokenomics.tournament.supply import BurnMode, Supply, affordable, book

__all__ = ["RoundIn", "RoundOut", "SeasonState", "play_round"]


class SeasonState(NamedTuple):
    """What is carried from round to round."""

    stakes: Stakes
    supply: Supply


class RoundIn(NamedTuple):
    """What comes from outside before a close, [K] each.

    `deposit` and `release` int64 units asked for; `submitted` bool; `score` and `contribution` are final scores of the
    round that resolves now, L rounds old, and do not matter during the first L rounds.
    """

    deposit: jax.Array
    release: jax.Array
    submitted: jax.Array
    score: jax.Array
    contribution: jax.Array


class RoundOut(NamedTuple):
    """What happened, int64 [K]: `at_risk` in the round that closed, and what the resolved round did."""

    at_risk: jax.Array
    resolved: Resolved


def play_round(
    state: SeasonState,
    given: RoundIn,
    rule: PayoutRule,
    mode: BurnMode = "destroyed",
    compounds: jax.Array | bool = True,
) -> tuple[SeasonState, RoundOut]:
    """Take requests, pay and burn the round that resolves, close the next one; conserves every unit.

    Args:
        state: the state.
        given: see `RoundIn`.
        rule: of the round that resolves, since a round is paid by the rules under which it was entered.
        mode: what burns do.
        compounds: bool [] or [K], whether gains are staked or go to the wallet.
    """
    stakes, supply = state
    stakes = request(stakes, given.deposit, given.release)
    payout = round_payouts(rule, resolving(stakes), given.score, given.contribution)
    stakes, resolved = resolve(stakes, affordable(supply, payout), compounds)
    supply = book(supply, resolved, mode)
    stakes, at_risk = close(stakes, given.submitted)
    return SeasonState(stakes, supply), RoundOut(at_risk, resolved)
