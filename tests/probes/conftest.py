"""What one file of tests compiled is of no use to the next: a few gigabytes otherwise."""

from collections.abc import Iterator

import jax
import pytest


@pytest.fixture(autouse=True, scope="module")
def _programs_are_given_back() -> Iterator[None]:
    yield
    jax.clear_caches()
