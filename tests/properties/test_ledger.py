"""Double entry: over long random runs nothing is made or lost, and the journal explains every balance."""

import re
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.ledger import MINT, OUTSIDE, Ledger, Movement, open_ledger

V, M, T = 3, 5, 2000
SHAPES: dict[str, tuple[int, ...]] = {
    "miners": (M,),
    "escrow": (M,),
    "validators": (V,),
    "stake": (V,),
    "treasury": (),
    "burned": (),
}
# Every kind of movement, and some of them twice. The last one makes debts.
MOVES: list[Movement] = [
    (MINT, "miners", "incentive"),
    (MINT, "validators", "dividends"),
    (MINT, "treasury", "owner cut"),
    (OUTSIDE, "stake", "brought in"),
    ("validators", "stake", "compounded"),
    ("miners", "escrow", "bets"),
    ("escrow", "burned", "lost bets"),
    ("miners", "burned", "slashed"),
    ("miners", "treasury", "slashed"),
    ("miners", "burned", "slashed"),
    ("treasury", "miners", "grants"),
    ("treasury", "burned", "fee"),
    ("stake", OUTSIDE, "taken home"),
    ("treasury", MINT, "recycled"),
    ("validators", MINT, "recycled"),
    ("treasury", OUTSIDE, "spent"),
]


def shape_of(source: str, target: str) -> tuple[int, ...]:
    return SHAPES.get(source, ()) or SHAPES.get(target, ())


def opening() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {name: rng.integers(10**14, 10**15, shape) for name, shape in SHAPES.items()}


def drawn(seed: int) -> list[np.ndarray]:
    """Draw what each movement of each epoch moves, [T, ...] each; now and then nothing."""
    rng = np.random.default_rng(seed)
    return [
        rng.integers(0, 10 ** rng.integers(1, 13), (T, *shape_of(s, t)))
        * rng.integers(0, 2, (T,) + (1,) * len(shape_of(s, t)))
        for s, t, _ in MOVES
    ]


def epoch(ledger: Ledger, amounts: list[jax.Array]) -> tuple[Ledger, Any]:
    for (source, target, reason), amount in zip(MOVES, amounts, strict=True):
        ledger = ledger.move(source, target, amount, reason)
    seen = ledger.balances, ledger.journal(), ledger.total(), ledger.overdrawn(), ledger.issued()
    return ledger.new_epoch(), seen


play = jax.jit(lambda ledger, amounts: jax.lax.scan(epoch, ledger, amounts))


@pytest.mark.parametrize("seed", [1, 2])
def test_a_long_run_conserves_every_unit_and_the_journal_explains_it(seed: int) -> None:
    amounts = drawn(seed)
    start = open_ledger(opening())
    last, (balances, journal, total, overdrawn, issued) = play(start, amounts)
    assert not np.asarray(total).any()
    assert last.journal() == {}
    assert jax.tree.structure(last) == jax.tree.structure(start)

    # The books kept by hand, in NumPy.
    books = {name: np.asarray(b)[None] for name, b in start.balances.items()}
    change = {name: np.zeros((T, *np.shape(b)), np.int64) for name, b in start.balances.items()}
    written: dict[Movement, np.ndarray] = {}
    for (source, target, reason), amount in zip(MOVES, amounts, strict=True):
        sums = amount.reshape(T, -1).sum(axis=1)
        change[source] -= amount if change[source].ndim == amount.ndim else sums
        change[target] += amount if change[target].ndim == amount.ndim else sums
        written[source, target, reason] = written.get((source, target, reason), 0) + sums
    for name, by_hand in change.items():
        np.testing.assert_array_equal(balances[name], books[name] + by_hand.cumsum(axis=0), err_msg=name)
    assert journal.keys() == written.keys()
    for entry, sums in written.items():
        np.testing.assert_array_equal(journal[entry], sums, err_msg=str(entry))

    # The journal alone explains the sum of every account.
    for name in balances:
        flow = sum(np.asarray(x) * ((t == name) - (s == name)) for (s, t, _), x in journal.items())
        held = np.asarray(balances[name]).reshape(T, -1).sum(axis=1)
        np.testing.assert_array_equal(held, int(np.sum(np.asarray(start.balances[name]))) + flow.cumsum(), err_msg=name)
    np.testing.assert_array_equal(issued, -np.asarray(balances[MINT]))

    debts = [np.asarray(balances[name]).reshape(T, -1).min(axis=1) < 0 for name in SHAPES]
    np.testing.assert_array_equal(overdrawn, np.any(debts, axis=0))


