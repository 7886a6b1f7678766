"""What a report says of a swept attack on art: what splitting brings, and from how much stake on an attacker wins."""

from types import SimpleNamespace
from typing import Any

import polars as pl

from experiments.report_majority import majority_sentence
from experiments.report_splitting import splitting_sentence

TOKENS, WALLETS = "curators.whale.tokens", "curators.whale.wallets"


def run(*swept: str) -> Any:
    return SimpleNamespace(swept=list(swept), designs=["log", "square"])


def test_splitting_is_told_for_powers_of_ten_as_times_the_points_of_one_wallet() -> None:
    points = {"log": {1: 875.0, 5: 3763.0, 100: 52_500.0}, "square": {1: 10.0, 5: 10.0, 100: 10.0}}
    rows = [(d, float(k), s, v) for d, found in points.items() for k, v in found.items() for s in (0, 1)]
    lanes = pl.DataFrame(rows, ["design", WALLETS, "seed", "attacker_points"], orient="row")
    told = splitting_sentence(run(WALLETS), lanes)
    assert told == (
        "Against 1 wallet, the stake of whale has this many times the points: "
        "in 100 wallets 60.00 under log, 1.00 under square."
    )
    assert splitting_sentence(run(TOKENS), lanes.rename({WALLETS: TOKENS})) == ""


def test_a_majority_is_told_from_the_smallest_stake_that_wins_with_all_larger_ones() -> None:
    wins = {"log": {10: 0.6, 100: 0.4, 1000: 0.9}, "square": {10: 0.0, 100: 0.2, 1000: 0.5}}
    rows = [(d, float(k), 0, v) for d, found in wins.items() for k, v in found.items()]
    lanes = pl.DataFrame(rows, ["design", TOKENS, "seed", "attacker_win_share"], orient="row")
    assert majority_sentence(run(TOKENS), lanes) == (
        "An attacker’s wish wins most votes from 1,000 tokens on under log; at none under square "
        "(of the 3 stakes tried)."
    )


def test_a_majority_at_each_number_of_wallets_is_told_apart() -> None:
    rows = [(d, t, w, 0, float(t * w >= 100)) for d in ("log", "square") for t in (10.0, 100.0) for w in (1.0, 10.0)]
    lanes = pl.DataFrame(rows, ["design", TOKENS, WALLETS, "seed", "attacker_win_share"], orient="row")
    told = majority_sentence(run(TOKENS, WALLETS), lanes)
    assert "from 100 tokens on (wallets of whale = 1), at every stake (wallets of whale = 10) under log" in told
