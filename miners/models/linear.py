"""A linear model: logistic regression, or a normal distribution whose parameters are linear in the inputs."""

from typing import Any, ClassVar

import flax.linen as nn
import jax

from miners.models.base import answers, born, count_parameters, dense, dense_flops, num_numbers, require_numbers
from miners.signature import Signature
from tokenomics.mechanism import mechanism

__all__ = ["Linear"]


class _Network(nn.Module):
    num_outputs: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        return dense(self.num_outputs, "readout")(x.reshape(x.shape[0], -1))


@mechanism
class Linear:
    """Answer a row by an affine function of its numbers: x A + b."""

    reads: ClassVar[tuple[str, ...]] = ("numbers",)

    def init(self, key: jax.Array, signature: Signature) -> Any:
        """Return new parameters: A ~ N(0, 1 / n) cut at two standard deviations, b = 0."""
        require_numbers("linear", signature)
        return born(_Network(signature.num_outputs), key, signature)

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        """Return outputs [n, num_outputs] for rows `x` [n, …]."""
        return answers(_Network(params["readout"]["bias"].shape[-1]), params, x)

    def flops(self, signature: Signature) -> float:
        """Return the floating-point operations of one row's forward pass."""
        return dense_flops(num_numbers(signature), signature.num_outputs)

    def num_parameters(self, signature: Signature) -> int:
        """Return how many numbers are trained."""
        return count_parameters(self, signature)
