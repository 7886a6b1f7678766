"""Work that is prepared on other threads while what came before it is done."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from subnet.precision import available_cores

__all__ = ["prepared"]

_MOST = 4  # at a time: a large program takes a gigabyte to compile, and XLA itself uses several cores

Item = TypeVar("Item")


def prepared(items: Iterable[Item], prepare: Callable[[Item], None]) -> Iterator[Item]:
    """Yield items in their order, each once it is prepared.

    As many as there are cores, at most four, are prepared at a time, and no more wait: each holds data. What `prepare`
    raises is raised when the item's turn comes.
    """
    workers = min(available_cores(), _MOST)
    waiting: deque[tuple[Item, Future[None]]] = deque()
    pool = ThreadPoolExecutor(workers, "prepare")
    try:
        for item in items:
            waiting.append((item, pool.submit(prepare, item)))
            if len(waiting) > workers:
                yield _next(waiting)
        while waiting:
            yield _next(waiting)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _next(waiting: deque[tuple[Item, Future[None]]]) -> Item:
    item, done = waiting.popleft()
    done.result()
    return item
