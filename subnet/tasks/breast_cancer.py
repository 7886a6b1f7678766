"""Breast tumours, from measurements of cell nuclei."""

import functools
from typing import ClassVar

import jax
import numpy as np

from miners.signature import Signature
from subnet.tasks.base import Predicts, RecordedTask, TaskData, log_frequencies, split
from tokenomics.mechanism import mechanism

__all__ = ["BreastCancer"]

CLASSES = 2


@mechanism
class BreastCancer(RecordedTask):
    """Tell benign (1) from malignant (0) tumours by 30 measurements.

    569 rows, 62.7 % benign; 455 to train on, by whose mean and standard deviation all are standardised, 114 held out.
    Groups are the classes.

    Source: scikit-learn `load_breast_cancer`, the UCI breast cancer Wisconsin (diagnostic) data.
    """

    predicts: ClassVar[Predicts] = "classes"

    def signature(self) -> Signature:
        """Return the shapes of a row and of its answer."""
        return Signature((30,), CLASSES)

    def num_groups(self) -> int:
        """Return the number of classes."""
        return CLASSES

    def load(self) -> TaskData:
        """Return the rows."""
        return _load()

    def prior(self, data: TaskData) -> jax.Array:
        """Return the classes' log frequencies [2] in training."""
        return log_frequencies(data.train_y, CLASSES)


@functools.cache
def _load() -> TaskData:
    from sklearn.datasets import load_breast_cancer  # here: it costs half a second

    x, label = load_breast_cancer(return_X_y=True)
    y = label.astype(np.int32)
    data = split(x, y, y)
    mean, sd = data.train_x.mean(axis=0), data.train_x.std(axis=0)
    train_x, holdout_x = (((part - mean) / sd).astype(np.float32) for part in (data.train_x, data.holdout_x))
    return data._replace(train_x=train_x, holdout_x=holdout_x)
