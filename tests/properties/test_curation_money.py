"""Every unit of a sale, a burn, a reward and a royalty is accounted for."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, undocumented
from tokenomics.curation.auction import Auction, Sale, english, split_sale
from tokenomics.curation.burn import Reserves, buyback_burn, price_effect, quote, quote_down, treasury_burn
from tokenomics.curation.fragments import Fragments
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.rewards import ActiveRewards, Counted, active_rewards, claimable, eligible_voters
from tokenomics.parts import part_of, parts_in_turn
from tokenomics.royalties import Royalties, royalties

UNIT = 10**9
SALES = 500


def sized(rng: np.random.Generator, digits: int, shape: tuple[int, ...]) -> np.ndarray:
    """Draw whole amounts of up to so many digits, small ones as often as large ones."""
    return rng.integers(0, 10 ** rng.integers(1, digits + 1, shape))


def test_a_decimal_share_is_exact_where_a_float_is_not() -> None:
    rng = np.random.default_rng(1)
    amounts, basis_points = sized(rng, 17, (SALES,)), rng.integers(0, 10_001, SALES)
    got = jax.jit(part_of)(jnp.asarray(amounts), jnp.asarray(basis_points / 10_000))
    assert got.tolist() == [int(a) * int(b) // 10_000 for a, b in zip(amounts, basis_points, strict=True)]


def test_parts_taken_in_turn_are_all_there_is_even_if_more_is_asked() -> None:
    rng = np.random.default_rng(2)
    amounts, shares = sized(rng, 17, (SALES,)), rng.random((SALES, 4)) * rng.choice([0.2, 1], (SALES, 1))
    parts, rest = (np.asarray(x) for x in jax.jit(jax.vmap(parts_in_turn))(jnp.asarray(amounts), jnp.asarray(shares)))
    np.testing.assert_array_equal(parts.sum(axis=1) + rest, amounts)
    assert (parts >= 0).all()
    assert (rest >= 0).all()
    asked = np.asarray(part_of(jnp.asarray(amounts)[:, None], jnp.asarray(shares)))
    enough = asked.sum(axis=1) <= amounts
    assert enough.any()
    assert not enough.all()
    np.testing.assert_array_equal(parts[enough], asked[enough])


def sell(values: jax.Array, reserve: jax.Array, fee: jax.Array, rule: Split) -> tuple[Sale, jax.Array, jax.Array]:
    """Sell one work and return the sale, the marketplace's fee, and all parts of the rest."""
    sale = english(values, reserve)
    fee_paid, net = split_sale(sale.price, fee)
    return sale, fee_paid, jnp.stack(rule.split(net)[:-1])


def test_a_hammer_price_is_divided_to_the_unit_and_an_unsold_work_brings_nothing() -> None:
    rng = np.random.default_rng(3)
    values = sized(rng, 14, (SALES, 5)) * np.where(rng.random((SALES, 5)) < 0.5, 1, 0) - (rng.random((SALES, 5)) < 0.2)
    reserve = sized(rng, 14, (SALES,))
    rule = as_arrays(Split(0.33, 0.11, 0.13, 0.07, 0.17, 0.5))
    batch = jax.jit(jax.vmap(sell, (0, 0, 0, None)))
    sale, fee, parts = batch(jnp.asarray(values), jnp.asarray(reserve), jnp.asarray(rng.random(SALES)), rule)
    sold, price = np.asarray(sale.sold), np.asarray(sale.price)
    ranked = np.sort(values, axis=1)[:, ::-1]
    np.testing.assert_array_equal(sold, (ranked[:, 0] >= reserve) & (ranked[:, 0] >= 0))
    np.testing.assert_array_equal(price, np.where(sold, np.maximum(reserve, ranked[:, 1]), 0))
    np.testing.assert_array_equal(np.asarray(fee) + np.asarray(parts).sum(axis=1), price)
    assert sold.any()
    assert not sold.all()
    assert not np.asarray(parts)[~sold].any()
    np.testing.assert_array_equal(np.asarray(sale.buyer), np.where(sold, values.argmax(axis=1), -1))


def test_a_single_bidder_pays_the_reserve_and_without_bidders_nothing_is_sold() -> None:
    alone = english(jnp.array([12 * UNIT]), jnp.int64(10 * UNIT))
    assert int(alone.price) == 10 * UNIT
    for nobody in (jnp.zeros(0, jnp.int64), jnp.array([-1, -1])):
        assert [int(x) for x in english(nobody, jnp.int64(0))] == [0, 0, -1]


def test_a_value_that_just_reaches_the_reserve_buys() -> None:
    for reserve, price in ((10, 10), (11, 0)):
        assert int(english(jnp.array([10, 3]), jnp.int64(reserve)).price) == price


def test_the_fixed_reserve_is_the_one_that_is_set_and_none_is_none() -> None:
    for rule, expected in ((Auction("fixed", 10.0), 10 * UNIT), (Auction("none", 10.0), 0)):
        assert int(rule.reserve(rule.init())) == expected


