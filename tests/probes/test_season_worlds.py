"""Tiny seasons of art whose end a person can state."""

from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.curation.books import open_books
from subnet.curation.collectors import Collectors
from subnet.curation.crowd import draw_luck, open_crowd
from subnet.curation.outcome import bribes
from subnet.curation.scenario import CurationScenario
from subnet.curation.voting import Power, Voted, vote
from subnet.curation.works import Works
from subnet.keys import run_key
from subnet.lanes import stack_scenarios
from tests.season_world import HASTY, POINTS, SIZE, TALLIES, AnyPoints, AnyTally, Played, play, tiny, tiny_fragments
from tokenomics.curation.auction import Auction
from tokenomics.curation.points.launch import Launch
from tokenomics.curation.points.per_round import PerRound
from tokenomics.curation.tallies.base import Ballots
from tokenomics.curation.tallies.kleros import Kleros
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.curation.tallies.uma import Uma
from tokenomics.royalties import Royalties
from validators.curators.bribed import Bribed
from validators.curators.briber import Briber
from validators.curators.herder import Herder
from validators.curators.sincere import Sincere
from validators.curators.wallet_splitter import WalletSplitter
from validators.curators.wash_voter import WashVoter
from validators.curators.whale import Whale

ROUNDS, TOKEN = 14, 10**9
CROWD, MANY, WASH, WHALE = slice(0, 8), slice(8, 9), slice(9, 11), slice(11, 12)  # rows, and by name the parties
OWN = np.arange(ROUNDS) == 12  # every 13th round is the artist's
RULES = TALLIES | {"uma": Uma(gat=0.0, slash_wrong=0.1, slash_missed=0.05), "kleros": Kleros()}
EARNED = POINTS | {
    "per_round": PerRound(connected_points=0.0, signup_points=0.0),
    "launch": Launch(first_bonus=0.0),
}


def world(
    tally: str = "net_points",
    points: str = "per_round",
    rules: dict[str, Any] | None = None,
    reserve_eth: float = 0.0,
    sensitivity: float = 0.4,
    drift: float = 0.3,
    **people: dict[str, float],
) -> CurationScenario:
    """Return a world in which only those have tokens who are given some; `people` says what parties have."""
    found = EARNED | (rules or {})
    kinds: dict[str, Any] = {
        "crowd": partial(Sincere, count=8),
        "many": WalletSplitter,
        "wash": partial(WashVoter, count=2),
        "whale": Whale,
    }
    return tiny(
        {name: kind(**{"tokens": 0.0} | people.get(name, {})) for name, kind in kinds.items()},
        drift=drift,
        points=AnyPoints(tuple(found.values()), list(found).index(points)),
        tally=AnyTally(tuple(RULES.values()), list(RULES).index(tally)),
        auction=Auction(reserve_rule="fixed", reserve_eth=reserve_eth),
        royalties=Royalties(model_share=0.0),
        rest={"collectors": Collectors(sensitivity=sensitivity)},
    )


FREE = {"per_round": PerRound(connected_points=350.0, signup_points=0.0)}
AGREED = {"taste": 1.0, "noise": 0.0, "downvotes": 0.0, "indifference": 0.0, "kept_for_boosts": 0.5}
SPENDS_ALL = {"tokens": 1000.0, "indifference": 0.0, "kept_for_boosts": 0.0}
BIGGER = {"crowd": AGREED | {"tokens": 1000.0}, "whale": {"tokens": 8100.0, "taste": -1.0}}
SPLIT = {f"{k} wallets, {p}": world(points=p, rules=FREE, many={"wallets": float(k), "tokens": 1e4})
         for k in (1, 100) for p in EARNED}  # fmt: skip
WORLDS: dict[str, CurationScenario] = {
    **{f"alone, {kind}": world(kind, many={"tokens": 5000.0, "wallets": 4.0}) for kind in RULES},
    "leavers": world(crowd={"tokens": 1e5, "leaves": 1.0}, whale={"tokens": 200.0}),
    "nobody leaves": world(crowd={"tokens": 1e5, "taste": 1.0}, whale={"tokens": 200.0, "taste": -1.0}),
    "leavers who could save": world(points="accruing", crowd={"tokens": 1e5, "leaves": 1.0}, whale={"tokens": 200.0}),
    **{f"whale, {kind}": world(kind, drift=0.0, **BIGGER) for kind in ("net_points", "token_weighted", "quadratic")},
    **SPLIT,
    **{f"roots, {k}": world("quadratic", many={"wallets": float(k), "tokens": 1e4}) for k in (1, 25)},
    "wash": world(crowd=SPENDS_ALL, wash={"tokens": 1000.0}),
    "savers": world(points="accruing", crowd={"tokens": 1000.0}),
    "tired": world(points="accruing", crowd={"tokens": 1000.0, "effort_eth": 1000.0}, whale={"tokens": 10.0}),
    "reserve": world(reserve_eth=1e6, crowd={"tokens": 1000.0}),
    **{f"sensitivity {s}": world(sensitivity=s, crowd={"tokens": 1000.0}) for s in (0.0, 0.5)},
    "oracle": world("uma", crowd={"tokens": 1000.0, "taste": 1.0}, whale={"tokens": 1e5, "taste": -1.0},
                    wash={"tokens": 1000.0, "leaves": 1.0}),
    "court without a juror": world("kleros", whale={"tokens": 1e5, "leaves": 1.0}),
    "court of one": world("kleros", whale={"tokens": 1e5}),
}  # fmt: skip


