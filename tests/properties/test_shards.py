"""Who owns which rows: shares, skew, and independence of others."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.tasks._shards import IID, deal

GROUPS, MINERS, ROWS = 10, 300, 3000  # one shape, one program
EVEN = np.repeat(np.arange(GROUPS), ROWS // GROUPS)
UNEVEN = np.repeat(np.arange(4), [2250, 450, 225, 75])

_deal = jax.jit(
    lambda keys, group, share, skew: jax.vmap(lambda key: deal(key, group, GROUPS, share, skew))(keys),
)


def miner_keys(seed: int) -> jax.Array:
    return jax.vmap(lambda uid: jax.random.fold_in(jax.random.key(seed), uid))(jnp.arange(MINERS))


def dealt(
    seed: int, group: np.ndarray = EVEN, share: float = 0.1, skew: float = 0.5, keys: jax.Array | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return all miners' rows [M, n] and how many they own [M]."""
    keys = miner_keys(seed) if keys is None else keys
    shard = _deal(keys, jnp.asarray(group, jnp.int32), jnp.float32(share), jnp.float32(skew))
    return np.asarray(shard.rows), np.asarray(shard.owned)


def proportions(group: np.ndarray, rows: np.ndarray, owned: np.ndarray) -> np.ndarray:
    """Return the share of each group in each miner's rows [M, G]."""
    counts = [np.bincount(group[r[:n]], minlength=GROUPS) / n for r, n in zip(rows, owned, strict=True)]
    return np.stack(counts)


@pytest.mark.parametrize("skew", [1e-3, 0.5, 1e6, np.inf])
def test_a_deal_orders_all_rows_and_owns_none_twice(skew: float) -> None:
    rows, owned = dealt(0, skew=skew)
    assert rows.dtype == owned.dtype == np.int32
    assert (np.sort(rows, axis=1) == np.arange(ROWS)).all()
    assert (owned == 300).all()


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 32), (0.01, 32), (0.1, 300), (0.3333, 1000), (1.0, ROWS), (1.7, ROWS)]
)
def test_a_miner_owns_its_share_of_rows_but_at_least_a_batch_and_at_most_all(share: float, expected: int) -> None:
    assert (dealt(0, share=share)[1] == expected).all()


def test_a_task_with_less_than_a_batch_of_rows_is_owned_whole() -> None:
    few = jnp.zeros(5, jnp.int32)
    owned = jax.jit(lambda key: [deal(key, few, 1, 0.1, 1.0, least=n).owned for n in (32, 2)])(jax.random.key(0))
    assert [int(n) for n in owned] == [5, 2]


def test_proportions_are_those_of_a_dirichlet_distribution() -> None:
    """Mean proportions in order of size, against Dirichlet(0.5) drawn by NumPy; no shard exhausts a group."""
    rows, owned = dealt(1, share=0.02, skew=0.5)
    found = np.sort(proportions(EVEN, rows, owned), axis=1)[:, ::-1].mean(axis=0)
    rng = np.random.default_rng(0)
    drawn = np.stack([rng.multinomial(60, rng.dirichlet(np.full(GROUPS, 0.5))) / 60 for _ in range(20_000)])
    expected = np.sort(drawn, axis=1)[:, ::-1].mean(axis=0)
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_less_concentration_means_fewer_groups_per_miner() -> None:
    def effective(skew: float) -> float:  # groups in use: inverse of the sum of squared proportions
        return float((1 / (proportions(EVEN, *dealt(2, skew=skew)) ** 2).sum(axis=1)).mean())

    counts = [effective(skew) for skew in (0.01, 0.1, 0.5, 2.0, 20.0, IID)]
    assert counts == sorted(counts)
    assert counts[0] < 1.5  # a tenth of the rows is exactly one group
    assert counts[-1] > 9


def test_a_favourite_group_is_owned_whole_before_rows_of_others_are() -> None:
    rows, owned = dealt(3, share=0.15, skew=1e-3)
    largest = np.sort(proportions(EVEN, rows, owned), axis=1)[:, ::-1]
    assert (largest[:, 0] == 300 / 450).mean() > 0.95  # 300 of 450 rows are all that a group has
    assert (largest[:, :2].sum(axis=1) > 0.99).mean() > 0.95


@pytest.mark.parametrize("skew", [IID, np.inf])
def test_without_skew_shards_are_plain_random_samples(skew: float) -> None:
    rows, owned = dealt(4, UNEVEN, share=0.1, skew=skew)
    chosen = np.zeros(ROWS)
    for r, n in zip(rows, owned, strict=True):
        chosen[r[:n]] += 1
    assert (np.abs(chosen - 30) < 6 * np.sqrt(300 * 0.1 * 0.9)).all()
    # A sample without replacement: the count of the first group is hypergeometric.
    first = proportions(UNEVEN, rows, owned)[:, 0]
    sd = np.sqrt(0.75 * 0.25 / 300 * (ROWS - 300) / (ROWS - 1))
    np.testing.assert_allclose(first.mean(), 0.75, atol=5 * sd / np.sqrt(MINERS))
    np.testing.assert_allclose(first.std(), sd, rtol=0.2)


def test_with_unequal_groups_the_mean_proportions_are_those_of_the_task() -> None:
    found = proportions(UNEVEN, *dealt(5, UNEVEN, share=0.011, skew=2.0)).mean(axis=0)
    np.testing.assert_allclose(found[:4], [0.75, 0.15, 0.075, 0.025], atol=0.03)


def test_a_group_without_rows_takes_nothing() -> None:
    gap = np.where(EVEN == 9, 0, EVEN)  # group 9 exists by number alone
    rows, owned = dealt(6, gap, skew=0.3)
    assert (np.sort(rows, axis=1) == np.arange(ROWS)).all()
    assert (proportions(gap, rows, owned)[:, 9] == 0).all()


def test_other_miners_change_nobodys_shard() -> None:
    mixed = jnp.concatenate([miner_keys(7)[:5], miner_keys(99)[5:]])
    plain, others = dealt(7), dealt(7, keys=mixed)
    assert (plain[0][:5] == others[0][:5]).all()
    assert (plain[0][5:] != others[0][5:]).any(axis=1).all()


def test_a_larger_share_keeps_the_rows_of_a_smaller_one() -> None:
    small, large = dealt(8, share=0.1), dealt(8, share=0.5)
    assert (small[0] == large[0]).all()
    assert (small[1] < large[1]).all()
