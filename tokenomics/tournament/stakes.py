"""Stakes over rounds that overlap: deposits, releases that wait, and what is at risk in each round in flight."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

__all__ = [
    "Resolved",
    "Stakes",
    "close",
    "exposure",
    "num_open_rounds",
    "open_stakes",
    "request",
    "resolve",
    "resolving",
]


class Stakes(NamedTuple):
    """Money of K models, int64 units, with L rounds in flight.

    `wallet` [K] is free. `stake` [K] is locked, amounts waiting for release included. Row `round % L` of `at_risk`
    [L, K] and `waiting` [L, K] belongs to the round that resolves next, in which `waiting` is released: row q % L to
    round q. `round` [] is the round that closes next. One round goes: `request`, `resolve`, `close`.
    """

    wallet: jax.Array
    stake: jax.Array
    at_risk: jax.Array
    waiting: jax.Array
    round: jax.Array


class Resolved(NamedTuple):
    """What a resolved round did to each model, int64 >= 0 [K]: `gain`, `burn`, and what was `released` with it."""

    gain: jax.Array
    burn: jax.Array
    released: jax.Array


def open_stakes(stake: jax.Array, wallet: jax.Array, lag_rounds: int) -> Stakes:
    """Return the state before round 0 closes: `stake` and `wallet`, integers [K], and no round in flight.

    Raises:
        ValueError: `lag_rounds`, which sizes the state, is below 1.
    """
    if lag_rounds < 1:
        raise ValueError(f"lag_rounds = {lag_rounds}: a round resolves 1 round after its own close or later")
    stake, wallet = jnp.asarray(stake, jnp.int64), jnp.asarray(wallet, jnp.int64)
    nothing = jnp.zeros((lag_rounds, *stake.shape), jnp.int64)
    return Stakes(wallet, stake, nothing, nothing, jnp.zeros((), jnp.int64))


def request(stakes: Stakes, deposit: jax.Array, release: jax.Array, kept: jax.Array | int = 0) -> Stakes:
    """Return the state after models ask for changes before the next close.

    Args:
        stakes: the state.
        deposit: int64 [K], cut to [0, wallet]; counts from that close on.
        release: int64 [K], cut to [0, what is staked and not yet waiting less `kept`], before the deposit. It stops
            counting at that close, but waits in the stake, exposed to burns, until the latest round in which the model
            has something at risk resolves; with none in flight it comes with the next `resolve`. To drain an account,
            release everything and let later gains go to the wallet.
        kept: [] or [K] units that may not be released: the first 0.1 NMR of an account for 30 days.

    Source: numerai/docs, numerai-tournament/staking.md; specification 7.3.
    """
    deposit = jnp.clip(deposit, 0, stakes.wallet)
    release = jnp.clip(release, 0, jnp.maximum(_free(stakes) - kept, 0))
    return stakes._replace(
        wallet=stakes.wallet - deposit,
        stake=stakes.stake + deposit,
        waiting=stakes.waiting.at[_row_of_release(stakes), jnp.arange(stakes.stake.shape[0])].add(release),
    )


def resolving(stakes: Stakes) -> jax.Array:
    """Return what was at risk in the round that resolves next, int64 [K]; 0 during the first L rounds."""
    return stakes.at_risk[stakes.round % _lag(stakes)]


def resolve(stakes: Stakes, payout: jax.Array, compounds: jax.Array | bool = True) -> tuple[Stakes, Resolved]:
    """Book the payouts of the round that resolves, then let go what waited for it.

    Args:
        stakes: the state.
        payout: int64 [K] on `resolving`, negative where stake burns. A burn takes what is not waiting for release
            first and ends at the stake: several rounds burn the same NMR, together up to L caps.
        compounds: bool [] or [K], whether gains are staked or go to the wallet.

    Returns:
        The state, and what happened. A release is less than was asked for where burns left less.

    Source: specification 7.3 and 7.4.
    """
    row = stakes.round % _lag(stakes)
    gain, burn = jnp.maximum(payout, 0), jnp.minimum(jnp.maximum(-payout, 0), stakes.stake)
    staked = jnp.where(compounds, gain, 0)
    stake = stakes.stake - burn + staked
    released = jnp.minimum(stakes.waiting[row], stake)
    after = stakes._replace(
        wallet=stakes.wallet + gain - staked + released,
        stake=stake - released,
        at_risk=stakes.at_risk.at[row].set(0),
        waiting=stakes.waiting.at[row].set(0),
    )
    return after, Resolved(gain, burn, released)


def close(stakes: Stakes, submitted: jax.Array) -> tuple[Stakes, jax.Array]:
    """Close the next round; return the state and what is at risk in it, int64 [K].

    max(0, stake - waiting) where `submitted`, bool [K], says that a valid submission came on time, else 0.
    """
    at_risk = jnp.where(submitted, _free(stakes), 0)
    row = stakes.round % _lag(stakes)
    return stakes._replace(at_risk=stakes.at_risk.at[row].set(at_risk), round=stakes.round + 1), at_risk


def num_open_rounds(stakes: Stakes) -> jax.Array:
    """Return how many rounds are closed and unresolved, int64 []: L after a close, once L have closed."""
    return jnp.minimum(stakes.round, _lag(stakes))


def exposure(stakes: Stakes) -> jax.Array:
    """Return the sum over rounds in flight of what is at risk, int64 [K]: times the cap, the most that can burn."""
    return stakes.at_risk.sum(axis=0)


def _free(stakes: Stakes) -> jax.Array:
    return jnp.maximum(stakes.stake - stakes.waiting.sum(axis=0), 0)


def _row_of_release(stakes: Stakes) -> jax.Array:
    """Return the row of each model's latest round at risk, or of the round that resolves next where there is none."""
    lag = _lag(stakes)
    rows = (stakes.round - 1 - jnp.arange(lag)) % lag  # the newest first, the one that resolves next last
    active = (stakes.at_risk[rows] > 0).at[-1].set(True)
    return rows[active.argmax(axis=0)]


def _lag(stakes: Stakes) -> int:
    return stakes.at_risk.shape[0]
