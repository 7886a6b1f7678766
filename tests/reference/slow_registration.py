"""Seats and their price, written again with Python's whole numbers, one block and one person at a time."""

from dataclasses import dataclass, field

ONE = 2**32


@dataclass
class Seat:
    """A uid: since which block it is taken, how often it was taken over, and whether anybody sits there."""

    registered: int = 0
    generation: int = 0
    present: bool = True


@dataclass
class Office:
    """The price, and everybody's seat."""

    half_life: int
    multiplier: float
    low: int
    high: int
    immunity: int
    min_non_immune: int
    price: int
    seats: list[Seat] = field(default_factory=list)

    def decay(self, blocks: int) -> None:
        """Let so many blocks pass without a registration."""
        factor = largest_factor(self.half_life)
        for _ in range(blocks):
            self.price = self._bounded(self.price * factor // ONE)

    def epoch(
        self, block: int, blocks: int, emission: list[int], leaving: list[bool], offers: list[float]
    ) -> list[int]:
        """Let people leave, then let applicants in; return the fee paid at each uid."""
        self.decay(blocks)
        paid, new = [0] * len(self.seats), set()
        for seat, leaves in zip(self.seats, leaving, strict=True):
            seat.present = seat.present and not leaves
        for offer in offers:
            uid = self._place(block, emission, new)
            if uid is None or offer < self.price:
                continue
            seat = self.seats[uid]
            seat.registered, seat.generation, seat.present = block, seat.generation + 1, True
            paid[uid] = self.price
            new.add(uid)
            numerator, denominator = max(self.multiplier, 1.0).as_integer_ratio()
            self.price = self._bounded(self.price * numerator // denominator)
        return paid

    def _place(self, block: int, emission: list[int], new: set[int]) -> int | None:
        free = [uid for uid, seat in enumerate(self.seats) if not seat.present]
        if free:
            return free[0]
        others = [uid for uid in range(len(self.seats)) if uid not in new]
        exposed = [uid for uid in others if block - self.seats[uid].registered >= self.immunity]
        candidates = exposed if len(exposed) > self.min_non_immune else [uid for uid in others if uid not in exposed]
        return min(candidates, key=lambda uid: (emission[uid], self.seats[uid].registered, uid), default=None)

    def _bounded(self, price: int) -> int:
        return min(max(price, self.low), self.high)


def largest_factor(half_life: int) -> int:
    """Return the largest d with (d / 2^32)^half_life <= 1/2, each product of repeated squaring cut to 32 bits."""
    if half_life == 0:
        return ONE
    low, high = 0, ONE  # d is in [low, high): the power grows with d
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if power(middle, half_life) <= ONE // 2 else (low, middle)
    return low


def power(base: int, exponent: int) -> int:
    """Return base^exponent in 32 fractional bits, by repeated squaring."""
    result = ONE
    while exponent:
        if exponent % 2:
            result = result * base // ONE
        base, exponent = base * base // ONE, exponent // 2
    return result
