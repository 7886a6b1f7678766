"""The order of a round of art: open, show and vote, close, sell, learn."""

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.taste import taste_score
from subnet.chunks import scan_epochs
from subnet.curation.books import ArtBooks, balanced, open_books, reserves, restake, supply
from subnet.curation.crowd import Crowd, Luck, draw_luck, numbers, open_crowd, seats
from subnet.curation.outcome import BribeOut, PoolOut, bribes, looks_of, pivotal_parties
from subnet.curation.sale import Minted, SaleOut, Vault, Voters, open_vault, pay_karma, resell, sell
from subnet.curation.scenario import CurationScenario
from subnet.curation.studio import Studio, Votes, genome_size, hang, learn, num_features, open_studio
from subnet.curation.voting import Power, Voted, for_and_against, vote
from subnet.curation.works import Works, empty_pool
from subnet.keys import Stream, stream
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.curation.tallies.base import Ballots, TallyOut, winner_of
from tokenomics.ledger import Movement

__all__ = ["PeopleOut", "SeasonOut", "SeasonState", "init", "run", "run_chunk", "step"]


class SeasonState(NamedTuple):
    """All that is carried from round to round.

    `points` [n] float64 are voting points kept from earlier rounds, `spent` [n] those spent in this period, `memory`
    is the tally's, `reward_rate` [] what a point earned when voters were last rewarded, in ETH.
    """

    crowd: Crowd
    books: ArtBooks
    points: jax.Array
    spent: jax.Array
    reward_rate: jax.Array
    works: Works
    studio: Studio
    memory: Any
    auctions: tuple[jax.Array, jax.Array]
    vault: Vault


class PeopleOut(NamedTuple):
    """Each curator's round, [n].

    `points` and `spent` float32; int64 in 10⁻⁹ tokens `stake`, and `moved`, what the tally itself gave it or took from
    it; `credited` in 10⁻⁹ ETH, or tokens where rewards are paid in them.
    """

    points: jax.Array
    spent: jax.Array
    stake: jax.Array
    moved: jax.Array
    credited: jax.Array


class SeasonOut(NamedTuple):
    """What a round tells the outside.

    `minted` [] bool, and of the minted work: `id` int64 [], `artist` int32 [], `genome` float32 [g], `features` [d],
    `quality` [], NaN where nothing was minted. `own_choice` [] says whether the artist picked it. `pool` is what could
    have been minted, `foretold` [] how well the taste model knew these votes before. `wins` [parties] says whose wish
    came true, `pivotal` [parties] without whose votes another work would have won, `gap` [] the winner's score less the
    runner-up's, `score` [] the winner's. Amounts are int64 in 10⁻⁹; `price` [] is ETH per token.
    """

    minted: jax.Array
    own_choice: jax.Array
    id: jax.Array
    artist: jax.Array
    genome: jax.Array
    features: jax.Array
    quality: jax.Array
    pool: PoolOut
    foretold: jax.Array
    wins: jax.Array
    pivotal: jax.Array
    score: jax.Array
    gap: jax.Array
    sale: SaleOut
    resold: jax.Array
    bribes: BribeOut
    people: PeopleOut
    supply: jax.Array
    price: jax.Array
    held: dict[str, dict[str, jax.Array]]
    token_flows: dict[Movement, jax.Array]
    eth_flows: dict[Movement, jax.Array]
    balanced: jax.Array


def init(key: jax.Array, scenario: CurationScenario, learned: Mapping[str, Any]) -> SeasonState:
    """Return the state before the first round: an empty pool, artists that know nothing, stakes in their wallets."""
    design, crowd = scenario.design, open_crowd(key, scenario, num_features(scenario))
    num_curators, num_places = crowd.stake.shape[0], design.fragments.capacity
    return SeasonState(
        crowd=crowd,
        books=open_books(scenario, crowd.stake),
        points=jnp.zeros(num_curators),
        spent=jnp.zeros(num_curators),
        reward_rate=jnp.full((), jnp.inf),
        works=empty_pool(num_places, num_features(scenario), genome_size(scenario)),
        studio=open_studio(scenario, learned),
        memory=design.tally.init(num_curators, num_places),
        auctions=design.auction.init(),
        vault=open_vault(),
    )


