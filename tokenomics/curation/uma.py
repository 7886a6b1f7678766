"""An oracle's vote: the stake-weighted mode stands, whoever missed it or was wrong pays those who were right."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down

__all__ = ["UmaSettlement", "emission", "roll", "settle", "settle_round"]

_PPM = 1_000_000


class UmaSettlement(NamedTuple):
    """The end of one request.

    `resolved` [] bool; `mode` [] int, which means something only where resolved; `pot` [] int64 that the correct voters
    divide; `delta` [n] int64 per voter; `dust` [] int64 that rounding leaves in the contract: delta sums to -dust.
    """

    resolved: jax.Array
    mode: jax.Array
    pot: jax.Array
    delta: jax.Array
    dust: jax.Array


def settle(
    stake: jax.Array,
    votes: jax.Array,
    num_options: int,
    gat: jax.Array | int,
    spat_ppm: jax.Array | int,
    slash_wrong_ppm: jax.Array | int,
    slash_missed_ppm: jax.Array | int,
    governance: jax.Array | bool = False,
) -> UmaSettlement:
    """Settle one request among voters with stake.

    The mode is the option with most stake. It stands if the stake of all votes exceeds GAT and that of the mode
    exceeds SPAT · (all stake, votes cast or not), both strictly. Then missing costs ceil(stake · slash_missed), being
    wrong ceil(stake · slash_wrong), nothing in a vote on governance; pot = floor(slash_missed · (staked - cast) +
    slash_wrong · (cast - mode)), and those who were right get floor(stake · pot / mode). If it does not stand, nobody
    gains or loses and the request rolls.

    Args:
        stake: [n] int64 in whole units, all together below 2^61.
        votes: [n] int from 0 below `num_options`; negative for a missed vote.
        num_options: how many options there are.
        gat: stake that must be exceeded by all votes (the contract's fixed number of tokens).
        spat_ppm: parts per million of all stake that the mode must exceed.
        slash_wrong_ppm: parts per million that a wrong vote costs.
        slash_missed_ppm: parts per million that a missed vote costs.
        governance: whether the request is a vote on governance.

    Source: UMAprotocol/protocol, VotingV2.sol, ResultComputationV2.sol and FixedSlashSlashingLibrary.sol. Departures:
    rates are whole parts per million (10⁻¹⁸ there), so are the thresholds; ties go to the lower option, there to the
    one that got so many votes first. With SPAT of a half or more a tie cannot stand.
    """
    for_option = jnp.zeros(num_options, jnp.int64).at[votes].add(jnp.where(votes >= 0, stake, 0))
    mode = for_option.argmax()
    staked, cast, agreed = stake.sum(), for_option.sum(), for_option.max()
    resolved = (cast > gat) & (agreed > share_down(staked, spat_ppm, _PPM))
    wrong_ppm = jnp.where(governance, 0, slash_wrong_ppm)
    missed, correct = votes < 0, votes == mode
    pot = jnp.where(resolved, _floor_of_sum(staked - cast, slash_missed_ppm, cast - agreed, wrong_ppm), 0)
    lost = _ceil_ppm(stake, jnp.where(missed, slash_missed_ppm, wrong_ppm))
    delta = jnp.where(correct, share_down(stake, pot, agreed), -lost)
    delta = jnp.where(resolved, delta, 0)
    return UmaSettlement(resolved, mode, pot, delta, -delta.sum())


def settle_round(
    stake: jax.Array,
    votes: jax.Array,
    num_options: int,
    gat: jax.Array | int,
    spat_ppm: jax.Array | int,
    slash_wrong_ppm: jax.Array | int,
    slash_missed_ppm: jax.Array | int,
    governance: jax.Array,
) -> UmaSettlement:
    """Settle the requests of one round, `votes` [q, n] and `governance` [q]: as `settle`, with a leading axis.

    All of them look at the stake with which the round began, so that slashes are not compounded; what a voter's stake
    becomes is stake + delta.sum(axis=0), 0 where that is negative.
    """

    def one(votes: jax.Array, governance: jax.Array) -> UmaSettlement:
        return settle(stake, votes, num_options, gat, spat_ppm, slash_wrong_ppm, slash_missed_ppm, governance)

    return jax.vmap(one)(votes, governance)


def roll(
    resolved: jax.Array, rolls: jax.Array, max_rolls: jax.Array | int = 4, governance: jax.Array | bool = False
) -> tuple[jax.Array, jax.Array]:
    """Return how often a request has rolled after a round, and whether it is deleted for it.

    One that did not resolve rolls to the next round; with more than `max_rolls` it is deleted, unless it is a vote on
    governance.
    """
    rolled = jnp.where(resolved, rolls, rolls + 1)
    return rolled, ~resolved & (rolled > max_rolls) & ~jnp.asarray(governance)


def emission(per_second: jax.Array | int, seconds: jax.Array | int, stake: jax.Array) -> jax.Array:
    """Return what each staker [n] is minted over so many seconds, pro rata to `stake` [n] int64, rounded down.

    0.18 UMA a second in the contract, which rounds at every change of a stake; here once.
    """
    return share_down(jnp.asarray(per_second, jnp.int64) * seconds, stake, stake.sum())


def _ceil_ppm(amount: jax.Array, ppm: jax.Array) -> jax.Array:
    return amount - share_down(amount, _PPM - ppm, _PPM)


def _floor_of_sum(a: jax.Array, a_ppm: jax.Array | int, b: jax.Array, b_ppm: jax.Array) -> jax.Array:
    """Return floor((a · a_ppm + b · b_ppm) / 10⁶): the floor of the sum, not the sum of floors."""
    rests = (a % _PPM * a_ppm) % _PPM + (b % _PPM * b_ppm) % _PPM
    return share_down(a, a_ppm, _PPM) + share_down(b, b_ppm, _PPM) + rests // _PPM
