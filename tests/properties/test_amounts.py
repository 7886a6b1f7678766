"""Integer arithmetic under JAX against Python's own integers, which have no size."""

import math
import random
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np

from tokenomics.amounts import multiply_down, share_down, share_out
from tokenomics.halving import block_emission, emission_over
from tokenomics.pruning import kept_after_trim, lowest
from tokenomics.registration_price import RegistrationPrice, decay_factor

TIMES = 20_000


def sized(rng: random.Random, bits: int) -> int:
    """Draw a number of up to so many bits, small ones as often as large ones."""
    return rng.randrange(2 ** rng.randrange(1, bits + 1))


def test_a_share_is_the_floor_of_the_exact_quotient() -> None:
    rng, tried = random.Random(1), []
    while len(tried) < TIMES:
        whole = sized(rng, 61)
        part = rng.choice([sized(rng, 63), rng.randrange(whole + 1), whole, max(whole - 1, 0)])
        amount = sized(rng, 63)
        if whole == 0 or amount * part // whole < 2**63:
            tried.append((amount, part, whole))
    got = jax.jit(share_down)(*(jnp.array(x, jnp.int64) for x in zip(*tried, strict=True)))
    assert got.tolist() == [a * p // w if w else 0 for a, p, w in tried]
    eager = share_down(*(jnp.array(x[:500], jnp.int64) for x in zip(*tried, strict=True)))
    assert eager.tolist() == got[:500].tolist()


def test_a_product_is_the_floor_of_the_exact_one() -> None:
    rng, tried = random.Random(2), []
    while len(tried) < TIMES:
        amount, factor = (
            sized(rng, 62),
            rng.choice([rng.random(), 1.0, 1 - 2**-53, 1.26, 1.15, 10 ** rng.uniform(-9, 4)]),
        )
        if amount * factor < 2**62:
            tried.append((amount, factor))
    amounts, factors = zip(*tried, strict=True)
    got = jax.jit(multiply_down)(jnp.array(amounts), jnp.array(factors)).tolist()
    cut = [Fraction(math.floor(Fraction(f) * 2**64), 2**64) for f in factors]
    assert got == [math.floor(a * f) for a, f in zip(amounts, cut, strict=True)]
    assert all(g == a for g, a, f in zip(got, amounts, factors, strict=True) if f == 1)


def test_what_is_shared_out_is_all_there_is() -> None:
    rng = np.random.default_rng(3)
    shared = jax.jit(jax.vmap(share_out))
    weights = rng.integers(0, 10 ** rng.integers(1, 16, (500, 7))) * (rng.random((500, 7)) < 0.7)
    total = rng.integers(0, 10**17, 500)
    parts = np.asarray(shared(jnp.asarray(total), jnp.asarray(weights)))
    some = weights.any(axis=1)
    assert (parts.sum(axis=1)[some] == total[some]).all()
    assert not parts[~some].any()
    assert (parts[weights == 0] == 0).all()
    exact = [[int(t) * int(w) // max(int(row.sum()), 1) for w in row] for t, row in zip(total, weights, strict=True)]
    surplus = parts - np.array(exact)
    assert (surplus >= 0).all()
    assert (surplus.sum(axis=1) < 7).all()
    assert (np.count_nonzero(surplus, axis=1) <= 1).all()


def walk(issued: jax.Array, supply: jax.Array, first: jax.Array) -> jax.Array:
    """Return what 0 to 77 blocks mint, one by one: [78]."""

    def block(now: jax.Array, _: None) -> tuple[jax.Array, jax.Array]:
        return now + block_emission(now, supply, first), now - issued

    last, sums = jax.lax.scan(block, issued, None, 77)
    return jnp.append(sums, last - issued)


def test_an_epochs_emission_is_its_blocks_summed_one_by_one() -> None:
    counts = jnp.array([0, 1, 2, 3, 10, 77])
    at_once = jax.jit(jax.vmap(jax.vmap(emission_over, (None, 0, None, None)), (0, None, None, None)))
    one_by_one = jax.jit(jax.vmap(walk, (0, None, None)))
    for supply, first in ((1000, 7), (1000, 64), (10, 7), (100, 1000), (21 * 10**15, 10**9)):
        near = [0, supply // 3, supply // 2 - 2 * first, supply // 2 - 1, supply // 2, supply - 3, supply - 1, supply]
        starts = jnp.array([max(i, 0) for i in near])
        walked = one_by_one(starts, supply, first)
        np.testing.assert_array_equal(at_once(starts, counts, supply, first), walked[:, counts])
        assert (walked + starts[:, None] <= supply).all()


def test_emission_over_a_century_agrees_with_a_walk_in_whole_integers() -> None:
    supply, first, blocks = 21 * 10**15, 10**9, 7200 * 365 * 100
    issued, left = 0, blocks
    while left:
        k = (supply // (supply - issued)).bit_length() - 1
        rate, threshold = first >> k, supply - (supply >> (k + 1))
        alike = min(left, -(-(threshold - issued) // rate))
        issued, left = issued + rate * alike, left - alike
    assert int(jax.jit(emission_over)(0, blocks)) == issued
    assert int(emission_over(0, 10_500_000)) == supply // 2
    assert int(emission_over(0, 10_500_001)) == supply // 2 + first // 2


def test_the_decay_factor_is_the_largest_that_halves() -> None:
    def power(base: int, exponent: int) -> int:
        result = 2**32
        while exponent:
            result, exponent = (result * base >> 32, exponent) if exponent & 1 else (result, exponent)
            base, exponent = base * base >> 32, exponent >> 1
        return result

    half_lives = [1, 2, 3, 7, 100, 360, 361, 4096, 36_100]
    for half_life, d in zip(half_lives, jax.jit(jax.vmap(decay_factor))(jnp.array(half_lives)).tolist(), strict=True):
        assert power(d, half_life) <= 2**31 < power(d + 1, half_life)
    assert int(decay_factor(0)) == 2**32


def test_a_price_decays_block_by_block_as_whole_numbers_do() -> None:
    rule = RegistrationPrice(half_life_blocks=50, min_rao=1000)
    price, d = 10**11, int(decay_factor(50))
    for _ in range(2000):
        price = max(price * d >> 32, 1000)
    assert int(rule.decay(jnp.int64(10**11), 2000)) == price == 1000


def test_the_lowest_is_found_as_sorting_would() -> None:
    rng = np.random.default_rng(5)
    find, trim = jax.jit(lowest), jax.jit(kept_after_trim)
    for _ in range(200):
        emission, block = rng.integers(0, 4, 12), rng.integers(0, 3, 12)
        mask = rng.random(12) < rng.random()
        ranked = sorted((e, b, uid) for uid, (e, b) in enumerate(zip(emission, block, strict=True)) if mask[uid])
        assert int(find(mask, emission, block)) == (ranked[0][2] if ranked else -1)
        protected = rng.random(12) < 0.2
        removed = sorted((e, -uid) for uid, e in enumerate(emission) if not protected[uid])[:5]
        kept = np.asarray(trim(emission, protected, 7))
        if 100 * protected.sum() // 7 < 80:
            assert sorted(-uid for _, uid in removed) == np.flatnonzero(~kept).tolist()
