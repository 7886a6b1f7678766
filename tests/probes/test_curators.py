"""Small shows of art whose votes a person can state."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from validators.curators._spend import spend
from validators.curators.base import CuratorView
from validators.curators.bribed import Bribed
from validators.curators.briber import Briber
from validators.curators.herder import Herder
from validators.curators.late_swinger import LateSwinger
from validators.curators.ring import Ring
from validators.curators.sincere import Sincere
from validators.curators.wallet_splitter import WalletSplitter
from validators.curators.wash_voter import WashVoter
from validators.curators.whale import Whale

KEY = jax.random.key(0)
DAYS = 4
DUST = 2.0**-20  # a floor takes under 2^-24 from each part
# Three works: the second is liked, the third is wanted and disliked.
LIKING = np.array([[0.0, 2.0, -1.0]])


def show(
    liking: Any = LIKING, sittings: int = DAYS + 1, wanted: int = 2, bribe: float = 0.0, **others: Any
) -> CuratorView:
    """Return the view of people to whom works 0, 1, … are shown, all open, who have spent nothing."""
    liking = jnp.asarray(liking, jnp.float32)
    count = liking.shape[0]
    view = CuratorView(
        shown=jnp.broadcast_to(jnp.arange(liking.shape[1], dtype=jnp.int32), liking.shape),
        liking=liking,
        open=jnp.ones(liking.shape, bool),
        left=jnp.ones(count, jnp.float32),
        sittings=jnp.int32(sittings),
        standing=jnp.zeros(liking.shape, jnp.float32),
        wanted=jnp.int32(wanted),
        bribe=jnp.full(count, bribe, jnp.float32),
    )
    return view._replace(**others)


def whole_round(rule: Any, liking: Any = LIKING, **others: Any) -> np.ndarray:
    """Return the parts of one curator at every sitting, [DAYS + 1, K], when it sees other works each day."""
    left, parts = jnp.ones(1, jnp.float32), []
    for sitting in range(DAYS + 1):
        view = show(liking, DAYS + 1 - sitting, left=left, **others)
        act = rule.vote if sitting < DAYS else rule.boost
        parts.append(np.asarray(act(jax.random.fold_in(KEY, sitting), view)))
        left = left - jnp.abs(parts[-1]).sum(axis=1)
    return np.concatenate(parts)


def test_nobody_can_spend_less_than_nothing_or_more_than_is_left() -> None:
    view = show(np.ones((4, 2)), left=jnp.array([0.5, 0.5, 0.0, 1.0]))
    parts = spend(view, jnp.array([0.7, -0.2, 0.3, 0.6]), jnp.array([3.0, -1.0]))
    np.testing.assert_allclose(parts, [[0.375, -0.125], [0, 0], [0, 0], [0.45, -0.15]], atol=DUST)


def test_a_sincere_curator_spends_evenly_and_as_much_as_it_likes_and_dislikes() -> None:
    """Pulls of 0, 2 - 0.5 and -(1 - 0.5) / 2: six parts for to one part against."""
    rule = Sincere(indifference=0.5, downvotes=0.5, kept_for_boosts=0.3)
    parts = whole_round(rule)
    np.testing.assert_allclose(parts[:DAYS], [[0, 0.7 / 4 * 6 / 7, -0.7 / 4 / 7]] * DAYS, atol=DUST)
    np.testing.assert_allclose(parts[DAYS], [0, 0.3, 0], atol=DUST)


def test_a_sincere_curator_that_keeps_nothing_for_boosts_has_spent_all_after_the_last_day() -> None:
    parts = whole_round(Sincere(kept_for_boosts=0.0))
    np.testing.assert_allclose(np.abs(parts[:DAYS]).sum(axis=1), 1 / DAYS, atol=DUST)
    assert np.abs(parts[DAYS]).sum() < DUST


def test_without_downvotes_nobody_votes_against_anything() -> None:
    liking = np.random.default_rng(0).normal(size=(50, 6))
    for kind in (Sincere, Herder, Whale, Ring, Bribed):
        assert (np.asarray(kind(downvotes=0.0).vote(KEY, show(liking))) >= 0).all()
        assert (np.asarray(kind(downvotes=1.0).vote(KEY, show(liking, wanted=-5))) < 0).any()


def test_an_indifferent_curator_spends_later_what_it_did_not_spend_today() -> None:
    rule = Sincere(kept_for_boosts=0.0)
    assert not np.asarray(rule.vote(KEY, show(0.1 * LIKING))).any()
    last_day = np.asarray(rule.vote(KEY, show(sittings=2)))
    np.testing.assert_allclose(np.abs(last_day).sum(), 1, atol=DUST)


@pytest.mark.parametrize("rule", [Whale(), WalletSplitter(), Ring(), Briber()], ids=lambda x: type(x).__name__)
def test_who_has_a_favourite_gives_it_everything_at_first_sight(rule: Any) -> None:
    np.testing.assert_array_equal(whole_round(rule), [[0, 0, 1], *[[0, 0, 0]] * DAYS])
    assert rule.choose(KEY, show()) == 2
    assert rule.choose(KEY, show(wanted=7)) == 1


@pytest.mark.parametrize("rule", [Whale(concentration=0.75), Ring(loyalty=0.75)], ids=lambda x: type(x).__name__)
def test_what_a_favourite_does_not_get_is_voted_as_the_sincere_do(rule: Any) -> None:
    parts = np.asarray(rule.vote(KEY, show()))
    rest = np.asarray(Sincere().vote(KEY, show(left=jnp.full(1, 0.25), open=jnp.array([[True, True, False]]))))
    np.testing.assert_array_equal(parts, rest + np.array([[0, 0, 0.75]]))
    assert rest[0, 1] > 0
    not_there = show(wanted=7)
    np.testing.assert_array_equal(rule.vote(KEY, not_there), Sincere().vote(KEY, not_there))


def test_many_wallets_vote_as_one_whale_does() -> None:
    whale, many = Whale(concentration=0.6), WalletSplitter(concentration=0.6)
    np.testing.assert_array_equal(whole_round(whale), whole_round(many))
    assert many.wallets == 100 * whale.wallets


def test_a_wash_voter_spends_all_at_the_first_sitting_on_whatever_is_shown() -> None:
    parts = whole_round(WashVoter())
    np.testing.assert_allclose(np.abs(parts[0]), 1 / 3, atol=DUST)
    assert np.abs(parts[1:]).sum() < DUST


def test_a_wash_voter_votes_and_chooses_by_chance() -> None:
    view = show(
        np.tile([3.0, 0, -3, 0, 1, 2, -1, 5, 9, -9], (4000, 1)), open=jnp.arange(10)[None] % 5 != jnp.zeros((4000, 1))
    )
    votes = np.asarray(WashVoter().vote(KEY, view))
    assert not votes[:, ::5].any()
    shares = (votes > 0).mean(axis=0)[np.asarray(view.open[0])]
    np.testing.assert_allclose(shares, 0.5, atol=0.04)  # five standard errors
    pairs = np.corrcoef(np.sign(votes[:, np.asarray(view.open[0])]).T) - np.eye(8)
    assert np.abs(pairs).max() < 0.08
    chosen = np.bincount(WashVoter().choose(KEY, view), minlength=10) / 4000
    np.testing.assert_allclose(chosen, np.where(view.open[0], 1 / 8, 0), atol=0.03)


def test_a_bribe_below_the_loss_moves_nobody_and_one_above_it_everybody() -> None:
    """The wanted work is liked less by 3, by 1 and by 0.5 than the best: at 0.01 ETH for 1, losses are known."""
    liking = [[0.0, 2.0, -1.0], [0.0, 2.0, 1.0], [1.0, 1.5, 1.0]]
    rule = Bribed(honesty_eth=0.01)
    sold = [np.asarray(rule.vote(KEY, show(liking, bribe=eth)))[:, 2] == 1 for eth in (0, 0.004, 0.006, 0.011, 0.031)]
    np.testing.assert_array_equal(sold, [[0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]])
    np.testing.assert_array_equal(rule.choose(KEY, show(liking, bribe=0.011)), [1, 2, 2])


def test_who_refuses_a_bribe_votes_as_the_sincere_do() -> None:
    for view in (show(bribe=0.029), show(bribe=0.0), show(bribe=9.0, wanted=7)):
        np.testing.assert_array_equal(Bribed(honesty_eth=0.01).vote(KEY, view), Sincere().vote(KEY, view))
        np.testing.assert_array_equal(Bribed(honesty_eth=0.01).boost(KEY, view), Sincere().boost(KEY, view))


def test_whose_vote_is_for_sale_does_not_give_it_away() -> None:
    """Nobody bribes, so what is wanted is its own favourite: no loss, but no gain either."""
    view = show(wanted=1)
    np.testing.assert_array_equal(Bribed().vote(KEY, view), Sincere().vote(KEY, view))
    assert np.abs(np.asarray(Bribed().vote(KEY, view))).sum() < 0.5


def test_a_briber_promises_by_points_until_its_budget_is_gone() -> None:
    rule = Briber(budget_eth=1.0, offer_eth=0.1)
    np.testing.assert_allclose(
        rule.promise(jnp.array([1000.0, 4000, 0, 5000, 1000])), [0.1, 0.4, 0, 0.5, 0], rtol=1e-12
    )
    np.testing.assert_allclose(Briber(budget_eth=0.0).promise(jnp.array([1000.0])), 0)


def test_a_herder_that_only_follows_votes_for_the_leader() -> None:
    standing = jnp.array([[3.0, -1.0, 0.2]])
    rule = Herder(following=1.0, downvotes=0.0)
    parts = np.asarray(rule.vote(KEY, show(standing=standing)))
    assert parts[0, 0] > 0
    assert not parts[0, 1:].any()
    assert rule.choose(KEY, show(standing=standing)) == 0
    assert Herder(following=0.0).choose(KEY, show(standing=standing)) == 1


@pytest.mark.parametrize("following", [0.0, 0.5, 1.0])
def test_a_herder_from_whom_the_count_is_hidden_has_its_own_taste(following: float) -> None:
    np.testing.assert_array_equal(whole_round(Herder(following=following)), whole_round(Sincere()))
    leads_elsewhere = show(standing=jnp.array([[0, 0, 9.0]]), open=jnp.array([[True, True, False]]))
    np.testing.assert_array_equal(
        Herder(following=following).vote(KEY, leads_elsewhere), Sincere().vote(KEY, leads_elsewhere)
    )


def test_a_herder_believes_half_of_it() -> None:
    """Liking 2 and standing 0 against liking 0 and standing 3: 1 against 1.5, less an indifference of 0.5 each."""
    view = show([[2.0, 0.0]], standing=jnp.array([[0.0, 3.0]]))
    parts = np.asarray(Herder(following=0.5, kept_for_boosts=0.0).vote(KEY, view))
    np.testing.assert_allclose(parts, [[0.25 / 3, 0.5 / 3]], atol=DUST)


def test_a_late_swinger_spends_nothing_before_the_leaderboard_and_all_on_it() -> None:
    np.testing.assert_array_equal(whole_round(LateSwinger()), [*[[0, 0, 0]] * DAYS, [0, 0, 1]])
    np.testing.assert_array_equal(whole_round(LateSwinger(), wanted=7), [*[[0, 0, 0]] * DAYS, [0, 1, 0]])
    np.testing.assert_array_equal(whole_round(LateSwinger(), -1 - LIKING, wanted=7)[DAYS], [0, 0, 1])
