"""What people do in an epoch: work, evaluate, set weights, bring stake."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.actions.base import Actions, Recording
from subnet.cast import Cast
from subnet.registration.base import Turnover
from subnet.scenario import Scenario
from tokenomics.shares import pro_rata
from validators.scoring.base import forget
from validators.view import HISTORY, ValidatorView

__all__ = ["Acted", "History", "Practice", "act", "brought_stake", "remember", "start_practice"]


class History(NamedTuple):
    """What was public in the last epochs: honest opinion and published consensus, [HISTORY, M] each."""

    opinions: jax.Array
    consensus: jax.Array


class Practice(NamedTuple):
    """What working people carry over; () each where nobody works.

    The source's state, what validators remember of miners, and the weights [V, M] set last.
    """

    work: Any
    scores: Any
    weights: Any


class Acted(NamedTuple):
    """What settles: weights [V, M] as set, `reset` [M] or None, the honest mean opinion [M], and the work, if any.

    `audit` [M] are the weights that somebody would set who saw every submission on every row; the honest opinion where
    nothing is trained.
    """

    weights: jax.Array
    reset: jax.Array | None
    opinion: jax.Array
    audit: jax.Array
    work: Any


class _Honest(NamedTuple):
    """What the source's own people do; `audit` is None where nothing is trained."""

    practice: Practice
    actions: Actions
    work: Any
    audit: jax.Array | None


def start_practice(key: jax.Array, scenario: Scenario, cast: Cast, recording: Recording) -> Practice:
    """Return what working people know before the first epoch."""
    source = scenario.actions
    if not hasattr(source, "work"):
        return Practice((), (), ())
    scores = scenario.design.scoring.init(*source.shape(recording))
    return Practice(source.init(key, recording), scores, jnp.zeros((cast.num_validators, cast.num_miners)))


def brought_stake(key: jax.Array, epoch: jax.Array, scenario: Scenario, cast: Cast, recording: Recording) -> jax.Array:
    """Return the stake [V] in tokens that everybody has brought in from outside by `epoch`.

    An overlay holds `stake_share` of the total, its validators in equal parts.
    """
    source = scenario.actions
    honest = source.stake(key, recording) if hasattr(source, "work") else source.act(key, epoch, recording).stake
    shares = {name: jnp.asarray(scenario.overlays[name].stake_share) for name in cast.overlays}
    total = honest.sum() / (1 - sum(shares.values()))
    rows = [honest]
    for name in cast.overlays:
        count = scenario.overlays[name].num_validators
        rows.append(jnp.full(count, shares[name] * total / count))
    return jnp.concatenate(rows)


def act(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    cast: Cast,
    recording: Recording,
    practice: Practice,
    history: History,
    brought: jax.Array,
    turnover: Turnover | None,
) -> tuple[Practice, Acted]:
    """Return this epoch's actions of everybody.

    Args:
        key: the run's.
        epoch: [].
        scenario: rules and people.
        cast: everybody by row and column.
        recording: data of the source.
        practice: what working people carry over.
        history: what was public.
        brought: [V] tokens that everybody has brought in, by which opinions are weighted. What was earned or slashed
            since does not count, so that an epoch can be drawn again without its past.
        turnover: of miners [M]; None where nobody can join.
    """
    honest = _honest(key, epoch, scenario, recording, practice, turnover)
    actions, audit = honest.actions, honest.audit
    stake = brought[: actions.weights.shape[0]].astype(jnp.float64)
    if not scenario.overlays:  # then nobody looks at the mean opinion but an auditor
        asked = scenario.design.slashing and audit is None
        opinion = _mean_opinion(actions.weights, stake) if asked else jnp.zeros(cast.num_miners)
        return _done(honest, Acted(actions.weights, actions.reset, opinion, opinion, honest.work), turnover)
    weights = _with_newcomers(actions.weights, scenario, cast)
    opinion = _mean_opinion(weights, stake)
    rows = [weights]
    for name in cast.overlays:
        strategy = scenario.overlays[name]
        own = jnp.asarray(cast.columns_of(getattr(strategy, "backs", "") or name))
        view = ValidatorView(epoch, opinion, history.opinions, history.consensus, own)
        rows.append(jnp.broadcast_to(strategy.weights(view), (strategy.num_validators, cast.num_miners)))
    newcomers = cast.num_miners - actions.weights.shape[1]
    reset = None if actions.reset is None else jnp.pad(actions.reset, (0, newcomers))
    return _done(honest, Acted(jnp.concatenate(rows), reset, opinion, opinion, honest.work), turnover)


