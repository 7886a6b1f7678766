"""Votes that cost their square."""

import jax

from tokenomics.curation.quadratic import signed_roots
from tokenomics.curation.tallies._count import Count
from tokenomics.curation.tallies.base import Ballots, Candidates, merged, received
from tokenomics.mechanism import mechanism

__all__ = ["Quadratic"]


@mechanism
class Quadratic(Count):
    """Score a work by the signed roots of the points on it: T_p = Σ_i ± √c_ip, over wallets.

    An owner of k wallets puts a k-th of its points on a work from each, which is √k times the votes of one wallet.
    """

    def score(self, state: tuple[()], ballots: Ballots, works: Candidates) -> jax.Array:
        """Return the net votes of each work, float64 [P]."""
        credits = ballots.points[:, None] * merged(ballots)
        return received(ballots, signed_roots(credits, ballots.wallets[:, None]), works.id.shape[0])