@cache
def all_worlds() -> Played:
    return play(list(WORLDS.values()), ROUNDS, seeds=np.full(len(WORLDS), 7))


def played(name: str) -> Played:
    return all_worlds().world(list(WORLDS).index(name))


def won(name: str, party: int) -> np.ndarray:
    """Return in which voted rounds a party's wish came true, [13]."""
    wins: np.ndarray = played(name).out.wins[~OWN, party]
    return wins


@pytest.mark.parametrize("kind", RULES)
def test_who_alone_has_stake_decides_alone_under_every_tally(kind: str) -> None:
    out = played(f"alone, {kind}").out
    assert won(f"alone, {kind}", 1).all()
    assert out.minted.all()
    assert out.pivotal[~OWN, 1].any()
    assert not out.pivotal[:, [0, 2, 3]].any()


def test_the_votes_of_those_who_leave_inside_a_round_vanish_with_their_rewards() -> None:
    out = played("leavers").out
    assert won("leavers", 3).all()
    assert not out.people.spent[:, CROWD].any()
    assert not out.people.credited[:, CROWD].any()
    assert out.people.credited[~OWN, WHALE].sum() > 0
    assert not won("nobody leaves", 3).any()


def test_points_that_could_be_saved_are_lost_by_leaving() -> None:
    out = played("leavers who could save").out
    np.testing.assert_allclose(out.people.points[:, CROWD], 1e5)
    assert (played("savers").out.people.points[1:, CROWD] > 1000).any()  # who stays keeps what it did not spend


def test_a_whale_with_more_than_all_others_wins_unless_votes_cost_their_square() -> None:
    """The others agree, and it likes the opposite: √8100 votes are fewer than eight times √1000, divided by chance."""
    assert won("whale, net_points", 3).all()
    assert won("whale, token_weighted", 3).all()
    assert not won("whale, quadratic", 3).any()


@pytest.mark.parametrize(("points", "gain"), [("launch", 60.0), ("per_round", 45_000 / 10_350), ("accruing", 1.0)])
def test_a_hundred_wallets_have_more_points_only_where_the_rule_is_not_linear(points: str, gain: float) -> None:
    one, many = (played(f"{k} wallets, {points}").out.people.points[0, MANY] for k in (1, 100))
    np.testing.assert_allclose(many / one, gain, rtol=1e-6)


def test_votes_that_cost_their_square_are_worth_the_root_of_the_wallets_more() -> None:
    one, many = (played(f"roots, {k}").out.score[~OWN] for k in (1, 25))
    np.testing.assert_allclose(many / one, 5)


def test_wash_voters_earn_what_sincere_voters_of_the_same_stake_earn() -> None:
    people = played("wash").out.people
    np.testing.assert_allclose(people.spent[~OWN][:, :11][:, np.r_[CROWD, WASH]], 1000, rtol=1e-5)
    earned = people.credited[~OWN][:, np.r_[CROWD, WASH]]
    assert (earned > 0).all()
    np.testing.assert_allclose(earned, np.broadcast_to(earned.mean(axis=1, keepdims=True), earned.shape), rtol=1e-5)


@pytest.mark.parametrize("name", ["alone, kleros", "savers", "wash", "oracle"])
def test_every_thirteenth_round_is_the_artists_choice_and_costs_nobody_points_or_stake(name: str) -> None:
    _, after, out = played(name)
    assert (out.own_choice == OWN).all()
    assert out.minted[OWN].all()
    assert np.isnan(out.score[OWN]).all()
    assert not out.people.spent[OWN].any()
    assert not out.people.moved[OWN].any()
    assert not out.people.credited[OWN].any()
    if name == "savers":
        np.testing.assert_allclose(after.points[12], out.people.points[12], rtol=1e-6)
        assert (out.people.points[13, CROWD] > 999 + out.people.points[12, CROWD]).all()


