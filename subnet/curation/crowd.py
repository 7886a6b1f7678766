"""The curators of a scenario: rows by party, what each owns and likes."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from subnet.curation.scenario import CurationScenario
from subnet.keys import Stream, party_stream, stream
from tokenomics.amounts import RAO_PER_TOKEN

__all__ = ["Crowd", "Seat", "by_party", "open_crowd", "public_taste", "seats", "spread_over"]

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
    """What n curators are born with: `taste` [n, d] float32, and their `stake` [n] int64 in 10⁻⁹ tokens."""

    taste: jax.Array
    stake: jax.Array


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


def spread_over(scenario: CurationScenario, part: Callable[[Seat], jax.Array]) -> jax.Array:
    """Return what `part` makes of each party, its rows [count, ...] one after the other."""
    return jnp.concatenate([part(seat) for seat in seats(scenario)])


def public_taste(key: jax.Array, num_features: int) -> jax.Array:
    """Return the direction, float32 [d] of length 1, that quality grows in: what collectors share."""
    return _direction(stream(key, Stream.PUBLIC_TASTE), (num_features,))


def open_crowd(key: jax.Array, scenario: CurationScenario, num_features: int) -> Crowd:
    """Return everybody's taste and stake. What one curator has depends on its party's name and its place in it.

    a_i = rho a* + sqrt(1 - rho²) b_i, b_i a random direction: so a_i · z correlates with quality by rho.
    """
    shared = public_taste(key, num_features)

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

    return Crowd(spread_over(scenario, taste), spread_over(scenario, stake))


def _born(key: jax.Array, seat: Seat) -> jax.Array:
    return party_stream(key, Stream.CURATOR, seat.name)


def _direction(key: jax.Array, shape: tuple[int, ...]) -> jax.Array:
    drawn = jax.random.normal(key, shape, jnp.float32)
    return drawn / jnp.linalg.norm(drawn, axis=-1, keepdims=True)
