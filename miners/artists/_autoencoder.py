"""A small variational autoencoder of photographs: what it learns, and how."""

from functools import lru_cache, partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from miners.artists._photographs import patches
from miners.models.base import answers, dense

__all__ = ["Autoencoder", "decoded", "trained"]

PATCHES = 1024  # and their mirror images
HELD_OUT = 128  # patches, with their mirror images, that training never sees
COMPONENTS = 128  # principal components of a patch that are learned: 96 % of the variance
BATCH = 64
RATE = 4e-3  # of Adam, at its peak
CERTAINTY = 0.04  # weight of a latent number's divergence against a component's error: found by looking at pictures


class Autoencoder(NamedTuple):
    """What training leaves, as NumPy arrays.

    `decoder` are the parameters from latent vectors to components, `mean` [v] and `directions` [k, v] lead from
    components to the values of a patch. Photographs lie around `centre` [g] in latent space, and standard normal
    numbers times `axes` [g, g] have their covariance. `error` is the root mean square error of values on patches that
    training did not see, where black to white is 1, `error_in_training` that on those it saw, and `error_of_mean` what
    the first would be if all were answered by the mean patch. Patches overlap: photographs that nobody has seen would
    fare worse.
    """

    decoder: Any
    mean: np.ndarray
    directions: np.ndarray
    centre: np.ndarray
    axes: np.ndarray
    error: np.ndarray
    error_in_training: np.ndarray
    error_of_mean: np.ndarray


class _Encoder(nn.Module):
    latent: int
    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        h = nn.gelu(dense(self.hidden, "first")(x))
        h = nn.gelu(dense(self.hidden, "second")(h))
        return dense(self.latent, "mean")(h), jnp.clip(dense(self.latent, "log_variance")(h), -8, 2)


class _Decoder(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, z: jax.Array) -> jax.Array:
        h = nn.gelu(dense(self.hidden, "first")(z))
        h = nn.gelu(dense(self.hidden, "second")(h))
        return dense(COMPONENTS, "readout")(h)


def _components(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean [v], the directions [k, v] and the components [n, k] of `values` [n, v].

    A component is divided by the square root of its standard deviation. Half whitened, fine detail counts for more
    than its size, and pictures come out less blurred; fully whitened, they are noise.
    """
    mean = values.mean(axis=0)
    centred = (values - mean).astype(np.float64)
    variance, vectors = np.linalg.eigh(centred.T @ centred / len(values))
    variance, vectors = variance[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    scale = variance**0.25 * np.sqrt(np.sqrt(variance).mean())
    components = centred @ vectors / scale
    return mean, (vectors * scale).T.astype(np.float32), components.astype(np.float32)


def _encoded(encoder: _Encoder, params: Any, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    outputs: Any = encoder.apply({"params": params}, x)
    return outputs


def _loss(networks: tuple[_Encoder, _Decoder], params: Any, x: jax.Array, noise: jax.Array) -> jax.Array:
    """Return mean (x − x')² + CERTAINTY · mean KL(N(m, s²) ‖ N(0, 1)), with x' decoded from m + s · noise."""
    encoder, decoder = networks
    mean, log_variance = _encoded(encoder, params[0], x)
    wrong = answers(decoder, params[1], mean + jnp.exp(log_variance / 2) * noise) - x
    divergence = (mean**2 + jnp.exp(log_variance) - log_variance - 1) / 2
    return (wrong**2).mean() + CERTAINTY * divergence.mean()


def _born(rng: np.random.Generator, network: nn.Module, num_inputs: int) -> Any:
    """Return parameters A ~ N(0, 1 / n), b = 0. NumPy draws them: compiling JAX's draws took longer than training."""
    row = np.zeros((1, num_inputs), np.float32)
    shapes = jax.eval_shape(lambda: network.init(jax.random.key(0), row)["params"])

    def draw(leaf: Any) -> np.ndarray:
        deviation = leaf.shape[0] ** -0.5 if len(leaf.shape) == 2 else 0.0
        return (deviation * rng.standard_normal(leaf.shape)).astype(np.float32)

    return jax.tree.map(draw, shapes)


def _fitted(rng: np.random.Generator, networks: tuple[_Encoder, _Decoder], x: np.ndarray, steps: int) -> Any:
    encoder, decoder = networks
    rule = optax.adam(optax.cosine_onecycle_schedule(steps, RATE, 0.1))
    params = (_born(rng, encoder, COMPONENTS), _born(rng, decoder, encoder.latent))
    rows = rng.integers(len(x), size=(steps, BATCH), dtype=np.int32)
    noise = rng.standard_normal((steps, BATCH, encoder.latent), np.float32)

    def step(carry: Any, batch: tuple[jax.Array, jax.Array]) -> tuple[Any, None]:
        params, state = carry
        gradient = jax.grad(lambda p: _loss(networks, p, jnp.asarray(x)[batch[0]], batch[1]))(params)
        updates, state = rule.update(gradient, state, params)
        return (optax.apply_updates(params, updates), state), None

    batches: Any = (rows, noise)
    (params, _), _ = jax.jit(lambda *start: jax.lax.scan(step, start, batches))(params, rule.init(params))
    return jax.tree.map(np.asarray, params)


@lru_cache(maxsize=8)
def trained(latent: int, hidden: int, steps: int, seed: int) -> Autoencoder:
    """Return the autoencoder of `steps` steps of training: the same for the same numbers, on however many cores."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # comes with scikit-learn

    with threadpool_limits(1, user_api="blas"):  # NumPy's sums of products depend on how many threads share them
        values = patches(seed, PATCHES)
        held = np.arange(len(values)) % PATCHES < HELD_OUT
        mean, directions, components = _components(values)
        networks = (_Encoder(latent, hidden), _Decoder(hidden))
        params = _fitted(np.random.default_rng(seed), networks, components[~held], steps)
        z, log_variance = jax.jit(partial(_encoded, networks[0]))(params[0], components)
        centre, axes = _place(np.asarray(z), np.asarray(log_variance))
        drawing = (params[1], mean, directions, centre, axes)
        wrong = np.asarray(_decode(*drawing[:3], z)) - values
        errors = (wrong[held], wrong[~held], values[held] - mean)
        return Autoencoder(*drawing, *map(_root_mean_square, errors))


def _place(z: np.ndarray, log_variance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where photographs lie in latent space: the mean, and a root of the covariance, of all posteriors mixed."""
    covariance = np.cov(z, rowvar=False) + np.diag(np.exp(log_variance).mean(axis=0))
    return z.mean(axis=0), np.linalg.cholesky(covariance).T.astype(np.float32)


def _root_mean_square(x: np.ndarray) -> np.ndarray:
    return np.sqrt(np.mean(x.astype(np.float64) ** 2))


def _decode(decoder: Any, mean: np.ndarray, directions: np.ndarray, z: jax.Array) -> jax.Array:
    hidden = decoder["first"]["bias"].shape[-1]
    return answers(_Decoder(hidden), decoder, z) @ directions + mean


def decoded(made: Autoencoder, genomes: jax.Array) -> jax.Array:
    """Return the values [n, v] of patches from `genomes` [n, g]: standard normal ones are spread as photographs are."""
    return _decode(made.decoder, made.mean, made.directions, genomes @ made.axes + made.centre)
