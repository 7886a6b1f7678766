"""How far a run is, for people at a terminal; silent elsewhere."""

import sys
from types import TracebackType
from typing import Self

__all__ = ["Progress"]


class Progress:
    """A bar on stderr with the time left, counted in epochs of lanes."""

    def __init__(self, total: int, enabled: bool = True) -> None:
        self._bar = None
        if enabled and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("epochs"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("left:"),
                TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task("", total=total)

    def advance(self, epochs: int) -> None:
        """Count `epochs` as done."""
        if self._bar is not None:
            self._bar.advance(self._task, epochs)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
