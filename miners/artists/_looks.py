"""How a picture looks in numbers, and the scale on which ordinary pictures are standard normal."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["LOOKS", "SIDE", "Calibration", "calibrate", "looks", "standardised"]

SIDE = 12  # pixels on a side of the small picture that is looked at: 1,024 of them took 26 ms on a core
FARTHEST = 4.0  # standard deviations beyond which a picture is no more of anything
LOOKS = (
    "brightness",
    "contrast",
    "saturation",
    "warmth",
    "greenness",
    "colour variety",
    "mirrored across",
    "mirrored down",
    "detail",
    "bright centre",
    "bright sky",
    "rings",
)
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look, ITU-R BT.601
_FAINT = 0.02  # differences that nobody sees, as a share of white


class Calibration(NamedTuple):
    """What ordinary pictures look like: `mean` [d], and `whitening` [d, d] that makes looks uncorrelated; float32."""

    mean: np.ndarray
    whitening: np.ndarray


@cache
def _templates() -> tuple[np.ndarray, np.ndarray]:
    """Return what brightness is compared with, [p, 2] that sum to 0, and rings of pixels, [p, r]; columns of norm 1."""
    line = (2 * np.arange(SIDE) + 1) / SIDE - 1
    x, y = np.meshgrid(line, line)
    radius = np.hypot(x, y)
    shapes = np.stack([-radius, -y], axis=-1).reshape(-1, 2)
    shapes = shapes - shapes.mean(axis=0)
    edges = np.arange(1, SIDE // 2) * 2 / SIDE
    rings = np.eye(SIDE // 2)[np.digitize(radius.ravel(), edges)]
    unit = [part / np.linalg.norm(part, axis=0) for part in (shapes, rings)]
    return unit[0].astype(np.float32), unit[1].astype(np.float32)


def looks(pictures: jax.Array) -> jax.Array:
    """Return the descriptors [n, 12] of `pictures` [n, SIDE, SIDE, 3], in the order of `LOOKS`.

    With Y the brightness of a pixel, centred at its mean y over the picture, and V its variance plus 0.02²:
    y; log √V; mean of max − min over colours; mean of red − blue; mean of green − (red + blue) / 2;
    log of 0.02 plus the standard deviations of red − green and of (red + green) / 2 − blue; correlation of Y with its
    mirror images, twice; log of 0.02 plus the mean squared steps across and down over V; correlation of Y with nearness
    to the centre and with height; share of V that lies between rings around the centre.

    What is added makes a picture of one brightness or colour a very faint one. The measure of colour variety is
    the first half of Hasler and Süsstrunk, "Measuring colorfulness in natural images" (2003).
    """
    red, green, blue = jnp.moveaxis(pictures, -1, 0)
    bright = pictures @ _LUMA
    flat = bright.reshape(-1, SIDE * SIDE)
    centred = flat - flat.mean(axis=1, keepdims=True)
    variance = (centred * centred).mean(axis=1) + _FAINT**2
    power = variance * SIDE**2
    seen = centred.reshape(-1, SIDE, SIDE)
    shapes, rings = _templates()
    steps = (jnp.diff(seen, axis=1) ** 2).mean((1, 2)) + (jnp.diff(seen, axis=2) ** 2).mean((1, 2))
    variety = _spread(red - green) + _spread((red + green) / 2 - blue)
    like = (centred @ shapes) / jnp.sqrt(power)[:, None]
    columns = (
        flat.mean(axis=1),
        jnp.log(jnp.sqrt(variance)),
        (pictures.max(axis=-1) - pictures.min(axis=-1)).mean((1, 2)),
        (red - blue).mean((1, 2)),
        (green - (red + blue) / 2).mean((1, 2)),
        jnp.log(variety + _FAINT),
        (seen * seen[:, :, ::-1]).sum((1, 2)) / power,
        (seen * seen[:, ::-1]).sum((1, 2)) / power,
        jnp.log(steps / variance + _FAINT),
        like[:, 0],
        like[:, 1],
        ((centred @ rings) ** 2).sum(axis=1) / power,
    )
    return jnp.stack(columns, axis=-1)


def _spread(x: jax.Array) -> jax.Array:
    return x.std(axis=(1, 2))


def calibrate(draw: Callable[[jax.Array], jax.Array], size: int, count: int = 4096) -> Calibration:
    """Return the scale of what `draw`, from genomes [n, size] to small pictures, makes of standard normal genomes.

    whitening = D C^(-1/2), with D one over the standard deviations and C the correlations of looks: of all ways to
    make them uncorrelated the one that leaves each nearest to itself, so that it keeps its name (Kessy and others,
    "Optimal whitening and decorrelation", 2018). Looks that hardly vary beside the others are not blown up.
    """
    genomes = jax.random.normal(jax.random.key(0), (count, size), jnp.float32)
    raw = np.asarray(jax.jit(lambda g: looks(draw(g)))(genomes), np.float64)
    mean, deviation = raw.mean(axis=0), raw.std(axis=0)
    z = (raw - mean) / deviation
    correlations = np.einsum("ni,nj->ij", z, z) / count  # not z.T @ z, which depends on the number of threads
    power, axes = np.linalg.eigh(correlations)
    root = (axes / np.sqrt(np.maximum(power, 1e-3))) @ axes.T
    return Calibration(mean.astype(np.float32), (root / deviation[:, None]).astype(np.float32))


def standardised(calibration: Calibration, raw: jax.Array) -> jax.Array:
    """Return looks [n, d] on the calibration's scale, cut at four standard deviations."""
    return jnp.clip((raw - calibration.mean) @ calibration.whitening, -FARTHEST, FARTHEST)
