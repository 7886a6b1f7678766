"""Every pool of the folder goes through the same contract."""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted
from tokenomics.pools.base import PoolState
from tokenomics.pools.constant_product import ConstantProduct
from tokenomics.pools.fixed_price import FixedPrice

KINDS = rules_in("tokenomics.pools")
CASES = {
    "fixed_price": FixedPrice(3.7),
    "constant_product": ConstantProduct(),
    "constant_product_without_fee": ConstantProduct(fee_share=0.0),
    "constant_product_of_powers": ConstantProduct(money_weight=0.3),
}
# A power is a float: the last digit of what comes out may depend on how a program was compiled.
UNITS = dict.fromkeys(CASES, 0) | {"constant_product_of_powers": 1}
TOKEN, USD = 10**9, 10**6
TOKENS = jnp.array([5, 0, 17, 300, 1]) * TOKEN + jnp.array([3, 0, 1, 7, 0])
MONEY = jnp.array([0, 12, 4000, 1, 90]) * USD + jnp.array([0, 5, 1, 1, 0])

every_pool = pytest.mark.parametrize("name", CASES)


def day(pool: Any, state: PoolState, tokens: jax.Array, money: jax.Array) -> tuple[PoolState, tuple[Any, ...]]:
    """Play one epoch: everybody who sells, then everybody who buys."""
    state, received = pool.sell(state, tokens)
    after_sales = pool.price(state)
    state, bought = pool.buy(state, money)
    return state, (received, bought, after_sales, pool.price(state), pool.invariant(state))


compiled, TRACES = counted(day)


def play(name: str, tokens: jax.Array = TOKENS, money: jax.Array = MONEY) -> tuple[PoolState, tuple[Any, ...]]:
    pool = as_arrays(CASES[name])
    return compiled(pool, pool.init(), tokens, money)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(pool) for pool in CASES.values()} == set(KINDS.values())
    assert all(hasattr(pool, "holds_reserves") for pool in CASES.values())


@every_pool
def test_a_compiled_pool_trades_as_it_does_uncompiled(name: str) -> None:
    pool = as_arrays(CASES[name])
    eager = day(pool, pool.init(), TOKENS, MONEY)
    assert_trees_close(play(name), eager, rtol=1e-12, atol=UNITS[name] or 1e-9)


@every_pool
def test_a_batch_of_pools_trades_as_each_does_alone(name: str) -> None:
    pools = [shifted(CASES[name], 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *pools)
    together = jax.jit(jax.vmap(lambda pool: day(pool, pool.init(), TOKENS, MONEY)))(stacked)
    for k, pool in enumerate(pools):
        alone = compiled(pool, pool.init(), TOKENS, MONEY)
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), alone, rtol=1e-12, atol=UNITS[name])


@every_pool
def test_relabelling_traders_relabels_what_they_get(name: str) -> None:
    order = np.array([3, 1, 4, 0, 2])
    _, (received, bought, *prices) = play(name)
    _, (received_mixed, bought_mixed, *prices_mixed) = play(name, TOKENS[order], MONEY[order])
    assert_trees_close((received_mixed, bought_mixed, prices_mixed), (received[order], bought[order], prices))


@every_pool
def test_padding_receives_nothing_and_changes_nothing(name: str) -> None:
    state, (received, bought, *prices) = play(name)
    padding = jnp.zeros(3, int)
    padded, (received_there, bought_there, *prices_there) = play(
        name, jnp.concatenate([TOKENS, padding]), jnp.concatenate([MONEY, padding])
    )
    assert not received_there[5:].any()
    assert not bought_there[5:].any()
    assert_trees_close((padded, received_there[:5], bought_there[:5], prices_there), (state, received, bought, prices))


