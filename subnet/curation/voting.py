"""A round of looking and voting: days of works drawn for display, then the leaderboard."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.curation.crowd import Crowd, Luck, by_party, numbers, seats
from subnet.curation.scenario import CurationScenario
from subnet.curation.sittings import NOBODY, Sittings
from subnet.curation.works import Works
from tokenomics.curation.tallies.base import Ballots, received

__all__ = ["Power", "Voted", "for_and_against", "vote"]


class Power(NamedTuple):
    """What n curators vote with: `points` [n] float64, `stake` [n] int64 in 10⁻⁹ tokens, and whether each `comes`."""

    points: jax.Array
    stake: jax.Array
    comes: jax.Array


class Voted(NamedTuple):
    """The end of the days and of the leaderboard.

    `ballots` of everybody, `finalists` [F] int32 places, `works` with the round's views counted, `wanted` [parties]
    int32 the place that each party wants to win, `bribe` [n] float32 ETH that was promised for all of a curator's power
    and `bribed_for` [] int32 the place it was promised for, -1 where nobody bribes.
    """

    ballots: Ballots
    finalists: jax.Array
    works: Works
    wanted: jax.Array
    bribe: jax.Array
    bribed_for: jax.Array


def vote(
    key: jax.Array,
    epoch: jax.Array,
    scenario: CurationScenario,
    crowd: Crowd,
    luck: Luck,
    power: Power,
    works: Works,
    memory: Any,
) -> Voted:
    """Run the days, then the leaderboard.

    Args:
        key: the run's.
        epoch: [] the round.
        scenario: rules and people.
        crowd: everybody.
        luck: of everybody in this round.
        power: what they vote with.
        works: the pool.
        memory: the tally's.
    """
    rule, tally = scenario.design.fragments, scenario.design.tally
    wanted, bribed_for, bribe = _wishes(scenario, crowd, works, power)
    sittings = Sittings(key, epoch, scenario, crowd, luck, works, wanted, bribe)
    columns = rule.days * rule.looks

    blank = _blank(epoch, scenario, power)

    def day(carry: tuple[Any, ...], number: jax.Array) -> tuple[tuple[Any, ...], None]:
        """Vote on one day; what is carried: the pool, what each has left, and the ballots so far."""
        works, left, fragment, part = carry
        standing = _standing(scenario, memory, blank._replace(fragment=fragment, part=part), works)
        shown = sittings.shown(number, works)
        fresh = ~_seen_before(shown, fragment)
        now = sittings.vote(number, shown, fresh, left, standing)
        first = number * rule.looks
        carry = (
            _counted(works, shown, now, power.comes),
            left - jnp.abs(now).sum(axis=1),
            jax.lax.dynamic_update_slice(fragment, jnp.where(fresh, shown, NOBODY), (0, first)),
            jax.lax.dynamic_update_slice(part, now, (0, first)),
        )
        return carry, None

    start = (works, power.comes.astype(jnp.float32), blank.fragment, blank.part)
    (works, left, fragment, part), _ = jax.lax.scan(day, start, jnp.arange(rule.days))
    cast = blank._replace(fragment=fragment, part=part)
    score = jnp.where(works.present, tally.score(memory, cast, works.candidates), -jnp.inf)
    finalists = jax.lax.top_k(score, rule.finalists)[1].astype(jnp.int32)
    standing = _standing(scenario, memory, cast, works)
    boosted, choice = sittings.finish(finalists, left, standing)
    # A leaderboard that nobody sees gets no boosts.
    boosted = jnp.zeros_like(boosted) if rule.leaderboard == "hidden" else boosted
    cast = cast._replace(
        fragment=fragment.at[:, columns:].set(finalists),
        part=part.at[:, columns:].set(boosted),
        choice=jnp.where(power.comes, choice, NOBODY),
    )
    return Voted(cast, finalists, works, wanted, bribe, bribed_for)


def _blank(epoch: jax.Array, scenario: CurationScenario, power: Power) -> Ballots:
    """Return ballots on which nothing is written yet: a column per look, and one per work of the leaderboard."""
    rule, num_curators = scenario.design.fragments, power.stake.shape[0]
    looked, boosted = jnp.arange(rule.days * rule.looks) // rule.looks, jnp.full(rule.finalists, rule.days)
    shape = num_curators, looked.shape[0] + rule.finalists
    return Ballots(
        fragment=jnp.full(shape, NOBODY, jnp.int32),
        part=jnp.zeros(shape, jnp.float32),
        day=jnp.concatenate([looked, boosted]),
        last_day=jnp.int32(rule.days),
        choice=jnp.full(num_curators, NOBODY, jnp.int32),
        points=power.points,
        stake=power.stake,
        wallets=numbers(scenario, "wallets"),
        lock_weeks=jnp.maximum(numbers(scenario, "lock_weeks") - epoch, 0),
    )


def _wishes(
    scenario: CurationScenario, crowd: Crowd, works: Works, power: Power
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Return what each party wants to win, for which work bribes are paid, and what each curator is promised.

    A party has one favourite: its first member's, of the whole pool. Where several parties bribe, the first one does.
    """
    found = {}
    for seat in seats(scenario):
        liking = works.features @ crowd.taste[seat.rows.start]
        found[seat.name] = jnp.where(works.present, liking, -jnp.inf).argmax().astype(jnp.int32)
    bribers = [seat for seat in seats(scenario) if seat.rule.pays]
    if not bribers:
        return jnp.stack(list(found.values())), jnp.int32(NOBODY), jnp.zeros(power.points.shape, jnp.float32)
    payer = bribers[0]
    for seat in seats(scenario):
        if seat.rule.seeks == "wanted":
            found[seat.name] = found[payer.name]
    for_sale = by_party(scenario, lambda seat: seat.rule.seeks == "wanted")
    promised = payer.rule.promise(jnp.where(for_sale & power.comes, power.points, 0)).astype(jnp.float32)
    return jnp.stack(list(found.values())), found[payer.name], promised


