"""A compositional pattern-producing network: a picture as a function of place."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from miners.artists._colour import from_lightness_and_chroma

__all__ = ["GENOME_SIZE", "STYLES", "paint"]

# What a picture is like as a whole. One number each, so that a liking for it can be followed by moving a mean.
STYLES = (
    "light",
    "contrast",
    "warm",
    "green",
    "colour range",
    "vividness",
    "mirrored across",
    "mirrored down",
    "zoom",
    "rings",
    "detail",
    "centre",
    "sky",
)
FARTHEST = 2.5  # where numbers of a genome come to rest: far from a start around 0, pictures would be noise
WIDTH = 12  # units of a hidden layer: a third waves, a third steps, a third bumps


def _mixed(h: jax.Array) -> jax.Array:
    """Return waves, steps and bumps of a layer's units `h` [WIDTH, p]: what repeats, divides and stands alone."""
    waves, steps, bumps = jnp.split(h, 3)
    return jnp.concatenate([jnp.sin(2 * waves), jnp.tanh(2.5 * steps), 2 * jnp.exp(-2 * bumps * bumps) - 1])


class _Layer(nn.Module):
    """An affine layer whose pixels come last: with them a processor fills its vectors, with a few units it does not."""

    outputs: int

    @nn.compact
    def __call__(self, h: jax.Array) -> jax.Array:
        normal = nn.initializers.normal(1.0)
        matrix = self.param("matrix", normal, (self.outputs, h.shape[0]), jnp.float32)
        bias = self.param("bias", normal, (self.outputs, 1), jnp.float32)
        return (matrix @ h + bias) / np.float32(np.sqrt(h.shape[0]))


class _Painter(nn.Module):
    """Every number of style and weights is about standard normal; layers scale by 1 / sqrt(inputs) themselves."""

    @nn.compact
    def __call__(self, x: jax.Array, y: jax.Array) -> jax.Array:
        """Return colours [p, 3] at places `x`, `y` [p] in [-1, 1]."""
        style = self.param("style", nn.initializers.normal(1.0), (len(STYLES),), jnp.float32)
        light, contrast, warm, green, hues, vivid, across, down, zoom, rings, detail, centre, sky = style
        scale = 2.6 * jnp.exp(0.35 * zoom)
        radius = jnp.sqrt(x * x + y * y)
        folded_x = x + nn.sigmoid(3 * across) * (jnp.abs(x) - x)
        folded_y = y + nn.sigmoid(3 * down) * (jnp.abs(y) - y)
        ring = jnp.exp(0.8 * rings) * radius
        h = jnp.stack([folded_x, folded_y, ring]) * scale
        h = _mixed(_Layer(WIDTH, name="first")(h))
        h = _mixed(_Layer(WIDTH, name="second")(h) * (1.7 * jnp.exp(0.4 * detail)))
        value, hue, strength = _Layer(3, name="readout")(h)
        level = 0.66 + 0.1 * light + 0.1 * centre * (0.6 - radius * radius) - 0.08 * sky * y
        lightness = level + 0.25 * jnp.exp(0.3 * contrast) * jnp.tanh(1.5 * value)
        turn = jnp.arctan2(green, warm + 0.7) + 1.3 * jnp.exp(0.5 * hues) * jnp.tanh(hue)
        chroma = 0.17 * jnp.exp(0.25 * vivid) * (0.65 + 0.45 * jnp.tanh(strength))
        return from_lightness_and_chroma(lightness, chroma * jnp.cos(turn), chroma * jnp.sin(turn))


GENOME_SIZE = len(STYLES) + (3 + 1) * WIDTH + (WIDTH + 1) * WIDTH + (WIDTH + 1) * 3


def _parameters(genome: jax.Array) -> Any:
    """Return the painter's parameters that a genome [GENOME_SIZE] strings together."""
    place = np.zeros(1, np.float32)
    shapes = jax.eval_shape(lambda: _Painter().init(jax.random.key(0), place, place)["params"])
    leaves, structure = jax.tree.flatten(shapes)
    parts = jnp.split(genome, np.cumsum([leaf.size for leaf in leaves])[:-1])
    shaped = [part.reshape(leaf.shape) for part, leaf in zip(parts, leaves, strict=True)]
    return jax.tree.unflatten(structure, shaped)


def paint(genomes: jax.Array, side: int) -> jax.Array:
    """Return the pictures [n, side, side, 3] of `genomes` [n, GENOME_SIZE].

    A pixel's colour is that at its centre, so a large picture is the same picture, seen more sharply.
    """
    bounded = FARTHEST * jnp.tanh(genomes / FARTHEST)
    line = (2 * np.arange(side, dtype=np.float32) + 1) / np.float32(side) - 1
    x, y = (part.ravel() for part in np.meshgrid(line, line))

    def picture(genome: jax.Array) -> jax.Array:
        colours: Any = _Painter().apply({"params": _parameters(genome)}, x, y)
        return colours.reshape(side, side, 3)

    return jax.vmap(picture)(bounded)
