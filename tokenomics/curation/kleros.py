"""A dispute before drawn jurors who vote with a stake: every round is settled against the ruling of the last."""

from typing import NamedTuple

import jax
import jax.numpy as jnp

from tokenomics.amounts import share_down

__all__ = ["Settlement", "at_stake", "jumps_court", "next_round_jurors", "ruling_of", "settle", "with_bribe"]

_DIVISOR = 10_000  # alpha is in basis points
_UNBOUNDED = 2**62


class Settlement(NamedTuple):
    """What R rounds of up to J votes come to, int64.

    `token_delta` and `fee_income` [R, J] are per vote; `governor_tokens`, `governor_fees`, `dust_tokens` and
    `dust_fees` [R] are what no vote receives; `unstaked` [R, J] bool marks votes that were absent, whose jurors leave
    the court. In each round token_delta, governor_tokens and dust_tokens sum to 0, and fee_income, governor_fees and
    dust_fees to the fees of the votes drawn.
    """

    token_delta: jax.Array
    fee_income: jax.Array
    governor_tokens: jax.Array
    governor_fees: jax.Array
    dust_tokens: jax.Array
    dust_fees: jax.Array
    unstaked: jax.Array


def at_stake(min_stake: jax.Array, alpha_bp: jax.Array) -> jax.Array:
    """Return what each vote risks: floor(min_stake · alpha / 10⁴), int64."""
    return share_down(jnp.asarray(min_stake, jnp.int64), alpha_bp, _DIVISOR)


def next_round_jurors(jurors: jax.Array | int) -> jax.Array | int:
    """Return how many jurors an appeal needs, 2 n + 1; whoever appeals pays them all."""
    return 2 * jurors + 1


def jumps_court(jurors: jax.Array | int, jurors_for_jump: jax.Array | int) -> jax.Array | bool:
    """Tell whether the appeal of a round of so many jurors goes to the parent court, with its own stake and fee."""
    return jurors >= jurors_for_jump


def ruling_of(votes: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the choice [] with most of `votes` [J] (negative: absent), and whether it is tied, bool [].

    It is tied where two choices have most votes, and where nobody voted; the choice then says nothing.
    """
    voted = votes >= 0
    count = ((votes[:, None] == votes[None, :]) & voted[:, None]).sum(axis=0)  # [J]
    count = jnp.where(voted, count, 0)
    winner = votes[count.argmax()]
    return winner, ((count == count.max()) & (votes != winner)).any() | ~voted.any()


def settle(
    votes: jax.Array,
    drawn: jax.Array,
    stake_at_risk: jax.Array | int,
    fee: jax.Array | int = 0,
    juror: jax.Array | None = None,
    balance: jax.Array | None = None,
) -> Settlement:
    """Settle every round of a dispute against the ruling of its last round.

    A vote that was absent, or differs from the ruling unless that is tied, loses d = `stake_at_risk`, at most what its
    juror has left. The others are coherent: they share the round's losses and its fees equally, by integer division.
    Where a round has none, both go to the governor.

    Args:
        votes: [R, J] int choices from 0, negative where absent.
        drawn: [R, J] bool, False for padding, which neither loses nor earns.
        stake_at_risk: [] or [R] int64 d, one per round where an appeal jumps to another court.
        fee: [] or [R] int64 paid in for each vote.
        juror: [R, J] int, whose vote it is; each vote is its own juror's, without limit, where not given.
        balance: [n] int64 tokens of the jurors. A round's gains count towards the next round's losses.

    Source: kleros/kleros, contracts/kleros/KlerosLiquid.sol, execute. Departure: where the ruling is tied and nobody
    voted in a round, the contract keeps that round's tokens and fees; here, too, the governor gets them.
    """
    rounds, size = votes.shape
    owner = jnp.arange(rounds * size).reshape(rounds, size) if juror is None else juror
    held = jnp.full(rounds * size, _UNBOUNDED, jnp.int64) if balance is None else balance
    votes = jnp.where(drawn, votes, -1)
    winner, tied = ruling_of(votes[-1])
    coherent = (votes >= 0) & (tied | (votes == winner))
    each = (jnp.broadcast_to(jnp.asarray(x, jnp.int64), (rounds,)) for x in (stake_at_risk, fee))

    def one(held: jax.Array, given: tuple[jax.Array, ...]) -> tuple[jax.Array, tuple[jax.Array, ...]]:
        drawn, coherent, owner, risk, fee = given
        lost = _losses(drawn & ~coherent, owner, risk, held)
        to_vote, to_governor, dust = _shared(lost.sum(), coherent)
        delta = to_vote - lost
        return held.at[owner].add(delta), (delta, to_governor, dust, *_shared(fee * drawn.sum(), coherent))

    _, (delta, tokens, dust, income, fees, dust_fees) = jax.lax.scan(one, held, (drawn, coherent, owner, *each))
    return Settlement(delta, income, tokens, fees, dust, dust_fees, drawn & (votes < 0))


def with_bribe(settled: Settlement, votes: jax.Array, wanted: jax.Array | int, bribe: jax.Array | int) -> jax.Array:
    """Return what each vote earns in tokens and fees, [R, J], if `bribe` is paid for voting `wanted` should it lose.

    token_delta + fee_income + bribe · 1[vote = wanted and the ruling is another one]. A tie is no loss.
    """
    winner, tied = ruling_of(votes[-1])
    paid = (votes == wanted) & (winner != wanted) & ~tied
    return settled.token_delta + settled.fee_income + jnp.where(paid, bribe, 0)


def _losses(loses: jax.Array, owner: jax.Array, risk: jax.Array, held: jax.Array) -> jax.Array:
    """Return what each vote [J] loses; the votes of one juror come after one another to the same balance."""
    before = jnp.tril((owner[:, None] == owner[None, :]) & loses[None, :], -1).sum(axis=1)
    return jnp.where(loses, jnp.clip(held[owner] - before * risk, 0, risk), 0)


def _shared(total: jax.Array, coherent: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return what each vote [J] receives of a total, what the governor does, and what division leaves."""
    count = coherent.sum()
    each = jnp.where(count > 0, total // jnp.maximum(count, 1), 0)
    governor = jnp.where(count > 0, 0, total)
    return jnp.where(coherent, each, 0), governor, total - each * count - governor
