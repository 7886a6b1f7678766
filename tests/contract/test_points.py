"""Every rule of voting points goes through the same contract."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented

KINDS = rules_in("tokenomics.curation.points")
NUM_OWNERS, ROUNDS = 6, 3
every_rule = pytest.mark.parametrize("kind", KINDS)


class Owners(NamedTuple):
    """What each owner has staked, over all of its wallets."""

    stake: jax.Array
    wallets: jax.Array
    pool_shares: jax.Array


OWNERS = Owners(
    stake=jnp.array([0.0, 5.5, 2000.0, 1e6, 1e-6, 300.0]),
    wallets=jnp.array([1.0, 1.0, 4.0, 100.0, 2.0, 1.0]),
    pool_shares=jnp.array([0.0, 0.0, 3.0, 0.5, 0.0, 2.0]),
)
SPENT = 0.7  # share of its points that everybody spends in a round


def seasons(rule: Any, owners: Owners) -> jax.Array:
    """Return what each owner may spend in each of three rounds, [3, n]."""
    carried, allotted = jnp.zeros_like(owners.stake), []
    for number in range(ROUNDS):
        points = rule.allot(carried, *owners, jnp.float64(120.0), jnp.bool_(number == 0))
        carried = rule.carry(points * (1 - SPENT))
        allotted.append(points)
    return jnp.stack(allotted)


compiled, TRACES = counted(seasons)


def played(kind: str, owners: Owners = OWNERS) -> jax.Array:
    return compiled(as_arrays(KINDS[kind]()), owners)


@every_rule
def test_a_rule_says_what_its_parameters_are(kind: str) -> None:
    assert not undocumented(KINDS[kind])


@every_rule
def test_points_are_finite_and_never_negative(kind: str) -> None:
    points = played(kind)
    assert (points.shape, points.dtype) == ((ROUNDS, NUM_OWNERS), jnp.float64)
    assert np.isfinite(points).all()
    assert (points >= 0).all()
    assert (points[:, 3] > points[:, 1]).all()  # a million tokens, and five and a half


@every_rule
def test_a_compiled_rule_says_what_it_says_uncompiled(kind: str) -> None:
    assert_trees_close(seasons(as_arrays(KINDS[kind]()), OWNERS), played(kind), rtol=1e-12)


@every_rule
def test_a_batch_of_rules_says_what_each_says_alone(kind: str) -> None:
    rules = [shifted(KINDS[kind](), 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.jit(jax.vmap(seasons, in_axes=(0, None)))(stacked, OWNERS)
    assert_trees_close(together, jnp.stack([compiled(rule, OWNERS) for rule in rules]), rtol=1e-12)


@every_rule
def test_nobodys_points_depend_on_where_it_stands_or_who_else_is_there(kind: str) -> None:
    order = np.array([3, 0, 5, 4, 1, 2])
    mixed = Owners(*(x[order] for x in OWNERS))
    assert_trees_close(played(kind, mixed), played(kind)[:, order])
    more = Owners(*(jnp.append(x, jnp.array([7.0, 3.0])) for x in OWNERS))
    assert_trees_close(played(kind, more)[:, :NUM_OWNERS], played(kind), rtol=1e-14)


@every_rule
def test_an_owner_has_as_many_points_as_its_wallets_would_have_one_by_one(kind: str) -> None:
    m = OWNERS.wallets
    each = played(kind, Owners(OWNERS.stake / m, jnp.ones_like(m), OWNERS.pool_shares / m))
    assert_trees_close(played(kind), m * each, rtol=1e-12)


@every_rule
def test_a_new_number_is_not_a_new_program(kind: str) -> None:
    played(kind)
    before = len(TRACES)
    compiled(shifted(KINDS[kind](), 0.9), OWNERS._replace(stake=OWNERS.stake * 3))
    assert len(TRACES) == before


def test_different_rules_are_different_structures() -> None:
    assert len({jax.tree.structure(rule()) for rule in KINDS.values()}) == len(KINDS)
