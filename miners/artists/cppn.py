"""Pictures as functions of place, by a compositional pattern-producing network."""

from functools import cache

import jax
import jax.numpy as jnp

from miners.artists._looks import LOOKS, SIDE, Calibration, calibrate, looks, standardised
from miners.artists._painter import GENOME_SIZE, paint
from miners.artists.base import Artist
from tokenomics.mechanism import mechanism

__all__ = ["Cppn"]


@cache
def _calibration() -> Calibration:
    return calibrate(lambda genomes: paint(genomes, SIDE), GENOME_SIZE)


@mechanism
class Cppn(Artist):
    """Draw pictures by small networks from a pixel's place to its colour; the network itself is the genome.

    (x, y, r), folded and zoomed by the style, pass two layers of waves, steps and bumps and become lightness, hue and
    vividness. A genome is 13 numbers of style and 243 weights. A picture is seen by 12 looks of a small rendering, on
    a scale on which genomes of spread 1 around 0 are uncorrelated, with mean 0 and standard deviation 1.

    Source: K. Stanley, "Compositional pattern producing networks" (2007). Here networks do not grow: their shape is
    fixed, and styles are numbers of their own, so that a mean of genomes is a picture of the mean style.
    """

    @property
    def num_features(self) -> int:
        """Return how many looks a picture has."""
        return len(LOOKS)

    @property
    def genome_size(self) -> int:
        """Return how many numbers of style and weights make a network."""
        return GENOME_SIZE

    def train(self) -> Calibration:
        """Return the scale of looks, from 4,096 pictures."""
        return _calibration()

    def start(self, learned: Calibration) -> jax.Array:
        """Return the mean genome before the first round: no style, and weights that are as often negative."""
        return jnp.zeros(GENOME_SIZE, jnp.float32)

    def features(self, learned: Calibration, genomes: jax.Array) -> jax.Array:
        """Return the standardised looks [n, d] of `genomes` [n, g]."""
        return standardised(learned, looks(paint(genomes, SIDE)))

    def pictures(self, learned: Calibration, genomes: jax.Array, side: int) -> jax.Array:
        """Return the pictures [n, side, side, 3] of `genomes` [n, g]."""
        return paint(genomes, side)
