"""A multilayer perceptron."""

from itertools import pairwise
from typing import Annotated, Any, ClassVar

import flax.linen as nn
import jax
from pydantic import Field

from miners.models.base import answers, born, count_parameters, dense, dense_flops, num_numbers, require_numbers
from miners.signature import Signature
from tokenomics.mechanism import mechanism, static

__all__ = ["Mlp"]

Width = Annotated[int, Field(ge=1, le=8192)]


class _Network(nn.Module):
    hidden: tuple[int, ...]
    num_outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.reshape(x.shape[0], -1)
        for k, width in enumerate(self.hidden):
            x = nn.relu(dense(width, f"hidden_{k}")(x))
        return dense(self.num_outputs, "readout")(x)


@mechanism
class Mlp:
    """Answer a row by layers of max(0, h A + b), the last one affine.

    On the digits the default is the 64-64-10 network with 4 810 parameters of federated-learning comparisons.
    """

    reads: ClassVar[tuple[str, ...]] = ("numbers",)

    hidden: Annotated[
        tuple[Width, ...], Field(min_length=1, max_length=16, description="widths of the hidden layers")
    ] = static((64,))

    def init(self, key: jax.Array, signature: Signature) -> Any:
        """Return new parameters: A ~ N(0, 1 / n) cut at two standard deviations, b = 0."""
        require_numbers("mlp", signature)
        return born(_Network(self.hidden, signature.num_outputs), key, signature)

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        """Return outputs [n, num_outputs] for rows `x` [n, …]."""
        return answers(_Network(self.hidden, params["readout"]["bias"].shape[-1]), params, x)

    def flops(self, signature: Signature) -> float:
        """Return the floating-point operations of one row's forward pass."""
        widths = (num_numbers(signature), *self.hidden, signature.num_outputs)
        return sum(dense_flops(n, m) for n, m in pairwise(widths))

    def num_parameters(self, signature: Signature) -> int:
        """Return how many numbers are trained."""
        return count_parameters(self, signature)
