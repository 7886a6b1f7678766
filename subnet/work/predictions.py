"""What miners hand in where only the order counts: a round of predictions, ranked and scored."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.answers import AnswerView
from subnet.keys import Stream
from subnet.spare import with_spare_devices
from subnet.work.cohorts import party_keys
from validators.numerai.ranked import corr_of, rank_churn, ranked

__all__ = ["Predictions", "answered", "predictions_of"]


class Predictions(NamedTuple):
    """One round's submissions [M], in uid order, as a tournament sees them.

    `corr` is the score against the target, NaN where a submission is not `valid`; `churn` 1 - rank correlation with the
    round before. `ranks` uint16 [M, N] (see `validators.numerai.ranked`) and `target` [N] are what contributions are
    computed from. Where there are no predictions, only scores, both are None, and `mmc` [M] and `meta_corr` [] are
    given, whoever stakes on whom.
    """

    corr: jax.Array
    valid: jax.Array
    churn: jax.Array
    ranks: jax.Array | None = None
    target: jax.Array | None = None
    mmc: jax.Array | None = None
    meta_corr: jax.Array | None = None


def answered(key: jax.Array, epoch: jax.Array, source: Any, outputs: jax.Array, x: jax.Array) -> jax.Array:
    """Return what every uid answers [M, N]: its model's outputs, or what its strategy makes of them.

    Args:
        key: the run's.
        epoch: [].
        source: the network's `Trained` source.
        outputs: [M, N] of the submitted models, in uid order.
        x: [N, F] features of the round.
    """
    parties = [(name, source.miners[name]) for name in sorted(source.miners)]
    own, first = {}, 0
    for name, party in parties:
        own[name], first = outputs[first : first + party.count], first + party.count
    public = [own[name] for name, party in parties if getattr(party.strategy, "public", False)]
    benchmark = _mean_of(jnp.concatenate(public)) if public else jnp.zeros_like(outputs[0])
    return jnp.concatenate([_answers(key, epoch, name, party, own[name], x, benchmark) for name, party in parties])


def predictions_of(answers: jax.Array, target: jax.Array, present: jax.Array, earlier: jax.Array) -> Predictions:
    """Return a round of `answers` [M, N] on rows with a `target` [N], those of the round before being `earlier`."""

    def of_some(batch: tuple[jax.Array, jax.Array, jax.Array]) -> tuple[jax.Array, ...]:
        own, there, before = batch
        ranks, valid = ranked(jnp.where(there[:, None], own, jnp.nan), target)
        return jnp.where(valid, corr_of(ranks, target), jnp.nan), valid, rank_churn(ranks, before), ranks

    corr, valid, churn, ranks = with_spare_devices(of_some, (answers, present, earlier))
    return Predictions(corr, valid, churn, ranks, target)


def _answers(
    key: jax.Array, epoch: jax.Array, name: str, party: Any, own: jax.Array, x: jax.Array, benchmark: jax.Array
) -> jax.Array:
    """Return what a party answers [count, N] where its models answer `own`."""
    if not hasattr(party.strategy, "answer"):
        return own
    place = jnp.arange(party.count) % party.strategy.identities
    keys = party_keys(key, Stream.ANSWER, name, party.count)

    def answer(own_key: jax.Array, own: jax.Array, place: jax.Array) -> jax.Array:
        found: jax.Array = party.strategy.answer(own_key, AnswerView(epoch, own, x, benchmark, place))
        return found

    return jax.vmap(answer)(keys, own, place)


def _mean_of(outputs: jax.Array) -> jax.Array:
    """Return the mean [N] of standardised `outputs` [n, N]."""
    centred = outputs - outputs.mean(axis=1, keepdims=True)
    return (centred / jnp.maximum(centred.std(axis=1, keepdims=True), 1e-12)).mean(axis=0)
