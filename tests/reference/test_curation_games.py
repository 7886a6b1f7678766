"""Votes with stake at risk against worked examples, and against each edge of the rules computed by hand."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation import bonding_curve, flip_cost, kleros, peer_prediction, registry, uma

VECTORS = json.loads((Path(__file__).parent / "vectors" / "curation_voting.json").read_text(encoding="utf-8"))
MINE = {case["rule"]: case for case in VECTORS["cases"]}
DISPUTE, VOTE, FLIP = (MINE[rule] for rule in ("kleros_dispute", "uma_vote", "flip_cost"))

settle_dispute = jax.jit(kleros.settle)
settle_vote = jax.jit(uma.settle, static_argnums=2)
settle_requests = jax.jit(uma.settle_round, static_argnums=2)
settle_challenge = jax.jit(registry.settle)

Json = dict[str, Any]


def padded(rounds: list[list[int | None]]) -> tuple[jax.Array, jax.Array]:
    """Return the votes of ragged rounds, None for absent, and which of them exist."""
    size = max(map(len, rounds))
    votes = [[-1 if v is None else v for v in row] + [7] * (size - len(row)) for row in rounds]  # 7: must not count
    return jnp.array(votes), jnp.array([[k < len(row) for k in range(size)] for row in rounds])


def dispute(rounds: list[list[int | None]], at_risk: int = 500, fee: int = 100, **known: Any) -> list[Json]:
    """Settle a dispute and return its rounds as the worked example writes them."""
    settled = settle_dispute(*padded(rounds), at_risk, fee, **known)
    sizes = [len(row) for row in rounds]
    return [
        {
            name: (x[i, : sizes[i]] if x.ndim == 2 else x[i]).tolist()
            for name, x in settled._asdict().items()
            if name != "unstaked"
        }
        for i in range(len(rounds))
    ]


def test_a_dispute_is_settled_as_in_the_worked_example() -> None:
    given, expected = DISPUTE["inputs"], DISPUTE["expected"]
    at_risk = kleros.at_stake(given["min_stake"], given["alpha_bp"])
    assert int(at_risk) == expected["at_stake_per_vote"]
    assert dispute(given["rounds"], int(at_risk), given["fee_per_juror"]) == expected["rounds"]
    votes, drawn = padded(given["rounds"])
    winner, tied = kleros.ruling_of(jnp.where(drawn, votes, -1)[-1])
    assert (int(winner), bool(tied)) == (expected["ruling"], expected["tied"])
    assert [kleros.next_round_jurors(len(row)) for row in given["rounds"]] == expected["next_round_jurors"]


def test_what_is_at_stake_is_rounded_down() -> None:
    assert int(kleros.at_stake(1999, 5001)) == 1999 * 5001 // 10**4 == 999
    assert int(kleros.at_stake(10**17, 9999)) == 10**17 // 10**4 * 9999  # a product beyond 64 bits


def test_where_nobody_is_coherent_the_governor_gets_pot_and_fees() -> None:
    first, last = dispute([[1, 1, None], [2, 2, 2, 2, 1, 2, 2]])
    assert first["token_delta"] == [-500, -500, -500]
    assert first["fee_income"] == [0, 0, 0]
    assert (first["governor_tokens"], first["governor_fees"]) == (1500, 300)
    assert (last["governor_tokens"], last["governor_fees"]) == (0, 0)
    assert (last["dust_tokens"], last["dust_fees"]) == (500 - 6 * 83, 700 - 6 * 116)


def test_in_a_tie_only_the_absent_lose() -> None:
    first, last = dispute([[1, 2, None], [1, 2, 1, 2, 3, None, None]])
    assert first["token_delta"] == [250, 250, -500]
    assert first["fee_income"] == [150, 150, 0]
    assert last["token_delta"] == [200, 200, 200, 200, 200, -500, -500]
    assert last["fee_income"] == [140, 140, 140, 140, 140, 0, 0]


def test_a_dispute_in_which_nobody_votes_is_tied_and_goes_to_the_governor() -> None:
    (only,) = dispute([[None, None, None]])
    assert only["token_delta"] == [-500, -500, -500]
    assert (only["governor_tokens"], only["governor_fees"]) == (1500, 300)
    assert bool(kleros.ruling_of(jnp.array([-1, -1]))[1])


def test_a_penalty_is_at_most_what_the_juror_has_left() -> None:
    juror = jnp.array([[0, 0, 1], [0, 1, 2]])
    balance = jnp.array([700, 10_000, 10_000])
    first, last = dispute([[1, 1, 2], [1, 2, 2]], fee=0, juror=juror, balance=balance)
    assert first["token_delta"] == [-500, -200, 700]  # the second vote finds 200 left
    assert last["token_delta"] == [0, 0, 0]


def test_what_a_juror_wins_in_one_round_it_may_lose_in_the_next() -> None:
    juror, balance = jnp.array([[0, 1, 2], [0, 1, 2]]), jnp.array([0, 9_000, 9_000])
    first, last = dispute([[2, 1, 2], [1, 2, 2]], fee=0, juror=juror, balance=balance)
    assert first["token_delta"] == [250, -500, 250]
    assert last["token_delta"] == [-250, 125, 125]


def test_an_appeal_to_another_court_has_its_own_stake_and_fee() -> None:
    settled = settle_dispute(*padded([[1, 2, 2], [2, 2, 2]]), jnp.array([500, 900]), jnp.array([100, 30]))
    assert settled.token_delta.tolist() == [[-500, 250, 250], [0, 0, 0]]
    assert settled.fee_income.tolist() == [[0, 150, 150], [30, 30, 30]]
    assert [kleros.jumps_court(n, 7) for n in (3, 7, 15)] == [False, True, True]


def test_only_the_absent_are_unstaked() -> None:
    settled = settle_dispute(*padded([[1, None], [2, 2, 1, None, 2]]), 500)
    assert settled.unstaked.tolist() == [[False, True, False, False, False], [False, False, False, True, False]]


def oracle(stakes: list[int], votes: list[int], **changed: Any) -> Json:
    """Settle a vote of two options with the numbers of the worked example unless others are given."""
    numbers = {"gat": 5_000_000, "spat_ppm": 500_000, "slash_wrong_ppm": 1000, "slash_missed_ppm": 1000} | changed
    settled = settle_vote(jnp.array(stakes), jnp.array(votes), 2, **numbers)
    return {name: x.tolist() for name, x in settled._asdict().items()}


def test_an_oracles_vote_is_settled_as_in_the_worked_example() -> None:
    given, expected = dict(VOTE["inputs"]), dict(VOTE["expected"])
    names = ["yes", "no"]
    votes = [-1 if v is None else names.index(v) for v in given.pop("votes")]
    got = oracle(given.pop("stakes"), votes, **given)
    assert got | {"mode": names[got["mode"]]} == expected


@pytest.mark.parametrize(
    ("stakes", "votes", "resolved"),
    [
        ([5_000_000, 1_000], [0, -1], False),  # as many votes as GAT
        ([5_000_001, 1_000], [0, -1], True),
        ([6_000_000, 6_000_000], [0, -1], False),  # half of all stake agrees
        ([6_000_001, 6_000_000], [0, -1], True),
        ([6_000_000, 6_000_001], [0, -1], False),
        ([6_000_001, 1_000_000, 5_000_001], [0, 1, -1], False),  # six sevenths of the votes, but not half of the stake
    ],
)
def test_both_thresholds_must_be_exceeded(stakes: list[int], votes: list[int], resolved: bool) -> None:
    got = oracle(stakes, votes)
    assert got["resolved"] is resolved
    assert resolved or (got["pot"], got["dust"], got["delta"]) == (0, 0, [0] * len(stakes))


def test_losses_are_rounded_up_and_gains_down() -> None:
    got = oracle([1000, 1001, 999, 1, 7_000_000], [1, -1, 1, -1, 0])
    assert got["delta"] == [-1, -2, -1, -1, 3]
    assert got["pot"] == (1002 * 1000 + 1999 * 1000) // 10**6 == 3  # the floor of the sum: 1.002 + 1.999
    assert got["dust"] == 5 - 3


def test_a_wrong_vote_on_governance_costs_nothing_but_a_missed_one_does() -> None:
    got = oracle([6_000_000, 500_000, 500_000], [0, 1, -1], governance=True)
    assert got["delta"] == [500, 0, -500]


def test_slashes_of_one_round_are_not_compounded() -> None:
    stake, votes = jnp.array([8_000_000, 1_000_000]), jnp.array([[0, 1], [1, 0], [0, -1]])
    settled = settle_requests(stake, votes, 2, 5_000_000, 500_000, 1000, 1000, jnp.zeros(3, bool))
    assert settled.delta.sum(axis=0).tolist() == [3000, -3000]


def test_a_request_that_fails_rolls_and_is_deleted_after_the_fourth_time() -> None:
    no, yes = jnp.array(False), jnp.array(True)
    assert [bool(uma.roll(no, n)[1]) for n in range(6)] == [False, False, False, False, True, True]
    assert int(uma.roll(no, 2)[0]) == 3
    assert [int(uma.roll(yes, 9)[0]), bool(uma.roll(yes, 9)[1])] == [9, False]
    assert not bool(uma.roll(no, 9, governance=True)[1])


def test_emission_goes_to_stake_pro_rata() -> None:
    per_second = 180_000_000  # 0.18 UMA in 10⁻⁹
    got = uma.emission(per_second, 86_400, jnp.array([3, 1, 0]) * 10**15)
    assert got.tolist() == [11_664 * 10**9, 3_888 * 10**9, 0]


def challenge(tokens: list[int], votes: list[int], deposit: int = 1001, share: int = 300_000) -> list[Any]:
    out = settle_challenge(jnp.array(deposit), share, jnp.array(tokens), jnp.array(votes))
    return [x.tolist() for x in out]


def test_the_winner_of_a_challenge_shares_the_losers_deposit_with_its_voters() -> None:
    # The voters' part of 1001 at 30 % for the winner is 700.7, rounded down.
    assert challenge([20, 10, 5, 99], [1, 1, 0, -1]) == [True, 2002 - 700, 0, [466, 233, 0, 0], 1]
    assert challenge([20, 10, 5, 99], [0, 0, 1, -1]) == [False, 0, 2002 - 700, [466, 233, 0, 0], 1]


def test_a_tie_is_the_challengers() -> None:
    assert challenge([20, 20], [1, 0], share=0) == [False, 0, 1001, [0, 1001], 0]


def test_without_a_revealed_vote_the_challenger_takes_both_deposits() -> None:
    assert challenge([20, 20], [-1, -1]) == [False, 0, 2002, [0, 0], 0]
    assert challenge([0, 20], [1, -1]) == [False, 0, 2002, [0, 0], 0]


@pytest.mark.parametrize(("share", "kept"), [(0, 1001), (1_000_000, 0)])
def test_the_winners_share_goes_from_nothing_to_all(share: int, kept: int) -> None:
    assert challenge([5], [1], share=share) == [True, 2002 - kept, 0, [kept], 0]


def test_a_linear_curve_costs_the_area_of_a_trapezoid() -> None:
    assert float(bonding_curve.price(3.0, 0.5)) == 1.5
    assert float(bonding_curve.cost(2.0, 4.0, 0.5)) == pytest.approx(0.5 * 2 * (2 + 4) / 2)
    assert float(bonding_curve.shares_for(3.0, 2.0, 0.5)) == pytest.approx(2.0)
    assert float(bonding_curve.cost(4.0, 2.0, 0.5)) == pytest.approx(-3.0)


def test_a_flat_curve_sells_every_share_at_one_price() -> None:
    assert float(bonding_curve.price(9.0, 0.25, 0.0)) == 0.25
    assert float(bonding_curve.shares_for(10.0, 7.0, 0.25, 0.0)) == pytest.approx(40.0)


def test_a_quadratic_curve_holds_a_third_of_the_cube() -> None:
    assert float(bonding_curve.reserve(3.0, 2.0, 2.0)) == pytest.approx(2 * 27 / 3)
    assert float(bonding_curve.supply_of(18.0, 2.0, 2.0)) == pytest.approx(3.0)


def test_rare_agreement_pays_more() -> None:
    frequency = peer_prediction.answer_frequency(jnp.array([[0, 0, 0, 1], [0, 0, 0, -1]]), 3)
    np.testing.assert_allclose(frequency, [6 / 7, 1 / 7, 0])
    mine, peers = jnp.array([0, 1, 1, -1, 2]), jnp.array([0, 1, 0, -1, 2])
    np.testing.assert_allclose(peer_prediction.agreement_pay(mine, peers, frequency), [7 / 6, 7, 0, 0, 0])


def test_correlated_agreement_takes_off_what_agrees_without_looking() -> None:
    frequency = jnp.array([0.75, 0.25])
    got = peer_prediction.correlated_pay(*(jnp.array(x) for x in (1, 1, 0, 0)), frequency)
    assert float(got) == pytest.approx(4 - 4 / 3)


def test_the_cost_of_turning_a_vote_is_that_of_the_worked_example() -> None:
    given, expected = FLIP["inputs"], dict(FLIP["expected"])
    names, score = list(given["tally"]), jnp.array(list(given["tally"].values()))
    got = flip_cost.flip_cost(
        score, jnp.ones(3, bool), given["price_per_vote"], given["bribe_per_vote"], given["slash_per_wrong_vote"]
    )
    assert names[int(got.leader)] == expected.pop("leader")
    assert names[int(got.runner_up)] == expected.pop("runner_up")
    last = expected.pop("bribe_cost_if_voters_expect_to_lose")
    assert float(got.bribe_cost_if_voters_expect_to_lose) == pytest.approx(last, rel=1e-9)
    assert {name: float(getattr(got, name)) for name in expected} == pytest.approx(expected, rel=1e-9)


def test_flip_votes_know_ties_masks_and_votes_without_rivals() -> None:
    score = jnp.array([[10.0, 7.0, 4.0], [10.0, 7.0, 4.0], [5.0, 5.0, 1.0], [5.0, 9.0, 1.0], [-3.0, -5.0, 0.5]])
    counts = jnp.array([[1, 1, 1], [1, 0, 1], [1, 1, 1], [1, 0, 0], [1, 1, 0]], bool)
    buy, bribe = jax.jit(flip_cost.flip_votes)(score, counts)
    np.testing.assert_array_equal(buy, [4, 7, 1, np.nan, 3])
    np.testing.assert_array_equal(bribe, [2, 4, 1, np.nan, 2])
