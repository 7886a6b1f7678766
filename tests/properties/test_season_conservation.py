"""Nothing is made or lost in seasons of art: over a thousand random rounds with every kind of tally, to the unit."""

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import pytest

from subnet.curation.collectors import Collectors
from subnet.curation.market import Market
from subnet.curation.scenario import CurationScenario
from tests.season_world import POINTS, TALLIES, AnyPoints, AnyTally, Played, play, tiny, tiny_fragments
from tokenomics.curation.auction import Auction
from tokenomics.curation.points.accruing import Accruing
from tokenomics.curation.points.launch import Launch
from tokenomics.curation.points.per_round import PerRound
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.rewards import ActiveRewards
from tokenomics.curation.tallies.bonding_curve import BondingCurve
from tokenomics.curation.tallies.kleros import Kleros
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.curation.tallies.registry import Registry
from tokenomics.curation.tallies.uma import Uma
from tokenomics.royalties import Royalties
from validators.curators.bribed import Bribed
from validators.curators.briber import Briber
from validators.curators.late_swinger import LateSwinger
from validators.curators.sincere import Sincere
from validators.curators.wash_voter import WashVoter
from validators.curators.whale import Whale

WORLDS, ROUNDS = 44, 14  # of each structure: every tally four times, a period of 13 rounds and one more, or shorter
PARTS = ("active", "retroactive", "liquidity", "karma", "buyback", "treasury")
STRUCTURES = ("rewards in ETH", "rewards in tokens")
every_structure = pytest.mark.parametrize("name", STRUCTURES)


def scenario(name: str, number: int) -> CurationScenario:
    """Draw the numbers of a world in which everything is switched on that money can flow through."""
    rng = np.random.default_rng([number, STRUCTURES.index(name)])
    in_tokens = name == "rewards in tokens"

    def share(at_most: float = 1.0) -> float:
        return at_most * float(rng.choice([0.0, 1.0, *rng.random(6)]))

    def around(x: float, factor: float) -> float:
        return float(x * np.exp(rng.uniform(-1, 1) * np.log(factor)))

    def people() -> dict[str, float]:
        return {
            "tokens": around(500, 20),
            "inequality": share(2.0),
            "wallets": float(rng.integers(1, 5)),
            "pool_shares": share(10.0),
            "leaves": share(0.3),
            "attention": share(),
            "taste": float(rng.uniform(-1, 1)),
        }

    limited = float(rng.random() < 0.7)
    parts = rng.dirichlet(np.ones(6)) * float(rng.choice([1.0, rng.random()]))
    split = Split(*(float(x) for x in parts[:5]), treasury_burn_share=share(), rewards_in_botto=in_tokens)
    rules = TALLIES | {
        "net_points": NetPoints(boosts=int(rng.integers(0, 6)), cap_per_work=share(300.0)),
        "uma": Uma(gat=share(0.3), spat=share(0.5), slash_wrong=share(), slash_missed=share()),
        "kleros": Kleros(min_stake=around(500, 10), alpha=int(rng.integers(0, 10_001))),
        "registry": Registry(deposit=around(100, 20), winner_share=share()),
        "bonding_curve": BondingCurve(exponent=share(3.0), losers_pay=share()),
    }
    assert rules.keys() == TALLIES.keys()
    points = {
        "accruing": Accruing(per_token=share(3.0), per_share=share(200.0)),
        "launch": Launch(per_day=share(40.0), per_tenfold=share(40.0), first_bonus=share(100.0)),
        "per_round": PerRound(connected_points=share(350.0), signup_points=share(200.0)),
    }
    assert points.keys() == POINTS.keys()
    curators: dict[str, Any] = {
        "crowd": Sincere(count=5, **people()),
        "wash": WashVoter(count=2, **people()),
    }
    if in_tokens:
        curators |= {"late": LateSwinger(count=2, **people()), "whale": Whale(**people())}
    else:
        curators |= {"briber": Briber(offer_eth=share(), **people()), "sold": Bribed(count=3, **people())}
    return tiny(
        curators,
        artists=2,
        fragments=tiny_fragments(capacity=12 if in_tokens else 8, period_rounds=int(rng.choice([0, 3, 5, 13]))),
        points=AnyPoints(tuple(points.values()), int(number % 3)),
        tally=AnyTally(tuple(rules.values()), int(number % len(rules))),
        auction=Auction(
            reserve_rule="fixed" if in_tokens else "lowest_of_last_three",
            reserve_eth=around(4, 4),
            marketplace_fee=share(0.5),
        ),
        revenue=split,
        rewards=ActiveRewards(
            min_stake=limited * share(200.0),
            counts="all" if in_tokens else "eligible",
            claim_minimum_eth=limited * share(0.1),
        ),
        royalties=Royalties(
            creator_commission=share(0.5), model_share=share(0.3), dataset_share=share(), enforcement=share(),
            resale_rate=share(),
        ),
        rest={
            "collectors": Collectors(count=3, value_eth=around(4, 10)),
            "market": Market(
                pool_eth=around(300, 30), pool_tokens=around(1e6, 30), fee=share(0.1), treasury_tokens=share(1e4)
            ),
        },
    )  # fmt: skip


