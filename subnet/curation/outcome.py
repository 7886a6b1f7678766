"""What a vote amounts to: what could have been minted, who decided, what bribes were paid."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.curation.books import ArtBooks
from subnet.curation.crowd import seats
from subnet.curation.sale import Minted
from subnet.curation.scenario import CurationScenario
from subnet.curation.voting import Voted
from subnet.curation.works import Works
from subnet.keys import Stream, stream
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.curation.tallies.base import Ballots, winner_of
from tokenomics.ledger import OUTSIDE

__all__ = ["BribeOut", "PoolOut", "bribes", "looks_of", "pivotal_parties"]


class PoolOut(NamedTuple):
    """The pool when a round closed, [] each.

    `size` works, their true quality (`best`, `mean`), the share of them that the minted work is better than
    (`percentile`, NaN without one), how different they look (`spread`, the mean variance of their features, about 1 at
    first, and `distance`, how far their mean lies from where the artists began), and how well the score of the vote
    follows quality over all of them (`agreement`, a correlation; NaN without votes).
    """

    size: jax.Array
    best: jax.Array
    mean: jax.Array
    percentile: jax.Array
    spread: jax.Array
    distance: jax.Array
    agreement: jax.Array


class BribeOut(NamedTuple):
    """`promised` and `paid` int64 [] in 10⁻⁹ ETH, and how many curators took it, `takers` []."""

    promised: jax.Array
    paid: jax.Array
    takers: jax.Array


def looks_of(works: Works, quality: jax.Array, score: jax.Array, minted: Minted) -> PoolOut:
    """Return what could have been minted; `quality` [P] is the truth, `score` [P] the tally's."""
    present = works.present
    count = jnp.maximum(present.sum(), 1)
    mean = jnp.where(present[:, None], works.features, 0).sum(axis=0) / count
    variance = jnp.where(present[:, None], (works.features - mean) ** 2, 0).sum(axis=0) / count
    below = (present & (quality < minted.quality)).sum() / jnp.maximum(count - 1, 1)
    return PoolOut(
        size=present.sum(),
        best=jnp.where(present, quality, -jnp.inf).max(),
        mean=jnp.where(present, quality, 0).sum() / count,
        percentile=jnp.where(minted.exists, below, jnp.nan),
        spread=variance.mean(),
        distance=jnp.sqrt((mean**2).mean()),
        agreement=_correlation(quality, score, present),
    )


def _correlation(a: jax.Array, b: jax.Array, where: jax.Array) -> jax.Array:
    """Return Pearson's correlation over the entries where `where` holds, NaN where one of them does not vary."""
    count = jnp.maximum(where.sum(), 1)
    a, b = (jnp.where(where, x - jnp.where(where, x, 0).sum() / count, 0).astype(jnp.float64) for x in (a, b))
    norm = jnp.sqrt((a**2).sum() * (b**2).sum())
    return jnp.where(norm > 0, (a * b).sum() / jnp.where(norm > 0, norm, 1), jnp.nan)


def pivotal_parties(
    key: jax.Array,
    epoch: jax.Array,
    scenario: CurationScenario,
    memory: Any,
    ballots: Ballots,
    works: Works,
    finalists: jax.Array,
    winner: jax.Array,
) -> jax.Array:
    """Return, bool [parties], without whose votes another work would have won, everything else alike.

    A single party is never pivotal: without it there would be no vote.
    """
    parties, num_curators = seats(scenario), ballots.stake.shape[0]
    if len(parties) == 1:
        return jnp.zeros(1, bool)
    rows = jnp.arange(num_curators)

    def differs(bounds: jax.Array) -> jax.Array:
        away = (rows >= bounds[0]) & (rows < bounds[1])
        rest = ballots._replace(
            part=jnp.where(away[:, None], 0, ballots.part), choice=jnp.where(away, -1, ballots.choice)
        )
        own = stream(key, Stream.TALLY, epoch)
        _, tally = scenario.design.tally.close(own, memory, rest, works.candidates, finalists)
        return winner_of(tally.score, tally.passes, works.candidates) != winner

    bounds = jnp.array([(seat.rows.start, seat.rows.stop) for seat in parties])
    return jax.lax.map(differs, bounds)


def bribes(
    scenario: CurationScenario, books: ArtBooks, voted: Voted, ballots: Ballots, minted: jax.Array
) -> tuple[ArtBooks, BribeOut]:
    """Pay those who did what they were promised money for: put most of their power on the briber's work.

    The part of a promise that is paid is the part of the power that went there. Money comes from the briber's pocket
    outside; a briber that pays only if its work loses pays nothing where it wins.
    """
    nothing = jnp.zeros((), jnp.int64)
    payers = [seat for seat in seats(scenario) if seat.rule.pays]
    if not payers:
        return books, BribeOut(nothing, nothing, nothing)
    there = (ballots.fragment == voted.bribed_for) & (ballots.part > 0)
    given = jnp.minimum(jnp.where(there, ballots.part, 0).sum(axis=1), 1)
    promised = jnp.where(given > 0.5, voted.bribe * given, 0)
    due = jnp.floor(promised.astype(jnp.float64) * RAO_PER_TOKEN).astype(jnp.int64)
    pays = (minted != voted.bribed_for) if payers[0].rule.only_if_lost else jnp.bool_(True)
    paid = jnp.where(pays, due, 0)
    eth = books.eth.move(OUTSIDE, "curators", paid, "bribe")
    return books._replace(eth=eth), BribeOut(due.sum(), paid.sum(), (due > 0).sum())
