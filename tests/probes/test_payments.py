"""One movement of tokens or money at a time, in amounts that a person can add up."""

import math
from fractions import Fraction
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from miners.entry import Entry
from subnet.act import Acted
from subnet.cast import Cast, cast_of
from subnet.chain.epoch import ChainEpoch
from subnet.consensus.stake_mean import StakeMean
from subnet.design import Design
from subnet.economy import open_economy, total_stake
from subnet.payments import Books, bet, costs, mint, move_delegations, pay_costs, restake, slash
from subnet.scenario import Scenario
from subnet.work.evaluation import Looks
from subnet.work.trained import Work
from tests.random_work import RandomWork
from tokenomics.costs import Costs
from tokenomics.delegation import Delegation
from tokenomics.emission.constant import Constant
from tokenomics.ledger import Ledger
from tokenomics.payouts.at_risk import StakeAtRisk
from tokenomics.payouts.emission_split import EmissionShares, EmissionSplit
from tokenomics.pools.constant_product import ConstantProduct
from tokenomics.pools.fixed_price import FixedPrice
from tokenomics.slashing.base import Penalties, SlashingView
from tokenomics.slashing.negative_score import NegativeScore
from tokenomics.slashing.out_of_consensus import OutOfConsensus
from tokenomics.staking import Staking
from validators.strategies.cabal import Cabal
from validators.strategies.contrarian import Contrarian
from validators.strategies.weight_copier import WeightCopier

V, M = 2, 3
KEY, EPOCH = jax.random.key(0), jnp.int32(0)
RAO = 10**9


def scenario(design: Design | None = None, **parts: Any) -> Scenario:
    """Return a network of two validators and three miners."""
    return Scenario(design or Design(consensus=StakeMean()), RandomWork(V, M), **parts)


def books(made: Scenario, brought: list[int], **tokens: list[int]) -> Books:
    """Return the books where validators have `brought` stake, and accounts hold what is said, from outside."""
    found = open_economy(KEY, made, cast(made), jnp.asarray(brought)).books
    for account, amount in tokens.items():
        found = found._replace(tokens=found.tokens.move("outside", account, jnp.asarray(amount), "given"))
    return found


def settled(miners: list[float], validators: list[float], consensus: list[float] | None = None) -> ChainEpoch:
    """Return what consensus decided: shares of the emission, and what was agreed."""
    nothing: Any = None
    made = ChainEpoch(*[nothing] * len(ChainEpoch._fields))
    agreed = jnp.asarray(consensus or [1 / M] * M)
    return made._replace(shares=EmissionShares(jnp.asarray(miners), jnp.asarray(validators)), consensus=agreed)


def acted(weights: list[list[float]], skill: list[float] | None = None, flops: float = 0.0) -> Acted:
    """Return what everybody did: weights as set, and the miners' skill."""
    W = jnp.asarray(weights)
    s = jnp.asarray(skill if skill is not None else [0.5] * M, jnp.float32)
    looks = Looks(W[:V], W[:V] >= 0, jnp.zeros(V))
    work = Work(looks, looks, s, 1 - s, s, jnp.ones_like(s), jnp.full(M, flops), jnp.full(V, flops))
    return Acted(W, None, W.mean(axis=0), W.mean(axis=0), work)


def held(tokens: Ledger, account: str) -> list[int]:
    return np.asarray(tokens.balances[account]).tolist()


EQUAL = [[1.0, 1.0, 1.0]] * V