def test_who_wants_more_for_its_effort_than_voting_pays_comes_once() -> None:
    people = played("tired").out.people
    assert people.spent[0, CROWD].any()
    assert not people.spent[1:, CROWD].any()
    assert people.spent[~OWN, WHALE].all()
    np.testing.assert_allclose(np.diff(people.points[1:, CROWD], axis=0), 1000, rtol=1e-4)


def test_a_reserve_above_all_values_sells_nothing_and_nobody_gets_anything() -> None:
    out = played("reserve").out
    assert not out.sale.sold.any()
    assert out.minted.all()
    assert not any(np.any(flow) for flow in out.eth_flows.values())
    assert not out.people.credited.any()
    assert (out.price == out.price[0]).all()


def test_collectors_pay_for_quality_as_far_as_they_are_sensitive_to_it() -> None:
    """Everything else is luck, and the same: the price changes by exp(0.5 · 3 tanh(q / 3))."""
    blind, seeing = (played(f"sensitivity {s}").out for s in (0.0, 0.5))
    np.testing.assert_array_equal(blind.quality, seeing.quality)
    np.testing.assert_allclose(
        seeing.sale.hammer / blind.sale.hammer, np.exp(1.5 * np.tanh(blind.quality / 3)), rtol=1e-5
    )
    assert np.std(blind.quality) > 0.1


