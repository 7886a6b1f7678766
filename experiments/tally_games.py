"""Votes with something at stake: disputes, oracles, challenges, and reports that nobody can verify."""

import itertools
from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.ballots import Ballots
from experiments.parameters import Refused
from experiments.tally_result import Grid, Tally, by_name, concentration, grid
from experiments.wording import plural
from tokenomics.curation.kleros import Settlement, at_stake, next_round_jurors, ruling_of
from tokenomics.curation.kleros import settle as settle_dispute
from tokenomics.curation.peer_prediction import agreement_pay, answer_frequency, mean_correlated_pay
from tokenomics.curation.plurality import stake_for
from tokenomics.curation.registry import settle as settle_challenge
from tokenomics.curation.uma import settle as settle_request

__all__ = ["kleros", "peer_prediction", "registry", "uma"]

_MOST_REPORTERS = 40  # every pair of them is compared
_MOST_ITEMS = 500


def kleros(ballots: Ballots) -> Tally:
    """Settle every round of a dispute against the ruling of its last."""
    p = ballots.parameters
    named = sorted({str(v): v for votes in p.rounds for v in votes if v is not None}.items())
    place = {name: index for index, (name, _) in enumerate(named)}
    votes = np.full((len(p.rounds), max(map(len, p.rounds))), -1)
    for row, given in enumerate(p.rounds):
        votes[row, : len(given)] = [-1 if v is None else place[str(v)] for v in given]
    drawn = np.arange(votes.shape[1]) < np.array([[len(given)] for given in p.rounds])
    risk = at_stake(jnp.int64(p.min_stake), jnp.int64(p.alpha_bp))
    settled = settle_dispute(jnp.asarray(votes), jnp.asarray(drawn), risk, p.fee_per_juror)
    choice, tied = ruling_of(jnp.asarray(votes[-1]))
    ruling = None if bool(tied) else named[int(choice)][1]
    rounds = [_round(settled, row, len(given)) for row, given in enumerate(p.rounds)]
    result = {
        "at_stake_per_vote": int(risk),
        "tied": bool(tied),
        "ruling": ruling,
        "rounds": rounds,
        "next_round_jurors": [next_round_jurors(len(given)) for given in p.rounds],
    }
    said = "the last round is tied" if ruling is None else f"the ruling is {ruling}"
    return Tally(
        f"{said}; {plural(len(rounds), 'round')}", result, (_votes_grid(p.rounds, rounds), _rounds_grid(rounds))
    )


def uma(ballots: Ballots) -> Tally:
    """Settle one request to an oracle."""
    p, options = ballots.parameters, ballots.options or ("",)
    stake, choice = ballots.whole("stake"), ballots.choices()
    settled = settle_request(
        jnp.asarray(stake), jnp.asarray(choice), len(options), p.gat, p.spat_ppm, p.slash_wrong_ppm, p.slash_missed_ppm,
        p.governance,
    )  # fmt: skip
    score = np.asarray(stake_for(jnp.asarray(stake), jnp.asarray(choice), len(options)))
    resolved, cast, staked = bool(settled.resolved), int(score.sum()), int(stake.sum())
    mode = options[int(settled.mode)] if resolved else None
    result = {
        "resolved": resolved,
        "mode": mode,
        "pot": int(settled.pot),
        "delta": settled.delta.tolist(),
        "dust": int(settled.dust),
        "tally": by_name(ballots.options, score) if ballots.options else {},
        "concentration": concentration(np.where(choice >= 0, stake, 0)),
    }
    needs = f"{cast:,} voted (more than {p.gat:,} must), {int(score.max()):,} agree"
    needs += f" (more than {p.spat_ppm / 10_000:g} % of {staked:,} must)"
    headline = f"{mode} stands: {needs}" if resolved else f"nothing stands, the request rolls: {needs}"
    told = {"stake": by_name(ballots.ids, stake), "gain or loss": by_name(ballots.ids, settled.delta)}
    return Tally(headline, result, (grid("voter", told),))