@pytest.mark.parametrize(
    ("undistributed", "account"),
    [("keep", "remainder"), ("burn", "burned"), ("treasury", "treasury"), ("recycle", None)],
)
def test_the_owner_is_paid_first_and_what_nobody_earned_goes_where_the_design_says(
    undistributed: Any, account: str | None
) -> None:
    made = scenario(Design(emission=Constant(1000), payout=EmissionSplit(0.5, 0.25, undistributed)))
    tokens, minted = mint(made, books(made, [0, 0]).tokens, settled([0.5, 0.0, 0.1], [0.2, 0.0]))
    assert held(tokens, "owner") == 250
    assert held(tokens, "miners") == minted.miners.tolist() == [375, 0, 75]
    assert held(tokens, "validators") == minted.validators.tolist() == [150, 0]
    assert int(minted.total) == (850 if account is None else 1000)
    assert int(tokens.issued()) == int(minted.total)
    if account is not None:
        assert held(tokens, account) == 150


def test_delegators_get_their_part_after_the_take_and_the_rest_may_be_staked_again() -> None:
    made = scenario(
        Design(staking=Staking(0.5)), delegation=Delegation(delegated_share=0.75, take=0.2, chase_speed=0.0)
    )
    tokens = books(made, [1000, 400], validators=[100, 100]).tokens
    tokens = restake(made, tokens, jnp.array([100, 100]))
    assert held(tokens, "delegated") == [750 + 60, 300 + 60]  # three quarters of 80
    assert held(tokens, "stake") == [250 + 20, 100 + 20]  # half of 40
    assert held(tokens, "validators") == [20, 20]


def test_delegators_go_where_their_stake_yielded_more_and_none_is_lost() -> None:
    made = scenario(delegation=Delegation(delegated_share=0.5, chase_speed=0.5, yield_sensitivity=1.0))
    before = books(made, [2000, 2000]).tokens
    after = move_delegations(made, before, jnp.array([0.02, 0.01]))
    assert sum(held(after, "delegated")) == 2000
    assert held(after, "delegated")[0] > 1000 > held(after, "delegated")[1]
    assert held(move_delegations(made, before, jnp.array([0.02, 0.02])), "delegated") == [1000, 1000]


class _Fine:
    """Take a fixed fraction from everybody."""

    destination = "treasury"

    def __init__(self, fraction: float) -> None:
        self.fraction = fraction

    def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
        return Penalties(jnp.full(view.stake.shape, self.fraction), jnp.full(view.balance.shape, self.fraction))


@pytest.mark.parametrize("fraction", [0.0, 0.1, 1 / 3, 1.0, 1.5])
@pytest.mark.parametrize("delegated_share", [0.0, 0.37, 1.0])
def test_own_and_delegated_stake_lose_the_fraction_together_and_each(fraction: float, delegated_share: float) -> None:
    design = Design(slashing={"fine": _Fine(fraction)})
    made = scenario(design, delegation=Delegation(delegated_share=delegated_share))
    before = books(made, [10_007, 3], miners=[101, 0, 7]).tokens
    after, miners, validators = slash(KEY, EPOCH, made, before, settled([0.0] * M, [0.0] * V), acted(EQUAL))
    part = min(fraction, 1.0)
    total = [math.floor(Fraction(part) * stake) for stake in (10_007, 3)]  # of the float, which is below a third
    assert validators.tolist() == total
    own, theirs = (np.array(held(before, a)) - np.array(held(after, a)) for a in ("stake", "delegated"))
    assert (own + theirs).tolist() == total
    assert theirs.tolist() == [math.floor(Fraction(part) * x) for x in held(before, "delegated")]
    assert (np.abs(own - np.array(held(before, "stake")) * part) <= 1).all()
    assert miners.tolist() == [math.floor(Fraction(part) * x) for x in (101, 0, 7)]
    assert held(after, "treasury") == sum(total) + int(miners.sum())
    assert not after.overdrawn()


def test_a_second_rule_takes_from_what_the_first_left() -> None:
    design = Design(slashing={"a": _Fine(0.5), "b": _Fine(0.5)})
    after, _, lost = slash(
        KEY, EPOCH, scenario(design), books(scenario(), [1000, 0]).tokens, settled([0.0] * M, [0.0] * V), acted(EQUAL)
    )
    assert held(after, "stake") == [250, 0]
    assert lost.tolist() == [750, 0]


