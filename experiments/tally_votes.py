"""Counts of votes: by stake, by square roots, by locks, by approval, and matching funds."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.ballots import Ballots
from experiments.parameters import Refused
from experiments.tally_parameters import FlipTerms
from experiments.tally_result import Tally, by_name, concentration, flip, grid, margin, winner
from experiments.wording import show
from tokenomics.curation.plurality import is_accepted, stake_for
from tokenomics.curation.quadratic import matches, matching_weights, pairwise_matching_weights, signed_roots
from tokenomics.curation.time_lock import lock_weight

__all__ = ["approval", "quadratic", "quadratic_funding", "time_locked", "token_weighted"]

_SECONDS_PER_DAY = 86_400
_PAIRWISE_VOTERS = 5000  # every pair of them is looked at


def token_weighted(ballots: Ballots) -> Tally:
    """Count the stake behind each option; the winner needs quorum and approval."""
    stake, choice, terms = ballots.numbers("stake"), ballots.choices(), ballots.parameters
    score, cast = _plurality(stake, choice, ballots.options)
    accepted = cast > 0 and bool(is_accepted(score.max(), score.sum(), stake.sum(), terms.quorum, terms.approval))
    found = winner(score, ballots.options) if accepted else None
    headline = margin(score, ballots.options, "tokens")
    if not accepted:
        needs = f"{terms.quorum:.1%} of all stake must vote, {terms.approval:.1%} of that agree"
        headline = f"nothing is accepted: {needs}; {headline.replace(' wins ', ' leads ')}"
    result: dict[str, Any] = {"tally": by_name(ballots.options, score), "winner": found, "accepted": accepted}
    result |= {"cast": cast, "turnout": cast / stake.sum() if stake.sum() else 0.0}
    return _told(headline, result, score, ballots, np.where(choice >= 0, stake, 0))


def time_locked(ballots: Ballots) -> Tally:
    """Count stake weighed by how long it stays locked."""
    terms, choice = ballots.parameters, ballots.choices()
    longest = terms.longest_lock_days * _SECONDS_PER_DAY
    stake, end = jnp.asarray(ballots.numbers("stake")), jnp.asarray(ballots.numbers("lock_end"))
    weight = np.asarray(lock_weight(stake, end, terms.now, longest))
    score, cast = _plurality(weight, choice, ballots.options)
    result: dict[str, Any] = {"weights": by_name(ballots.ids, weight), "tally": by_name(ballots.options, score)}
    result |= {"winner": winner(score, ballots.options) if cast > 0 else None}
    headline = margin(score, ballots.options, "locked votes") if cast > 0 else "no locked stake votes"
    return _told(headline, result, score, ballots, np.where(choice >= 0, weight, 0))


def approval(ballots: Ballots) -> Tally:
    """Count stake in favour less stake against; options need quorum and approval."""
    stake, terms = ballots.numbers("stake"), ballots.parameters
    signed = stake[:, None] * np.sign(ballots.amounts("stake"))
    support, cast = np.maximum(signed, 0).sum(axis=0), np.abs(signed).sum(axis=0)
    net, total = signed.sum(axis=0), stake.sum()
    counts = is_accepted(jnp.asarray(support), jnp.asarray(cast), total, terms.quorum, terms.approval)
    valid = np.asarray(counts) & (cast > 0)
    allowed = [option for option, is_valid in zip(ballots.options, valid, strict=True) if is_valid]
    found = winner(net[valid], allowed)
    columns = {"net": net, "for": support, "against": cast - support, "accepted": valid}
    named = {name: by_name(ballots.options, column) for name, column in columns.items()}
    result = {"tally": named["net"], "accepted": named["accepted"], "winner": found}
    result |= {"flip": flip(net[valid], allowed, terms), "concentration": concentration(_voted(stake, signed))}
    headline = margin(net[valid], allowed, "tokens net") if allowed else "no option is accepted"
    return Tally(headline, result, (grid("option", named),) if ballots.options else ())


def quadratic(ballots: Ballots) -> Tally:
    """Count credits, their square roots, and the roots after one voter has divided its credits over wallets."""
    spent, terms = ballots.amounts("credits"), ballots.parameters
    wallets = ballots.numbers("wallets", 1.0)
    counts = {"linear": spent.sum(axis=0), "quadratic": _roots(spent, wallets)}
    if terms.sybil_voter is not None:
        wallets[_place_of(terms.sybil_voter, ballots.ids)] = terms.sybil_wallets
        counts["quadratic_after_split"] = _roots(spent, wallets)
    result: dict[str, Any] = {name: by_name(ballots.options, score) for name, score in counts.items()}
    tables = (grid("option", dict(result)),) if ballots.options else ()
    for name, score in counts.items():
        result[f"winner_{name.removeprefix('quadratic_')}"] = winner(score, ballots.options)
    score = counts["quadratic"]
    turn = flip(score, ballots.options, FlipTerms())
    if turn is not None:
        turn["credits_to_buy_in_one_wallet"] = turn["votes_to_buy"] ** 2
    weight = np.abs(np.asarray(signed_roots(jnp.asarray(spent)))).sum(axis=1)
    result |= {"flip": turn, "concentration": concentration(weight)}
    return Tally(margin(score, ballots.options, "votes"), result, tables)


def quadratic_funding(ballots: Ballots) -> Tally:
    """Divide a pool by (Σ √c)² − Σ c, and with every pair of wallets bounded where there is a bound."""
    given, terms = np.maximum(ballots.amounts("credits"), 0), ballots.parameters
    wallets = ballots.numbers("wallets", 1.0)
    paid = given.sum(axis=0)
    weights = np.asarray(matching_weights(jnp.asarray(_roots(given, wallets)), jnp.asarray(paid)))
    weights = np.where(weights > paid * 1e-12, weights, 0)  # a root squared may miss what was given by rounding
    columns = {"given": paid, "weight": weights, "match": np.asarray(matches(jnp.asarray(weights), terms.pool))}
    if terms.pairwise_bound > 0 and len(ballots.options):
        if len(given) > _PAIRWISE_VOTERS:
            raise Refused(f"has {len(given)} voters; with pairwise_bound, {_PAIRWISE_VOTERS} are the most")
        bounded = pairwise_matching_weights(jnp.asarray(given), terms.pairwise_bound, jnp.asarray(wallets))
        columns |= {"bounded weight": np.asarray(bounded), "bounded match": np.asarray(matches(bounded, terms.pool))}
    named = {name: by_name(ballots.options, column) for name, column in columns.items()}
    result: dict[str, Any] = {name.replace(" ", "_"): column for name, column in named.items()}
    result["undistributed"] = 0.0 if weights.sum() > 0 else terms.pool
    result |= {"winner": winner(columns["match"], ballots.options) if weights.sum() > 0 else None}
    result["concentration"] = concentration(given.sum(axis=1))
    headline = margin(columns["match"], ballots.options, f"of the pool's {terms.pool:,.10g}")
    if not weights.sum() > 0:
        headline = "nothing is matched: no option has two wallets behind it"
    return Tally(headline, result, (grid("option", named),) if ballots.options else ())


def _plurality(weight: NDArray[Any], choice: NDArray[Any], options: tuple[str, ...]) -> tuple[NDArray[Any], float]:
    score = np.asarray(stake_for(jnp.asarray(weight), jnp.asarray(choice), len(options)))
    return score, float(score.sum())


def _roots(spent: NDArray[Any], wallets: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(signed_roots(jnp.asarray(spent), jnp.asarray(wallets)[:, None])).sum(axis=0)


def _voted(weight: NDArray[Any], signed: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.abs(signed).sum(axis=1) > 0, weight, 0)


def _told(headline: str, result: dict[str, Any], score: NDArray[Any], ballots: Ballots, weight: NDArray[Any]) -> Tally:
    turn = flip(score, ballots.options, ballots.parameters)
    result |= {"flip": turn, "concentration": concentration(weight)}
    grids = (grid("option", {"votes": result["tally"]}),) if ballots.options else ()
    if "weights" in result:
        grids = (grid("voter", {"weight": result["weights"]}), *grids)
    return Tally(headline, result, grids)


def _place_of(voter: int | str, ids: tuple[str, ...]) -> int:
    """Return the place of a voter by its id, or by its number from 0."""
    if str(voter) in ids:
        return ids.index(str(voter))
    if isinstance(voter, int) and 0 <= voter < len(ids):
        return voter
    raise Refused(
        f"sybil_voter = {show(voter)} is none of the voters: give an id, or a number from 0 to {len(ids) - 1}"
    )
