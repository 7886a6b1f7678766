"""Work prepared on other threads: in order, not too far ahead, and failing where it is used."""

import threading
from collections.abc import Iterator

import pytest

from experiments.ahead import prepared


def test_items_come_in_their_order_each_prepared() -> None:
    done: set[int] = set()
    for number, item in enumerate(prepared(range(20), done.add)):
        assert item == number
        assert item in done


def test_only_a_few_items_are_made_ahead() -> None:
    made = []

    def items() -> Iterator[int]:
        for item in range(50):
            made.append(item)
            yield item

    ahead = [len(made) - item for item in prepared(items(), lambda item: None)]
    assert 1 < max(ahead) <= 5


def test_a_failure_waits_for_its_turn_and_the_rest_is_dropped() -> None:
    seen: list[int] = []

    def fail_at_two(item: int) -> None:
        if item == 2:
            raise ValueError("no such program")
        seen.append(item)

    found = prepared(range(100), fail_at_two)
    assert [next(found), next(found)] == [0, 1]
    with pytest.raises(ValueError, match="no such program"):
        next(found)
    assert len(seen) < 10


def test_preparing_happens_on_other_threads() -> None:
    threads: list[str] = []
    list(prepared(range(3), lambda item: threads.append(threading.current_thread().name)))
    assert all(name.startswith("prepare") for name in threads)
    assert len(threads) == 3
