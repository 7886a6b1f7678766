"""What goes into a model and what comes out."""

from typing import NamedTuple

__all__ = ["Signature"]


class Signature(NamedTuple):
    """The shapes of a task, from which a model sizes itself; static and hashable.

    `input_shape` is that of one row: (8, 8, 1) an image, (30,) numbers, (64,) tokens. `num_outputs` is the length of
    the vector that answers a row. With a `vocabulary` > 0 rows are token ids (int32) and every position is answered by
    a vector of that length.
    """

    input_shape: tuple[int, ...]
    num_outputs: int
    vocabulary: int = 0
