"""The final choice is a dispute: jurors drawn by stake decide, and lose some where the last round disagrees."""

from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from tokenomics.amounts import RAO_PER_TOKEN, multiply_down
from tokenomics.curation import kleros
from tokenomics.curation.tallies._stakes import among, named, only, support
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut, winner_of
from tokenomics.mechanism import mechanism, static

__all__ = ["Kleros"]


@mechanism
class Kleros:
    """Let jurors drawn by stake choose among the finalists; who votes unlike the last round loses stake to those like.

    d = floor(min_stake · alpha / 10⁴) is at risk for every vote. A curator may be drawn several times and then has as
    many votes; it never loses more than its stake. A first round of `jurors` is followed by appeals of 2 n + 1 each,
    and the plurality of the last stands. What no vote receives, of whole rounds or of divisions, is kept.

    While the vote is open a work stands at its net support in tokens. Where the last round is tied or nobody voted, the
    finalist with most support wins. Everybody with stake may be drawn, also with less than `min_stake`. Nobody pays
    fees here: every case is appealed to the end, at no cost. Splitting a stake over wallets changes nothing.

    Source: kleros/kleros, contracts/kleros/KlerosLiquid.sol. There a case has an arbitrable party that pays.
    """

    min_stake: Annotated[float, Field(ge=0, le=1e8, description="tokens of which a vote risks a part")] = 1000.0
    alpha: Annotated[int, Field(ge=0, le=10_000, description="basis points of min_stake that a vote risks")] = 5000
    jurors: Annotated[int, Field(ge=1, le=101, description="jurors of the first round")] = static(3)
    appeals: Annotated[int, Field(ge=0, le=4, description="appeals, each with twice the jurors and one")] = static(1)

    def init(self, num_curators: int, num_places: int) -> tuple[()]:
        """Return the memory of a rule that has none."""
        return ()

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net support in tokens, [P]."""
        return support(ballots, works.id.shape[0])

    def close(
        self, key: jax.Array, state: tuple[()], ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[tuple[()], TallyOut]:
        """Draw the jurors of every round and settle all of them against the last."""
        score, num_places = self.score(state, ballots, works), works.id.shape[0]
        drawn, juror = self.draw(key, ballots.stake)
        votes = named(ballots.choice[juror].reshape(-1), finalists, works).reshape(juror.shape)
        votes = jnp.where(drawn, votes, -1)
        settled = kleros.settle(votes, drawn, self.stake_at_risk(), 0, juror, ballots.stake)
        delta = jnp.zeros_like(ballots.stake).at[juror].add(settled.token_delta)
        ruling, tied = kleros.ruling_of(votes[-1])
        places = jnp.where(among(finalists, works), finalists, num_places)
        open_to = jnp.zeros(num_places, bool).at[places].set(True, mode="drop")
        winner = jnp.where(tied, winner_of(score, open_to, works), finalists[ruling])
        return state, TallyOut(score, only(winner, num_places), delta, -delta.sum())

    def stake_at_risk(self) -> jax.Array:
        """Return d in 10⁻⁹ tokens."""
        return kleros.at_stake(multiply_down(jnp.int64(RAO_PER_TOKEN), self.min_stake), jnp.asarray(self.alpha))

    def draw(self, key: jax.Array, stake: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Return which seats are taken, bool [R, J], and by which curator, int [R, J], in proportion to stake.

        Every seat has a key of its own, so that another appeal changes no earlier round. Without any stake no seat is
        taken.
        """
        sizes = [self.jurors]
        for _ in range(self.appeals):
            sizes.append(int(kleros.next_round_jurors(sizes[-1])))
        first = np.cumsum([0, *sizes[:-1]])
        seat = np.arange(sizes[-1])
        taken = seat[None, :] < np.array(sizes)[:, None]
        keys = jax.vmap(lambda k: jax.random.fold_in(key, k))(jnp.arange(sum(sizes)))
        lot = jax.vmap(lambda k: jax.random.uniform(k, dtype=jnp.float64))(keys)
        ends = jnp.cumsum(stake)
        at = jnp.minimum(jnp.floor(lot * ends[-1]).astype(jnp.int64), ends[-1] - 1)
        curator = jnp.minimum(jnp.searchsorted(ends, at, side="right"), stake.shape[0] - 1)
        return jnp.asarray(taken) & (ends[-1] > 0), curator[np.where(taken, first[:, None] + seat[None, :], 0)]
