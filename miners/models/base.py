"""What every model answers, and the layer that all are made of."""

import math
from typing import Any, ClassVar, Protocol

import flax.linen as nn
import jax
import jax.numpy as jnp

from miners.signature import Signature

__all__ = ["Model", "answers", "born", "count_parameters", "dense", "dense_flops", "num_numbers", "require_numbers"]


class Model(Protocol):
    """An architecture: parameters are born by `init` and used by `apply`; both are pure, in float32.

    Its fields are static: they select a program. `reads` names the inputs that it takes, "numbers" or "tokens".
    """

    reads: ClassVar[tuple[str, ...]]

    def init(self, key: jax.Array, signature: Signature) -> Any:
        """Return new parameters: a pytree of float32."""

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        """Return the outputs for rows `x` [n, …]: [n, num_outputs], or [n, T, vocabulary] for tokens [n, T]."""

    def flops(self, signature: Signature) -> float:
        """Return the multiplications and additions of one forward pass of one row."""

    def num_parameters(self, signature: Signature) -> int:
        """Return how many numbers are trained."""


def dense(num_outputs: int, name: str) -> nn.Dense:
    """Return an affine layer in float32, whatever JAX's default."""
    return nn.Dense(num_outputs, dtype=jnp.float32, param_dtype=jnp.float32, name=name)


def dense_flops(num_inputs: int, num_outputs: int) -> float:
    """Return 2 n m: a multiply-add counts as two. Biases and activations are left out, some 2 % of small models.

    Source: specification of training and scoring, section 6.1.
    """
    return 2.0 * num_inputs * num_outputs


def num_numbers(signature: Signature) -> int:
    """Return how many numbers a row has."""
    return math.prod(signature.input_shape)


def require_numbers(kind: str, signature: Signature) -> None:
    """Refuse rows of tokens.

    Raises:
        ValueError: the signature has a vocabulary.
    """
    if signature.vocabulary:
        raise ValueError(f'model "{kind}" reads numbers, but this task has tokens: take "transformer"')


def born(network: nn.Module, key: jax.Array, signature: Signature) -> Any:
    """Return new parameters of a network, whose shapes follow from one empty row."""
    row = jnp.zeros((1, *signature.input_shape), jnp.int32 if signature.vocabulary else jnp.float32)
    return network.init(key, row)["params"]


def answers(network: nn.Module, params: Any, x: jax.Array) -> jax.Array:
    """Return the outputs of a network for rows `x`."""
    outputs: Any = network.apply({"params": params}, x)
    return outputs


def count_parameters(model: Model, signature: Signature) -> int:
    """Return how many numbers `model.init` returns, without drawing them."""
    shapes = jax.eval_shape(lambda: model.init(jax.random.key(0), signature))
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
