"""Numbers per epoch of tiny networks, whose answer a person can state."""

from typing import Any

import numpy as np
import pytest

from experiments.metrics import agent_columns, epoch_metrics
from subnet.contest import RoundOut
from subnet.economy import EconomyOut, Sides
from subnet.simulate import EpochOut, WorkOut

RAO = 10**9
NOBODY = np.zeros((1, 2), bool)
FIRST = np.array([[True, False]])


def lane(*values: Any) -> Any:
    """Return values as those of one lane and one epoch."""
    return np.array(values)[None, None]


def economy(**given: Any) -> EconomyOut:
    """Return an epoch's money: two miners earn 30 and 10 tokens, two validators 20 and 20, the owner 5 of 100."""
    usual: dict[str, Any] = {
        "minted": lane(100 * RAO)[..., 0],
        "miner_pay": lane(30 * RAO, 10 * RAO),
        "validator_pay": lane(20 * RAO, 20 * RAO),
        "price": lane(2.0)[..., 0],
        "held": {"burned": lane(7)[..., 0], "miners": lane(8)[..., 0]},
        "balanced": lane(True)[..., 0],
        "token_flows": {("mint", "owner", "owner cut"): lane(5 * RAO)[..., 0]},
        "money_flows": {},
        "sides": None,
        "fee": None,
        "present": None,
        "joined": None,
        "generation": None,
        "round": None,
    }
    return EconomyOut(**(usual | given))


def sides(**given: Any) -> Sides:
    """Return an epoch in which nobody but the given spends or loses anything."""
    nothing = {name: lane(0, 0) for name in Sides._fields}
    return Sides(**(nothing | given))


def epoch(work: WorkOut | None = None, **money: Any) -> EpochOut:
    """Return what an epoch tells of two validators and two miners."""
    return EpochOut(
        stake=lane(300.0, 100.0),
        stake_share=lane(0.75, 0.25),
        dividends=lane(0.5, 0.5),
        validator_trust=lane(1.0, 0.6),
        permit=lane(True, True),
        incentive=lane(0.75, 0.25),
        consensus=lane(0.6, 0.3),
        validator_share=lane(0.5)[..., 0],
        miner_share=lane(0.5)[..., 0],
        quality=None,
        money=economy(**money),
        work=work,
        scores=None,
    )


def value(out: EpochOut, name: str, validators: np.ndarray = NOBODY, miners: np.ndarray = NOBODY) -> float:
    found = epoch_metrics(out, validators, miners)[name]
    assert found.shape == (1, 1)
    return float(found[0, 0])


def test_what_is_not_paid_to_miners_validators_and_the_owner_remains() -> None:
    assert value(epoch(), "paid_owner") == 5 * RAO
    assert value(epoch(), "remainder") == 15 * RAO
    assert value(epoch(), "paid_miners") == value(epoch(), "paid_validators") == 40 * RAO


def test_what_a_tournament_pays_from_its_treasury_is_no_part_of_what_was_minted() -> None:
    nothing = lane(0, 0)
    played = RoundOut(nothing, nothing, lane(9 * RAO, 0), nothing, nothing, lane(0, 2 * RAO), lane(1.0)[..., 0])
    staked = epoch(miner_pay=lane(39 * RAO, 12 * RAO), round=played)
    assert value(staked, "paid_miners") == 51 * RAO
    assert value(staked, "net_emission") == 11 * RAO
    assert value(staked, "remainder") == value(epoch(), "remainder")


def test_accounts_and_the_price_are_told() -> None:
    assert (value(epoch(), "held_burned"), value(epoch(), "held_miners"), value(epoch(), "price")) == (7, 8, 2)


def test_an_incentive_too_small_to_be_paid_rewards_nobody() -> None:
    """A validator that copies the consensus keeps the echo of its first opinion alive, ever smaller."""
    assert value(epoch(), "rewarded_miners") == 2
    assert value(epoch(miner_pay=lane(40 * RAO, 0)), "rewarded_miners") == 1
    quality, echo = lane(0.3, 0.2, 0.1, 0.0), lane(1.0, 1e-113, 2e-113, 3e-113)
    wide = epoch(miner_pay=lane(40 * RAO, 0, 0, 0))._replace(quality=quality, incentive=echo)
    found = epoch_metrics(wide, NOBODY, np.zeros((1, 4), bool))["quality_correlation"]
    np.testing.assert_allclose(found, np.sqrt(3) / np.sqrt(5))  # first of four, and three that share a rank


def test_trust_is_weighted_by_stake() -> None:
    np.testing.assert_allclose(value(epoch(), "validator_trust"), 0.75 + 0.25 * 0.6)


def test_columns_of_work_spending_and_seats_are_there_only_where_there_are_any() -> None:
    plain = epoch_metrics(epoch(), NOBODY, NOBODY)
    assert not {"skill_paid", "honest_miner_profit", "slashed_honest", "present_miners"} & plain.keys()
    validators, miners = agent_columns(epoch())
    assert set(validators) == {"stake", "stake_share", "dividends", "validator_trust", "pay"}
    assert set(miners) == {"incentive", "consensus", "pay"}


def work(skill: list[float], loss: list[float]) -> WorkOut:
    return WorkOut(lane(*skill), lane(*loss), lane(*[np.nan] * len(loss)), lane(*[1.0] * len(loss)))


