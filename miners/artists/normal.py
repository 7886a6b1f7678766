"""Pictures as abstract vectors: what is seen is what is drawn."""

from functools import lru_cache
from typing import Annotated

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from miners.artists._painter import GENOME_SIZE, paint
from miners.artists.base import Artist
from tokenomics.mechanism import mechanism, static

__all__ = ["Normal"]


@lru_cache(maxsize=8)
def _illustration(size: int) -> np.ndarray:
    """Return a fixed map [size, …] that spreads vectors over painters' genomes, standard normal ones over all alike."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((size, GENOME_SIZE)) / np.sqrt(size)).astype(np.float32)


@mechanism
class Normal(Artist):
    """Let a picture be a vector z ~ Normal(mu, spread² I) with mu = 0 at first, seen as it is.

    Nothing is lost between what is drawn, seen and steered by, so this is the model to reason with. The pictures are an
    illustration only: a fixed linear map makes z the genome of a network as `cppn` draws them. Nobody looks at them.

    Source: specification of curation, section 1.10.
    """

    size: Annotated[int, Field(ge=1, le=256, description="numbers by which a picture is judged")] = static(12)

    @property
    def num_features(self) -> int:
        """Return d, the length of z."""
        return self.size

    @property
    def genome_size(self) -> int:
        """Return the same: a genome is what is seen."""
        return self.size

    def train(self) -> np.ndarray:
        """Return the map of the illustration, float32 [d, …]."""
        return _illustration(self.size)

    def start(self, learned: np.ndarray) -> jax.Array:
        """Return zeros [d]."""
        return jnp.zeros(self.size, jnp.float32)

    def features(self, learned: np.ndarray, genomes: jax.Array) -> jax.Array:
        """Return `genomes` [n, d]."""
        return genomes

    def pictures(self, learned: np.ndarray, genomes: jax.Array, side: int) -> jax.Array:
        """Return an illustration [n, side, side, 3] of each of `genomes` [n, d].

        Vectors longer than usual are shortened to √d: where the mean drifts far away, networks would draw noise.
        """
        length = jnp.sqrt((genomes * genomes).mean(axis=1, keepdims=True))
        return paint((genomes / jnp.maximum(length, 1)) @ learned, side)