def test_a_ledger_opens_with_what_was_brought_from_outside() -> None:
    ledger = open_ledger({"miners": jnp.array([3, 4]), "treasury": 5, "burned": 0})
    assert {name: b.tolist() for name, b in ledger.balances.items()} == {
        "miners": [3, 4], "treasury": 5, "burned": 0, MINT: 0, OUTSIDE: -12,
    }  # fmt: skip
    assert all(balance.dtype == jnp.int64 for balance in ledger.balances.values())
    assert int(ledger.total()) == 0
    assert int(ledger.issued()) == 0
    assert not ledger.overdrawn()


def test_lanes_keep_books_of_their_own() -> None:
    def lane(reward: jax.Array) -> tuple[jax.Array, Any]:
        ledger = open_ledger({"miners": jnp.zeros(2, int), "treasury": 1}).move(MINT, "miners", reward, "incentive")
        return ledger.total(), (ledger.balances["miners"], ledger.journal())

    total, (miners, journal) = jax.vmap(lane)(jnp.array([[1, 2], [30, 40]]))
    assert not total.any()
    assert miners.tolist() == [[1, 2], [30, 40]]
    assert journal[MINT, "miners", "incentive"].tolist() == [3, 70]


def test_an_empty_ledger_is_a_ledger() -> None:
    ledger = open_ledger({})
    assert int(ledger.total()) == 0
    assert not ledger.overdrawn()


def test_only_a_debt_is_overdrawn_and_a_minted_token_is_none() -> None:
    ledger = open_ledger({"miners": jnp.array([10, 10]), "treasury": 0})
    minted = ledger.move(MINT, "treasury", 10**18, "grant").move(OUTSIDE, "miners", jnp.array([1, 1]), "gift")
    assert not minted.overdrawn()
    assert int(minted.issued()) == 10**18
    in_debt = minted.move("miners", "treasury", jnp.array([0, 12]), "fine")
    assert in_debt.overdrawn()
    assert not in_debt.move("treasury", "miners", jnp.array([0, 1]), "mercy").overdrawn()


def test_what_is_recycled_is_not_issued_and_what_is_burned_is() -> None:
    ledger = open_ledger({"miners": jnp.array([0, 0]), "burned": 0})
    ledger = ledger.move(MINT, "miners", jnp.array([60, 40]), "incentive")
    assert int(ledger.move("miners", "burned", jnp.array([10, 0]), "slashed").issued()) == 100
    assert int(ledger.move("miners", MINT, jnp.array([10, 0]), "recycled").issued()) == 90


def test_the_same_movement_twice_adds_up_and_a_new_epoch_forgets_it() -> None:
    ledger = open_ledger({"a": 10, "b": 0})
    twice = ledger.move("a", "b", 3, "rent").move("a", "b", 4, "rent").move("a", "b", 1, "food")
    assert {entry: int(x) for entry, x in twice.journal().items()} == {("a", "b", "rent"): 7, ("a", "b", "food"): 1}
    assert twice.new_epoch().journal() == {}
    assert ledger.journal() == {}
    assert int(ledger.balances["a"]) == 10


@pytest.mark.parametrize(
    ("source", "target", "amount", "message"),
    [
        ("minners", "treasury", jnp.array([1, 1]), 'there is no account "minners"; open are: burned, miners'),
        ("miners", "tresury", jnp.array([1, 1]), 'there is no account "tresury"'),
        ("miners", "miners", jnp.array([1, 1]), '"miners" cannot pay itself'),
        ("miners", "stake", jnp.array([1, 1]), "amount [2] does not fit a movement from miners [2] to stake [3]"),
        ("miners", "treasury", 5, "amount [] does not fit a movement from miners [2] to treasury []"),
        ("treasury", "burned", jnp.array([1, 1]), "amount [2] does not fit"),
        ("treasury", "miners", jnp.array([[1, 1]]), "amount [1, 2] does not fit"),
        ("treasury", "burned", jnp.float64(5), "amount from treasury to burned must be whole units, not float64"),
        ("treasury", "burned", jnp.array(True), "must be whole units, not bool"),
    ],
)
def test_a_movement_that_makes_no_sense_is_refused_while_tracing(
    source: str, target: str, amount: Any, message: str
) -> None:
    ledger = open_ledger({"miners": jnp.array([9, 9]), "stake": jnp.array([1, 2, 3]), "treasury": 9, "burned": 0})
    with pytest.raises(ValueError, match=re.escape(message)):
        jax.eval_shape(lambda x: ledger.move(source, target, x, "mistake"), amount)


@pytest.mark.parametrize(
    ("balances", "message"),
    [
        ({"mint": 3}, "mint is an account of every ledger"),
        ({"outside": 3, "mint": 1}, "mint, outside is an account of every ledger"),
        ({"miners": jnp.ones(2)}, "miners must be whole units, not float64"),
    ],
)
def test_accounts_that_make_no_sense_are_not_opened(balances: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        open_ledger(balances)
