"""Miners leave, and newcomers take their seats."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from subnet.keys import Stream, streams
from subnet.payments import Books
from subnet.registration.base import Seats
from subnet.scenario import Scenario
from tokenomics.amounts import MICRO_USD_PER_USD, RAO_PER_TOKEN
from tokenomics.ledger import MINT, OUTSIDE

__all__ = ["Change", "cash_of", "turn_over"]


class Change(NamedTuple):
    """The books and seats after people came and went, the profit [M] each goes on from, and who is new [M]."""

    books: Books
    seats: Seats
    profit: jax.Array
    joined: jax.Array


def turn_over(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    books: Books,
    seats: Seats,
    profit: jax.Array,
    miner_pay: jax.Array,
    insolvent: jax.Array,
    price: jax.Array,
) -> Change:
    """Let miners leave with what they hold, and newcomers join.

    A newcomer brings cash and the fee, and is taken to earn what the average miner does until it knows better.

    Args:
        key: the run's.
        epoch: [].
        scenario: rules and people.
        books: after everybody was paid and has paid.
        seats: who sits where.
        profit: [M] smoothed, dollars per epoch.
        miner_pay: [M] earned in this epoch, by which people are replaced.
        insolvent: [M] could not pay its costs.
        price: [] dollars per token.
    """
    registration, entry, tempo = scenario.design.registration, scenario.entry, scenario.design.chain.tempo
    block = (epoch + 1) * jnp.asarray(tempo, jnp.int64)
    age = (block - seats.registered) / tempo
    keys = streams(key, Stream.CHURN, profit.shape[0], epoch)
    leaving = entry.gives_up(keys, profit, insolvent, age > entry.memory_epochs) & seats.present
    mean = jnp.where(seats.present, profit, 0).sum() / jnp.maximum(seats.present.sum(), 1)
    dollars = entry.wants_in(streams(key, Stream.ARRIVAL, entry.applicants, epoch), mean)
    willing = dollars / jnp.maximum(price, 1e-12) * RAO_PER_TOKEN
    after, fees = registration.step(seats, block, tempo, miner_pay, leaving, willing)
    joined = after.generation > seats.generation
    gone = leaving | (joined & seats.present)
    return Change(_booked(scenario, books, gone, joined, fees), after, jnp.where(joined, mean, profit), joined)


def cash_of(scenario: Scenario) -> jax.Array:
    """Return the cash that everybody brings along, in 10⁻⁶ dollars."""
    return jnp.floor(jnp.asarray(scenario.entry.cash_usd, jnp.float64) * MICRO_USD_PER_USD).astype(jnp.int64)


def _booked(scenario: Scenario, books: Books, gone: jax.Array, joined: jax.Array, fees: jax.Array) -> Books:
    tokens, money = books
    tokens = tokens.move("miners", OUTSIDE, jnp.where(gone, tokens.balances["miners"], 0), "left")
    tokens = tokens.move(OUTSIDE, "miners", fees, "registration fee brought in")
    sink = "burned" if scenario.design.registration.fee_is == "burned" else MINT
    tokens = tokens.move("miners", sink, fees, "registration fee")
    money = money.move("miners", OUTSIDE, jnp.where(gone, money.balances["miners"], 0), "left")
    money = money.move(OUTSIDE, "miners", jnp.where(joined, cash_of(scenario), 0), "cash of newcomers")
    return Books(tokens, money)
