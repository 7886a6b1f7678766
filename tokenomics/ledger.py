"""Double entry: who holds how much, and what every movement was for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import jax
import jax.numpy as jnp

__all__ = ["MINT", "OUTSIDE", "Ledger", "Movement", "open_ledger"]

MINT = "mint"
OUTSIDE = "outside"

Movement: TypeAlias = tuple[str, str, str]  # source, target, reason


class Ledger(NamedTuple):
    """Balances of one kind of token, and what has been moved since the epoch began.

    `balances` maps each account to int64 units: [] for one holder, [n] for a population. `mint` is minus all that was
    ever issued, so that a movement out of it issues and one into it recycles; `outside` is minus all that accounts
    were opened with. No other account may fall below zero. Each movement takes from one account what it gives to
    another, so the sum over all accounts is 0, always.

    A program is static: source, target and reason of every movement are known when it is traced, only amounts are
    traced. So the journal is a dict that fills while an epoch is traced; the balances alone are carried to the next.

        def epoch(ledger, reward):
            ledger = ledger.move("mint", "miners", reward, "incentive")
            return ledger.new_epoch(), ledger.journal()

        ledger, journal = jax.lax.scan(epoch, open_ledger({"miners": jnp.zeros(256, int)}), rewards)
        journal["mint", "miners", "incentive"]  # [epochs]
    """

    balances: dict[str, jax.Array]
    movements: dict[Movement, jax.Array]

    def move(self, source: str, target: str, amount: jax.Array | int, reason: str) -> Ledger:
        """Return the ledger after `amount` went from one account to another.

        Between two populations entry i pays entry i; between a population and a single holder the entries are summed.
        The same source, target and reason again add up. Nothing stops an account from falling below zero here: see
        `overdrawn`. A negative amount goes the other way.

        Args:
            source: the account that pays.
            target: the account that receives; entries of one population pay each other by way of a third account.
            amount: integers of the population's shape [n]; [] between two single holders.
            reason: what the journal says.

        Raises:
            ValueError: an account is unknown, both are the same, the shapes do not match, or amounts are no integers.
        """
        amount = _checked(self.balances, source, target, jnp.asarray(amount))
        total = amount.sum()
        changed = {
            source: self.balances[source] - (amount if self.balances[source].ndim else total),
            target: self.balances[target] + (amount if self.balances[target].ndim else total),
        }
        entry = (source, target, reason)
        moved = {entry: self.movements[entry] + total if entry in self.movements else total}
        return Ledger(self.balances | changed, self.movements | moved)

    def journal(self) -> dict[Movement, jax.Array]:
        """Return the total, int64 [], of each movement since the epoch began."""
        return dict(self.movements)

    def new_epoch(self) -> Ledger:
        """Return the same balances with an empty journal: what a scan carries."""
        return Ledger(self.balances, {})

    def total(self) -> jax.Array:
        """Return the sum over all accounts, int64 []: 0."""
        return jnp.stack([balance.sum() for balance in self.balances.values()]).sum()

    def issued(self) -> jax.Array:
        """Return what was minted less what was recycled, int64 []; holdings brought from outside do not count."""
        return -self.balances[MINT]

    def overdrawn(self) -> jax.Array:
        """Tell, bool [], whether an account other than `mint` and `outside` is below zero now."""
        held = [balance for name, balance in self.balances.items() if name not in (MINT, OUTSIDE)]
        return jnp.array([(balance < 0).any() for balance in held], bool).any()


def open_ledger(balances: Mapping[str, jax.Array | int]) -> Ledger:
    """Open accounts with what their holders bring from outside.

    Args:
        balances: account -> units, integers [] or [n].

    Raises:
        ValueError: a name is reserved, or a balance is no integer.
    """
    opened = {name: _integers(name, jnp.asarray(balance)) for name, balance in balances.items()}
    if reserved := sorted({MINT, OUTSIDE} & opened.keys()):
        raise ValueError(f"balances: {', '.join(reserved)} is an account of every ledger and cannot be opened")
    brought = jnp.array([balance.sum() for balance in opened.values()], jnp.int64).sum()
    return Ledger({**opened, MINT: jnp.zeros((), jnp.int64), OUTSIDE: -brought}, {})


def _checked(balances: dict[str, jax.Array], source: str, target: str, amount: jax.Array) -> jax.Array:
    """Return the amount as int64, if it can go from `source` to `target`."""
    for name in (source, target):
        if name not in balances:
            raise ValueError(f'there is no account "{name}"; open are: {", ".join(sorted(balances))}')
    if source == target:
        raise ValueError(f'"{source}" cannot pay itself: entries of one population pay by way of a third account')
    sides = {balances[name].shape for name in (source, target)} - {()}
    if len(sides) > 1 or amount.shape != next(iter(sides), ()):
        raise ValueError(
            f"amount {list(amount.shape)} does not fit a movement from "
            f"{source} {list(balances[source].shape)} to {target} {list(balances[target].shape)}"
        )
    return _integers(f"amount from {source} to {target}", amount)


def _integers(what: str, x: jax.Array) -> jax.Array:
    if not jnp.issubdtype(x.dtype, jnp.integer):
        raise ValueError(f"{what} must be whole units, not {x.dtype}")
    return x.astype(jnp.int64)