def registry(ballots: Ballots) -> Tally:
    """Settle a challenge to an entry of a token-curated registry."""
    p, tokens, choice = ballots.parameters, ballots.whole("stake"), ballots.choices()
    votes = np.where(choice < 0, -1, 1 - choice)  # the rule has 1 for the entry; here "for" is the first option
    out = settle_challenge(jnp.int64(p.deposit), p.winner_ppm, jnp.asarray(tokens), jnp.asarray(votes), p.quorum_ppm)
    score = np.asarray(stake_for(jnp.asarray(tokens), jnp.asarray(choice), len(ballots.options)))
    result: dict[str, Any] = {
        "listed": bool(out.listed),
        "applicant": int(out.applicant),
        "challenger": int(out.challenger),
        "voters": by_name(ballots.ids, out.voters),
        "dust": int(out.dust),
        "tally": by_name(ballots.options, score),
        "concentration": concentration(np.where(choice >= 0, tokens, 0)),
    }
    said = "the entry is listed" if result["listed"] else "the entry is refused"
    headline = f"{said}: {score[0]:,} tokens for it, {score[1]:,} against"
    paid = {"applicant": result["applicant"], "challenger": result["challenger"], **_plain(result["voters"])}
    return Tally(headline, result, (Grid(("who", "is paid"), list(paid.items())),))


def peer_prediction(ballots: Ballots) -> Tally:
    """Pay reports by agreement with every other voter, and by agreement beyond chance."""
    reports, answers = _reports(ballots)
    frequency = answer_frequency(jnp.asarray(reports), len(answers))
    n = len(reports)
    agreed, correlated = np.full((2, n, n), np.nan)
    for one, other in itertools.combinations(range(n), 2):
        both = (reports[one] >= 0) & (reports[other] >= 0)
        if both.any():
            mine, peers = (jnp.asarray(reports[i][both]) for i in (one, other))
            agreed[one, other] = agreed[other, one] = float(agreement_pay(mine, peers, frequency).mean())
            if both.sum() > 1:  # chance is measured on two different items
                pay = float(mean_correlated_pay(mine, peers, frequency))
                correlated[one, other] = correlated[other, one] = pay
    result = {
        "frequency": by_name(answers, frequency),
        "agreement_pay": _means(ballots.ids, agreed),
        "correlated_pay": _means(ballots.ids, correlated),
    }
    told = {"for agreement": result["agreement_pay"], "beyond chance": result["correlated_pay"]}
    headline = f"mean pay per item of {plural(n, 'voter')}, each compared with all others"
    return Tally(headline, result, (grid("voter", told), grid("answer", {"share of reports": result["frequency"]})))


def _round(settled: Settlement, row: int, size: int) -> dict[str, Any]:
    names = ("governor_tokens", "governor_fees", "dust_tokens", "dust_fees")
    return {
        "token_delta": settled.token_delta[row, :size].tolist(),
        "fee_income": settled.fee_income[row, :size].tolist(),
        **{name: int(getattr(settled, name)[row]) for name in names},
    }


def _votes_grid(given: Any, rounds: list[dict[str, Any]]) -> Grid:
    rows = [
        (f"{number}", place, vote, delta, fee)
        for number, (votes, found) in enumerate(zip(given, rounds, strict=True), start=1)
        for place, (vote, delta, fee) in enumerate(
            zip(votes, found["token_delta"], found["fee_income"], strict=True), start=1
        )
    ]
    return Grid(("round", "juror", "vote", "tokens", "fee"), rows)


def _rounds_grid(rounds: list[dict[str, Any]]) -> Grid:
    names = ("governor_tokens", "governor_fees", "dust_tokens", "dust_fees")
    head = ("round", *(name.replace("_", " ") for name in names))
    return Grid(head, [(str(i), *(found[name] for name in names)) for i, found in enumerate(rounds, start=1)])


def _reports(ballots: Ballots) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the answers [n, T] as numbers, -1 for a missing one, and what they stand for."""
    given = [voter.reports or () for voter in ballots.voters]
    items = len(given[0])
    for index, row in enumerate(given):
        if len(row) != items:
            raise Refused(
                f"voters[{index}].reports has {len(row)} entries, voters[0].reports has {items}; one per item"
            )
    if not (2 <= len(given) <= _MOST_REPORTERS and 1 <= items <= _MOST_ITEMS):
        raise Refused(
            f"has {plural(len(given), 'voter')} with {plural(items, 'report')}; peer prediction takes 2 to "
            f"{_MOST_REPORTERS} voters with 1 to {_MOST_ITEMS} reports"
        )
    answers = tuple(sorted({answer for row in given for answer in row if answer is not None}))
    if not answers:
        raise Refused("voters report nothing: every report is null")
    place = {answer: index for index, answer in enumerate(answers)}
    return np.array([[-1 if x is None else place[x] for x in row] for row in given]), answers


def _means(ids: tuple[str, ...], pairs: NDArray[np.float64]) -> dict[str, float | None]:
    known = ~np.isnan(pairs)
    return {
        name: float(pairs[i][known[i]].mean()) if known[i].any() else None for i, name in enumerate(ids)
    }  # fmt: skip


def _plain(voters: dict[str, int]) -> dict[str, int]:
    return {f"voter {name}": amount for name, amount in voters.items()}
