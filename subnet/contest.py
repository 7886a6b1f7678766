"""A round of a staked tournament: owners decide, an old round resolves, a new one closes on its meta model."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.stakers.base import REMEMBERED, Decision, StakerView
from subnet.cast import Cast
from subnet.purses import staker_of
from subnet.rounds.base import Tournament
from subnet.scenario import Scenario
from subnet.scores import ScoresOut, scores_of
from subnet.work.predictions import Predictions
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.ledger import Ledger
from tokenomics.tournament.payouts import round_payouts
from tokenomics.tournament.stakes import Resolved, Stakes, close, request, resolve, resolving
from tokenomics.tournament.supply import Supply, affordable, book

__all__ = ["ContestState", "RoundOut", "open_contest", "play"]

_REPUTATION_ROUNDS = 20  # by whose mean score the leaderboard ranks


class _Pending(NamedTuple):
    """What is known of the L rounds in flight: row `round % L` resolves next. Scores [L, M], the meta model's [L]."""

    corr: jax.Array
    mmc: jax.Array
    gain_factor: jax.Array
    meta_corr: jax.Array


class _Results(NamedTuple):
    """Resolved rounds, the newest first, NaN where there is none: see `StakerView`."""

    score: jax.Array
    earned: jax.Array
    meta_corr: jax.Array


class ContestState(NamedTuple):
    """What is carried from round to round; tokens are in the ledger.

    `at_risk` and `waiting` [L, M], int64, and `round` [] are those of `Stakes`; `factor` [] is the payout factor of the
    last closed round, `earlier` [B, M] the stakes of the last B rounds where a bonus looks back at them, else ().
    """

    at_risk: jax.Array
    waiting: jax.Array
    round: jax.Array
    pending: _Pending
    results: _Results
    factor: jax.Array
    earlier: Any


class RoundOut(NamedTuple):
    """What a round did, int64 [M] units.

    `stake` at its close, of which `at_risk` counts; what the round that resolved paid (`gain`) or took (`burn`), what
    was `released`, and the leaderboard's `bonus`. `factor` [] is the payout factor of the round that closed.
    """

    stake: jax.Array
    at_risk: jax.Array
    gain: jax.Array
    burn: jax.Array
    released: jax.Array
    bonus: jax.Array
    factor: jax.Array


def open_contest(rule: Tournament, num_miners: int) -> ContestState:
    """Return the state before the first round."""
    L, M = rule.lag, num_miners
    empty, unknown = jnp.zeros((L, M), jnp.int64), jnp.full((REMEMBERED, M), jnp.nan)
    blank = jnp.full((L, M), jnp.nan)
    return ContestState(
        at_risk=empty,
        waiting=empty,
        round=jnp.zeros((), jnp.int64),
        pending=_Pending(blank, blank, jnp.ones((L, M)), jnp.full(L, jnp.nan)),
        results=_Results(unknown, unknown, jnp.full(REMEMBERED, jnp.nan)),
        factor=jnp.ones(()),
        earlier=jnp.zeros((rule.bonus_lag, M), jnp.int64) if rule.bonus else (),
    )


def play(
    scenario: Scenario, cast: Cast, tokens: Ledger, state: ContestState, predictions: Predictions
) -> tuple[Ledger, ContestState, RoundOut, ScoresOut]:
    """Play one round: decide, resolve, close.

    Args:
        scenario: rules and people.
        cast: everybody by row and column.
        tokens: the ledger, of which `miners` are the owners' wallets and `staked` their stakes.
        state: of the last round.
        predictions: of the round that closes, [M0] with the source's own miners first.
    """
    rule, row = scenario.design.tournament, state.round % scenario.design.tournament.lag
    stakes = Stakes(tokens.balances["miners"], tokens.balances["staked"], state.at_risk, state.waiting, state.round)
    decision = _decisions(scenario, cast, stakes, state)
    old: _Pending = jax.tree.map(lambda ring: ring[row], state.pending)
    tokens, stakes, resolved, earned = _resolve(rule, tokens, stakes, decision, old)
    tokens, bonus = _bonus(rule, tokens, state)
    predictions = _for_all(predictions, cast.num_miners)
    submitted = decision.submits & predictions.valid
    scores = scores_of(predictions, jnp.where(submitted, _staked(stakes), 0))
    stakes, at_risk = close(stakes, submitted & (state.round % rule.pays_every == 0))
    factor = rule.rule().factor(at_risk.sum() / RAO_PER_TOKEN)
    new = _pending(rule, predictions, scores)
    newest = _Results(rule.rule().score(old.corr, old.mmc), earned, old.meta_corr)
    after = ContestState(
        at_risk=stakes.at_risk,
        waiting=stakes.waiting,
        round=stakes.round,
        pending=jax.tree.map(lambda ring, x: ring.at[row].set(x), state.pending, new),
        results=jax.tree.map(lambda past, x: jnp.concatenate([x[None], past[:-1]]), state.results, newest),
        factor=factor,
        earlier=state.earlier.at[state.round % rule.bonus_lag].set(stakes.stake) if rule.bonus else (),
    )
    out = RoundOut(stakes.stake, at_risk, resolved.gain, resolved.burn, resolved.released, bonus, factor)
    return tokens, after, out, scores