def test_a_rules_luck_does_not_depend_on_which_others_there_are() -> None:
    class _Coin(_Fine):
        def penalties(self, key: jax.Array, view: SlashingView) -> Penalties:
            return Penalties(jax.random.uniform(key, view.stake.shape), jnp.zeros(view.balance.shape))

    lost = []
    for rules in ({"coin": _Coin(0)}, {"a": _Fine(0.0), "coin": _Coin(0), "z": _Fine(0.0)}):
        made = scenario(Design(slashing=rules))
        lost.append(
            slash(KEY, EPOCH, made, books(made, [RAO, RAO]).tokens, settled([0.0] * M, [0.0] * V), acted(EQUAL))[2]
        )
    assert lost[0].tolist() == lost[1].tolist()
    assert lost[0][0] != lost[0][1]


def test_validators_are_slashed_by_their_distance_and_miners_by_their_failure() -> None:
    design = Design(
        slashing={"far": OutOfConsensus(tolerance=0.0, fraction=0.5), "bad": NegativeScore(rate=0.5, cap=1.0)}
    )
    made = scenario(design)
    did = acted([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]], skill=[0.5, -0.2, float("nan")])
    agreed = settled([0.0] * M, [0.0] * V, consensus=[1.0, 0.0, 0.0])
    after, _, _ = slash(KEY, EPOCH, made, books(made, [1000, 1000], miners=[100, 100, 100]).tokens, agreed, did)
    assert held(after, "stake") == [1000, 500]
    assert held(after, "miners") == [100, 90, 100]  # the third submitted nothing


@pytest.mark.parametrize("gains", ["minted", "losses"])
def test_bets_are_won_on_miners_above_the_average_and_lost_below(gains: Any) -> None:
    """Skills 0.5, 0.1, 0: the average is 0.2. A fifth of stake is bet, in proportion to weights."""
    made = scenario(Design(bets=StakeAtRisk(stake_share=0.2, cap=1.0, payout_factor=1.0, gains=gains)))
    before = books(made, [100_000, 100_000]).tokens
    after, won = bet(made, before, acted([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]], skill=[0.5, 0.1, 0.0]))
    gain, loss = 6000, 4000
    paid = gain if gains == "minted" else loss
    np.testing.assert_allclose(won, [paid, -loss], atol=1)
    np.testing.assert_allclose(held(after, "stake"), [100_000 + paid, 100_000 - loss], atol=1)
    np.testing.assert_allclose(held(after, "burned"), loss if gains == "minted" else 0, atol=1)
    assert held(after, "bets") == 0
    assert int(after.total()) == 0


def test_one_hopeless_submission_does_not_make_every_bet_a_winner() -> None:
    """It counts as -1, as if it were as bad as a perfect one is good: the average of -1, 0.5 and -0.1 is -0.2."""
    made = scenario(Design(bets=StakeAtRisk(stake_share=1.0, cap=1.0, gains="minted")))
    _, won = bet(made, books(made, [1000, 1000]).tokens, acted([[0, 1.0, 0], [0, 0, 1.0]], skill=[-1e6, 0.5, -0.1]))
    np.testing.assert_allclose(won, [700, 100], atol=1)


def cast(made: Scenario) -> Cast:
    return cast_of(made.actions.population(), made.overlays)


def test_who_looks_pays_for_it_once_and_an_empty_seat_for_nothing() -> None:
    overlays = {"cabal": Cabal(num_validators=2, num_miners=1), "copier": WeightCopier(), "sour": Contrarian()}
    made = scenario(overlays=overlays, costs=Costs(usd_per_exaflop=2.0, fixed_usd_per_epoch=1.0))
    present = jnp.array([True, False, True, True])
    miners, validators = costs(made, cast(made), acted(EQUAL, flops=1e18), present)
    assert miners.tolist() == [3_000_000, 0, 3_000_000, 1_000_000]  # the cabal's own miner does not work
    assert validators.tolist() == [3_000_000, 3_000_000, 2_000_000, 2_000_000, 1_000_000, 3_000_000]


