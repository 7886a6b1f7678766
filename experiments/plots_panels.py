"""Two rows of panels: one panel per design above, two that compare designs below."""

from collections.abc import Sequence

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from experiments.plots_style import label

__all__ = ["MAX_DESIGNS", "designs_above", "some_designs"]

MAX_DESIGNS = 3
TOP, BELOW, GAP = 300, 230, 90  # pixels


def designs_above(designs: Sequence[str], below: Sequence[str], ticks_shared: bool = True) -> tuple[go.Figure, int]:
    """Return an empty figure with a panel per design in row 1 and two panels in row 2, and its height in pixels.

    Panels of row 1 stand in columns 1, 1 + 6 / n, …; those of row 2 in columns 1 and 4.

    Args:
        designs: at most three, as titles.
        below: titles of the two panels below.
        ticks_shared: whether only the first panel above shows its ticks.
    """
    n = len(designs)
    span = 6 // n
    above: list[dict[str, int] | None] = [{"colspan": span} if column % span == 0 else None for column in range(6)]
    under: list[dict[str, int] | None] = [{"colspan": 3}, None, None, {"colspan": 3}, None, None]
    height = TOP + GAP + BELOW
    figure = make_subplots(
        2, 6, specs=[above, under], horizontal_spacing=0.055, vertical_spacing=GAP / height, row_heights=[TOP, BELOW],
        subplot_titles=[*map(label, designs), *below],
    )  # fmt: skip
    figure.update_annotations(font={"size": 14})
    for position in range(1, n):
        figure.update_yaxes(matches="y", showticklabels=not ticks_shared, row=1, col=1 + position * span)
    return figure, height


def some_designs(designs: Sequence[str], known: set[str], most: int = MAX_DESIGNS) -> tuple[list[str], str]:
    """Return up to `most` designs with data, and words for the subtitle where others are left out.

    The first ones are what the others are measured against, and the last often has it all: these stay.
    """
    there = [name for name in designs if name in known]
    if len(there) <= most:
        return there, ""
    return [*there[: most - 1], there[-1]], f"; {most} of {len(there)} designs"
