"""What an epoch does to everybody's tokens and money: pay, stake, slash, sell, settle costs, join and leave."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.act import Acted
from subnet.cast import Cast
from subnet.chain.epoch import ChainEpoch
from subnet.contest import RoundOut, open_contest, play
from subnet.payments import Books, bet, costs, holds_reserves, mint, move_delegations, pay_costs, restake, slash
from subnet.purses import open_purses
from subnet.registration.base import Seats, open_seats
from subnet.scenario import Scenario
from subnet.scores import ScoresOut
from subnet.turnover import cash_of, turn_over
from tokenomics.amounts import MICRO_USD_PER_USD, RAO_PER_TOKEN
from tokenomics.ledger import OUTSIDE, Movement, open_ledger
from tokenomics.pools.base import PoolState

__all__ = ["Books", "EconomyOut", "EconomyState", "Sides", "open_economy", "settle_economy", "total_stake"]


class EconomyState(NamedTuple):
    """What is carried: the books, the pool, and what people remember.

    `brought` [V] is the stake brought in from outside so far, `profit` [M] the miners' smoothed profit in dollars per
    epoch, `seats` who sits where, `contest` the rounds in flight of a tournament, () without one.
    """

    books: Books
    pool: PoolState
    brought: jax.Array
    profit: jax.Array
    seats: Seats
    contest: Any


class Sides(NamedTuple):
    """Each agent's epoch, miners [M] and validators [V]: int64 in 10⁻⁹ tokens, costs in dollars.

    A cost counts when work was done for it, even if it could not be paid; the ledger has what was paid.
    What a validator is slashed includes its delegators' part. `bets_won` [V] is net, `delegated` [V] what others have
    staked with it at the end, and `delegators_gain` [V] what they earned there less what they were slashed.
    """

    miner_slashed: jax.Array
    miner_cost: jax.Array
    miner_balance: jax.Array
    validator_slashed: jax.Array
    validator_cost: jax.Array
    validator_balance: jax.Array
    bets_won: jax.Array
    delegated: jax.Array
    delegators_gain: jax.Array


class EconomyOut(NamedTuple):
    """What an epoch's money tells the outside: int64 in 10⁻⁹ tokens, the price in dollars per token.

    `minted` is the emission, paid out or kept for lack of somebody to pay; bets may mint on top of it. Pay is what was
    earned before anything is taken away; a validator's includes what it hands to its delegators. `held` are the totals
    of the accounts, `balanced` says that they sum to 0 with what was issued and brought in, that none is overdrawn, and
    that the pool has what its account says. `sides` is None where nobody works and nobody can be slashed, since then
    nothing is spent, sold or lost; `fee`, `present`, `joined` and `generation` are None
    where nobody can join; the last counts how often each seat was taken over so far. `round` is that of
    a tournament, whose gains are miners' pay and whose burns are slashed; None without one.
    """

    minted: jax.Array
    miner_pay: jax.Array
    validator_pay: jax.Array
    price: jax.Array
    held: dict[str, jax.Array]
    balanced: jax.Array
    token_flows: dict[Movement, jax.Array]
    money_flows: dict[Movement, jax.Array]
    sides: Sides | None
    fee: jax.Array | None
    present: jax.Array | None
    joined: jax.Array | None
    generation: jax.Array | None
    round: RoundOut | None


def open_economy(key: jax.Array, scenario: Scenario, cast: Cast, brought: jax.Array) -> EconomyState:
    """Open the books: stake is brought in from outside, a part of it by delegators; everybody has some cash.

    In a tournament the owners of models bring tokens, too, and the treasury is full.

    Args:
        key: the run's.
        scenario: rules and people.
        cast: everybody by row and column.
        brought: [V] stake in 10⁻⁹ tokens at the start, int64.
    """
    num_validators, num_miners = brought.shape[0], cast.num_miners
    contest: Any = ()
    delegated = scenario.delegation.init(brought)
    pool = scenario.design.pool.init()
    nothing, cash = jnp.zeros((), jnp.int64), cash_of(scenario)
    tokens = {
        "miners": jnp.zeros(num_miners, jnp.int64),
        "validators": jnp.zeros(num_validators, jnp.int64),
        "stake": brought - delegated,
        "delegated": delegated,
    }
    single = ("owner", "treasury", "reporters", "burned", "remainder", "delegators", "bets")
    tokens |= dict.fromkeys(single, nothing)
    if (tournament := scenario.design.tournament).opens:
        purses = open_purses(key, scenario, cast)
        tokens |= {"miners": purses.wallet, "staked": purses.stake, "netted": jnp.zeros(num_miners, jnp.int64)}
        tokens["treasury"], contest = tournament.treasury, open_contest(tournament, num_miners)
    money = {"miners": jnp.full(num_miners, cash), "validators": jnp.full(num_validators, cash), "suppliers": nothing}
    if holds_reserves(scenario):
        tokens["pool"], money["pool"] = pool.tokens, pool.money
    return EconomyState(
        books=Books(open_ledger(tokens), open_ledger(money)),
        pool=pool,
        brought=brought,
        profit=jnp.zeros(num_miners),
        seats=open_seats(scenario.design.registration, num_miners),
        contest=contest,
    )


def total_stake(state: EconomyState, scenario: Scenario, brought: jax.Array) -> tuple[EconomyState, jax.Array]:
    """Book what was `brought` [V] in or taken out since the last epoch; return everybody's stake [V] with delegations.

    Delegators bring and take their part of it. Nobody takes out more than there is: what was slashed stays lost.
    """
    tokens = state.books.tokens
    delegated, before = scenario.delegation.init(jnp.stack([brought, state.brought]))
    changes = {"stake": (brought - delegated) - (state.brought - before), "delegated": delegated - before}
    for account, change in changes.items():
        tokens = tokens.move(OUTSIDE, account, jnp.maximum(change, -tokens.balances[account]), "stake brought in")
    stake = tokens.balances["stake"] + tokens.balances["delegated"]
    return state._replace(books=state.books._replace(tokens=tokens), brought=brought), stake


def settle_economy(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    cast: Cast,
    state: EconomyState,
    settled: ChainEpoch,
    acted: Acted,
) -> tuple[EconomyState, EconomyOut, ScoresOut | None]:
    """Settle one epoch: pay -> delegators -> bets -> tournament -> slash -> costs -> delegators move -> registration.

    Args:
        key: the run's.
        epoch: [].
        scenario: rules and people.
        cast: everybody by row and column.
        state: after `total_stake`.
        settled: what consensus decided.
        acted: what everybody did.

    Returns:
        The state, what it tells the outside, and the scores of a tournament's round, None without one.
    """
    design, before = scenario.design, state.books.tokens.balances["delegated"]
    tokens, minted = mint(scenario, state.books.tokens, settled)
    tokens = restake(scenario, tokens, minted.validators)
    won, price = jnp.zeros_like(before), design.pool.price(state.pool)
    if acted.work is not None:
        tokens, won = bet(scenario, tokens, acted)
    miner_pay, burn, contest, played, scores = minted.miners, jnp.zeros_like(minted.miners), state.contest, None, None
    if design.tournament.opens:
        tokens, contest, played, scores = play(scenario, cast, tokens, contest, acted.work.predictions)
        miner_pay, burn = miner_pay + played.gain + played.bonus, played.burn
    tokens, miner_slashed, validator_slashed = slash(key, epoch, scenario, tokens, settled, acted)
    gain = tokens.balances["delegated"] - before
    books, pool = state.books._replace(tokens=tokens), state.pool
    owed = paid = costs(scenario, cast, acted, state.seats.present)
    if acted.work is not None:  # otherwise nobody owes anything
        books, pool, paid = pay_costs(scenario, books, pool, owed)
    tokens = move_delegations(scenario, books.tokens, gain / jnp.maximum(before, 1))
    miner_cost, validator_cost = (amount / MICRO_USD_PER_USD for amount in owed)
    earned = (miner_pay - burn) * price / RAO_PER_TOKEN - miner_cost
    profit = state.profit + (earned - state.profit) / scenario.entry.memory_epochs
    books, seats, joined = books._replace(tokens=tokens), state.seats, None
    if design.registration.opens:
        insolvent = paid[0] < owed[0]
        books, seats, profit, joined = turn_over(
            key, epoch, scenario, books, seats, profit, miner_pay, insolvent, price
        )
    sides = Sides(
        miner_slashed=miner_slashed + burn,
        miner_cost=miner_cost,
        miner_balance=books.tokens.balances["miners"],
        validator_slashed=validator_slashed,
        validator_cost=validator_cost,
        validator_balance=books.tokens.balances["validators"],
        bets_won=won,
        delegated=books.tokens.balances["delegated"],
        delegators_gain=gain,
    )
    out = EconomyOut(
        minted=minted.total,
        miner_pay=miner_pay,
        validator_pay=minted.validators,
        price=price,
        held={name: balance.sum() for name, balance in books.tokens.balances.items()},
        balanced=_balanced(books, pool),
        token_flows=books.tokens.journal(),
        money_flows=books.money.journal(),
        sides=sides if acted.work is not None or design.slashing else None,
        fee=seats.fee if joined is not None else None,
        present=seats.present if joined is not None else None,
        joined=joined,
        generation=seats.generation if joined is not None else None,
        round=played,
    )
    closed = Books(books.tokens.new_epoch(), books.money.new_epoch())
    return EconomyState(closed, pool, state.brought, profit, seats, contest), out, scores


def _balanced(books: Books, pool: PoolState) -> jax.Array:
    checks = [(ledger.total() == 0) & ~ledger.overdrawn() for ledger in books]
    for ledger, reserve in zip(books, pool, strict=True):  # what the pool says it has is what its account says
        checks += [ledger.balances["pool"] == reserve] if "pool" in ledger.balances else []
    return jnp.stack(checks).all()
