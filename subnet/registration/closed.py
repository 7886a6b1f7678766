"""Nobody joins and nobody leaves."""

from typing import ClassVar

from tokenomics.mechanism import mechanism

__all__ = ["Closed"]


@mechanism
class Closed:
    """Keep everybody who was there at the start."""

    opens: ClassVar[bool] = False
