"""A small causal transformer for tokens."""

from typing import Annotated, Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from pydantic import Field

from miners.models.base import answers, born, count_parameters, dense, dense_flops
from miners.signature import Signature
from tokenomics.mechanism import mechanism, static

__all__ = ["Transformer"]

WIDENING = 4  # hidden units per unit of width between two attentions, as in the first transformer


def _norm(name: str) -> nn.LayerNorm:
    return nn.LayerNorm(dtype=jnp.float32, param_dtype=jnp.float32, name=name)


class _Block(nn.Module):
    heads: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = x + self._attention(_norm("norm_attention")(x))
        width = x.shape[-1]
        h = nn.relu(dense(WIDENING * width, "widen")(_norm("norm_hidden")(x)))
        return x + dense(width, "narrow")(h)

    def _attention(self, x: jax.Array) -> jax.Array:
        rows, length, width = x.shape
        parts = dense(3 * width, "query_key_value")(x).reshape(rows, length, 3, self.heads, width // self.heads)
        query, key, value = (parts[:, :, k].swapaxes(1, 2) for k in range(3))  # [n, heads, T, width / heads]
        scores = query @ key.swapaxes(2, 3) / np.float32(np.sqrt(width // self.heads))
        past = np.tril(np.ones((length, length), bool))
        seen = nn.softmax(jnp.where(past, scores, -jnp.inf)) @ value
        return dense(width, "mix")(seen.swapaxes(1, 2).reshape(rows, length, width))


class _Network(nn.Module):
    vocabulary: int
    context: int
    width: int
    layers: int
    heads: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        embedding = self.param("embedding", nn.initializers.normal(0.5), (self.vocabulary, self.width), jnp.float32)
        position = self.param("position", nn.initializers.normal(0.1), (self.context, self.width), jnp.float32)
        h = embedding[x] + position[: x.shape[1]]
        for k in range(self.layers):
            h = _Block(self.heads, name=f"block_{k}")(h)
        return dense(self.vocabulary, "readout")(_norm("norm_readout")(h))


@mechanism
class Transformer:
    """Answer every position by a vector that depends on the tokens up to it.

    h = embedding + position;  per layer h += attention(norm(h)), h += B max(0, A norm(h)), with A four times as wide
    as h;  outputs = norm(h) C. Positions are learned, and norms stand before what they feed.
    """

    reads: ClassVar[tuple[str, ...]] = ("tokens",)

    width: Annotated[int, Field(ge=1, le=4096, description="numbers per token; a multiple of heads")] = static(64)
    layers: Annotated[int, Field(ge=1, le=64, description="layers of attention")] = static(2)
    heads: Annotated[int, Field(ge=1, le=64, description="attentions side by side in a layer")] = static(4)

    def init(self, key: jax.Array, signature: Signature) -> Any:
        """Return new parameters.

        Raises:
            ValueError: rows are no tokens, or the width cannot be divided between the heads.
        """
        if not signature.vocabulary:
            raise ValueError('model "transformer" reads tokens, but this task has numbers: take "linear" or "mlp"')
        if self.width % self.heads:
            raise ValueError(f"transformer: width = {self.width} is no multiple of heads = {self.heads}")
        network = self._network(signature.vocabulary, signature.input_shape[0])
        return born(network, key, signature)

    def apply(self, params: Any, x: jax.Array) -> jax.Array:
        """Return outputs [n, T, vocabulary] for tokens `x` [n, T], T at most the length that `init` was told."""
        network = self._network(params["embedding"].shape[-2], params["position"].shape[-2])
        return answers(network, params, x)

    def flops(self, signature: Signature) -> float:
        """Return the floating-point operations of one row's forward pass.

        Attention is counted whole: what lies ahead of a position is masked, not skipped. Looking up an embedding costs
        nothing; norms, softmax and activations are left out.
        """
        length, d = signature.input_shape[0], self.width
        layer = dense_flops(d, 4 * d) + 2 * dense_flops(d, WIDENING * d) + 2 * dense_flops(length, d)
        return length * (self.layers * layer + dense_flops(d, signature.vocabulary))

    def num_parameters(self, signature: Signature) -> int:
        """Return how many numbers are trained."""
        return count_parameters(self, signature)

    def _network(self, vocabulary: int, context: int) -> _Network:
        return _Network(vocabulary, context, self.width, self.layers, self.heads)
