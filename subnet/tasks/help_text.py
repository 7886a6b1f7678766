"""The next character of Python's own help text."""

import functools
import hashlib
from typing import ClassVar

import jax
import numpy as np

from miners.signature import Signature
from subnet.tasks.base import Predicts, RecordedTask, TaskData, log_frequencies
from tokenomics.mechanism import mechanism

__all__ = ["HelpText"]

CONTEXT = 64  # characters
GROUPS = 10


@mechanism
class HelpText(RecordedTask):
    """Predict each character of Python's help text from those before it in a window of 64.

    Topics in the order of their keys, joined by newlines; the vocabulary are all characters that occur. Windows do not
    overlap, and the target of a position is the character that follows. The last tenth of the text is held out.
    Groups are the tenths of the text, the last without a training row: a miner of few groups has read few topics.

    The text differs between Python versions, and so do results: `fingerprint` is its SHA-256 and belongs to every run.
    On Python 3.11.7: 465 048 characters, 103 different ones, 2a95af4ac93f5b71…

    Source: `pydoc_data.topics` of the standard library, PSF licence.
    """

    predicts: ClassVar[Predicts] = "classes"

    def signature(self) -> Signature:
        """Return the shapes of a window and of its answers."""
        num_characters = len(vocabulary())
        return Signature((CONTEXT,), num_characters, num_characters)

    def num_groups(self) -> int:
        """Return the number of parts of the text."""
        return GROUPS

    def load(self) -> TaskData:
        """Return the windows, in the order of the text."""
        return _load()

    def prior(self, data: TaskData) -> jax.Array:
        """Return the characters' log frequencies [vocabulary] in training."""
        return log_frequencies(data.train_y, len(vocabulary()))

    def fingerprint(self) -> str:
        """Return the SHA-256 of the text."""
        return hashlib.sha256(text().encode()).hexdigest()


@functools.cache
def text() -> str:
    """Return the whole text.

    Raises:
        ValueError: this Python comes without its help text.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError as error:
        raise ValueError(
            "task help_text needs the module pydoc_data, which this Python was built without; "
            "install a full Python (python.org, conda, uv or the distribution's complete package), or take another task"
        ) from error
    return "\n".join(topics[key] for key in sorted(topics))


@functools.cache
def vocabulary() -> str:
    """Return the characters that occur, in the order of their code points; a token is a place in it."""
    return "".join(sorted(set(text())))


def parts() -> tuple[np.ndarray, np.ndarray]:
    """Return the tokens of the training text, and those of its last tenth, which is held out."""
    place = {character: token for token, character in enumerate(vocabulary())}
    tokens = np.array([place[character] for character in text()], np.int32)
    train, holdout = np.split(tokens, [len(tokens) * (GROUPS - 1) // GROUPS])
    return train, holdout


def _windows(tokens: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return windows [n, 64] and the characters that follow each position; what fills no window is left out."""
    count = (len(tokens) - 1) // CONTEXT
    return tokens[: count * CONTEXT].reshape(count, CONTEXT), tokens[1 : count * CONTEXT + 1].reshape(count, CONTEXT)


@functools.cache
def _load() -> TaskData:
    train, holdout = (_windows(part) for part in parts())
    count = len(train[0])
    group = (np.arange(count) * (GROUPS - 1) // count).astype(np.int32)
    return TaskData(*train, group, *holdout, np.full(len(holdout[0]), GROUPS - 1, np.int32))
