"""The curators of a scenario: rows by party, what each owns and likes."""

from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtri

from subnet.curation.scenario import CurationScenario
from subnet.keys import Stream, party_stream, stream
from tokenomics.amounts import RAO_PER_TOKEN

__all__ = ["Crowd", "Luck", "Seat", "by_party", "draw_luck", "numbers", "open_crowd", "seats", "spread_over"]

_LEAST = 2.0**-24  # no draw is 0, whose normal number would be infinite
_MOST_TOKENS = 1e8  # of one owner: a lognormal tail must not overflow the books


class Seat(NamedTuple):
    """A party of curators: its name, its behaviour, and its rows."""

    name: str
    rule: Any
    rows: slice

    @property
    def num_curators(self) -> int:
        """Return how many rows it has."""
        return int(self.rows.stop - self.rows.start)


class Crowd(NamedTuple):
    """What n curators are born with.

    `taste` [n, d] float32, `stake` [n] int64 in 10⁻⁹ tokens, and the `effort` [n] in ETH that a round must bring, 0 for
    those who always vote. `public` [d] is the direction that quality grows in, which collectors share.
    """

    taste: jax.Array
    stake: jax.Array
    effort: jax.Array
    public: jax.Array


class Luck(NamedTuple):
    """A round's luck of n curators: `shown` [n, K] and `leaves` [n] uniform in (0, 1), `moment` [n, K'] normal."""

    shown: jax.Array
    moment: jax.Array
    leaves: jax.Array


def seats(scenario: CurationScenario) -> tuple[Seat, ...]:
    """Return the parties in the order of their rows: by name, as a pytree keeps them."""
    found, start = [], 0
    for name in sorted(scenario.curators):
        rule = scenario.curators[name]
        found.append(Seat(name, rule, slice(start, start + rule.count)))
        start += rule.count
    return tuple(found)


def by_party(scenario: CurationScenario, value: Callable[[Seat], Any]) -> jax.Array:
    """Return `value` of each party's behaviour for all of its rows, [n]."""
    return jnp.concatenate([jnp.broadcast_to(jnp.asarray(value(s)), s.num_curators) for s in seats(scenario)])


def numbers(scenario: CurationScenario, name: str) -> jax.Array:
    """Return a parameter that every party has, such as `wallets`, for all of its rows: float64 [n]."""
    return by_party(scenario, lambda seat: jnp.asarray(getattr(seat.rule, name), jnp.float64))


def spread_over(scenario: CurationScenario, part: Callable[[Seat], jax.Array]) -> jax.Array:
    """Return what `part` makes of each party, its rows [count, ...] one after the other."""
    return jnp.concatenate([part(seat) for seat in seats(scenario)])


def open_crowd(key: jax.Array, scenario: CurationScenario, num_features: int) -> Crowd:
    """Return everybody's taste and stake. What one curator has depends on its party's name and its place in it.

    a_i = rho a* + sqrt(1 - rho²) b_i, b_i a random direction: so a_i · z correlates with quality by rho.
    """
    shared = _direction(stream(key, Stream.PUBLIC_TASTE), (num_features,))

    def taste(seat: Seat) -> jax.Array:
        rho = jnp.asarray(seat.rule.taste, jnp.float32)
        own = _direction(jax.random.fold_in(_born(key, seat), 0), (seat.num_curators, num_features))
        own = own - (own @ shared)[:, None] * shared  # across the public taste, so that rho is exact
        own = own / jnp.linalg.norm(own, axis=-1, keepdims=True)
        return rho * shared + jnp.sqrt(1 - rho**2) * own

    def stake(seat: Seat) -> jax.Array:
        z = jax.random.normal(jax.random.fold_in(_born(key, seat), 1), (seat.num_curators,), jnp.float64)
        tokens = jnp.asarray(seat.rule.tokens, jnp.float64) * jnp.exp(seat.rule.inequality * z)
        return jnp.rint(jnp.minimum(tokens, _MOST_TOKENS) * RAO_PER_TOKEN).astype(jnp.int64)

    def effort(seat: Seat) -> jax.Array:
        z = jax.random.normal(jax.random.fold_in(_born(key, seat), 2), (seat.num_curators,), jnp.float64)
        return seat.rule.effort_eth * jnp.exp(z)

    return Crowd(
        taste=spread_over(scenario, taste),
        stake=spread_over(scenario, stake),
        effort=spread_over(scenario, effort),
        public=shared,
    )


def draw_luck(key: jax.Array, epoch: jax.Array, scenario: CurationScenario, num_shown: int, num_moments: int) -> Luck:
    """Draw a round's luck of everybody, by the name of its party and its place in it.

    All numbers of a curator come from one key and one draw: each further one would be another generator in the
    program, and those take longer to compile than all else.
    """
    shared = stream(key, Stream.CURATOR_ROUND, epoch)
    names = [np.arange(s.num_curators, dtype=np.uint32) + np.uint32(crc32(s.name.encode())) for s in seats(scenario)]
    count = num_shown + num_moments + 1

    def one(name: jax.Array) -> jax.Array:
        return jax.random.uniform(jax.random.fold_in(shared, name), (count,), jnp.float32, minval=_LEAST)

    drawn = jax.vmap(one)(jnp.asarray(np.concatenate(names)))
    moment = ndtri(drawn[:, num_shown:-1])
    return Luck(drawn[:, :num_shown], moment, drawn[:, -1])


def _born(key: jax.Array, seat: Seat) -> jax.Array:
    return party_stream(key, Stream.CURATOR, seat.name)


def _direction(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    drawn = jax.random.normal(key, shape, jnp.float32)
    return drawn / jnp.linalg.norm(drawn, axis=-1, keepdims=True)
