"""Small words that messages share."""

import difflib
import json
from collections.abc import Iterable, Sequence
from typing import Any

__all__ = ["Problems", "aligned", "nearest", "number", "plural", "show"]

from experiments.errors import UserError

_SHOWN = 60  # characters of a value that are repeated in a message
_DIGITS = 200  # bits beyond which an integer is described, not printed


class Problems:
    """All that is wrong with one file, so that it can be told at once."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.found: list[str] = []

    def add(self, text: str) -> None:
        """Note one problem; the file's name is put in front."""
        line = f"{self.source}: {' '.join(text.splitlines())}"
        if line not in self.found:
            self.found.append(line)

    def raise_any(self) -> None:
        """Raise all of them, one per line, if there are any.

        Raises:
            UserError: something was noted.
        """
        if self.found:
            raise UserError("\n".join(self.found))


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return `; did you mean "…"?` if a known name is close, else `;`: what is known follows."""
    close = difflib.get_close_matches(name, list(known), n=1) if isinstance(name, str) else []
    return f'; did you mean "{close[0]}"?' if close else ";"


def show(value: Any) -> str:
    """Return a value as a person would have typed it, cut where it is long."""
    if isinstance(value, int) and value.bit_length() > _DIGITS:
        return f"a whole number of some {int(value.bit_length() * 0.30103)} digits"
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def number(value: Any) -> str:
    """Return a limit or a default, short."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return show(value)
    if isinstance(value, float) or abs(value) >= 10**7:
        short = f"{value:.6g}"
        return short.replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")
    return str(value)


def plural(count: int, noun: str) -> str:
    """Return `1 lane`, `2 lanes`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Return rows of cells as lines whose columns start one below the other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() + "\n" for row in rows)
