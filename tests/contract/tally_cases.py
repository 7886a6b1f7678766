"""Small rounds of voting, and every tally of the folder to count them."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from tests.contract.folder_rules import counted, rules_in
from tokenomics.curation.tallies.approval import Approval
from tokenomics.curation.tallies.base import Ballots, Candidates, TallyOut
from tokenomics.curation.tallies.conviction import Conviction
from tokenomics.curation.tallies.net_points import NetPoints
from tokenomics.curation.tallies.quadratic_funding import QuadraticFunding
from tokenomics.curation.tallies.token_weighted import TokenWeighted

KINDS = rules_in("tokenomics.curation.tallies")
CASES: dict[str, Any] = {kind: cls() for kind, cls in KINDS.items()} | {
    "approval_with_quorum": Approval(quorum=0.3, approval=0.6),
    "conviction_with_threshold": Conviction(requested_share=0.1, supply=1e5),
    "net_points_with_cap": NetPoints(boosts=2, boost_points=60.0, cap_per_work=150.0),
    "quadratic_funding_pairwise": QuadraticFunding(pairwise=True, pairwise_bound=300.0),
    "token_weighted_with_quorum": TokenWeighted(quorum=0.4, approval=0.1),
}
DRAWS = {"kleros"}  # kinds that draw lots: who is drawn depends on where it stands in the list
NUM_CURATORS, NUM_PLACES, DAYS, SEEN, NUM_FINALISTS = 7, 11, 3, 2, 4
NUM_EARLY = DAYS * SEEN
ABSENT, NEW = 5, 2  # places: a hole in the pool, and the work that came in with the second round
TOKEN = 10**9


class Round(NamedTuple):
    """What a tally is handed at the end of a round."""

    ballots: Ballots
    works: Candidates
    finalists: jax.Array


def small_round(seed: int, fresh: bool = False) -> Round:
    """Draw a round in which all vote on something, boost something, and some put most on a place that holds no work."""
    rng = np.random.default_rng(seed)
    finalists = rng.permutation(np.delete(np.arange(NUM_PLACES), ABSENT))[:NUM_FINALISTS]
    shown = np.stack([rng.permutation(NUM_PLACES)[:NUM_EARLY] for _ in range(NUM_CURATORS)])
    fragment = np.concatenate([shown, np.tile(finalists, (NUM_CURATORS, 1))], axis=1)
    part = rng.normal(0.5, 1, fragment.shape) * (rng.random(fragment.shape) < 0.7)
    part = np.where(fragment == ABSENT, 2.0, part)
    part /= np.abs(part).sum(axis=1, keepdims=True) * 1.01
    fragment = np.where(part == 0, -1, fragment)
    ballots = Ballots(
        fragment=jnp.asarray(fragment, jnp.int32),
        part=jnp.asarray(part, jnp.float32),
        day=jnp.asarray(np.r_[np.repeat(np.arange(DAYS), SEEN), np.full(NUM_FINALISTS, DAYS)], jnp.int32),
        last_day=jnp.int32(DAYS),
        choice=jnp.asarray(rng.choice(np.r_[finalists, -1], NUM_CURATORS), jnp.int32),
        points=jnp.asarray(rng.random(NUM_CURATORS) * 2000),
        stake=jnp.asarray(rng.integers(500 * TOKEN, 9000 * TOKEN, NUM_CURATORS)),
        wallets=jnp.asarray(rng.choice([1.0, 1.0, 2.0, 7.0], NUM_CURATORS)),
        lock_weeks=jnp.asarray(rng.random(NUM_CURATORS) * 200),
    )
    places = np.arange(NUM_PLACES)
    works = Candidates(
        id=jnp.asarray(rng.permutation(NUM_PLACES) + 100),
        present=jnp.asarray(places != ABSENT),
        fresh=jnp.asarray((places == NEW) & fresh),
    )
    return Round(ballots, works, jnp.asarray(finalists, jnp.int32))


def relabelled(played: Round, order: np.ndarray) -> Round:
    """Return the same round with its curators in another order."""
    return played._replace(ballots=_curators(played.ballots, lambda x: x[order]))


def padded(played: Round, more: int) -> Round:
    """Return the same round with curators who vote, but have neither stake nor points."""
    grown = _curators(played.ballots, lambda x: jnp.concatenate([x, x[:more]]))
    powerless = {name: getattr(grown, name).at[NUM_CURATORS:].set(0) for name in ("points", "stake")}
    return played._replace(ballots=grown._replace(**powerless))


def _curators(ballots: Ballots, change: Any) -> Ballots:
    return Ballots(*(x if name in ("day", "last_day") else change(x) for name, x in ballots._asdict().items()))


def close(rule: Any, key: jax.Array, state: Any, played: Round) -> tuple[Any, TallyOut]:
    """End one round."""
    return rule.close(key, state, *played)


compiled, TRACES = counted(close)


def two_rounds(rule: Any, rounds: list[Round], step: Any = compiled) -> tuple[Any, list[TallyOut]]:
    """Play rounds one after the other with the memory of the tally in between."""
    state, outs = rule.init(rounds[0].ballots.stake.shape[0], NUM_PLACES), []
    for number, played in enumerate(rounds):
        state, out = step(rule, jax.random.key(number), state, played)
        outs.append(out)
    return state, outs