def _seen_before(shown: jax.Array, earlier: jax.Array) -> jax.Array:
    """Return which of `shown` [n, K] a row was shown before, on an earlier day or in an earlier column."""
    count = shown.shape[1]
    earlier_column = jnp.tril(jnp.ones((count, count), bool), -1)
    today = ((shown[:, :, None] == shown[:, None, :]) & earlier_column).any(axis=2)
    return today | (shown[:, :, None] == earlier[:, None, :]).any(axis=2)


def _counted(works: Works, shown: jax.Array, parts: jax.Array, comes: jax.Array) -> Works:
    """Return the pool with a day's views by those who came, and who chose what, counted."""

    def count(where: jax.Array) -> jax.Array:
        return jnp.zeros(works.views.shape).at[shown.reshape(-1)].add(where.reshape(-1).astype(jnp.float64))

    return works._replace(
        views=works.views + count(jnp.broadcast_to(comes[:, None], shown.shape)),
        choosers=works.choosers + count(parts > 0),
        opposers=works.opposers + count(parts < 0),
    )


def _standing(scenario: CurationScenario, memory: Any, ballots: Ballots, works: Works) -> jax.Array:
    """Return how works stand in the public count, float32 [P] in standard deviations; 0 where it is hidden."""
    if scenario.design.fragments.leaderboard != "always":
        return jnp.zeros(works.id.shape, jnp.float32)
    score = scenario.design.tally.score(memory, ballots, works.candidates)
    count = jnp.maximum(works.present.sum(), 1)
    centred = jnp.where(works.present, score - jnp.where(works.present, score, 0).sum() / count, 0)
    deviation = jnp.sqrt((centred**2).sum() / count)
    return jnp.where(deviation > 0, centred / jnp.where(deviation > 0, deviation, 1), 0).astype(jnp.float32)


def for_and_against(ballots: Ballots, num_places: int) -> tuple[jax.Array, jax.Array]:
    """Return the points for and against each place, float64 [P] both."""
    amount = ballots.points[:, None] * ballots.part
    return tuple(received(ballots, jnp.maximum(sign * amount, 0), num_places) for sign in (1, -1))  # type: ignore[return-value]