@every_pool
def test_what_traders_bring_the_pool_gets_and_what_they_get_it_gives(name: str) -> None:
    before = CASES[name].init()
    after, (received, bought, *_) = play(name)
    assert received.dtype == bought.dtype == after.tokens.dtype == after.money.dtype == jnp.int64
    assert int(after.tokens - before.tokens) == int(TOKENS.sum()) - int(bought.sum())
    assert int(after.money - before.money) == int(MONEY.sum()) - int(received.sum())
    assert (received >= 0).all()
    assert (bought >= 0).all()


@every_pool
def test_everybody_in_a_batch_trades_at_one_price(name: str) -> None:
    _, (received, bought, *_) = play(name)
    for paid, got in ((TOKENS, received), (MONEY, bought)):
        largest = int(paid.argmax())
        for p, g in zip(paid.tolist(), got.tolist(), strict=True):  # exact: both may lack less than one unit
            assert abs(g * int(paid[largest]) - p * int(got[largest])) <= max(p, int(paid[largest]))


@every_pool
def test_a_pool_without_trades_stays_as_it_is(name: str) -> None:
    nothing = jnp.zeros(5, int)
    before = CASES[name].init()
    after, (received, bought, price, *_) = play(name, nothing, nothing)
    assert_trees_close(after, before)
    assert not received.any()
    assert not bought.any()
    np.testing.assert_allclose(price, CASES[name].price(before), rtol=1e-15)


@every_pool
def test_selling_never_raises_the_price_and_buying_never_lowers_it(name: str) -> None:
    pool = CASES[name]
    _, (_, _, after_sales, after_purchases, _) = play(name)
    assert float(after_sales) <= float(pool.price(pool.init()))
    assert float(after_purchases) >= float(after_sales)


@every_pool
def test_no_trade_makes_the_invariant_smaller(name: str) -> None:
    pool = as_arrays(CASES[name])
    rng = np.random.default_rng(1)
    sizes = np.floor(np.exp(rng.uniform(0, 35, (2, 500, 5)))) * (rng.random((2, 500, 5)) < 0.6)
    tokens, money = (jnp.asarray(x, jnp.int64) for x in sizes)

    def epoch(state: PoolState, trades: Any) -> tuple[PoolState, Any]:
        state, (_, _, _, price, invariant) = day(pool, state, *trades)
        return state, (state, price, invariant)

    _, (states, price, invariant) = jax.jit(lambda s: jax.lax.scan(epoch, s, (tokens, money)))(pool.init())
    first = float(pool.invariant(pool.init()))
    values = np.concatenate([[first], np.asarray(invariant)])
    assert (np.diff(values) >= -1e-12 * np.abs(values[:-1]) - (1e-5 if name == "fixed_price" else 0)).all()
    assert np.isfinite(price).all()
    if name.startswith("constant_product"):
        assert (np.asarray(states.tokens) > 0).all()
        assert (np.asarray(states.money) > 0).all()
    if name in ("constant_product", "constant_product_without_fee"):  # and that exactly, in whole units
        start = pool.init()
        products = [int(start.tokens) * int(start.money)]
        products += [int(x) * int(y) for x, y in zip(states.tokens, states.money, strict=True)]
        assert all(later >= sooner for sooner, later in itertools.pairwise(products))


@pytest.mark.parametrize("weight", [0.3, 0.5])
def test_no_seller_and_no_buyer_empties_a_pool(weight: float) -> None:
    pool = as_arrays(ConstantProduct(initial_tokens=1.0, initial_usd=1.0, money_weight=weight))
    flood = jnp.array([10**17, 10**17])
    state, received = pool.sell(pool.init(), flood)
    assert int(state.money) >= 1
    assert int(received.sum()) <= USD
    state, bought = pool.buy(state, flood)
    assert int(state.tokens) >= 1
    assert np.isfinite(float(pool.price(state)))
    assert int(bought.sum()) <= 2 * 10**17 + TOKEN


@every_pool
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    play(name)
    before, pool = len(TRACES), shifted(CASES[name], 0.9)
    compiled(pool, pool.init(), MONEY, TOKENS)
    assert len(TRACES) == before
