"""A small convolutional network for images."""

import math
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
from pydantic import Field

from miners.models.base import answers, born, count_parameters, dense, dense_flops, require_numbers
from miners.signature import Signature
from tokenomics.mechanism import mechanism, static

__all__ = ["Cnn"]

KERNEL = 3  # pixels on a side
Channels = Annotated[int, Field(ge=1, le=1024)]


def _patches(x: jax.Array) -> jax.Array:
    """Return the 3 × 3 neighbourhoods [n, height - 2, width - 2, 9 channels] of images `x`, as vectors."""
    height, width = x.shape[1] - KERNEL + 1, x.shape[2] - KERNEL + 1
    offsets = [(i, j) for i in range(KERNEL) for j in range(KERNEL)]
    return jnp.concatenate([x[:, i : i + height, j : j + width] for i, j in offsets], axis=-1)


class _Network(nn.Module):
    channels: tuple[int, ...]
    num_outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for k, channels in enumerate(self.channels):
            # Patches times a matrix, not `nn.Conv`: the gradient of a convolution whose kernels differ between miners
            # (a grouped one, under vmap) was 8 times slower on a CPU, 64 miners with 32 images each.
            x = nn.relu(dense(channels, f"convolution_{k}")(_patches(x)))
        return dense(self.num_outputs, "readout")(x.reshape(x.shape[0], -1))


@mechanism
class Cnn:
    """Answer an image by 3 × 3 convolutions without padding, max(0, ·) after each, and an affine readout.

    On the digits the default has 3 818 parameters: 8 × 8 × 1, 6 × 6 × 8, 4 × 4 × 16, 10.
    """

    reads: ClassVar[tuple[str, ...]] = ("numbers",)

    channels: Annotated[
        tuple[Channels, ...], Field(min_length=1, max_length=8, description="channels of the convolutions")
    ] = static((8, 16))

    def init(self, key: jax.Array, signature: Signature) -> Any:
        """Return new parameters: A ~ N(0, 1 / n) cut at two standard deviations, b = 0.

        Raises:
            ValueError: rows are no images, or too small for so many convolutions.
        """
        self._sizes(signature)
        return born(_Network(self.channels, signature.num_outputs), key, signature)

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        """Return outputs [n, num_outputs] for images `x` [n, height, width, channels]."""
        return answers(_Network(self.channels, params["readout"]["bias"].shape[-1]), params, x)

    def flops(self, signature: Signature) -> float:
        """Return the floating-point operations of one row's forward pass."""
        sizes = self._sizes(signature)
        convolutions = sum(
            dense_flops(KERNEL**2 * before[2], after[2]) * after[0] * after[1] for before, after in pairwise(sizes)
        )
        return convolutions + dense_flops(math.prod(sizes[-1]), signature.num_outputs)

    def num_parameters(self, signature: Signature) -> int:
        """Return how many numbers are trained."""
        return count_parameters(self, signature)

    def _sizes(self, signature: Signature) -> list[tuple[int, int, int]]:
        """Return height, width and channels of the image and after each convolution."""
        require_numbers("cnn", signature)
        shrunk = (KERNEL - 1) * len(self.channels)
        if len(signature.input_shape) != 3 or min(signature.input_shape[:2]) <= shrunk:
            raise ValueError(
                f'model "cnn" with channels {self.channels} needs rows with height and width above {shrunk} and '
                f"channels, but this task's are {signature.input_shape}"
            )
        height, width, channels = signature.input_shape
        lost = [(KERNEL - 1) * k for k in range(len(self.channels) + 1)]
        return [(height - n, width - n, depth) for n, depth in zip(lost, (channels, *self.channels), strict=True)]