def due(*miners: int) -> tuple[jax.Array, jax.Array]:
    """Return what miners owe, in dollars; validators owe nothing."""
    return jnp.asarray(miners) * 1_000_000, jnp.zeros(V, jnp.int64)


@pytest.mark.parametrize(
    "pool", [FixedPrice(2.0), ConstantProduct(1000.0, 2000.0), ConstantProduct(1000.0, 2000.0, 0.3)]
)
def test_costs_are_paid_from_cash_and_then_by_selling_what_it_takes(pool: Any) -> None:
    """Ten dollars of cash each: one owes less, one more, one more than it has altogether."""
    made = scenario(Design(pool=pool), entry=Entry(cash_usd=10.0))
    before = books(made, [0, 0], miners=[50 * RAO, 50 * RAO, 1 * RAO])
    after, _, paid = pay_costs(made, before, made.design.pool.init(), due(9, 40, 1000))
    price = float(pool.price(pool.init()))
    spent = [0, 30 / price, 1]  # at the present price, in tokens
    sold = (np.array([50, 50, 1]) * RAO - np.array(held(after.tokens, "miners"))) / RAO
    assert sold[0] == 0
    assert sold[2] == 1
    assert spent[1] * (1 - 1e-9) <= sold[1] <= spent[1] * 1.1
    assert paid[0].tolist()[:2] == [9_000_000, 40_000_000]
    assert 10_000_000 < paid[0][2] <= 10_000_000 + price * 1e6
    assert np.asarray(after.money.balances["miners"])[2] == 0
    assert int(after.money.balances["suppliers"]) == int(paid[0].sum())
    for ledger in after:
        assert int(ledger.total()) == 0
        assert not ledger.overdrawn()


@pytest.mark.parametrize("price", [1 / 3, 0.7, 3.3333333333333335, 1234.56789])
def test_who_has_the_tokens_always_sells_enough(price: float) -> None:
    """Prices are taken to 10⁻⁹ dollars, and payments rounded down: one unit must not make anybody insolvent."""
    made = scenario(Design(pool=FixedPrice(price)))
    before = books(made, [0, 0], miners=[10**16, 10**16, 10**16])
    owed = jnp.array([100_000_001, 123_456_789_012, 999_999_999_999]), jnp.array([0, 0])
    _, _, paid = pay_costs(made, before, made.design.pool.init(), owed)
    assert paid[0].tolist() == owed[0].tolist()


def test_nobody_sells_for_nothing() -> None:
    made = scenario(Design(pool=FixedPrice(0.0)))
    before = books(made, [0, 0], miners=[RAO, RAO, RAO])
    after, _, paid = pay_costs(made, before, made.design.pool.init(), due(200, 0, 0))
    assert held(after.tokens, "miners") == [RAO, RAO, RAO]
    assert paid[0].tolist() == [100_000_000, 0, 0]  # its cash


def test_stake_that_comes_and_goes_is_booked_and_nobody_takes_out_more_than_there_is() -> None:
    made = scenario(delegation=Delegation(delegated_share=0.5))
    state = open_economy(KEY, made, cast(made), jnp.array([1000, 1000]))
    state, stake = total_stake(state, made, jnp.array([1600, 1000]))
    assert stake.tolist() == [1600, 1000]
    assert held(state.books.tokens, "delegated") == [800, 500]
    slashed = state.books.tokens.move("stake", "burned", jnp.array([700, 0]), "slashed")
    state = state._replace(books=state.books._replace(tokens=slashed))
    state, stake = total_stake(state, made, jnp.array([1000, 0]))
    assert held(state.books.tokens, "stake") == [0, 0]  # 300 were to go, 100 were left
    assert stake.tolist() == [500, 0]
    assert int(state.books.tokens.total()) == 0