def step(
    key: jax.Array, epoch: jax.Array, scenario: CurationScenario, learned: Mapping[str, Any], state: SeasonState
) -> tuple[SeasonState, SeasonOut]:
    """Run one round: stake and points -> hang -> days, leaderboard -> close -> auction, revenue, rewards -> learn.

    Args:
        key: the run's.
        epoch: [] the round, from 0.
        scenario: rules and people.
        learned: what each artist learned before the first round.
        state: as the last round left it.
    """
    design, own_choice = scenario.design, scenario.design.fragments.own_choice(epoch)
    books = restake(state.books)
    studio, works = hang(key, epoch, scenario, learned, state.studio, state.works)
    power, luck = _power(epoch, scenario, state, books), _luck(key, epoch, scenario)
    voted = vote(key, epoch, scenario, state.crowd, luck, power, works, state.memory)
    stayed = luck.leaves >= numbers(scenario, "leaves")
    ballots = _counted(voted.ballots, stayed & ~own_choice)
    closed = _close(key, epoch, scenario, state, studio, works, voted, ballots)
    spent = power.points * jnp.abs(ballots.part).sum(axis=1)
    books, paid = bribes(scenario, _settle_tally(books, closed.tally), voted, ballots, closed.place)
    voters = Voters(spent, ballots.wallets, stayed)
    books, auctions, vault, sale = sell(key, epoch, scenario, books, state.auctions, state.vault, closed.minted, voters)
    books, resold = resell(key, epoch, scenario, books, vault)
    in_period = state.spent + spent
    books = pay_karma(scenario, books, in_period, own_choice)
    liked, disliked = for_and_against(ballots, works.id.shape[0])
    studio, foretold = learn(scenario, studio, works, Votes(liked, disliked, closed.tally.score))
    X, Y = reserves(books)
    people = PeopleOut(
        points=power.points.astype(jnp.float32),
        spent=spent.astype(jnp.float32),
        stake=power.stake,
        moved=closed.tally.delta,
        credited=sale.credited,
    )
    place, known = closed.place, ~own_choice
    out = SeasonOut(
        minted=closed.minted.exists,
        own_choice=own_choice,
        id=works.id[place],
        artist=closed.minted.artist,
        genome=works.genome[place],
        features=works.features[place],
        quality=jnp.where(closed.minted.exists, closed.minted.quality, jnp.nan),
        pool=looks_of(works, closed.quality, closed.tally.score, closed.minted),
        foretold=foretold,
        wins=_wishing(scenario) & (voted.wanted == place) & closed.minted.exists & known,
        pivotal=pivotal_parties(key, epoch, scenario, state.memory, ballots, works, voted.finalists, closed.winner),
        score=jnp.where(known, closed.tally.score[place], jnp.nan),
        gap=jnp.where(known, _gap(closed.tally, works, closed.winner), jnp.nan),
        sale=sale,
        resold=resold,
        bribes=paid,
        people=people,
        supply=supply(books),
        price=X / Y,
        held=_held(books),
        token_flows=books.tokens.journal(),
        eth_flows=books.eth.journal(),
        balanced=balanced(books),
    )
    after = SeasonState(
        crowd=state.crowd,
        books=ArtBooks(books.tokens.new_epoch(), books.eth.new_epoch()),
        points=design.points.carry(jnp.where(stayed, power.points - spent, 0)),
        spent=jnp.where(own_choice, 0, in_period),
        reward_rate=_reward_rate(state.reward_rate, sale, spent, X / Y, design.revenue.rewards_in_botto, own_choice),
        works=voted.works.without(place),
        studio=studio,
        memory=closed.memory,
        auctions=auctions,
        vault=vault,
    )
    return after, out


def run_chunk(
    key: jax.Array,
    scenario: CurationScenario,
    learned: Mapping[str, Any],
    state: SeasonState,
    epochs: jax.Array,
) -> tuple[SeasonState, SeasonOut]:
    """Scan `step` over `epochs` [E], of which negative ones are skipped: see `scan_epochs`."""
    return scan_epochs(lambda epoch, s: step(key, epoch, scenario, learned, s), state, epochs)


@partial(jax.jit, static_argnames=("rounds",))
def run(
    key: jax.Array, scenario: CurationScenario, learned: Mapping[str, Any], rounds: int
) -> tuple[SeasonState, SeasonOut]:
    """Run a scenario from the start for so many rounds: `init`, then one chunk. Amounts need JAX's 64 bits."""
    return run_chunk(key, scenario, learned, init(key, scenario, learned), jnp.arange(rounds))


def _luck(key: jax.Array, epoch: jax.Array, scenario: CurationScenario) -> Luck:
    """Return what chance decides for each curator in a round."""
    rule = scenario.design.fragments
    shown = rule.days * rule.looks
    return draw_luck(key, epoch, scenario, shown, shown + rule.finalists)


