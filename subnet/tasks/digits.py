"""Handwritten digits, eight by eight pixels."""

import functools
from typing import ClassVar

import jax
import numpy as np

from miners.signature import Signature
from subnet.tasks.base import Predicts, RecordedTask, TaskData, log_frequencies, split
from tokenomics.mechanism import mechanism

__all__ = ["Digits"]

CLASSES = 10


@mechanism
class Digits(RecordedTask):
    """Tell which digit an image of 8 × 8 pixels shows.

    1 797 images in 17 levels of grey, scaled to [0, 1]; 1 437 to train on, 360 held out. Groups are the classes.

    Source: scikit-learn `load_digits`, the test set of the UCI optical recognition of handwritten digits.
    """

    predicts: ClassVar[Predicts] = "classes"

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer."""
        return Signature((8, 8, 1), CLASSES)

    def num_groups(self) -> int:
        """Return the number of classes."""
        return CLASSES

    def load(self) -> TaskData:
        """Return the images."""
        return _load()

    def prior(self, data: TaskData) -> jax.Array:
        """Return the classes' log frequencies [10] in training."""
        return log_frequencies(data.train_y, CLASSES)


@functools.cache
def _load() -> TaskData:
    from sklearn.datasets import load_digits  # here: it costs half a second

    pixels, label = load_digits(return_X_y=True)
    x = (pixels / 16).astype(np.float32).reshape(-1, 8, 8, 1)
    y = label.astype(np.int32)
    return split(x, y, y)
