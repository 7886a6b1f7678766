"""Who gets a seat, whose, and at what price: against the same rules written again in whole numbers."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.registration.base import Seats, open_seats
from subnet.registration.burn_price import BurnPrice
from subnet.registration.closed import Closed
from tests.contract.folder_rules import as_arrays, rules_in
from tests.reference.slow_registration import Office, Seat

EPOCHS, APPLICANTS = 40, 3
step = jax.jit(lambda rule, *args: rule.step(*args))


def office(rule: BurnPrice, num_miners: int) -> Office:
    """Return the slow office with the rule's numbers."""
    return Office(
        rule.half_life_blocks,
        rule.multiplier,
        rule.min_rao,
        rule.max_rao,
        rule.immunity_blocks,
        rule.min_non_immune,
        rule.start_rao,
        [Seat() for _ in range(num_miners)],
    )


RULES = {
    "usual": BurnPrice(),
    "nobody is spared": BurnPrice(immunity_blocks=0, min_non_immune=0),
    "everybody is spared": BurnPrice(immunity_blocks=10**9, min_non_immune=0),
    "few may be spared": BurnPrice(immunity_blocks=2000, min_non_immune=3),
    "no decay": BurnPrice(half_life_blocks=0, multiplier=1.1),
    "a narrow price": BurnPrice(min_rao=900_000_000, max_rao=1_500_000_000, multiplier=3.0, half_life_blocks=50),
    "a multiplier below one is one": BurnPrice(multiplier=0.5, half_life_blocks=10),
}


@pytest.mark.parametrize("num_miners", [1, 6])
@pytest.mark.parametrize("name", RULES)
def test_seats_are_sold_as_one_would_by_hand(name: str, num_miners: int) -> None:
    """Few levels of emission, so that there are ties; offers around the price, so that some come too low."""
    rule, rng = RULES[name], np.random.default_rng(num_miners)
    made, slow = as_arrays(rule), office(rule, num_miners)
    seats, block = open_seats(made, num_miners), 0
    for _ in range(EPOCHS):
        blocks = int(rng.integers(1, 700))
        block += blocks
        emission = rng.integers(0, 3, num_miners)
        leaving = (rng.random(num_miners) < 0.15) & np.asarray(seats.present)
        offers = slow.price * rng.choice([-1.0, 0.3, 1.0, 3.0, 100.0], APPLICANTS)
        seats, paid = step(
            made, seats, jnp.int64(block), blocks, jnp.asarray(emission), jnp.asarray(leaving), jnp.asarray(offers)
        )
        expected = slow.epoch(block, blocks, emission.tolist(), leaving.tolist(), offers.tolist())
        assert paid.tolist() == expected
        assert int(seats.fee) == slow.price
        for entry in ("registered", "generation", "present"):
            assert getattr(seats, entry).tolist() == [getattr(seat, entry) for seat in slow.seats], entry
    assert sum(seat.generation for seat in slow.seats) > 5  # people came


def seated(**given: Any) -> Seats:
    """Return three taken seats with something changed."""
    usual = Seats(jnp.int64(100), jnp.array([10, 20, 30]), jnp.zeros(3, jnp.int32), jnp.ones(3, bool))
    return usual._replace(**{name: jnp.asarray(x) for name, x in given.items()})


RULE = as_arrays(
    BurnPrice(half_life_blocks=0, multiplier=2.0, min_rao=1, immunity_blocks=1000, min_non_immune=0, start_rao=100)
)


def after(seats: Seats, block: int, emission: list[int], offers: list[float], leaving: list[bool] | None = None) -> Any:
    """Return seats and fees after an epoch of one block."""
    gone = jnp.asarray(leaving or [False] * 3)
    return step(RULE, seats, jnp.int64(block), 1, jnp.asarray(emission), gone, jnp.asarray(offers))


def test_a_free_seat_is_taken_first_the_lowest_uid_before_others() -> None:
    seats, paid = after(seated(present=[True, False, False]), 5000, [0, 9, 9], [1e9, -1.0, 1e9])
    assert seats.present.tolist() == [True, True, True]
    assert (seats.registered.tolist(), paid.tolist()) == ([10, 5000, 5000], [0, 100, 200])


def test_who_leaves_frees_a_seat_for_who_comes() -> None:
    seats, _ = after(seated(), 5000, [5, 1, 5], [1e9], [True, False, False])
    assert seats.registered.tolist() == [5000, 20, 30]


def test_nobody_comes_while_the_price_is_too_high() -> None:
    seats, paid = after(seated(), 5000, [0, 0, 0], [99.0, -1.0])
    assert not paid.any()
    assert (int(seats.fee), seats.generation.tolist()) == (100, [0, 0, 0])


def test_each_newcomer_pays_more_than_the_one_before_and_replaces_somebody_else() -> None:
    seats, paid = after(seated(), 5000, [3, 1, 2], [1e9, 1e9, 1e9, 1e9])
    assert paid.tolist() == [400, 100, 200]
    assert seats.generation.tolist() == [1, 1, 1]  # the fourth found nobody to replace
    assert int(seats.fee) == 800


def test_ties_go_to_the_earliest_registration_then_to_the_lowest_uid() -> None:
    for registered, first in (([30, 20, 10], 2), ([20, 20, 30], 0)):
        seats, _ = after(seated(registered=registered), 5000, [1, 1, 1], [1e9])
        assert int(seats.generation.argmax()) == first


def test_a_newcomer_is_spared_while_others_are_left() -> None:
    seats, _ = after(seated(registered=[4900, 20, 30]), 5000, [0, 5, 6], [1e9])
    assert seats.generation.tolist() == [0, 1, 0]
    seats, _ = after(seated(registered=[4900, 4800, 4901]), 5000, [7, 5, 6], [1e9])  # all are immune
    assert seats.generation.tolist() == [0, 1, 0]


def test_closed_networks_stay_as_they_are() -> None:
    seats = open_seats(Closed(), 3)
    assert seats.present.all()
    assert int(seats.fee) == 0
    assert set(rules_in("subnet.registration")) == {"closed", "burn_price"}
