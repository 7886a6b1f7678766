"""What every generator can do, and how it is steered."""

from typing import Annotated, Any

import jax
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["Artist"]


@mechanism
class Artist:
    """A generator of pictures: genomes are drawn around a mean, the votes move that mean.

    genome ~ Normal(mu, spread² I);  mu' = (1 - drift) mu + drift · the mean genome of what was liked, by its net votes.
    """

    draws: Annotated[int, Field(ge=1, le=100_000, description="pictures drawn a round; the best are shown")] = static(
        1024
    )
    spread: Annotated[float, Field(gt=0, le=10, description="standard deviation of a genome around its mean")] = 1.0
    drift: Annotated[float, Field(ge=0, le=1, description="how far the mean moves to what was liked, per round")] = 0.3
    exploration: Annotated[
        float, Field(ge=0, le=1, description="share of the set that is chosen for being unlike what was shown")
    ] = 0.1

    @property
    def num_features(self) -> int:
        """Return d, how many numbers describe a picture to those who look at it."""
        raise NotImplementedError(f"{type(self).__name__} does not say by what a picture is judged")

    @property
    def genome_size(self) -> int:
        """Return g, how many numbers make a picture."""
        raise NotImplementedError(f"{type(self).__name__} does not say what a genome is")

    def train(self) -> Any:
        """Return what is learned once, before any round, as NumPy arrays: what `features` and `pictures` are given."""
        raise NotImplementedError(f"{type(self).__name__} does not say what it has learned")

    def start(self, learned: Any) -> jax.Array:
        """Return the mean genome before the first round, float32 [g]."""
        raise NotImplementedError(f"{type(self).__name__} does not say where it begins")

    def features(self, learned: Any, genomes: jax.Array) -> jax.Array:
        """Return what is seen in the pictures of `genomes` [n, g]: float32 [n, d], about standard normal at first."""
        raise NotImplementedError(f"{type(self).__name__} does not say what is seen")

    def pictures(self, learned: Any, genomes: jax.Array, side: int) -> jax.Array:
        """Return the pictures of `genomes` [n, g], float32 [n, side, side, 3] in [0, 1]."""
        raise NotImplementedError(f"{type(self).__name__} does not draw")
