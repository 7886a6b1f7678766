"""What a count of votes comes to, and what several rules say of it: who wins, what turns it, who holds the weight."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.concentration import gini, hhi, nakamoto
from experiments.tally_parameters import FlipTerms
from tokenomics.curation.flip_cost import flip_cost, leaders

__all__ = ["Grid", "Tally", "by_name", "concentration", "finite", "flip", "grid", "margin", "winner"]


class Grid(NamedTuple):
    """A table for people: names of columns, then rows."""

    head: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class Tally(NamedTuple):
    """The result of a rule: one sentence, all of it by name, and the part of it that is better read as tables."""

    headline: str
    result: dict[str, Any]
    grids: tuple[Grid, ...] = ()


def by_name(names: Sequence[str], values: Any) -> dict[str, Any]:
    """Return an array's values by name."""
    return dict(zip(names, np.asarray(values).tolist(), strict=True))


def finite(value: Any) -> float | None:
    """Return a number, None where it is infinite or none."""
    number = float(value)
    return number if np.isfinite(number) else None


def grid(first: str, columns: Mapping[str, Mapping[str, Any]]) -> Grid:
    """Return columns of values by name as a table, with a row for each name of the first column."""
    names = list(next(iter(columns.values())))
    return Grid((first, *columns), [(name, *(column.get(name) for column in columns.values())) for name in names])


def winner(score: NDArray[Any], options: Sequence[str]) -> str | None:
    """Return the option with the highest score, the first of equal ones, None without options."""
    if not options:
        return None
    return options[int(leaders(jnp.asarray(score), jnp.ones(len(options), bool))[0])]


def margin(score: NDArray[Any], options: Sequence[str], unit: str) -> str:
    """Return `x wins with 12 votes, 3 more than y`."""
    if not options:
        return "nobody voted"
    first, second = leaders(jnp.asarray(score), jnp.ones(len(options), bool))
    top, text = float(score[first]), f"{options[int(first)]} wins with {score[first]:,.10g} {unit}"
    if len(options) < 2:
        return f"{text}; it is the only option"
    gap, rival = top - float(score[second]), options[int(second)]
    return f"{text}, {gap:,.10g} more than {rival}" if gap else f"{text}, as many as {rival}: the first of equals"


def flip(score: NDArray[Any], options: Sequence[str], terms: FlipTerms) -> dict[str, Any] | None:
    """Return what turning a count costs, bought and bribed; None with fewer than two options."""
    if len(options) < 2:
        return None
    cost = flip_cost(
        jnp.asarray(score), jnp.ones(len(options), bool), terms.price_per_vote, terms.bribe_per_vote,
        terms.slash_per_wrong_vote,
    )  # fmt: skip
    return {
        "leader": options[int(cost.leader)],
        "runner_up": options[int(cost.runner_up)],
        "votes_to_buy": int(cost.votes_to_buy),
        "buy_cost": float(cost.buy_cost),
        "votes_to_bribe": int(cost.votes_to_bribe),
        "bribe_cost": float(cost.bribe_cost),
        "bribe_cost_if_voters_expect_to_lose": float(cost.bribe_cost_if_voters_expect_to_lose),
    }


def concentration(weight: NDArray[Any]) -> dict[str, Any] | None:
    """Return how unequally the weight of those who voted is held: Gini, Herfindahl and Nakamoto; None for nobody."""
    held = np.asarray(weight, np.float64)
    held = held[held > 0]
    if not len(held):
        return None
    return {
        "voters": len(held),
        "gini": float(gini(held)),
        "herfindahl": float(hhi(held)),
        "nakamoto": int(nakamoto(held)),
    }
