"""Patches of the two photographs that come with scikit-learn, in brightness and two colour differences."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

__all__ = ["BRIGHT", "CHROMA", "NUM_VALUES", "Photograph", "colours", "patches", "photographs"]

BRIGHT = 32  # pixels on a side of a patch's brightness
CHROMA = 8  # and of each of its colour differences: eyes see them less sharply, and they cost a sixteenth
NUM_VALUES = BRIGHT**2 + 2 * CHROMA**2
_TO_DIFFERENCES = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_LARGEST, _SMALLEST = 420, 200  # pixels on a side of what a patch shows
# Their names at flickr.com, by the addresses in the package's README.txt, whose text names the first for both.
_PEOPLE = {"china.jpg": "danielbuechele", "flower.jpg": "vultilion"}


class Photograph(NamedTuple):
    """A picture that a model learned from: its pixels' SHA-256, who owns it and under which licence it is used."""

    name: str
    sha256: str
    owner: str
    licence: str
    pixels: np.ndarray


@cache
def photographs() -> tuple[Photograph, ...]:
    """Return the photographs: a temple, and a flower."""
    from sklearn.datasets import load_sample_images  # here: it costs half a second

    found = load_sample_images()
    return tuple(
        Photograph(path.name, hashlib.sha256(x.tobytes()).hexdigest(), _PEOPLE[path.name], "CC BY 2.0", x)
        for path, x in zip(map(Path, found.filenames), found.images, strict=True)
    )


def patches(seed: int, count: int) -> np.ndarray:
    """Return `count` random patches and their mirror images, as float32 [2 count, NUM_VALUES] around 0.

    Sides are spread evenly on a logarithmic scale, photographs take turns.
    """
    from PIL import Image

    rng = np.random.default_rng(seed)
    pictures = [Image.fromarray(photograph.pixels) for photograph in photographs()]
    made = np.empty((count, BRIGHT, BRIGHT, 3), np.float32)
    for k in range(count):
        picture = pictures[k % len(pictures)]
        side = _SMALLEST * (_LARGEST / _SMALLEST) ** rng.random()
        left, top = rng.random() * (picture.width - side), rng.random() * (picture.height - side)
        small = picture.resize((BRIGHT, BRIGHT), Image.Resampling.BOX, (left, top, left + side, top + side))
        made[k] = np.asarray(small)
    return _values(np.concatenate([made, made[:, :, ::-1]]) / 255)


def _values(pictures: np.ndarray) -> np.ndarray:
    rows, ratio = len(pictures), BRIGHT // CHROMA
    parts = pictures @ _TO_DIFFERENCES.T.astype(np.float32)
    blocks = parts[..., 1:].reshape(rows, CHROMA, ratio, CHROMA, ratio, 2).mean(axis=(2, 4))
    return np.concatenate([parts[..., 0].reshape(rows, -1) - np.float32(0.5), blocks.reshape(rows, -1)], axis=1)


def colours(values: jax.Array, side: int) -> jax.Array:
    """Return pictures [n, side, side, 3] in [0, 1] of `values` [n, NUM_VALUES], smoothly enlarged."""
    rows = values.shape[0]
    bright = values[:, : BRIGHT**2].reshape(rows, BRIGHT, BRIGHT, 1) + 0.5
    differences = values[:, BRIGHT**2 :].reshape(rows, CHROMA, CHROMA, 2)
    parts = jnp.concatenate([_resized(bright, side), _resized(differences, side)], axis=-1)
    return jnp.clip(parts @ np.linalg.inv(_TO_DIFFERENCES).T.astype(np.float32), 0, 1)


def _resized(pictures: jax.Array, side: int) -> jax.Array:
    """Return `pictures` [n, s, s, c] at another size; averaged where they shrink."""
    rows, *_, channels = pictures.shape
    return jax.image.resize(pictures, (rows, side, side, channels), "cubic")
