"""Finalists apply to a registry; whoever objects matches the deposit, and tokens decide who keeps both."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down
from tokenomics.curation import registry
from tokenomics.curation.tallies._stakes import among, part_on, support
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut
from tokenomics.mechanism import mechanism

__all__ = ["Registry"]


@mechanism
class Registry:
    """List what is not challenged, or survives a challenge by tokens; the listed work with most support wins.

    For each finalist the curator with most tokens on it applies and the one with most tokens against it challenges;
    both put up a deposit. Everybody with a part on the work votes by its sign with all of its stake, which is not at
    risk. The winning party gets its deposit back and a share of the loser's, the voters of its side the rest in
    proportion to stake; what division leaves is kept. Without objection a work is listed and nothing moves; without a
    supporter nobody applies, and it is not. Ties are the challenger's.

    A deposit is at most what either party has left of its stake after its deposits for earlier finalists, all of which
    are locked until the end, so that nobody loses more than its stake. Parties with nothing left go to the vote without
    deposits. Ties for who applies or challenges go to the lower index.

    Source: skmgoldin/tcr, Registry.sol. There anybody applies and challenges; here those who care most.
    """

    deposit: Annotated[float, Field(ge=0, le=1e8, description="tokens that applicant and challenger put up")] = 100.0
    winner_share: Annotated[
        float, Field(ge=0, le=1, description="share of the loser's deposit that the winning party takes")
    ] = 0.5

    def init(self, num_curators: int, num_places: int) -> tuple[()]:
        """Return the memory of a rule that has none."""
        return ()

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net support in tokens, [P]."""
        return support(ballots, works.id.shape[0])

    def close(
        self, key: jax.Array, state: tuple[()], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[()], TallyOut]:
        """Go through the finalists in their order and settle one challenge after another."""
        stake, num_places = ballots.stake, works.id.shape[0]

        def one(
            carried: tuple[jax.Array, jax.Array], given: tuple[jax.Array, jax.Array]
        ) -> tuple[tuple[jax.Array, jax.Array], jax.Array]:
            (free, delta), (place, present) = carried, given
            locked, moved, listed = self.challenge(free, stake, part_on(ballots, place))
            locked, moved = jnp.where(present, locked, 0), jnp.where(present, moved, 0)
            return (free - locked, delta + moved), listed & present

        valid = among(finalists, works)
        (_, delta), listed = jax.lax.scan(one, (stake, jnp.zeros_like(stake)), (finalists, valid))
        passes = jnp.zeros(num_places, bool).at[jnp.where(listed, finalists, num_places)].set(True, mode="drop")
        return state, TallyOut(self.score(state, ballots, works), passes, delta, -delta.sum())

    def challenge(self, free: jax.Array, stake: jax.Array, part: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        """Return what an application locks and moves, int64 [n] both, and whether the work is listed, bool [].

        Args:
            free: [n] stake that no deposit has locked yet.
            stake: [n] tokens to vote with.
            part: [n] the share of its power that each put on the work, its sign the vote.
        """
        tokens = stake * part
        applicant, challenger = tokens.argmax(), tokens.argmin()
        applies, objects = tokens[applicant] > 0, tokens[challenger] < 0
        contested = applies & objects
        deposit = multiply_down(jnp.int64(RAO_PER_TOKEN), self.deposit)
        deposit = jnp.minimum(deposit, jnp.minimum(free[applicant], free[challenger]))
        deposit = jnp.where(contested, deposit, 0)
        share = jnp.rint(jnp.asarray(self.winner_share, jnp.float64) * 1e6).astype(jnp.int64)
        votes = jnp.where(part > 0, 1, jnp.where(part < 0, 0, -1))
        end = registry.settle(deposit, share, stake, votes)
        locked = jnp.zeros_like(stake).at[applicant].add(deposit).at[challenger].add(deposit)
        paid = end.voters.at[applicant].add(end.applicant).at[challenger].add(end.challenger)
        return locked, paid - locked, applies & (end.listed | ~objects)
