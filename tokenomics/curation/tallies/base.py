"""What every tally is given and answers."""

from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

__all__ = ["Ballots", "Candidates", "Tally", "TallyOut", "merged", "received", "winner_of"]


class Ballots(NamedTuple):
    """What n curators did in a round, K entries each; P places in the pool.

    `fragment` [n, K] int32 names a place in the pool and `part` [n, K] float32 the signed share of a curator's power
    that goes there, 0 where an entry is empty; |part| sums to 1 at most. `day` [K] int32 says when a column was cast,
    from 0; columns of the last day are cast on the leaderboard, may repeat a fragment that an earlier column of the
    same row names, and are the only ones that may. `last_day` [] is its number. `choice` [n] int32 is the place that a
    curator names in a final vote among the finalists, -1 if it stays away.

    `points` [n] float64 are the voting points of all its wallets, `stake` [n] int64 in 10⁻⁹ tokens, `wallets` [n]
    float64 >= 1 among how many wallets its owner divided both, evenly; each wallet votes alike. `lock_weeks` [n]
    float64 is how much longer the stake is locked.
    """

    fragment: jax.Array
    part: jax.Array
    day: jax.Array
    last_day: jax.Array
    choice: jax.Array
    points: jax.Array
    stake: jax.Array
    wallets: jax.Array
    lock_weeks: jax.Array


class Candidates(NamedTuple):
    """The pool: `id` [P] int64, `present` [P] and `fresh` [P] bool, the last for what came in this round."""

    id: jax.Array
    present: jax.Array
    fresh: jax.Array


class TallyOut(NamedTuple):
    """The end of a vote.

    `score` [P] float64, `passes` [P] bool says which works may be minted at all. `delta` [n] int64 is what the rule
    itself moved between curators' stakes, in 10⁻⁹ tokens, never more than a stake; `kept` [] is what it took from
    them together and gave to nobody, so delta sums to -kept.
    """

    score: jax.Array
    passes: jax.Array
    delta: jax.Array
    kept: jax.Array


class Tally(Protocol):
    """A rule from ballots to scores, with a memory if it needs one.

    `score` is what a public count would show at any time; `close` ends the round. Neither looks at absent works; a
    place that holds a fresh work has no past.
    """

    def init(self, num_curators: int, num_places: int) -> Any:
        """Return the memory before the first round; () for none."""
        ...

    def score(self, state: Any, ballots: Ballots, works: Candidates) -> jax.Array:
        """Return how each work stands now, float64 [P]; what it says of absent works does not matter."""
        ...

    def close(
        self, key: jax.Array, state: Any, ballots: Ballots, works: Candidates, finalists: jax.Array
    ) -> tuple[Any, TallyOut]:
        """End the round; `finalists` [F] int32 are the places that led on the last day."""
        ...


def received(ballots: Ballots, amount: jax.Array, num_places: int) -> jax.Array:
    """Return what each place receives, [P], when every entry gives it `amount` [n, K]; nothing outside the pool."""
    # A place of -1 is not the last one, as it would be by default.
    empty = jnp.zeros(num_places, amount.dtype).at[ballots.fragment.reshape(-1)]
    return empty.add(amount.reshape(-1), mode="drop", wrap_negative_indices=False)


def merged(ballots: Ballots) -> jax.Array:
    """Return parts [n, K] in which no row names a fragment twice: the last day's are added to earlier ones.

    Rules that are not linear need this: two halves of a vote are not the whole.
    """
    late = ballots.day == ballots.last_day  # [K]
    early = (ballots.part != 0) & ~late  # [n, K]: an empty entry may name anything, and takes up nothing
    columns, num_columns = jnp.argsort(late), late.shape[0]

    def move(k: jax.Array, part: jax.Array) -> jax.Array:
        column = columns[k]
        same = early & (ballots.fragment == ballots.fragment[:, column][:, None])
        moved = jnp.where(same.any(axis=1), part[:, column], 0)
        return jnp.where(same, part + moved[:, None], part).at[:, column].add(-moved)

    # Late columns are few: going through them one by one is a fifth of comparing all with all, and free before then.
    return jax.lax.fori_loop(num_columns - late.sum(), num_columns, move, ballots.part)


def winner_of(score: jax.Array, passes: jax.Array, works: Candidates) -> jax.Array:
    """Return the place of the winner, int32 [], -1 where nothing passes.

    The largest score among those that are present and pass; ties go to the smallest id, since the real rule is not
    documented.
    """
    allowed = passes & works.present
    best = jnp.where(allowed, score, -jnp.inf).max()
    first = jnp.where(allowed & (score == best), works.id, jnp.iinfo(jnp.int64).max)
    return jnp.where(allowed.any(), first.argmin(), -1).astype(jnp.int32)
