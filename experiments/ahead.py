"""Work that is prepared on other threads while what came before it is done."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["prepared"]

Item = TypeVar("Item")


def prepared(items: Iterable[Item], prepare: Callable[[Item], None]) -> Iterator[Item]:
    """Yield items in their order, each once it is prepared.

    As many as there are cores are prepared at a time, and no more wait: each holds data. What `prepare` raises is
    raised when the item's turn comes.
    """
    workers = os.cpu_count() or 1
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
