"""Delegated stake moves and pays, and no unit is lost on the way."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenomics.delegation import Delegation, chase_yield, dividend_split

V = 6
chase = jax.jit(chase_yield)
split = jax.jit(dividend_split)

amounts = st.lists(st.integers(0, 9) | st.integers(0, 10**15), min_size=V, max_size=V)
yields = st.lists(st.sampled_from([0.0, 1e-4, 2e-4]) | st.floats(-0.5, 0.5), min_size=V, max_size=V)
share = st.sampled_from([0.0, 1.0, 0.18]) | st.floats(0, 1)


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time."""
    return settings(max_examples=times, deadline=None, derandomize=True, database=None)


@tried(300)
@given(held=amounts, yielded=yields, speed=share, sensitivity=st.floats(0, 1000))
def test_chasing_yield_moves_stake_and_loses_none(
    held: list[int], yielded: list[float], speed: float, sensitivity: float
) -> None:
    after = np.asarray(chase(jnp.array(held), jnp.array(yielded), speed, sensitivity))
    assert after.dtype == np.int64
    assert after.sum() == sum(held)
    assert (after >= np.array(held) - np.floor(np.array(held) * speed) - 1).all()
    assert not after[np.array(held) == 0].any()


@tried(200)
@given(held=amounts, speed=share, sensitivity=st.floats(0, 1000), common=st.floats(-0.5, 0.5))
def test_equal_yields_move_nobody(held: list[int], speed: float, sensitivity: float, common: float) -> None:
    assert chase(jnp.array(held), jnp.full(V, common), speed, sensitivity).tolist() == held


@tried(100)
@given(held=amounts, yielded=yields, speed=share, sensitivity=st.floats(0, 20))
def test_only_ratios_of_yields_count(held: list[int], yielded: list[float], speed: float, sensitivity: float) -> None:
    once, twice = (chase(jnp.array(held), jnp.array(yielded) * f, speed, sensitivity) for f in (1, 2))
    assert once.tolist() == twice.tolist()  # a power of two changes no digit


@tried(200)
@given(held=amounts, yielded=yields, speed=st.floats(0.1, 1), sensitivity=st.floats(0.1, 20))
def test_who_yields_most_loses_nothing_and_who_yields_least_gains_nothing(
    held: list[int], yielded: list[float], speed: float, sensitivity: float
) -> None:
    before, y = np.array(held), np.array(yielded)
    after = np.asarray(chase(jnp.array(held), jnp.array(y), speed, sensitivity))
    drawn = np.floor(before * speed) > 0
    if not drawn.any():
        return
    best, worst = y == y[drawn].max(), y == y[drawn].min()
    assert (after >= before)[best & drawn].all()
    largest = np.isin(np.arange(V), before.argmax())  # to whom the units left by rounding go
    assert (after <= before + V * largest)[worst & drawn].all()


def test_a_run_ends_with_everybody_at_the_best_yield() -> None:
    held = jnp.array([10**15, 10**12, 10**9, 0])
    rates = jnp.array([1e-4, 2e-4, 3e-4, 9e-4])
    move = jax.jit(lambda d: jax.lax.scan(lambda d, _: (chase_yield(d, rates, 0.2, 2.0), d.sum()), d, None, 400))
    last, totals = move(held)
    assert (np.asarray(totals) == int(held.sum())).all()
    assert last[3] == 0  # no delegator ever looked there
    assert last[2] > 0.999 * float(held.sum())


@tried(300)
@given(pay=amounts, own=amounts, held=amounts, take=share)
def test_a_dividend_is_split_without_loss(pay: list[int], own: list[int], held: list[int], take: float) -> None:
    parts = [np.asarray(x) for x in split(jnp.array(pay), jnp.array(own), jnp.array(held), take)]
    assert (sum(parts) == np.array(pay)).all()
    kept, to_own, to_delegators = (x.tolist() for x in parts)
    for p, o, d, k, a, b in zip(pay, own, held, kept, to_own, to_delegators, strict=True):
        assert 0 <= k <= p
        assert b == ((p - k) * d // (o + d) if o + d else 0)
        assert a == p - k - b
        assert take != 1 or k == p
        assert take != 0 or k == 0


@pytest.mark.parametrize("delegated_share", [0.0, 0.375, 1.0])
def test_the_mechanism_delegates_splits_and_moves(delegated_share: float) -> None:
    rule = Delegation(delegated_share=delegated_share, take=0.25, chase_speed=0.5, yield_sensitivity=3.0)
    stake = jnp.array([1000, 2001, 40])
    held = rule.init(stake)
    assert held.tolist() == [int(s * delegated_share) for s in stake.tolist()]
    pay = jnp.array([100, 100, 0])
    parts = rule.split(pay, stake - held, held)
    assert parts.take.tolist() == [25, 25, 0]
    assert (sum(parts) == pay).all()
    after = rule.chase(held, jnp.array([0.1, 0.05, 0.0]))
    assert int(after.sum()) == int(held.sum())
    assert after[0] >= held[0]
    assert after[2] <= held[2]


def test_by_default_nothing_is_delegated() -> None:
    assert not Delegation().init(jnp.array([10**9, 5])).any()