def _power(epoch: jax.Array, scenario: CurationScenario, state: SeasonState, books: ArtBooks) -> Power:
    """Return what everybody votes with in this round, and who votes at all.

    One comes if its points would earn its effort at what a point earned last; in the first round everybody does.
    Efforts are lognormal about the party's, with a standard deviation of 1 in the logarithm.
    """
    stake, (X, Y) = books.tokens.balances["staked"], reserves(books)
    wallets, shares = numbers(scenario, "wallets"), numbers(scenario, "pool_shares")
    share_value = 2 * jnp.sqrt(Y / X)  # of sqrt(X Y) shares, each is worth as much in ETH as in tokens
    points = scenario.design.points.allot(state.points, stake / RAO_PER_TOKEN, wallets, shares, share_value, epoch == 0)
    effort = state.crowd.effort
    return Power(points, stake, (effort == 0) | (points * state.reward_rate >= effort))


def _reward_rate(
    before: jax.Array, sale: SaleOut, spent: jax.Array, price: jax.Array, in_tokens: bool, own_choice: jax.Array
) -> jax.Array:
    """Return what a point earned, in ETH: as before in rounds without a vote or a sale."""
    paid = sale.credited.sum() / RAO_PER_TOKEN * (price if in_tokens else 1.0)
    total = spent.sum()
    rate = jnp.where(total > 0, paid / jnp.where(total > 0, total, 1), before)
    return jnp.where(own_choice | ~sale.sold, before, rate)


class _Closed(NamedTuple):
    """The end of a vote: tally and memory, who won it, what is minted, and the true quality [P] of all works."""

    memory: Any
    tally: TallyOut
    winner: jax.Array
    place: jax.Array
    minted: Minted
    quality: jax.Array


def _close(
    key: jax.Array,
    epoch: jax.Array,
    scenario: CurationScenario,
    state: SeasonState,
    studio: Studio,
    works: Works,
    voted: Voted,
    ballots: Ballots,
) -> _Closed:
    """Count the votes and say what is minted: the winner, or in a round of its own what the artist thinks is liked."""
    own_choice = scenario.design.fragments.own_choice(epoch)
    memory, tally = scenario.design.tally.close(
        stream(key, Stream.TALLY, epoch), state.memory, ballots, voted.works.candidates, voted.finalists
    )
    tally = _without_stakes(tally, own_choice)
    winner = winner_of(tally.score, tally.passes, works.candidates)
    expected = jnp.where(works.present, taste_score(studio.taste, works.features), -jnp.inf)
    place = jnp.where(own_choice, expected.argmax().astype(jnp.int32), winner)
    quality = works.features @ state.crowd.public
    return _Closed(memory, tally, winner, place, Minted(place >= 0, quality[place], works.artist[place]), quality)


def _wishing(scenario: CurationScenario) -> jax.Array:
    """Return which parties want a work of their own to win, bool [parties]."""
    return jnp.array([seat.rule.wishes for seat in seats(scenario)])


def _held(books: ArtBooks) -> dict[str, dict[str, jax.Array]]:
    """Return the total of each account by asset."""
    return {
        asset: {name: balance.sum() for name, balance in ledger.balances.items()}
        for asset, ledger in books._asdict().items()
    }


def _counted(ballots: Ballots, counts: jax.Array) -> Ballots:
    """Return the ballots without the votes of those that do not count, [n]."""
    return ballots._replace(
        part=jnp.where(counts[:, None], ballots.part, 0), choice=jnp.where(counts, ballots.choice, -1)
    )


def _without_stakes(tally: TallyOut, where: jax.Array) -> TallyOut:
    """Return a tally that moves no stake `where` [] there was no vote: nobody can have missed it."""
    return tally._replace(delta=jnp.where(where, 0, tally.delta), kept=jnp.where(where, 0, tally.kept))


def _settle_tally(books: ArtBooks, tally: TallyOut) -> ArtBooks:
    """Move between stakes what the tally itself decides: what some lose, others get, or the rule keeps."""
    tokens = books.tokens.move("staked", "rule", jnp.maximum(-tally.delta, 0), "lost by the vote")
    return books._replace(tokens=tokens.move("rule", "staked", jnp.maximum(tally.delta, 0), "won by the vote"))


def _gap(tally: TallyOut, works: Works, winner: jax.Array) -> jax.Array:
    """Return the winner's score less the best of the others that pass, NaN where there is none."""
    others = tally.passes & works.present & (jnp.arange(works.id.shape[0]) != winner)
    second = jnp.where(others, tally.score, -jnp.inf).max()
    return jnp.where(jnp.isfinite(second) & (winner >= 0), tally.score[winner] - second, jnp.nan)
