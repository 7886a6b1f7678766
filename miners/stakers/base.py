"""What every owner of staked models sees and decides."""

from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp

__all__ = ["REMEMBERED", "Decision", "Staker", "StakerView", "stay"]

REMEMBERED = 64  # rounds of results that a view shows: no rule can look back further


class StakerView(NamedTuple):
    """What the owners of one party's n models know before a round closes.

    `round` [] is the number of the round that closes next, from 0. `wallet` and `stake` are int64 [n] units of 10⁻⁹
    tokens: what is free, and what is staked and not waiting for release. Results are those of resolved rounds, the
    newest first, and NaN where unknown: `score` [REMEMBERED, n] float64 is what a round pays on, before factor and
    cap, of unstaked submissions, too; `earned` [REMEMBERED, n] is the part of its stake that a model gained or lost,
    after factor and cap; `meta_corr` [REMEMBERED] is the meta model's CORR. `factor` [] is the payout factor of the
    last closed round, 1 before the first. `meta_corr` and `factor` are public.
    """

    round: jax.Array
    wallet: jax.Array
    stake: jax.Array
    score: jax.Array
    earned: jax.Array
    meta_corr: jax.Array
    factor: jax.Array


class Decision(NamedTuple):
    """What the owners do about the round that closes next, [n] each.

    `deposit` int64 comes from the wallet and counts from this round on. `release` int64 is asked back, and comes once
    the rounds in flight have resolved. Without a submission (`submits`) nothing of a model is at risk in this round.
    `compounds` says whether what it gains stays staked or goes to the wallet.
    """

    deposit: jax.Array
    release: jax.Array
    submits: jax.Array
    compounds: jax.Array


class Staker(Protocol):
    """How the owners of a party's models stake on them. They remember nothing but what the view shows."""

    def decide(self, view: StakerView) -> Decision:
        """Return what each owner does; deposits are at most the wallet, releases at most the stake."""


def stay(view: StakerView) -> Decision:
    """Return the decision to submit and to leave the stake as it is; gains compound."""
    nothing, everybody = jnp.zeros_like(view.stake), jnp.ones(view.stake.shape, bool)
    return Decision(nothing, nothing, everybody, everybody)
