"""Pictures from a small variational autoencoder of photographs."""

import hashlib
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from miners.artists._autoencoder import Autoencoder, decoded, trained
from miners.artists._looks import LOOKS, SIDE, Calibration, calibrate, looks, standardised
from miners.artists._photographs import colours, photographs
from miners.artists.base import Artist
from tokenomics.mechanism import mechanism, static

__all__ = ["Vae", "provenance"]


class Learned(NamedTuple):
    """An autoencoder, and the scale of the looks of what it draws."""

    autoencoder: Autoencoder
    calibration: Calibration


@lru_cache(maxsize=8)
def _learned(latent: int, hidden: int, steps: int, seed: int) -> Learned:
    made = trained(latent, hidden, steps, seed)
    return Learned(made, calibrate(lambda genomes: colours(decoded(made, genomes), SIDE), latent))


def provenance(learned: Learned) -> dict[str, Any]:
    """Return where a trained model comes from: data with hashes, owners and licences, weights' hash, errors.

    Errors are root mean squares of brightness and colour differences, where black to white is 1. Weights are those
    that draw: decoder, directions and the place of photographs in latent space.
    """
    made = learned.autoencoder
    drawing = (made.decoder, made.mean, made.directions, made.centre, made.axes)
    weights = hashlib.sha256()
    for leaf in jax.tree.leaves(drawing):
        weights.update(np.ascontiguousarray(leaf).tobytes())
    return {
        "data": [{"name": p.name, "sha256": p.sha256, "owner": p.owner, "licence": p.licence} for p in photographs()],
        "source": "scikit-learn, load_sample_images",
        "weights_sha256": weights.hexdigest(),
        "num_parameters": sum(leaf.size for leaf in jax.tree.leaves(made.decoder)),
        "error_held_out": float(made.error),
        "error_in_training": float(made.error_in_training),
        "error_of_the_mean_patch": float(made.error_of_mean),
    }


@mechanism
class Vae(Artist):
    """Draw what a variational autoencoder, trained on patches of two photographs, makes of a latent vector: the genome.

    z = centre + axes' genome, with which standard normal genomes are spread in latent space as the photographs are; a
    perceptron turns z into 128 principal components of a patch of 32 × 32 pixels, which is enlarged smoothly. A picture
    is seen by 12 looks of a small rendering, on a scale on which genomes of spread 1 around 0 are uncorrelated, with
    mean 0 and standard deviation 1.

    Source: D. Kingma and M. Welling, "Auto-encoding variational Bayes" (2014). Here errors are those of half whitened
    components rather than pixels, which keeps edges, and genomes follow the encoded photographs rather than the prior.
    """

    latent: Annotated[int, Field(ge=2, le=64, description="numbers in a genome")] = static(10)
    hidden: Annotated[int, Field(ge=8, le=1024, description="units of each hidden layer")] = static(128)
    steps: Annotated[int, Field(ge=10, le=100_000, description="training steps")] = static(2000)
    training_seed: Annotated[int, Field(ge=0, le=2**31, description="luck of patches, start and training")] = static(0)

    @property
    def num_features(self) -> int:
        """Return how many looks a picture has."""
        return len(LOOKS)

    @property
    def genome_size(self) -> int:
        """Return how many numbers the decoder starts from."""
        return self.latent

    def train(self) -> Learned:
        """Return the trained autoencoder and the scale of looks; the same within a process, and on one machine."""
        return _learned(self.latent, self.hidden, self.steps, self.training_seed)

    def start(self, learned: Learned) -> jax.Array:
        """Return the mean genome before the first round: the centre of the encoded photographs."""
        return jnp.zeros(self.latent, jnp.float32)

    def features(self, learned: Learned, genomes: jax.Array) -> jax.Array:
        """Return the standardised looks [n, d] of `genomes` [n, g]."""
        return standardised(learned.calibration, looks(self.pictures(learned, genomes, SIDE)))

    def pictures(self, learned: Learned, genomes: jax.Array, side: int) -> jax.Array:
        """Return the pictures [n, side, side, 3] of `genomes` [n, g]."""
        return colours(decoded(learned.autoencoder, genomes), side)
