"""Small economies whose outcome a person can state."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.costs import A100, H100, Costs, costs_of, evaluation_flops, training_flops
from tokenomics.delegation import chase_yield
from tokenomics.halving import block_emission, emission_over
from tokenomics.owner_split import OwnerSplit
from tokenomics.payouts.at_risk import StakeAtRisk, payout
from tokenomics.pools.constant_product import ConstantProduct
from tokenomics.pools.fixed_price import FixedPrice
from tokenomics.pruning import replaced_uid
from tokenomics.registration_price import RegistrationPrice
from tokenomics.slashing.base import SlashingView, amounts
from tokenomics.slashing.copy_detection import CopyDetection
from tokenomics.slashing.failed_audit import FailedAudit
from tokenomics.slashing.negative_score import NegativeScore
from tokenomics.slashing.out_of_consensus import OutOfConsensus

TOKEN, USD = 10**9, 10**6
KEY = jax.random.key(0)


def one(amount: int) -> jax.Array:
    return jnp.array([amount])


# Pools


def test_a_million_tokens_against_ten_million_dollars_are_ten_dollars_each() -> None:
    pool = ConstantProduct(initial_tokens=1e6, initial_usd=1e7)
    np.testing.assert_allclose(pool.price(pool.init()), 10.0, rtol=1e-15)
    quarter = ConstantProduct(initial_tokens=1e6, initial_usd=1e7, money_weight=0.75)
    np.testing.assert_allclose(quarter.price(quarter.init()), 10 / 3, rtol=1e-15)


def test_a_pool_with_no_trades_keeps_its_price() -> None:
    for pool in (ConstantProduct(), ConstantProduct(money_weight=0.8), FixedPrice()):
        state, nothing = pool.init(), jnp.zeros(4, int)
        for _ in range(3):
            state, received = pool.sell(state, nothing)
            state, bought = pool.buy(state, nothing)
            assert not received.any()
            assert not bought.any()
        assert float(pool.price(state)) == float(pool.price(pool.init()))


@pytest.mark.parametrize("weight", [0.5, 0.7])
@pytest.mark.parametrize("fee", [0.0, 0.01, 0.25])
def test_a_round_trip_loses_the_fee_twice_and_nothing_else(fee: float, weight: float) -> None:
    pool = ConstantProduct(fee_share=fee, money_weight=weight)
    state, bought = pool.buy(pool.init(), one(100 * USD))
    state, returned = pool.sell(state, bought)
    # A small trade in a large pool: the fees it left in the pool come back to it only by a ten-thousandth.
    np.testing.assert_allclose(int(returned[0]), 100 * USD * (1 - fee) ** 2, rtol=2e-5)
    assert int(returned[0]) <= 100 * USD
    if fee == 0:
        assert int(returned[0]) >= 100 * USD - 3


def test_buying_as_much_money_as_there_is_in_the_pool_takes_half_of_its_tokens() -> None:
    pool = ConstantProduct(initial_tokens=1000.0, initial_usd=1000.0, fee_share=0.0)
    state, bought = pool.buy(pool.init(), one(1000 * USD))
    assert bought.tolist() == [500 * TOKEN]
    np.testing.assert_allclose(pool.price(state), 4.0, rtol=1e-15)


def test_two_sellers_get_what_one_seller_of_both_would_get_and_share_it_by_size() -> None:
    pool = ConstantProduct()
    _, together = pool.sell(pool.init(), one(4000 * TOKEN))
    _, apart = pool.sell(pool.init(), jnp.array([1000 * TOKEN, 3000 * TOKEN]))
    assert abs(int(apart.sum()) - int(together[0])) <= 1
    assert abs(int(apart[1]) - 3 * int(apart[0])) <= 3


def test_a_token_at_thirty_cents_is_three_hundred_thousand_millionths_of_a_dollar() -> None:
    pool = FixedPrice(0.3)
    state, received = pool.sell(pool.init(), jnp.array([TOKEN, 7 * TOKEN, 1]))
    assert received.tolist() == [300_000, 2_100_000, 0]
    _, bought = pool.buy(state, jnp.array([300_000, 1, 0]))
    assert bought.tolist() == [TOKEN, 3333, 0]
    assert FixedPrice(0.0).buy(state, one(5))[1].tolist() == [0]


# Emission


def test_emission_halves_at_ten_and_a_half_million_tokens() -> None:
    half = 10_500_000 * TOKEN
    assert [int(block_emission(issued)) for issued in (half - TOKEN, half - 1, half)] == [TOKEN, TOKEN, TOKEN // 2]
    assert int(emission_over(half - 2 * TOKEN, 5)) == 2 * TOKEN + 3 * (TOKEN // 2)


def test_recycled_tokens_delay_the_halving() -> None:
    def epoch(issued: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        return issued + emission_over(issued, 360), block_emission(issued)

    start = jnp.int64(10_500_000 * TOKEN - 720 * TOKEN)
    rate = jax.jit(lambda issued: jax.lax.scan(epoch, issued, None, 4)[1])
    assert rate(start).tolist() == [TOKEN, TOKEN, TOKEN // 2, TOKEN // 2]
    assert rate(start - 360 * TOKEN).tolist() == [TOKEN, TOKEN, TOKEN, TOKEN // 2]


def test_of_a_hundred_tokens_the_owner_gets_eighteen_and_the_others_forty_one_each() -> None:
    parts = OwnerSplit().split(jnp.int64(100 * TOKEN))
    np.testing.assert_allclose([float(x) / TOKEN for x in parts], [18, 41, 41, 0], atol=1e-3)
    assert sum(int(x) for x in parts) == 100 * TOKEN


def test_any_split_gives_everything_away_whatever_the_amount() -> None:
    amount = jnp.array([0, 1, 2, 3, 10**17 + 1])
    for owner, miners, root in ((0.0, 0.5, 0.0), (1.0, 0.5, 0.3), (0.1, 0.0, 1.0), (0.3, 0.9, 0.7), (0.1, 1.0, 1.0)):
        parts = OwnerSplit(owner_share=owner, miner_share=miners).split(amount, root)
        assert (sum(parts) == amount).all()
        assert all((part >= 0).all() for part in parts)


# Joining


def test_three_registrations_per_half_life_hold_the_price() -> None:
    rule = RegistrationPrice(half_life_blocks=360, multiplier=2 ** (1 / 3))
    price = rule.init()
    for _ in range(10):
        price, _ = rule.register(price, 3)
        price = rule.decay(price, 360)
    np.testing.assert_allclose(int(price), TOKEN, rtol=1e-5)


def test_the_second_newcomer_in_a_block_pays_more() -> None:
    rule = RegistrationPrice(multiplier=2.0)
    price, paid = rule.register(jnp.int64(TOKEN), 3)
    assert (int(price), int(paid)) == (8 * TOKEN, (1 + 2 + 4) * TOKEN)
    assert rule.register(jnp.int64(TOKEN), 0) == (TOKEN, 0)


def test_a_price_without_half_life_waits_and_one_with_falls_to_its_floor() -> None:
    assert int(RegistrationPrice(half_life_blocks=0).decay(jnp.int64(TOKEN), 5000)) == TOKEN
    assert int(RegistrationPrice(half_life_blocks=10).decay(jnp.int64(TOKEN), 5000)) == 500_000


def test_the_poorest_goes_unless_it_is_new_or_the_owners() -> None:
    emission, registered = jnp.array([3, 0, 1, 2, 9]), jnp.array([10, 20, 30, 40, 50])
    nobody = jnp.zeros(5, bool)
    immune, owners = nobody.at[1].set(True), nobody.at[2].set(True)
    assert int(replaced_uid(emission, registered, nobody, nobody, 1)) == 1
    assert int(replaced_uid(emission, registered, immune, nobody, 1)) == 2
    assert int(replaced_uid(emission, registered, immune, owners, 1)) == 3
    assert int(replaced_uid(emission, registered, immune, owners, 3)) == 1  # too few without immunity: a newcomer goes
    assert int(replaced_uid(emission, registered, nobody, ~nobody, 0)) == -1


# Delegation


def test_delegators_follow_the_better_yield_and_nobody_moves_without_one() -> None:
    held = jnp.array([1000, 1000])
    assert chase_yield(held, jnp.array([0.01, 0.01]), 0.5).tolist() == [1000, 1000]
    assert chase_yield(held, jnp.array([0.0, 0.0]), 0.5).tolist() == [1000, 1000]
    assert chase_yield(held, jnp.array([0.02, 0.01]), 0.0).tolist() == [1000, 1000]
    assert chase_yield(held, jnp.array([0.02, 0.01]), 0.5, 1000.0).tolist() == [1500, 500]
    # Who yields a mean yield more weighs e times as much. Here the mean is 0.015 and the difference 2/3 of it.
    many = jnp.array([10**12, 10**12])
    to_better = 10**12 / (1 + np.exp(-2 / 3))
    got = int(chase_yield(many, jnp.array([0.02, 0.01]), 0.5, 1.0)[0])
    np.testing.assert_allclose(got, 10**12 / 2 + to_better, rtol=1e-11)


# Slashing


def conduct(weights: list[list[float]], consensus: list[float]) -> SlashingView:
    """Return an epoch of validators with 1000 tokens each and spotless miners with 100 each."""
    V, M = len(weights), len(consensus)
    return SlashingView(
        weights=jnp.array(weights),
        consensus=jnp.array(consensus),
        audit_weights=jnp.array(consensus),
        stake=jnp.full(V, 1000),
        originality=jnp.ones(M),
        skill=jnp.ones(M),
        balance=jnp.full(M, 100),
    )


def test_who_agrees_keeps_everything_and_who_agrees_on_nothing_loses_the_fraction() -> None:
    view = conduct([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.0, 0.0]], [1.0, 0.0])
    slow = OutOfConsensus(tolerance=0.25, fraction=0.5).penalties(KEY, view)
    assert amounts(slow, view).validators.tolist() == [0, 125, 375, 0]
    at_once = OutOfConsensus(tolerance=0.5, fraction=0.5, proportional=False).penalties(KEY, view)
    assert amounts(at_once, view).validators.tolist() == [0, 0, 500, 0]
    assert not amounts(slow, view).miners.any()


def test_one_cheat_in_four_is_caught_if_one_in_four_is_audited() -> None:
    view = conduct([[0.0, 1.0]] * 4000 + [[1.0, 0.0]] * 10, [1.0, 0.0])
    lost = amounts(FailedAudit(rate=0.25, fraction=0.5).penalties(KEY, view), view).validators
    assert set(lost.tolist()) == {0, 500}
    assert abs(int((lost[:4000] > 0).sum()) - 1000) < 4 * np.sqrt(4000 * 0.25 * 0.75)
    assert not lost[4000:].any()
    assert not FailedAudit(rate=0.0).penalties(KEY, view).validators.any()


def test_a_copy_loses_half_of_its_balance_and_an_original_nothing() -> None:
    view = conduct([[0.5, 0.5]], [0.5, 0.5])._replace(originality=jnp.array([0.0, 1.0]))
    lost = amounts(CopyDetection(rate=1.0, fraction=0.5).penalties(KEY, view), view)
    assert lost.miners.tolist() == [50, 0]
    assert lost.validators.tolist() == [0]


def test_a_negative_score_costs_in_proportion_up_to_a_cap() -> None:
    view = conduct([[0.2] * 5], [0.2] * 5)._replace(skill=jnp.array([0.5, 0.0, -0.125, -9.0, jnp.nan]))
    lost = amounts(NegativeScore(rate=1.0, cap=0.25).penalties(KEY, view), view)
    assert lost.miners.tolist() == [0, 0, 12, 25, 0]


# Stake at risk


def test_a_stake_of_a_hundred_wins_or_loses_its_score_up_to_the_cap() -> None:
    stake = jnp.full(5, 100 * TOKEN)
    score = jnp.array([0.03125, -0.03125, 0.9, -0.9, jnp.nan])
    change = payout(stake, score, 0.5, 0.25)
    assert change.tolist() == [100 * TOKEN // 64, -100 * TOKEN // 64, 25 * TOKEN, -25 * TOKEN, 0]
    assert change.dtype == jnp.int64


def test_equal_bets_on_scores_that_cancel_win_what_they_lose() -> None:
    rule = StakeAtRisk(stake_share=0.5, cap=1.0, payout_factor=1.0)
    bets = rule.bets(jnp.array([800 * TOKEN, 80 * TOKEN, 80 * TOKEN]), jnp.array([[1.0] * 4, [3, 1, 0, 0], [0.0] * 4]))
    assert bets.tolist() == [[100 * TOKEN] * 4, [30 * TOKEN, 10 * TOKEN, 0, 0], [0] * 4]
    gain, loss = rule.settle(bets, jnp.array([0.5, -0.25, -0.5, 0.25]))
    assert gain.shape == loss.shape == (3, 4)
    assert gain.sum(axis=1).tolist() == [75 * TOKEN, 15 * TOKEN, 0]
    assert loss.sum(axis=1).tolist() == [75 * TOKEN, 5 * TOKEN // 2, 0]
    assert not (gain * loss).any()


def test_nobody_bets_more_than_its_share_or_loses_more_than_its_bet() -> None:
    rng = np.random.default_rng(2)
    stake, weights = jnp.asarray(rng.integers(0, 10**16, 50)), jnp.asarray(rng.random((50, 7)) ** 8)
    bets = StakeAtRisk(stake_share=1.0).bets(stake, weights)
    assert (bets >= 0).all()
    assert (bets.sum(axis=1) <= stake).all()
    assert (bets.sum(axis=1) >= stake - 20).all()
    _, loss = StakeAtRisk(cap=1.0).settle(bets, jnp.full(7, -1e9))
    assert (loss == bets).all()


# Costs


def test_ten_to_the_eighteen_operations_cost_what_the_cards_rent_and_draw() -> None:
    np.testing.assert_allclose([H100.usd_per_exaflop(), A100.usd_per_exaflop()], [1.76, 4.0], rtol=5e-3)
    np.testing.assert_allclose([H100.joules_per_flop(), A100.joules_per_flop()], [1.77e-12, 3.2e-12], rtol=3e-3)
    np.testing.assert_allclose(Costs().dollars(1e18), 1.76)
    np.testing.assert_allclose(Costs(power_usage_effectiveness=1.0).joules(1e18) / 3.6e6, 0.5)  # kWh


def test_an_owner_pays_the_electricity_and_a_renter_the_rent() -> None:
    owner, renter, spot = (costs_of(H100, kind).dollars(1e18) for kind in ("owner", "renter", "spot"))
    np.testing.assert_allclose(owner / renter, 0.04, rtol=0.1)
    np.testing.assert_allclose(spot / renter, 0.2)
    mixed = jax.tree.map(
        lambda *x: jnp.stack([jnp.float64(v) for v in x]), *(costs_of(A100, k) for k in ("owner", "spot"))
    )
    assert jax.vmap(lambda costs: costs.epoch_dollars(1e18))(mixed).shape == (2,)


def test_an_epoch_costs_its_fixed_part_even_without_work() -> None:
    costs = Costs(fixed_usd_per_epoch=2.5, flop_scale=1e6)
    assert float(costs.epoch_dollars(0.0)) == 2.5
    np.testing.assert_allclose(costs.epoch_dollars(jnp.array([0.0, 1e12])), [2.5, 2.5 + 1.76])


def test_a_window_of_a_large_network_costs_a_miner_nine_dollars_and_a_validator_two_per_cent_of_it() -> None:
    forward = 2 * 72e9 * 2048  # one sequence through 72 thousand million parameters
    trained = training_flops(forward, batch=192, steps=30)
    judged = evaluation_flops(forward, samples=8, num_miners=15)
    np.testing.assert_allclose(trained, 5.1e18, rtol=2e-3)
    np.testing.assert_allclose(Costs().dollars(trained), 9.0, rtol=0.01)
    np.testing.assert_allclose(judged / forward, 368)
    np.testing.assert_allclose(judged / trained, 0.02, rtol=0.1)
