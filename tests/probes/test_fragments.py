"""Pools small enough to say what is shown, what goes, and where new works hang."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation.cull import culled, room
from tokenomics.curation.exposure import controversy, draw_shown, exposure_score
from tokenomics.curation.fragments import Fragments

DRAWS = 40_000
compiled = jax.jit(draw_shown)


def luck(key: jax.Array, *shape: int) -> jax.Array:
    """Return uniform numbers for so many works shown."""
    return jax.random.uniform(key, shape, jnp.float32)


def shown(
    score: list[float], present: list[bool], chances: Fragments, disputed: list[float] | None = None
) -> np.ndarray:
    """Return how often each place is drawn."""
    hot = None if disputed is None else jnp.array(disputed)
    drawn = luck(jax.random.key(4), DRAWS)
    places = compiled(jax.random.key(3), jnp.array(score), jnp.array(present), drawn, chances, hot)
    assert places.dtype == jnp.int32
    return np.bincount(np.asarray(places), minlength=len(score))


def assert_binomial(count: float, chance: float) -> None:
    """Assert that so many of all draws are within five standard deviations of what is expected."""
    assert abs(count - DRAWS * chance) <= 5 * math.sqrt(DRAWS * chance * (1 - chance))


def test_a_work_scores_fully_until_it_was_seen_enough() -> None:
    views, choosers = jnp.array([0, 99, 100, 200, 400]), jnp.array([0, 0, 100, 50, 0])
    assert exposure_score(views, choosers, 100).tolist() == [100, 100, 100, 25, 0]
    assert exposure_score(views, choosers, 0).tolist()[:2] == [0, 0]


def test_an_even_vote_is_disputed_and_a_few_votes_hardly() -> None:
    got = controversy(jnp.array([0, 10, 10, 20, 1]), jnp.array([0, 10, 0, 60, 1]))
    np.testing.assert_allclose(got, [0, 20 / 40, 0, 0.75 * 80 / 100, 2 / 22], rtol=1e-12)
    assert controversy(jnp.zeros(2), jnp.zeros(2), 0.0).tolist() == [0, 0]


def test_the_upper_half_is_shown_four_times_in_five() -> None:
    score, present = [5.0, 1.0, 9.0, 2.0, 8.0, 7.0], [True, True, True, True, True, False]
    counts = shown(score, present, Fragments())
    assert counts[5] == 0
    for place in (2, 4, 0):  # the middle one of five is in the upper half
        assert_binomial(counts[place], 0.8 / 3)
    for place in (1, 3):
        assert_binomial(counts[place], 0.2 / 2)


def test_a_random_pool_and_a_disputed_one_take_their_shares_first() -> None:
    rule = Fragments(top_share=1.0, random_share=0.4, controversial_share=0.2)
    counts = shown([4.0, 3.0, 2.0, 1.0], [True] * 4, rule, [0.1, 0.2, 0.3, 0.4])
    for place, chance in enumerate((0.1 + 0.2, 0.1 + 0.2, 0.1 + 0.1, 0.1 + 0.1)):
        assert_binomial(counts[place], chance)


def test_without_counted_disputes_there_is_no_disputed_pool() -> None:
    counts = shown([4.0, 3.0, 2.0, 1.0], [True] * 4, Fragments(top_share=1.0, controversial_share=0.5))
    assert counts[2:].tolist() == [0, 0]


def test_shares_of_more_than_all_cut_the_disputed_pool() -> None:
    rule = Fragments(random_share=0.6, controversial_share=0.9)
    counts = shown([4.0, 3.0, 2.0, 1.0], [True] * 4, rule, [0.0, 0.0, 1.0, 1.0])
    assert_binomial(counts[:2].sum(), 0.3)


def test_works_of_equal_score_are_favoured_at_random() -> None:
    """A fresh pool has one score: each key favours another half, and over many keys nobody is."""
    score, present, keys = jnp.full(8, 100.0), jnp.ones(8, bool), jax.random.split(jax.random.key(4), 400)
    draw = jax.jit(jax.vmap(lambda key: draw_shown(key, score, present, luck(key, 100), Fragments())))
    counts = np.asarray(jax.vmap(lambda x: jnp.bincount(x, length=8))(draw(keys)))
    often = counts > 100 / 8
    assert (often.sum(axis=1) == 4).mean() > 0.8
    # Who is in the upper half is a toss for each key, which moves a place's 100 draws by 7.5 either way.
    deviation = math.sqrt(400 * (7.5**2 + 100 * 0.2))
    assert (np.abs(counts.sum(axis=0) - 40_000 / 8) < 5 * deviation).all()


@pytest.mark.parametrize("present", [[False, True, False], [False, False, False]])
def test_a_single_work_is_always_shown_and_an_empty_pool_shows_a_place_that_exists(present: list[bool]) -> None:
    rule = Fragments(random_share=0.2, controversial_share=0.2)
    counts = shown([0.0, 1.0, 2.0], present, rule, [0.0, 1.0, 2.0])
    assert counts.shape == (3,)
    assert counts.sum() == DRAWS
    if any(present):
        assert counts[1] == DRAWS


SCORE = jnp.array([50.0, 10.0, 10.0, 90.0, 10.0, 5.0, 30.0])
AGE = jnp.array([4, 4, 9, 8, 4, 3, 5])
PRESENT = jnp.array([True, True, True, True, True, True, False])


@pytest.mark.parametrize(
    ("count", "gone"),
    [(0, []), (1, [2]), (2, [1, 2]), (3, [1, 2, 4]), (4, [0, 1, 2, 4]), (9, [0, 1, 2, 3, 4])],
)
def test_the_lowest_of_the_old_are_dropped_the_oldest_first(count: int, gone: list[int]) -> None:
    """Place 5 is lowest but in its grace, place 6 is empty."""
    assert np.flatnonzero(culled(SCORE, AGE, PRESENT, count, 3)).tolist() == gone


@pytest.mark.parametrize("additions", [1, 2, 3, 7])
def test_new_works_take_empty_places_and_then_the_lowest_whatever_their_age(additions: int) -> None:
    places, gone = room(SCORE, AGE, PRESENT, additions)
    assert places.dtype == jnp.int32
    assert places.tolist() == [6, 5, 2, 1, 4, 0, 3][:additions]
    assert np.flatnonzero(gone).tolist() == sorted(places.tolist()[1:])


def test_empty_places_are_taken_from_the_first_whatever_hung_there() -> None:
    places, gone = room(SCORE, AGE, jnp.zeros(7, bool), 4)
    assert places.tolist() == [0, 1, 2, 3]
    assert not gone.any()


def test_more_works_than_places_are_refused() -> None:
    with pytest.raises(ValueError, match="additions = 8 do not fit into a pool of 7 places"):
        room(SCORE, AGE, PRESENT, 8)


def test_the_artist_picks_its_own_work_in_the_last_round_of_each_period() -> None:
    rounds = jnp.arange(30)
    assert np.flatnonzero(Fragments().own_choice(rounds)).tolist() == [12, 25]
    assert not Fragments(period_rounds=0).own_choice(rounds).any()