def test_the_reserve_is_the_lowest_of_the_last_three_sales_from_the_fourth_auction_on() -> None:
    rule, reserves, state = Auction("lowest_of_last_three"), [], Auction().init()
    offers = [(9, 8), (7, 5), (6, 6), (4, 4), (20, 9), (30, 7), (30, 30)]
    for pair in offers:
        reserves.append(int(rule.reserve(state)) // UNIT)
        state, sale = rule.step(state, jnp.array(pair) * UNIT)
    # The fourth is not sold, for 4 < 5; the last finds sales at 6, 9 and 7.
    assert reserves == [0, 0, 0, 5, 5, 5, 6]
    assert int(sale.price) == 30 * UNIT


def test_auctions_without_a_sale_leave_the_reserve_at_the_sales_there_were() -> None:
    rule, state = Auction("lowest_of_last_three"), Auction().init()
    nobody = jnp.array([-1, -1])
    for _ in range(3):
        state, _ = rule.step(state, nobody)
    assert int(rule.reserve(state)) == 0
    state, _ = rule.step(state, jnp.array([9, 8]))
    assert int(rule.reserve(state)) == 8


def test_a_reserve_that_follows_sales_never_falls() -> None:
    rule = Auction("lowest_of_last_three")
    values = jnp.asarray(np.random.default_rng(4).lognormal(22, 0.7, (200, 4)).astype(np.int64))

    def hold(state: tuple[jax.Array, jax.Array], bids: jax.Array) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
        reserve = rule.reserve(state)
        return rule.step(state, bids)[0], reserve

    _, reserves = jax.lax.scan(hold, rule.init(), values)
    steps = np.diff(np.asarray(reserves))
    assert (steps >= 0).all()
    assert (steps > 0).any()


def test_the_pool_product_never_falls_and_both_burns_take_the_same() -> None:
    rng = np.random.default_rng(5)
    eth, botto, spent = sized(rng, 12, (SALES,)) + 1, sized(rng, 17, (SALES,)) + 1, sized(rng, 12, (SALES,))
    before = Reserves(jnp.asarray(eth), jnp.asarray(botto))
    fee = jnp.asarray(rng.choice([0, 0.003, 0.3], SALES))
    after, bought = jax.jit(jax.vmap(buyback_burn))(before, jnp.asarray(spent), fee)
    burned = jax.jit(jax.vmap(treasury_burn))(before, jnp.full(SALES, 10**18), jnp.asarray(spent), fee)
    np.testing.assert_array_equal(bought, burned)
    assert np.asarray(bought).any()
    for x0, y0, x1, y1 in zip(eth, botto, *(np.asarray(x) for x in after), strict=True):
        assert int(x1) * int(y1) >= int(x0) * int(y0)
        assert y1 >= 1
    np.testing.assert_array_equal(np.asarray(after.eth) - eth, spent)
    np.testing.assert_array_equal(np.asarray(after.botto) + np.asarray(bought), botto)
    assert (np.asarray(price_effect(before, after)) >= 1 - 1e-12).all()


def test_a_quote_in_units_is_the_real_one_rounded_down() -> None:
    """Rounding e (1 - φ) and then q costs a unit of each: at most the price of one unit of ETH, and one."""
    rng = np.random.default_rng(6)
    eth, botto, spent = sized(rng, 12, (SALES,)) + 1, sized(rng, 15, (SALES,)) + 2, sized(rng, 12, (SALES,))
    units = np.asarray(quote_down(Reserves(jnp.asarray(eth), jnp.asarray(botto)), jnp.asarray(spent), 0.003))
    real = np.asarray(quote(jnp.asarray(spent), jnp.asarray(eth), jnp.asarray(botto), 0.003))
    slack = 1e-9 * real  # float64 against whole numbers
    assert (units <= real + slack).all()
    assert (units >= real - botto / eth - 1 - slack).all()


def test_an_empty_treasury_burns_what_it_has_and_an_empty_pool_sells_nothing() -> None:
    pool = Reserves(jnp.int64(500 * UNIT), jnp.int64(10**16))
    assert int(treasury_burn(pool, jnp.int64(17), jnp.int64(UNIT), 0.003)) == 17
    assert int(quote_down(pool, jnp.int64(0), 0.003)) == 0
    assert int(quote_down(Reserves(jnp.int64(0), jnp.int64(0)), jnp.int64(UNIT), 0.003)) == 0
    assert int(quote_down(Reserves(jnp.int64(0), jnp.int64(50)), jnp.int64(UNIT), 0.003)) == 49


@pytest.mark.parametrize("counts", ["eligible", "all"])
def test_rewards_credited_and_undistributed_are_the_pool(counts: Counted) -> None:
    rng = np.random.default_rng(7)
    spent = rng.gamma(0.5, 1000, (SALES, 6)) * (rng.random((SALES, 6)) < 0.7)
    eligible = (rng.random((SALES, 6)) < 0.6) & (spent > 0)
    pool = sized(rng, 15, (SALES,))
    reward = jax.jit(jax.vmap(lambda a, w, e: active_rewards(a, w, e, counts)))
    credited, left = (np.asarray(x) for x in reward(jnp.asarray(pool), jnp.asarray(spent), jnp.asarray(eligible)))
    np.testing.assert_array_equal(credited.sum(axis=1) + left, pool)
    assert (credited >= 0).all()
    assert (left >= 0).all()
    assert not credited[~eligible].any()
    some = eligible.any(axis=1)
    np.testing.assert_array_equal(left[~some], pool[~some])
    if counts == "eligible":
        assert not left[some].any()
    whole = np.where(eligible, spent, 0) if counts == "eligible" else spent
    share = np.where(eligible, spent, 0) / np.maximum(whole.sum(axis=1, keepdims=True), 1)
    # Points are taken to a millionth, of W > 1; each part is a unit off at most, the largest all others' rounding.
    slack = 6 + pool[:, None] * 6e-6 / np.maximum(whole.sum(axis=1, keepdims=True), 1)
    usual = whole.sum(axis=1) > 1
    assert (np.abs(credited - pool[:, None] * share) <= slack)[usual].all()


def test_a_voter_needs_points_stake_in_each_wallet_and_patience() -> None:
    spent, stake = jnp.array([1.0, 0.0, 1.0, 1.0]), jnp.array([100.0, 100.0, 99.9, 100.0])
    got = eligible_voters(spent, stake, jnp.array([True, True, True, False]), 100.0)
    assert got.tolist() == [True, False, False, False]


def test_a_stake_divided_over_too_many_wallets_earns_nothing_and_claims_nothing() -> None:
    rule, stake = ActiveRewards(), jnp.full(3, 1000 * UNIT)
    wallets = jnp.array([1.0, 10.0, 11.0])
    credited, left = rule.credit(jnp.int64(UNIT), jnp.full(3, 50.0), stake, wallets, jnp.ones(3, bool))
    assert credited.tolist() == [UNIT // 2, UNIT // 2, 0]
    assert int(left) == 0
    assert rule.claims(credited, credited, stake, wallets).tolist() == [UNIT // 2, UNIT // 2, 0]


def test_who_unstakes_before_claiming_waits_until_the_stake_is_back() -> None:
    waiting, wallets = jnp.full(2, UNIT), jnp.ones(2)
    stake = jnp.array([100 * UNIT, 100 * UNIT - 1])
    assert ActiveRewards().claims(waiting, waiting, stake, wallets).tolist() == [UNIT, 0]


def test_a_claim_waits_until_each_wallet_has_the_least_amount() -> None:
    waiting = jnp.array([9_999_999, 10_000_000, 10_000_000])
    got = claimable(waiting, waiting, jnp.array([1.0, 1.0, 2.0]), 10_000_000)
    assert got.tolist() == [0, 10_000_000, 0]


def test_rewards_in_tokens_are_claimed_by_their_worth() -> None:
    got = claimable(jnp.array([7, 7]), jnp.array([5, 4]), jnp.ones(2), 5)
    assert got.tolist() == [7, 0]


def test_royalties_and_the_seller_share_the_price() -> None:
    rng = np.random.default_rng(8)
    price, shares = sized(rng, 15, (SALES,)), rng.random((SALES, 5)) * rng.choice([0.1, 0.5], (SALES, 1))
    pay = jax.jit(jax.vmap(royalties))
    paid, seller = pay(jnp.asarray(price), jnp.asarray(shares), jnp.asarray(rng.random(SALES)))
    np.testing.assert_array_equal(np.asarray(paid).sum(axis=1) + np.asarray(seller), price)
    assert (np.asarray(paid) >= 0).all()
    assert (np.asarray(seller) >= 0).all()


@pytest.mark.parametrize(
    ("resale", "enforcement", "expected"),
    [(False, 0.5, (0, 50, 10, 940)), (True, 1.0, (100, 50, 10, 840)), (True, 0.5, (50, 25, 5, 920)),
     (True, 0.0, (0, 0, 0, 1000))],
)  # fmt: skip
def test_a_commission_is_due_on_resales_as_far_as_it_is_enforced(
    resale: bool, enforcement: float, expected: tuple[int, ...]
) -> None:
    rule = Royalties(model_share=0.05, dataset_share=0.2, enforcement=enforcement)
    assert tuple(int(x) for x in rule.pay(jnp.int64(1000), resale)) == expected


def test_works_are_sold_again_at_the_rate_that_is_set_and_only_if_they_have_an_owner() -> None:
    held = jnp.arange(20_000) % 2 == 0
    resold = np.asarray(Royalties(resale_rate=0.25).resold(jax.random.key(1), held))
    assert not resold[1::2].any()
    deviations = (resold[::2].sum() - 10_000 * 0.25) / np.sqrt(10_000 * 0.25 * 0.75)
    assert abs(deviations) < 5


def test_blocks_of_money_explain_and_bound_every_number() -> None:
    blocks = (Auction, ActiveRewards, Royalties, Fragments)
    assert list(itertools.chain.from_iterable(undocumented(block) for block in blocks)) == []
