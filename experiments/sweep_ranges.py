"""Ranges of swept values: from, to, steps, on a linear or a logarithmic scale."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from experiments.parameters import Refused
from experiments.wording import nearest, show

__all__ = ["RANGE_RULE", "ranged"]

RANGE_RULE = "write a list of values, or {from: 0, to: 1, steps: 11}, with scale: log if wanted"
_MOST_STEPS = 100_000
_RANGE_KEYS = ("from", "to", "steps", "scale")
_SIGNIFICANT = 12  # decimal digits kept of values on a logarithmic scale


def ranged(raw: Mapping[str, Any]) -> Iterator[int | float]:
    """Yield the values of `{from, to, steps, scale}`; decimal, so that 0 to 0.4 in 5 steps has an exact 0.3.

    Raises:
        Refused: a key is missing or unknown, or its value will not do.
    """
    for key in raw:
        if key not in _RANGE_KEYS:
            raise Refused(f' has no "{key}"{nearest(key, _RANGE_KEYS)}')
    low, high, steps = (_finite(raw, key) for key in ("from", "to", "steps"))
    scale = raw.get("scale", "linear")
    if steps != int(steps) or not 2 <= steps <= _MOST_STEPS:
        raise Refused(f".steps = {show(raw['steps'])} is not a whole number from 2 to {_MOST_STEPS};")
    if scale not in ("linear", "log"):
        raise Refused(f".scale = {show(scale)} is neither linear nor log;")
    if scale == "log" and (low <= 0 or high <= 0):
        raise Refused(": a logarithmic scale needs from and to above 0;")
    last = int(steps) - 1
    for step in range(last + 1):
        if step in (0, last):
            yield low if step == 0 else high
        elif scale == "log":
            yield float(f"{math.exp(math.log(low) + (math.log(high) - math.log(low)) * step / last):.{_SIGNIFICANT}g}")
        else:
            start, end = Decimal(repr(low)), Decimal(repr(high))
            yield float(start + (end - start) * step / last)


def _finite(raw: Mapping[str, Any], key: str) -> int | float:
    value = raw.get(key)
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 1e300 or value != value:
        raise Refused(f".{key} = {show(value)} is not a number;" if key in raw else f".{key} is missing;")
    return value
