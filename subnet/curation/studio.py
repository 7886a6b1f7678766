"""What artists do: propose works each round, learn what is liked, and follow it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from miners.steering import drawn, drifted, preselect
from miners.taste import TasteModel, area_under_curve, taste_score
from subnet.curation.scenario import CurationScenario
from subnet.curation.works import Works
from subnet.keys import Stream, party_stream
from tokenomics.curation.cull import culled, room
from tokenomics.curation.exposure import exposure_score

__all__ = ["Studio", "Votes", "artist_names", "genome_size", "hang", "learn", "num_features", "open_studio", "shares"]

_REMEMBERED = 4  # rounds of shown sets from which the exploring part keeps its distance


class Studio(NamedTuple):
    """What artists carry from round to round.

    `mean` holds each artist's mean genome [g], `recent` [R, A, d] float32 what was hung in the last rounds, newest
    first, `shown` [R] whether that round was; `taste` is what they believe is liked; `next_id` [] the next work's id.
    """

    mean: dict[str, jax.Array]
    recent: jax.Array
    shown: jax.Array
    taste: TasteModel
    next_id: jax.Array


class Votes(NamedTuple):
    """The points for and against each place, float64 [P], and the tally's `score` [P]: who is followed, and how far."""

    liked: jax.Array
    disliked: jax.Array
    score: jax.Array


def artist_names(scenario: CurationScenario) -> tuple[str, ...]:
    """Return the artists in the order of their numbers: by name, as a pytree keeps them."""
    return tuple(sorted(scenario.artists))


def shares(scenario: CurationScenario) -> dict[str, int]:
    """Return how many of a round's additions each artist makes: alike, the first ones one more where it does not go."""
    names, count = artist_names(scenario), scenario.design.fragments.additions
    each, rest = divmod(count, len(names))
    return {name: each + (place < rest) for place, name in enumerate(names)}


def num_features(scenario: CurationScenario) -> int:
    """Return how many numbers describe a work; all artists agree on it."""
    return int(next(iter(scenario.artists.values())).num_features)


def genome_size(scenario: CurationScenario) -> int:
    """Return how many numbers the largest genome has; smaller ones are filled up with zeros."""
    return max(artist.genome_size for artist in scenario.artists.values())


def open_studio(scenario: CurationScenario, learned: Mapping[str, Any]) -> Studio:
    """Return the artists before the first round: nothing is known of anybody's taste."""
    d, count = num_features(scenario), scenario.design.fragments.additions
    return Studio(
        mean={name: scenario.artists[name].start(learned[name]) for name in artist_names(scenario)},
        recent=jnp.zeros((_REMEMBERED, count, d), jnp.float32),
        shown=jnp.zeros(_REMEMBERED, bool),
        taste=scenario.learning.init(d),
        next_id=jnp.zeros((), jnp.int64),
    )


def hang(
    key: jax.Array,
    epoch: jax.Array,
    scenario: CurationScenario,
    learned: Mapping[str, Any],
    studio: Studio,
    works: Works,
) -> tuple[Studio, Works]:
    """Add a round's works to the pool: old low scorers go, every artist hangs its share.

    Args:
        key: the run's.
        epoch: [] the round.
        scenario: rules and people.
        learned: what each artist learned before the first round.
        studio: as the last round left it.
        works: the pool, without the last winner.
    """
    rule = scenario.design.fragments
    genomes, features, makers = [], [], []
    for number, (name, count) in enumerate(shares(scenario).items()):
        if count:
            made, seen = _chosen(key, epoch, name, count, scenario, learned[name], studio)
            genomes.append(jnp.pad(made, ((0, 0), (0, works.genome.shape[1] - made.shape[1]))))
            features.append(seen)
            makers.append(jnp.full(count, number, jnp.int32))
    seen = jnp.concatenate(features)
    score = exposure_score(works.views, works.choosers, rule.min_views)
    age = works.age + 1
    present = works.present & ~culled(score, age, works.present, rule.additions, rule.grace_rounds)
    places, _ = room(score, age, present, rule.additions)
    hung = works._replace(
        id=jnp.where(present, works.id, -1).at[places].set(studio.next_id + jnp.arange(rule.additions)),
        features=works.features.at[places].set(seen),
        genome=works.genome.at[places].set(jnp.concatenate(genomes)),
        artist=works.artist.at[places].set(jnp.concatenate(makers)),
        age=age.at[places].set(0),
        views=works.views.at[places].set(0),
        choosers=works.choosers.at[places].set(0),
        opposers=works.opposers.at[places].set(0),
    )
    studio = studio._replace(
        recent=jnp.concatenate([seen[None], studio.recent[:-1]]),
        shown=jnp.concatenate([jnp.ones(1, bool), studio.shown[:-1]]),
        next_id=studio.next_id + rule.additions,
    )
    return studio, hung


def learn(scenario: CurationScenario, studio: Studio, works: Works, votes: Votes) -> tuple[Studio, jax.Array]:
    """Fit the taste model on a round's votes and move each artist's mean genome to what was liked.

    Returns:
        The studio, and how well the model of the last round foretold these votes: the area under its curve, [].
    """
    foretold = area_under_curve(taste_score(studio.taste, works.features), votes.liked, votes.disliked)
    taste = scenario.learning.fit(studio.taste, works.features, votes.liked, votes.disliked)
    voted = (votes.liked + votes.disliked).sum() > 0  # a round without votes moves nobody
    score = jnp.where(voted & jnp.isfinite(votes.score), votes.score, 0)
    mean = {}
    for number, (name, old) in enumerate(sorted(studio.mean.items())):
        own = works.present & (works.artist == number)
        mean[name] = drifted(old, works.genome[:, : old.shape[0]], score, own, scenario.artists[name].drift)
    return studio._replace(mean=mean, taste=taste), foretold


def _chosen(
    key: jax.Array,
    epoch: jax.Array,
    name: str,
    count: int,
    scenario: CurationScenario,
    learned: Any,
    studio: Studio,
) -> tuple[jax.Array, jax.Array]:
    """Return genomes [count, g] and features [count, d] of what an artist picks from what it drew."""
    artist = scenario.artists[name]
    genomes = drawn(party_stream(key, Stream.GENOME, name, epoch), studio.mean[name], artist.spread, artist.draws)
    features = artist.features(learned, genomes)
    mask = jnp.repeat(studio.shown, studio.recent.shape[1])
    recent = studio.recent.reshape(-1, features.shape[1])
    picked = preselect(taste_score(studio.taste, features), features, recent, mask, count, artist.exploration)
    return genomes[picked], features[picked]