@cache
def scenarios(name: str) -> list[CurationScenario]:
    return [scenario(name, number) for number in range(WORLDS)]


@cache
def played(name: str) -> Played:
    return play(scenarios(name), ROUNDS)


def flow(flows: dict[Any, np.ndarray], *reason: str) -> np.ndarray:
    """Return the movements [W, T] of a source, a target and a reason, each only where it is given."""
    wanted = (*reason, *[""] * (3 - len(reason)))
    found = [
        amount for movement, amount in flows.items() if all(r in ("", m) for r, m in zip(wanted, movement, strict=True))
    ]
    assert found, reason
    return np.sum(found, axis=0)


def stepwise(start: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return what a quantity was before each round, [W, T, ...]."""
    return np.concatenate([start[:, None], after[:, :-1]], axis=1)


@every_structure
def test_both_ledgers_balance_in_every_round_of_every_world(name: str) -> None:
    assert played(name).out.balanced.all()
    assert np.isfinite(played(name).out.pool.mean).all()


@every_structure
def test_the_supply_is_what_there_was_at_first_less_what_was_burned(name: str) -> None:
    start, after, out = played(name)
    held = {account: x for account, x in out.held["tokens"].items() if account not in ("outside", "mint", "burned")}
    first = -start.books.tokens.balances["outside"]
    burned = after.books.tokens.balances["burned"]
    assert (out.supply == first[:, None] - burned).all()
    assert (np.sum(list(held.values()), axis=0) == out.supply).all()
    assert (np.diff(burned, axis=1) >= 0).all()
    assert burned[:, -1].any()
    assert (out.held["tokens"]["mint"] == 0).all()
    assert (out.held["eth"]["mint"] == 0).all()


@every_structure
def test_a_hammer_price_is_divided_to_the_unit_and_an_unsold_work_brings_nothing(name: str) -> None:
    sale = played(name).out.sale
    parts = np.sum([getattr(sale.parts, part) for part in PARTS], axis=0)
    assert (sale.hammer == sale.marketplace + sale.royalties + parts).all()
    assert (sale.net == parts).all()
    unsold = ~sale.sold
    assert unsold.any() or name == "rewards in ETH"  # where nothing is reserved everything is sold
    amounts = [sale.hammer, sale.marketplace, sale.royalties, sale.net, parts, sale.parts.treasury_burn]
    amounts += [sale.credited.sum(axis=-1), sale.undistributed]
    for amount in amounts:
        assert (amount >= 0).all()
        assert not amount[unsold].any()
        assert amount[sale.sold].any()


@every_structure
def test_what_voters_are_credited_and_what_is_left_is_what_was_set_aside_for_them(name: str) -> None:
    out = played(name).out
    credited = out.sale.credited.sum(axis=-1)
    assert (out.held["eth"]["active"] == 0).all()
    if name == "rewards in ETH":
        assert (credited + out.sale.undistributed == out.sale.parts.active).all()
        assert (flow(out.eth_flows, "active", "rewards") == credited).all()
        return
    assert (flow(out.eth_flows, "active", "pool") == out.sale.parts.active).all()
    assert (flow(out.token_flows, "pool", "curators", "reward for voting") == credited).all()
    assert (flow(out.token_flows, "pool", "treasury") == out.sale.undistributed).all()


@every_structure
def test_stake_moves_by_its_owner_or_by_the_tally_alone(name: str) -> None:
    start, after, out = played(name)
    people, earned = out.people, out.people.credited if name == "rewards in tokens" else 0
    staked, wallet = (after.books.tokens.balances[account] for account in ("staked", "curators"))
    assert (people.stake[:, 0] == start.books.tokens.balances["curators"]).all()
    assert (people.stake + people.moved == staked).all()
    assert (people.moved >= -people.stake).all()
    assert (staked[:, :-1] + wallet[:, :-1] == people.stake[:, 1:]).all()
    if name == "rewards in ETH":
        assert not wallet.any()
    else:
        assert (wallet >= earned).all()
        assert earned.any()
    kept = stepwise(start.books.tokens.balances["rule"], after.books.tokens.balances["rule"])
    assert (-people.moved.sum(axis=-1) == after.books.tokens.balances["rule"] - kept).all()
    risky = [list(TALLIES).index(kind) for kind in ("uma", "kleros", "registry", "bonding_curve")]
    moves = people.moved.any(axis=(1, 2))
    for number in range(len(TALLIES)):
        assert moves[number :: len(TALLIES)].any() == (number in risky), list(TALLIES)[number]


@every_structure
def test_the_product_of_the_pool_never_falls(name: str) -> None:
    start, after, _ = played(name)
    eth, tokens = (
        np.concatenate([s.balances["pool"][:, None], a.balances["pool"]], axis=1).astype(object)
        for s, a in ((start.books.eth, after.books.eth), (start.books.tokens, after.books.tokens))
    )
    product = eth * tokens
    assert (product[:, 1:] >= product[:, :-1]).all()
    assert (product[:, -1] > product[:, 0]).any()


def allotted(world: CurationScenario, stake: np.ndarray, epoch: int, price: float) -> np.ndarray:
    """Return what the rule of points gives for a stake [n] in whole tokens, worked out by hand.

    One of the sqrt(X Y) shares of a pool at a price of X / Y is worth as much in ETH as in tokens: Y / sqrt(X Y).
    """
    parties = [world.curators[party] for party in sorted(world.curators)]
    wallets = np.concatenate([np.full(p.count, p.wallets) for p in parties])
    shares = np.concatenate([np.full(p.count, p.pool_shares) for p in parties])
    rule = world.design.points.rules[world.design.points.number]
    if isinstance(rule, Accruing):
        return rule.per_token * stake + rule.per_share * shares
    if isinstance(rule, PerRound):
        free = rule.connected_points + (rule.signup_points if epoch == 0 else 0)
        return rule.per_token * stake + rule.per_share * shares + wallets * free
    worth = (stake + shares * 2 / np.sqrt(price)) / wallets
    with np.errstate(divide="ignore"):
        daily = np.maximum(rule.per_day + rule.per_tenfold * np.log10(worth), 0)
    bonus = rule.first_bonus if epoch == 0 else 0
    return np.where(worth > 0, wallets * (7 * daily + bonus), 0)


@every_structure
def test_nobody_spends_more_points_than_it_was_allotted_and_carried(name: str) -> None:
    start, after, out = played(name)
    for number, world in enumerate(scenarios(name)):
        carried = stepwise(start.points, after.points)[number]
        kept_is_nothing = isinstance(world.design.points.rules[world.design.points.number], PerRound)
        for epoch in range(ROUNDS):
            market = world.market
            price = out.price[number, epoch - 1] if epoch else market.pool_eth / market.pool_tokens
            given = allotted(world, out.people.stake[number, epoch] / 1e9, epoch, price)
            points, spent = (np.asarray(getattr(out.people, x)[number, epoch], float) for x in ("points", "spent"))
            np.testing.assert_allclose(points, given + carried[epoch], rtol=1e-6, atol=1e-30)
            assert (spent <= points * (1 + 1e-6)).all()
            left = after.points[number, epoch]
            if kept_is_nothing:
                assert not left.any()
            else:
                kept = np.isclose(left, points - spent, rtol=0, atol=1e-5 * (1 + points))
                assert (kept | (left == 0)).all()  # whoever unstakes loses what it has
    assert after.points.any()


@every_structure
def test_royalties_are_the_agreed_shares_of_what_the_marketplace_leaves(name: str) -> None:
    out = played(name).out
    for number, world in enumerate(scenarios(name)):
        rule = world.design.royalties
        shares = (Fraction(rule.model_share), Fraction(rule.model_share) * Fraction(rule.dataset_share))
        for hammer, fee, owed in zip(
            *(x[number].tolist() for x in (out.sale.hammer, out.sale.marketplace, out.sale.royalties)), strict=True
        ):
            expected = sum(min(share, 1) * (hammer - fee) for share in shares)
            # Shares are taken to nine places, and both parts are rounded down.
            assert abs(owed - expected) <= 2 + (hammer - fee) / 10**9
    paid = flow(out.eth_flows, "outside", "artists") + flow(out.eth_flows, "outside", "datasets")
    assert (paid >= out.sale.royalties).all()  # those on resales come in addition
    for account in ("artists", "datasets"):
        booked = np.cumsum(flow(out.eth_flows, "outside", account), axis=1)
        assert (out.held["eth"][account] == booked).all()


@every_structure
def test_the_end_of_a_period_empties_what_was_put_aside_for_it(name: str) -> None:
    out, after = played(name).out, played(name).after
    assert not after.spent[out.own_choice].any()
    assert out.own_choice.any()
    somebody = 0
    for number in range(WORLDS):
        spent = 0.0
        for epoch in range(ROUNDS):
            spent += float(out.people.spent[number, epoch].sum())
            aside = [int(out.held["eth"][account][number, epoch]) for account in ("karma", "retroactive")]
            if out.own_choice[number, epoch]:
                assert spent == 0 or aside == [0, 0]
                somebody += spent > 0
                spent = 0.0
    assert somebody > 0
    put, shared = flow(out.eth_flows, "outside", "karma"), flow(out.eth_flows, "karma", "")
    assert (np.cumsum(put - shared, axis=1) == out.held["eth"]["karma"]).all()
    assert shared.any()


def test_karma_is_paid_in_what_rewards_are_paid_in() -> None:
    eth, tokens = (played(name).out for name in STRUCTURES)
    assert flow(eth.eth_flows, "karma", "rewards").any()
    assert flow(tokens.eth_flows, "karma", "pool").any()
    shared = flow(tokens.token_flows, "pool", "curators", "shared out at the end of a period")
    assert ((shared > 0) == (flow(tokens.eth_flows, "karma", "pool") > 0)).all()


@every_structure
def test_works_come_once_and_go_once_and_the_pool_holds_each_in_one_place(name: str) -> None:
    _, after, out = played(name)
    assert (after.studio.next_id[:, -1] == 8 * ROUNDS).all()
    for number in range(WORLDS):
        minted = out.id[number][out.minted[number]]
        assert len(set(minted.tolist())) == len(minted)
        for epoch in range(ROUNDS):
            held = after.works.id[number, epoch]
            held = held[held >= 0]
            assert len(set(held.tolist())) == len(held) == out.pool.size[number, epoch] - out.minted[number, epoch]
            assert not set(held.tolist()) & set(minted[: out.minted[number, : epoch + 1].sum()].tolist())
    assert (out.pool.size >= 8).all()
    assert out.pool.size.max() == after.works.id.shape[-1]


@every_structure
def test_where_the_artist_chooses_nobody_votes_spends_or_loses(name: str) -> None:
    out = played(name).out
    own = out.own_choice
    for found in (out.people.spent, out.people.moved, out.people.credited, out.pivotal, out.wins):
        assert not found[own].any()
    assert not out.bribes.paid[own].any()
    assert out.minted[own].all()


@every_structure
def test_every_unit_that_was_booked_lies_in_an_account(name: str) -> None:
    start, after, out = played(name)
    for flows, books in ((out.token_flows, "tokens"), (out.eth_flows, "eth")):
        first, last = (getattr(state.books, books).balances for state in (start, after))
        for account in first:
            came, went = (
                sum((x for movement, x in flows.items() if movement[side] == account), np.zeros((WORLDS, ROUNDS), int))
                for side in (1, 0)
            )
            total = last[account].reshape(WORLDS, ROUNDS, -1).sum(axis=-1)
            before = first[account].reshape(WORLDS, -1).sum(axis=-1)
            assert (total == before[:, None] + np.cumsum(came - went, axis=1)).all(), account


@every_structure
def test_what_was_credited_in_eth_can_be_claimed_in_the_end(name: str) -> None:
    out = played(name).out
    assert (flow(out.eth_flows, "rewards", "curators", "claimed") >= 0).all()
    seen = 0
    for number, world in enumerate(scenarios(name)):
        if world.design.rewards.min_stake == 0 and world.design.rewards.claim_minimum_eth == 0:
            waited = out.held["eth"]["rewards"][number]
            last = flow(out.eth_flows, "", "rewards", "shared out at the end of a period")[number]
            assert (waited == last).all()  # which is claimed in the next round
            seen += int(last.any())
    assert seen > 0
