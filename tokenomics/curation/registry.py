"""A token-curated registry: applicant and challenger each put up a deposit, tokens decide who keeps both."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down

__all__ = ["ChallengeOut", "settle"]

_PPM = 1_000_000


class ChallengeOut(NamedTuple):
    """The end of a challenge: `listed` [] bool, and where the two deposits went, int64.

    `applicant` and `challenger` [] and `voters` [n] are what each is paid, `dust` [] what division leaves; together
    exactly two deposits.
    """

    listed: jax.Array
    applicant: jax.Array
    challenger: jax.Array
    voters: jax.Array
    dust: jax.Array


def settle(
    deposit: jax.Array, winner_ppm: jax.Array | int, tokens: jax.Array, votes: jax.Array, quorum_ppm: int = _PPM // 2
) -> ChallengeOut:
    """Return who gets what of both deposits after a vote by commit and reveal.

    The entry is listed if more than `quorum_ppm` of the revealed tokens are for it. The winning party takes its
    deposit D back and share δ of the loser's; floor((1 - δ) D) goes to the revealed tokens of the winning side, pro
    rata. Who did not reveal or was on the other side gets nothing, and loses nothing.

    A tie is not more than half: the challenger wins. So it does where nobody revealed a vote; then no token can be
    paid, and the winner takes both deposits whole.

    Args:
        deposit: [] int64 D, put up by each party.
        winner_ppm: [] δ in parts per million.
        tokens: [n] int64 that each voter committed.
        votes: [n] int, 1 for the entry, 0 against it, negative where not revealed.
        quorum_ppm: parts per million that must be exceeded.

    Source: skmgoldin/tcr, Registry.sol (determineReward, claimReward), and PLCRVoting.sol (isPassed). Departure: there
    each claim divides what earlier claims left, so that the last one takes the dust; here it is named.
    """
    for_it, against = (jnp.where(votes == side, tokens, 0) for side in (1, 0))
    revealed = for_it.sum() + against.sum()
    listed = for_it.sum() > share_down(revealed, quorum_ppm, _PPM)
    winning = jnp.where(listed, for_it, against)
    pool = jnp.where(winning.sum() > 0, share_down(deposit, _PPM - jnp.asarray(winner_ppm), _PPM), 0)
    voters = share_down(pool, winning, winning.sum())
    won = 2 * deposit - pool
    return ChallengeOut(listed, jnp.where(listed, won, 0), jnp.where(listed, 0, won), voters, pool - voters.sum())
