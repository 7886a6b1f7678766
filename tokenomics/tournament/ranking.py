"""Who is best: scores of accounts, of seasons, and the reputation of earlier years."""

import jax
import jax.numpy as jnp

from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.arithmetic import Real, divide

__all__ = [
    "QUALIFYING_ROUNDS",
    "REPUTATION_ROUNDS",
    "account_score",
    "place",
    "reputation",
    "reputation_weights",
    "season_score",
]

QUALIFYING_ROUNDS = 20
REPUTATION_ROUNDS = 20  # weekly ones
_MISSED = -0.1


def account_score(scores: jax.Array, stakes: jax.Array) -> jax.Array:
    """Return the mean of an account's models' `scores` [..., n] by `stakes` [..., n], float64 [...].

    A model without stake does not count, even where its score is NaN; 0 for an account without stake.
    """
    counted = jnp.where(stakes > 0, scores, 0).astype(jnp.float64)
    return divide((counted * stakes).sum(axis=-1), stakes.sum(axis=-1).astype(jnp.float64))


def season_score(
    scores: jax.Array, at_risk: jax.Array, submitted: jax.Array, least_at_risk: int = RAO_PER_TOKEN
) -> tuple[jax.Array, jax.Array]:
    """Return accounts' mean scores over a season, float64 [K], and who has enough rounds to be ranked, bool [K].

    Args:
        scores: [R, K] one per round of the calendar year.
        at_risk: int64 [R, K] units.
        submitted: bool [R, K], on time.
        least_at_risk: units from which a round qualifies, 1 NMR.

    Returns:
        Rounds that do not qualify count as 0 in the mean; 20 that do are needed.

    Source: numerai/docs, grandmasters-and-seasons.md; specification 7.7.
    """
    qualifies = submitted & (at_risk >= least_at_risk)
    mean = jnp.where(qualifies, scores, 0).astype(jnp.float64).mean(axis=0)
    return mean, qualifies.sum(axis=0) >= QUALIFYING_ROUNDS


def place(scores: jax.Array, ranked: jax.Array, num_bands: int = 3) -> tuple[jax.Array, jax.Array]:
    """Return ranks from 1 and titles, int64 [K] each; 0 and -1 for who is not ranked.

    Titles: 0 the first, 1 the first ten, 2 the first hundred, then 3, 4, … by thirds of all ranked, in Signals by
    quarters. Ties go to the lower index.
    """
    order = jnp.argsort(jnp.where(ranked, -scores, jnp.inf), stable=True)
    rank = jnp.zeros(scores.shape, jnp.int64).at[order].set(jnp.arange(1, scores.shape[0] + 1))
    band = (rank - 1) * num_bands // jnp.maximum(ranked.sum(), 1)
    title = jnp.where(rank == 1, 0, jnp.where(rank <= 10, 1, jnp.where(rank <= 100, 2, 3 + band)))
    return jnp.where(ranked, rank, 0), jnp.where(ranked, title, -1)


def reputation_weights(day: Real) -> jax.Array:
    """Return the weight of each of the last 20 weekly rounds, the newest first, float64 [20]; their sum is 16.

    With d rounds before the newest: (5 d + day) / 20 for d < 4, (5 (20 - d) - day) / 20 for d >= 16, 1 between.

    Args:
        day: [] score-days that the newest round has had, 0 to 5.

    Source: numerai/docs, tournament/reputation.md of 2021; specification 7.7. In force until 2023.
    """
    d, day = jnp.arange(REPUTATION_ROUNDS), jnp.asarray(day, jnp.float64)
    rising, falling = (5 * d + day) / 20, (5 * (REPUTATION_ROUNDS - d) - day) / 20
    return jnp.where(d < 4, rising, jnp.where(d >= REPUTATION_ROUNDS - 4, falling, 1.0))


def reputation(scores: jax.Array, example: jax.Array, submitted: jax.Array, day: Real) -> jax.Array:
    """Return the weighted mean of the last 20 weekly scores, float64 [], as it was until 2023.

    Args:
        scores: [20], the newest first.
        example: [20] scores of the example model.
        submitted: bool [20]; the earliest missed round scores as the example model, later ones -0.1.
        day: [] see `reputation_weights`.
    """
    missed = ~submitted
    missed_before = jnp.cumsum(missed[::-1])[::-1] - missed
    instead = jnp.where(missed_before == 0, example, _MISSED)
    weights = reputation_weights(day)
    return (weights * jnp.where(missed, instead, scores)).sum() / weights.sum()