def test_paid_skill_is_weighted_by_incentive_and_the_best_is_the_best() -> None:
    out = epoch(work([0.2, 0.8], [1.0, 0.5]))
    np.testing.assert_allclose(value(out, "skill_paid"), 0.75 * 0.2 + 0.25 * 0.8)
    np.testing.assert_allclose([value(out, "skill_best"), value(out, "loss_best")], [0.8, 0.5])
    np.testing.assert_allclose([value(out, "skill_mean"), value(out, "loss_mean")], [0.5, 0.75])
    np.testing.assert_allclose(value(out, "skill_per_token"), 0.35 / 100)


def test_what_nobody_knows_is_no_number() -> None:
    for name in ("accuracy_paid", "accuracy_best", "accuracy_mean"):
        assert np.isnan(value(epoch(work([0.2, 0.8], [1.0, 0.5])), name))


def test_an_empty_seat_does_not_count_as_work() -> None:
    out = epoch(work([np.nan, 0.8], [np.nan, 0.5]))
    for name, expected in (("skill_best", 0.8), ("skill_mean", 0.8), ("skill_paid", 0.8), ("loss_best", 0.5)):
        np.testing.assert_allclose(value(out, name), expected, err_msg=name)
    everybody_left = epoch(work([np.nan] * 2, [np.nan] * 2))
    assert np.isnan(value(everybody_left, "skill_best"))
    assert np.isnan(value(everybody_left, "skill_mean"))


def test_an_overlays_own_miners_do_not_work() -> None:
    out = epoch(work([0.4], [0.5]))
    np.testing.assert_allclose(value(out, "skill_paid"), 0.4)
    _, miners = agent_columns(out)
    np.testing.assert_array_equal(miners["skill"], lane(0.4, np.nan))


def test_profit_is_pay_less_slashing_at_the_price_less_costs() -> None:
    """Thirty tokens less ten at two dollars, less four dollars; ten tokens less nothing, less one dollar."""
    spent = sides(miner_slashed=lane(10 * RAO, 0), miner_cost=lane(4.0, 1.0))
    out = epoch(sides=spent)
    np.testing.assert_allclose(value(out, "honest_miner_profit"), (36 + 19) / 2)
    assert np.isnan(value(out, "adversary_miner_profit"))
    np.testing.assert_allclose(value(out, "adversary_miner_profit", miners=FIRST), 36)
    np.testing.assert_allclose(value(out, "honest_miner_profit", miners=FIRST), 19)


def test_a_validators_profit_is_its_own() -> None:
    """It earned 20 tokens, won 3, and was slashed 8, of which 2 its delegators', who got 6: 20 + 3 - 6 - 6 are 11."""
    changed = sides(
        bets_won=lane(3 * RAO, 0),
        validator_slashed=lane(8 * RAO, 0),
        delegators_gain=lane(4 * RAO, 0),
        validator_cost=lane(1.0, 0.0),
    )
    out = epoch(sides=changed)
    np.testing.assert_allclose(value(out, "adversary_validator_profit", validators=FIRST), 21)
    np.testing.assert_allclose(value(out, "honest_validator_profit", validators=FIRST), 40)


def test_slashing_is_told_apart_by_whom_it_hit() -> None:
    lost = sides(miner_slashed=lane(3, 4), validator_slashed=lane(10, 20))
    out = epoch(sides=lost)
    assert value(out, "slashed_adversary", FIRST, FIRST) == 13
    assert value(out, "slashed_honest", FIRST, FIRST) == 24
    assert value(out, "slashed_honest") == 37


def test_seats_are_counted_and_an_empty_one_has_no_profit() -> None:
    spent = sides(miner_cost=lane(4.0, 0.0))
    seats = {"present": lane(True, False), "joined": lane(True, False), "generation": lane(3, 1)}
    out = epoch(sides=spent, fee=lane(12)[..., 0], **seats)
    assert value(out, "present_miners") == value(out, "joined_miners") == 1
    assert value(out, "registration_fee") == 12
    np.testing.assert_allclose(value(out, "honest_miner_profit"), 56)
    _, miners = agent_columns(out)
    assert miners["present"].tolist() == [[[True, False]]]
    assert miners["generation"].tolist() == [[[3, 1]]]


def test_the_agents_table_tells_what_each_spent_lost_and_holds() -> None:
    told = sides(miner_balance=lane(1, 2), validator_balance=lane(3, 4), delegated=lane(5, 6))
    validators, miners = agent_columns(epoch(sides=told))
    assert miners["balance"].tolist() == [[[1, 2]]]
    assert validators["balance"].tolist() == [[[3, 4]]]
    assert validators["delegated"].tolist() == [[[5, 6]]]
    assert {"slashed", "cost", "bets_won", "delegators_gain"} <= validators.keys()


@pytest.mark.parametrize(
    ("quality", "expected"),
    [([1.0, 0.5], 1.0), ([0.5, 1.0], -1.0), ([1.0, 1.0], np.nan), ([np.nan, 1.0], np.nan)],
)
def test_pay_follows_quality_in_order(quality: list[float], expected: float) -> None:
    np.testing.assert_allclose(value(epoch()._replace(quality=lane(*quality)), "quality_correlation"), expected)


def test_an_empty_seat_has_no_quality_to_follow() -> None:
    """Among the three who are there, the order of pay is the order of quality turned round."""
    out = epoch()._replace(incentive=lane(0.5, 0.3, 0.0, 0.2), quality=lane(0.1, 0.2, np.nan, 0.3))
    wide = out._replace(money=economy(miner_pay=lane(50, 30, 0, 20)))
    four = np.zeros((1, 4), bool)
    np.testing.assert_allclose(epoch_metrics(wide, NOBODY, four)["quality_correlation"], -1)
