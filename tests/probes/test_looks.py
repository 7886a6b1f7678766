"""What validators see of submissions: noise that falls with the rows they draw, and turns that everybody gets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.work.evaluation import Looks, look
from subnet.work.population import Evaluators
from subnet.work.rows import originality

V, M, P, DRAWS = 6, 5, 40, 150
RNG = np.random.default_rng(0)
MEASURED = jnp.asarray(RNG.normal(size=(M, P)), jnp.float32)
BASE = jnp.asarray(RNG.normal(size=P), jnp.float32)
EVEN = jnp.full(P, 1 / P, jnp.float32)
ALL = jnp.ones(M, bool)


def looks(
    evaluators: Evaluators, demand: jax.Array = EVEN, present: jax.Array = ALL, draws: int = DRAWS
) -> tuple[np.ndarray, Looks]:
    """Return how long everybody has waited after each epoch, and what validators found, [draws, ...]."""

    def epoch(waiting: jax.Array, number: jax.Array) -> tuple[jax.Array, tuple[jax.Array, Looks]]:
        waiting, found = look(jax.random.key(1), number, evaluators, waiting, demand, MEASURED, BASE, present)
        return waiting, (waiting, found)

    run = jax.jit(lambda: jax.lax.scan(epoch, jnp.zeros((V, M), jnp.int32), jnp.arange(draws))[1])
    waiting, found = jax.tree.map(np.asarray, run())
    return waiting, found


def test_scores_are_right_on_average_and_their_variance_falls_with_the_number_of_rows() -> None:
    """Rows are drawn with replacement: Var = sigma² / B, sigma² the variance over the hold-out."""
    sigma2 = np.asarray(MEASURED).var(axis=1)
    for rows in (4, 64):
        _, found = looks(Evaluators(count=V, rows=rows))
        seen = found.values.reshape(-1, M)
        error = np.sqrt(sigma2 / rows / len(seen))
        assert (np.abs(seen.mean(axis=0) - np.asarray(MEASURED).mean(axis=1)) < 4 * error).all()
        np.testing.assert_allclose(seen.var(axis=0, ddof=1) * rows / sigma2, 1, atol=0.25)  # 900 looks: +- 5 %


def test_a_validator_takes_the_same_rows_for_all_miners_and_others_take_others() -> None:
    """So that luck cancels in a comparison: of two equal submissions, nobody sees a difference."""
    same = jnp.broadcast_to(MEASURED[0], (M, P))
    _, found = look(
        jax.random.key(0), jnp.int32(0), Evaluators(count=V, rows=8), jnp.zeros((V, M)), EVEN, same, BASE, ALL
    )
    values = np.asarray(found.values)
    assert np.ptp(values, axis=1).max() < 1e-6
    assert len(set(values[:, 0].tolist())) == V


def test_rows_are_drawn_as_they_are_wanted() -> None:
    demand = jnp.asarray(np.where(np.arange(P) == 7, 0.75, np.where(np.arange(P) == 9, 0.25, 0.0)), jnp.float32)
    _, found = looks(Evaluators(count=V, rows=16), demand)
    expected = 0.75 * np.asarray(MEASURED)[:, 7] + 0.25 * np.asarray(MEASURED)[:, 9]
    np.testing.assert_allclose(found.values.mean(axis=(0, 1)), expected, atol=0.05)
    np.testing.assert_allclose(found.base.mean(), 0.75 * float(BASE[7]) + 0.25 * float(BASE[9]), atol=0.05)


def test_all_are_looked_at_where_there_is_time_for_all() -> None:
    for per_epoch in (0, 100):
        waiting, found = looks(Evaluators(count=V, rows=2, miners_per_epoch=per_epoch), draws=2)
        assert found.evaluated.all()
        assert not waiting.any()


def test_a_busy_validator_looks_at_so_many_and_rather_at_those_who_waited() -> None:
    waiting, found = looks(Evaluators(count=V, rows=2, miners_per_epoch=2))
    assert (found.evaluated.sum(axis=2) == 2).all()
    np.testing.assert_array_equal(waiting[1:], np.where(found.evaluated[1:], 0, waiting[:-1] + 1))
    assert waiting.max() < 15  # by fair draws alone one in a thousand would wait that long
    before = waiting[:-1]
    chosen = [found.evaluated[1:][before == age].mean() for age in (0, 1, 3)]
    assert chosen[0] < chosen[1] < chosen[2]
    np.testing.assert_allclose(found.evaluated.mean(axis=(0, 1)), 2 / M, atol=0.05)


@pytest.mark.parametrize("per_epoch", [0, 4])
def test_nobody_looks_at_an_empty_seat(per_epoch: int) -> None:
    present = jnp.asarray([True, False, True, False, True])
    _, found = looks(Evaluators(count=V, rows=2, miners_per_epoch=per_epoch), present=present, draws=20)
    assert not found.evaluated[..., ~np.asarray(present)].any()
    assert (found.evaluated.sum(axis=2) == (min(per_epoch, 3) or 3)).all()


def test_originality_is_nothing_for_a_copy_and_one_without_anything_in_common() -> None:
    before = np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0], [np.inf] * 4])
    now = np.array([[0, 1.0, 0, 0], [0, 0, 3.0, 4.0], [1.0, 0, 0, 0]])
    got = np.asarray(originality(jnp.asarray(now), jnp.asarray(before)))
    assert got[0] < 1e-6  # repeats the second
    assert got[1] == 1  # like the first of the last epoch by a sixth, but the first is nearer to what it said then
    assert got[2] < 1e-6  # repeats the first; nobody knows what it said itself


def test_whoever_was_copied_is_not_the_copy() -> None:
    """The second hands in what the first had an epoch ago; the first has moved on from there by a little."""
    author = np.array([[10.0, 0, 0], [10.0, 1.0, 0], [10.0, 2.0, 0]])
    now, before = jnp.asarray([author[2], author[1]]), jnp.asarray([author[1], author[0]])
    assert originality(now, before).tolist() == [1, 0]


def test_nobody_repeats_anybody_in_the_first_epoch_and_itself_never() -> None:
    nothing = jnp.full((2, 3), jnp.inf)
    assert originality(jnp.ones((2, 3)), nothing).tolist() == [1, 1]
    alone = jnp.stack([jnp.ones(3), jnp.full(3, jnp.inf)])
    assert originality(alone, alone)[0] == 1
