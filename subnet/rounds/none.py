"""Nobody stakes on their own work."""

from typing import Annotated, ClassVar

from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["NoTournament"]


@mechanism
class NoTournament:
    """Pay miners by what validators think of them, and nothing else.

    Where miners rank something, their common prediction weighs each by what it was paid for the newest round whose
    truth was known when this one closed: nobody can be weighted by hindsight.
    """

    opens: ClassVar[bool] = False

    known_after: Annotated[
        int, Field(ge=1, le=260, description="rounds until the truth about a round is known: 5 weekly or 24 daily ones")
    ] = static(5)