def _decisions(scenario: Scenario, cast: Cast, stakes: Stakes, state: ContestState) -> Decision:
    """Return what everybody decides, each party by what its own owners know."""
    free = _staked(stakes)
    nothing, nobody = jnp.zeros_like(free), jnp.zeros(free.shape, bool)
    made = Decision(nothing, nothing, nobody, nobody)
    for party in dict.fromkeys(cast.miner_party):
        own = cast.columns_of(party).nonzero()[0]
        view = StakerView(
            round=state.round,
            wallet=stakes.wallet[own],
            stake=free[own],
            score=state.results.score[:, own],
            earned=state.results.earned[:, own],
            meta_corr=state.results.meta_corr,
            factor=state.factor,
        )
        theirs = staker_of(scenario, party).decide(view)
        made = jax.tree.map(lambda all_, part, own=own: all_.at[own].set(part), made, theirs)
    return made


def _resolve(
    rule: Tournament, tokens: Ledger, stakes: Stakes, decision: Decision, old: _Pending
) -> tuple[Ledger, Stakes, Resolved, jax.Array]:
    """Take requests, then pay and burn the round that resolves; return also the part of a stake that it earned."""
    supply = Supply(tokens.balances["treasury"], tokens.balances["netted"], tokens.balances["burned"])
    asked = request(stakes, decision.deposit, decision.release)
    at_risk = resolving(asked)
    due = round_payouts(rule.rule(), at_risk, old.corr, old.mmc, old.gain_factor)
    settled, resolved = resolve(asked, affordable(supply, due), decision.compounds)
    earned = jnp.where(at_risk > 0, (resolved.gain - resolved.burn) / jnp.maximum(at_risk, 1), jnp.nan)
    tokens = tokens.move("miners", "staked", asked.stake - stakes.stake, "stake deposited")
    tokens = _booked(tokens, resolved, supply, rule)
    taken = tokens.balances["staked"] - settled.stake
    return tokens.move("staked", "miners", taken, "stake and gains taken out"), settled, resolved, earned


def _booked(tokens: Ledger, resolved: Resolved, supply: Supply, rule: Tournament) -> Ledger:
    """Return the ledger with gains and burns of a round."""
    if rule.burns == "destroyed":
        tokens = tokens.move("treasury", "staked", resolved.gain, "payout")
        return tokens.move("staked", "burned", resolved.burn, "burn")
    own = jnp.minimum(resolved.gain, supply.netted)
    tokens = tokens.move("treasury", "staked", resolved.gain - own, "payout")
    tokens = tokens.move("netted", "staked", own, "payout from earlier burns")
    tokens = tokens.move("staked", "netted", resolved.burn, "burn, netted")
    left = book(supply, resolved, rule.burns).netted
    return tokens.move("netted", "burned", tokens.balances["netted"] - left, "burn")


def _pending(rule: Tournament, predictions: Predictions, scores: ScoresOut) -> _Pending:
    """Return what a round is paid by once it resolves."""
    scale = rule.score_scale(None if predictions.target is None else (~jnp.isnan(predictions.target)).sum())
    factor = rule.gain_factor(predictions.churn)
    return _Pending(scale * scores.corr, scale * scores.mmc, factor, scale * scores.meta_corr)


def _bonus(rule: Tournament, tokens: Ledger, state: ContestState) -> tuple[Ledger, jax.Array]:
    """Pay the leaderboard's best into their wallets, as far as the treasury reaches."""
    if not rule.bonus:
        return tokens, jnp.zeros_like(tokens.balances["miners"])
    recent = state.results.score[:_REPUTATION_ROUNDS]
    earlier = state.earlier[state.round % rule.bonus_lag]
    due = rule.bonuses(earlier, jnp.nanmean(recent, axis=0))
    treasury = tokens.balances["treasury"]
    paid = jnp.where(due.sum() > treasury, 0, due)  # all or nothing: a treasury this empty is the end
    return tokens.move("treasury", "miners", paid, "leaderboard bonus"), paid


def _for_all(predictions: Predictions, num_miners: int) -> Predictions:
    """Return the predictions of everybody [M]: miners that an overlay brought along hand in none."""
    missing = num_miners - predictions.corr.shape[0]

    def filled(x: Any, value: float | bool) -> Any:
        return None if x is None else jnp.pad(x, [(0, missing)] + [(0, 0)] * (x.ndim - 1), constant_values=value)

    if not missing:
        return predictions
    return predictions._replace(
        corr=filled(predictions.corr, jnp.nan),
        valid=filled(predictions.valid, False),
        churn=filled(predictions.churn, jnp.nan),
        ranks=filled(predictions.ranks, 0),
        mmc=filled(predictions.mmc, jnp.nan),
    )


def _staked(stakes: Stakes) -> jax.Array:
    return jnp.maximum(stakes.stake - stakes.waiting.sum(axis=0), 0)
