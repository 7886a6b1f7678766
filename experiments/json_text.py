"""JSON that a person wrote: one object, no name twice, no number that JSON does not know."""

import json
import sys
from pathlib import Path
from typing import Any

from experiments.errors import UserError
from experiments.parameters import Refused
from experiments.reading import read_text
from experiments.wording import show

__all__ = ["parse_object", "read_json_text"]


def read_json_text(path: Path | str) -> tuple[str, str]:
    """Return a file's text, and how to call the file in messages; `-` is standard input.

    Raises:
        UserError: it cannot be read as text.
    """
    if str(path) != "-":
        return read_text(Path(path)), str(path)
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig"), "standard input"
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"standard input: cannot be read as text in UTF-8: {error}") from error


def parse_object(text: str, example: str) -> dict[str, Any]:
    """Return the object in a JSON text; `example` shows people what one looks like.

    Raises:
        Refused: it is no JSON, or no object.
    """

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Refused(f"{show(key)} is given twice in one object")
            seen.add(key)
        return dict(pairs)

    def no_number(name: str) -> Any:
        raise Refused(f"{name} is not a number that JSON knows")

    try:
        data = json.loads(text, object_pairs_hook=once, parse_constant=no_number)
    except json.JSONDecodeError as error:
        raise Refused(f"line {error.lineno}, column {error.colno}: not valid JSON: {error.msg}") from error
    except (RecursionError, ValueError) as error:
        what = "nested too deeply" if isinstance(error, RecursionError) else "a number with too many digits"
        raise Refused(f"not valid JSON: {what}") from error
    if not isinstance(data, dict):
        raise Refused(f"holds {show(data)}, not an object such as {example}")
    return data
