"""Many seasons at once: one compiled program for lanes that share one."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from subnet.curation.scenario import CurationScenario
from subnet.curation.season import SeasonOut, SeasonState, init, run_chunk
from subnet.curation.studio import artist_names
from subnet.keys import run_key
from subnet.lanes import Lanes
from tokenomics.curation.tallies._any import AnyTally

__all__ = ["SeasonProgram", "learned_by", "pictures"]

# A crowd of so many is a batch in itself: lanes then run one after the other on each core.
_LARGE_CROWD = 200


def learned_by(scenario: CurationScenario) -> dict[str, Any]:
    """Return what each artist learns before the first round, as arrays that all lanes share."""
    return {name: scenario.artists[name].train() for name in artist_names(scenario)}


class SeasonProgram(Lanes):
    """The compiled functions of one bucket. Their people are scenarios; what artists have learned is shared."""

    def __init__(self, scenario: CurationScenario, learned: Mapping[str, Any], count: int = 0) -> None:
        def start(learned: Any, _: Any, seed: jax.Array, scenario: CurationScenario) -> SeasonState:
            return init(run_key(seed), scenario, learned)

        def chunk(
            learned: Any, epochs: jax.Array, seed: jax.Array, scenario: CurationScenario, state: SeasonState
        ) -> tuple[SeasonState, SeasonOut]:
            return run_chunk(run_key(seed), scenario, learned, state, epochs)

        count_all = sum(party.count for party in scenario.curators.values())
        # Under `vmap` a choice among tallies would compute them all.
        self.large = count_all >= _LARGE_CROWD or isinstance(scenario.design.tally, AnyTally)
        super().__init__(dict(learned), count, self.large, start, chunk)


def pictures(
    scenario: CurationScenario, learned: Mapping[str, Any], artist: np.ndarray, genome: np.ndarray, side: int
) -> np.ndarray:
    """Return the pictures of works, uint8 [k, side, side, 3], each by the artist that made it.

    Args:
        scenario: whose artists.
        learned: what they have learned.
        artist: [k] numbers of artists.
        genome: [k, g].
        side: pixels.
    """
    drawn = np.zeros((len(artist), side, side, 3), np.uint8)
    for number, name in enumerate(artist_names(scenario)):
        own = np.flatnonzero(np.asarray(artist) == number)
        if len(own):
            rule = scenario.artists[name]
            found = _painted(rule, learned[name], jnp.asarray(genome[own][:, : rule.genome_size], jnp.float32), side)
            drawn[own] = np.rint(np.clip(np.asarray(found), 0, 1) * 255).astype(np.uint8)
    return drawn


@partial(jax.jit, static_argnames="side")
def _painted(artist: Any, learned: Any, genomes: jax.Array, side: int) -> jax.Array:
    found: jax.Array = artist.pictures(learned, genomes, side)
    return found