def test_an_oracle_takes_a_tenth_of_who_was_wrong_and_a_twentieth_of_who_stayed_away_for_those_who_were_right() -> None:
    """The whale has most of all stake, so what it names is right."""
    start, after, out = played("oracle")
    moved = out.people.moved[0]
    wrong, right = moved[CROWD] < 0, moved[CROWD] > 0
    assert (wrong | right).all()
    assert wrong.any()
    assert (moved[CROWD][wrong] == -100 * TOKEN).all()
    assert (moved[WASH] == -50 * TOKEN).all()
    pot = (100 * int(wrong.sum()) + 2 * 50) * TOKEN
    agreed = 100_000 + 1000 * int(right.sum())
    assert moved[WHALE] == 100_000 * pot // agreed
    assert (moved[CROWD][right] == 1000 * pot // agreed).all()
    before = start.books.tokens.balances["curators"]
    assert (after.books.tokens.balances["staked"][0] == before + moved).all()
    assert 0 <= after.books.tokens.balances["rule"][0] < 12


def test_a_court_fines_every_missed_vote_and_none_where_all_agree() -> None:
    """Three jurors and seven on appeal, 500 tokens each; the only one with stake is drawn for all of them."""
    missed = played("court without a juror").out.people.moved[:, WHALE]
    assert (missed[~OWN] == -10 * 500 * TOKEN).all()
    assert not played("court of one").out.people.moved.any()
    assert won("court of one", 3).all()


SOLD = slice(7, 11)


def bribery(offer: float = 0.02, budget: float = 5.0, honesty: float = 0.0, leaves: float = 0.0) -> CurationScenario:
    """Return one that bribes, six with little stake, and four whose votes are for sale."""
    return tiny(
        {
            "briber": Briber(offer_eth=offer, budget_eth=budget, tokens=1.0),
            "crowd": Sincere(count=6, tokens=1.0),
            "sold": Bribed(count=4, honesty_eth=honesty, tokens=2000.0, noise=0.0, taste=1.0, leaves=leaves),
        },
        points=PerRound(connected_points=0.0, signup_points=0.0),
    )


BRIBES = {
    "all take it": bribery(),
    "nothing is offered": bribery(offer=0.0),
    "money for two": bribery(budget=0.1),
    "honest": bribery(honesty=1e6),
    "takers leave": bribery(leaves=1.0),
}


@cache
def bribed_worlds() -> Played:
    return play(list(BRIBES.values()), ROUNDS, seeds=np.full(len(BRIBES), 3))


def bribed(name: str) -> Any:
    return bribed_worlds().world(list(BRIBES).index(name)).out


def test_who_sells_its_vote_is_paid_what_it_was_promised_and_the_briber_wins() -> None:
    out = bribed("all take it")
    each = round(0.02 * 2000 / 1000 * TOKEN)
    assert (out.bribes.takers[~OWN] == 4).all()
    np.testing.assert_allclose(out.bribes.paid[~OWN], 4 * each, rtol=1e-6)  # promises are float32
    assert (out.bribes.paid == out.bribes.promised).all()
    assert (out.eth_flows["outside", "curators", "bribe"] == out.bribes.paid).all()
    assert out.wins[~OWN, 0].all()
    assert not out.bribes.paid[OWN].any()


def test_without_an_offer_nobody_moves_and_nothing_is_paid() -> None:
    out = bribed("nothing is offered")
    assert not out.bribes.takers.any()
    assert not out.bribes.paid.any()
    assert not out.wins[~OWN, 0].all()


def test_a_budget_for_two_buys_two() -> None:
    out = bribed("money for two")
    assert (out.bribes.takers[~OWN] == 2).all()
    np.testing.assert_allclose(out.bribes.paid[~OWN], 2 * 0.04 * TOKEN, rtol=1e-6)


def test_a_bribe_below_the_loss_moves_only_those_who_lose_nothing_by_it() -> None:
    """All four like the same, so either all of them see nothing better than the briber's work, or some refuse."""
    out = bribed("honest")
    assert out.bribes.takers.sum() < 4 * (~OWN).sum()
    np.testing.assert_allclose(out.bribes.paid, out.bribes.takers * 0.04 * TOKEN, rtol=1e-6)


def test_votes_that_were_withdrawn_are_not_paid_for() -> None:
    out = bribed("takers leave")
    assert not out.bribes.takers.any()
    assert not out.bribes.promised.any()


@pytest.mark.parametrize(("minted", "paid"), [(5, 0), (3, 2)])
def test_a_promise_for_the_case_of_losing_is_paid_only_then(minted: int, paid: int) -> None:
    """Two of three put most of their power on the briber's work, 5, one of them in two entries."""
    scenario = tiny({"a": Briber(only_if_lost=True), "b": Bribed(count=3)})
    voted, ballots = delivered()
    _, out = bribes(scenario, open_books(scenario, jnp.zeros(4, jnp.int64)), voted, ballots, jnp.int32(minted))
    assert int(out.takers) == 2
    assert int(out.promised) == round((1.0 + 0.75) * 0.5 * TOKEN)
    assert int(out.paid) == (int(out.promised) if paid else 0)


def delivered() -> tuple[Voted, Ballots]:
    """Return a round in which half an ETH was promised to each of three for work 5."""
    none = jnp.zeros(4)
    votes = Ballots(
        fragment=jnp.array([[5, -1], [5, 1], [5, 5], [5, 2]], jnp.int32),
        part=jnp.array([[0, 0], [1.0, 0], [0.5, 0.25], [0.5, 0.5]], jnp.float32),
        day=jnp.arange(2),
        last_day=jnp.int32(1),
        choice=jnp.full(4, -1, jnp.int32),
        points=none,
        stake=none.astype(jnp.int64),
        wallets=none + 1,
        lock_weeks=none,
    )
    bribe = jnp.array([0, 0.5, 0.5, 0.5], jnp.float32)
    return Voted(votes, jnp.arange(4), None, jnp.array([5, 5]), bribe, jnp.int32(5)), votes  # type: ignore[arg-type]


@cache
def voted_by(leaderboard: Any) -> np.ndarray:
    """Return the parts [2, n, K] in one round of those who follow the public count not at all, and altogether."""
    worlds = [
        tiny(
            {"crowd": Sincere(count=5), "herd": Herder(count=4, following=following)},
            fragments=tiny_fragments(leaderboard=leaderboard),
            tally=NetPoints(),
        )
        for following in (0.0, 1.0)
    ]

    @partial(jax.jit, compiler_options=HASTY)
    def parts(scenarios: CurationScenario) -> jax.Array:
        def one(scenario: CurationScenario) -> jax.Array:
            key = run_key(5)
            crowd = open_crowd(key, scenario, SIZE)
            power = Power(jnp.full(9, 100.0), crowd.stake, jnp.ones(9, bool))
            luck = draw_luck(key, jnp.int32(0), scenario, 6, 10)
            return vote(key, jnp.int32(0), scenario, crowd, luck, power, pool(), ()).ballots.part

        return jax.lax.map(one, scenarios)

    return np.asarray(parts(stack_scenarios(worlds)))


def pool() -> Works:
    """Return eight works by chance."""
    rng, none = np.random.default_rng(0), jnp.zeros(8, jnp.int32)
    features = jnp.asarray(rng.normal(size=(8, SIZE)), jnp.float32)
    return Works(jnp.arange(8), features, features, none, none, jnp.zeros(8), jnp.zeros(8), jnp.zeros(8))


def test_who_follows_a_count_needs_one_that_is_public() -> None:
    apart, together = voted_by("last_day")
    np.testing.assert_array_equal(apart, together)
    apart, together = voted_by("always")
    np.testing.assert_array_equal(apart[:, :3], together[:, :3])  # on the first day nothing has been counted
    np.testing.assert_array_equal(apart[:5, :6], together[:5, :6])  # others look at no count
    assert (apart[5:, 3:6] != together[5:, 3:6]).any()


def test_a_hidden_leaderboard_means_no_boosts() -> None:
    assert not voted_by("hidden")[:, :, 6:].any()
    assert voted_by("last_day")[:, :, 6:].any()
    np.testing.assert_array_equal(voted_by("hidden")[:, :, :6], voted_by("last_day")[:, :, :6])