def remember(history: History, epoch: jax.Array, opinion: jax.Array, consensus: jax.Array) -> History:
    """Return the history with this epoch's opinion and consensus in place of the oldest."""
    row = epoch % HISTORY
    return History(history.opinions.at[row].set(opinion), history.consensus.at[row].set(consensus))


def _honest(
    key: jax.Array,
    epoch: jax.Array,
    scenario: Scenario,
    recording: Recording,
    practice: Practice,
    turnover: Turnover | None,
) -> _Honest:
    """Return the honest validators' actions; where there is work, after training and evaluation."""
    source, design = scenario.actions, scenario.design
    if not hasattr(source, "work"):
        return _Honest(practice, source.act(key, epoch, recording), None, None)
    scores, num_miners = practice.scores, source.shape(recording)[1]
    turnover = None if turnover is None else turnover.first(num_miners)
    if turnover is not None:
        scores = forget(design.scoring, scores, turnover.newcomer > 0)
    state, work = source.work(key, epoch, practice.work, recording, design.scoring, turnover)
    scores, judged = design.scoring.step(scores, *work.looks)
    _, seen_whole = design.scoring.step(design.scoring.init(1, num_miners), *work.whole)
    if turnover is not None:  # before weighting, or a rule for the best few would keep places for people who are gone
        judged, seen_whole = (jnp.where(turnover.present, s, 0) for s in (judged, seen_whole))
    weights, audit = (design.weighting.weights(s).astype(jnp.float64) for s in (judged, seen_whole))
    return _Honest(Practice(state, scores, ()), Actions(weights, jnp.zeros(0)), work, audit[0])


def _done(honest: _Honest, acted: Acted, turnover: Turnover | None) -> tuple[Practice, Acted]:
    """Complete everybody's actions: nobody gives weight to an empty seat, and an audit knows what was submitted.

    Weights are kept where they cannot be drawn again, because work is not a function of the epoch alone.
    """
    if turnover is not None:
        acted = acted._replace(weights=jnp.where(turnover.present, acted.weights, 0))
    if honest.audit is None:
        return honest.practice, acted
    audit = jnp.pad(honest.audit, (0, acted.opinion.shape[0] - honest.audit.shape[0]))
    return honest.practice._replace(weights=acted.weights), acted._replace(audit=audit)


def _with_newcomers(weights: jax.Array, scenario: Scenario, cast: Cast) -> jax.Array:
    """Return honest weights with a column for each overlay's own miners: `honest_weight` together, in equal parts."""
    newcomers = cast.num_miners - weights.shape[1]
    weights = jnp.pad(_as_float(weights), ((0, 0), (0, newcomers)))
    worth = jnp.zeros(cast.num_miners)
    for name in cast.overlays:
        own = cast.columns_of(name)
        if own.any():
            worth = worth + jnp.where(own, jnp.asarray(scenario.overlays[name].honest_weight) / own.sum(), 0)
    row_total = weights.sum(axis=1, keepdims=True)
    return weights * (1 - worth.sum()) + jnp.where(row_total > 0, worth * row_total, 0)


def _mean_opinion(weights: jax.Array, stake: jax.Array) -> jax.Array:
    """Return the stake-weighted mean [M] of rows as shares."""
    return stake @ pro_rata(_as_float(weights), axis=1) / jnp.maximum(stake.sum(), jnp.finfo(jnp.float64).tiny)


def _as_float(weights: jax.Array) -> jax.Array:
    return weights.astype(jnp.float64) if jnp.issubdtype(weights.dtype, jnp.integer) else weights
