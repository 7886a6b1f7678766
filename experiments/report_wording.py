"""Numbers in sentences: a median with its interval, a value per design, names in a row."""

from experiments.metric_labels import show, show_interval
from experiments.statistics import Interval

__all__ = ["listed", "named", "quoted"]

FEW = 3  # designs up to which each is named


def quoted(found: Interval, unit: str, signed: bool = False) -> str:
    """Return a median with its interval, the unit written once."""
    if found.median is None:
        return "–"
    bounds = show_interval(found.low, found.high, unit, signed)
    for mark in (" %", " pp", "$"):
        bounds = bounds.replace(mark, "")
    return f"{show(found.median, unit, signed)}{f' {bounds}' if bounds else ''}"


def named(designs: list[str]) -> str:
    """Return names as a list in words."""
    return " and ".join(filter(None, (", ".join(designs[:-1]), designs[-1])))


def listed(found: dict[str, Interval], unit: str, designs: int, signed: bool = False, few: int = FEW) -> str:
    """Return a value per design, once for all that read the same; of more than a few, the lowest and the highest.

    A run of one design needs no name.

    Args:
        found: by design.
        unit: of the values.
        designs: how many the run has, known or not.
        signed: whether the values are differences.
        few: up to how many different ones are all said.
    """
    if len(found) == designs == 1:
        return quoted(next(iter(found.values())), unit, signed)
    like: dict[str, list[str]] = {}
    for design, value in found.items():
        like.setdefault(show(value.median, unit, signed), []).append(design)
    texts = {names[0]: f"{quoted(found[names[0]], unit, signed)} under {named(names)}" for names in like.values()}
    if len(texts) == 1 and len(found) == designs:
        return f"{quoted(next(iter(found.values())), unit, signed)} under every design"
    if len(texts) <= few:
        return ", ".join(texts.values())
    low, *_, high = sorted(texts, key=lambda design: found[design].median or 0.0)
    return f"from {texts[low]} to {texts[high]}"
