"""Every slashing rule of the folder goes through the same contract."""

import dataclasses
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted
from tokenomics.slashing.base import Destination, Penalties, SlashingView, amounts, amounts_in_turn
from tokenomics.slashing.copy_detection import CopyDetection
from tokenomics.slashing.failed_audit import FailedAudit
from tokenomics.slashing.negative_score import NegativeScore
from tokenomics.slashing.out_of_consensus import OutOfConsensus

V, M = 5, 6
KEY = jax.random.key(4)
CASES: dict[str, Any] = {
    "out_of_consensus": OutOfConsensus(),
    "out_of_consensus_at_once": OutOfConsensus(proportional=False, destination="treasury"),
    "failed_audit": FailedAudit(rate=0.5),
    "copy_detection": CopyDetection(rate=0.5, threshold=0.4),
    "negative_score": NegativeScore(destination="reporter"),
}
# The same with nothing left to chance.
CERTAIN = CASES | {
    "failed_audit": FailedAudit(rate=1.0),
    "copy_detection": CopyDetection(rate=1.0, threshold=0.4),
}
every_rule = pytest.mark.parametrize("name", CASES)


def world(num_validators: int = V, num_miners: int = M) -> SlashingView:
    """Draw an epoch's conduct; more people leave those before them as they are."""
    rng = np.random.default_rng(0)
    weights, consensus = rng.random((20, 20))[:num_validators, :num_miners], rng.random(20)[:num_miners]
    return SlashingView(
        weights=jnp.asarray(weights**6 / (weights**6).sum(axis=1, keepdims=True)),
        consensus=jnp.asarray(consensus / consensus.sum()),
        audit_weights=jnp.asarray(rng.random(20)[:num_miners]),
        stake=jnp.asarray(rng.integers(1, 10**16, 20)[:num_validators]),
        originality=jnp.asarray(rng.random(20)[:num_miners]),
        skill=jnp.asarray(rng.normal(size=20)[:num_miners]),
        balance=jnp.asarray(rng.integers(1, 10**13, 20)[:num_miners]),
    )


def penalties(rule: Any, key: jax.Array, view: SlashingView) -> Penalties:
    return rule.penalties(key, view)


compiled, TRACES = counted(penalties)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in CASES.values()} == set(rules_in("tokenomics.slashing").values())
    assert {rule.destination for rule in CASES.values()} == set(get_args(Destination))


@every_rule
def test_a_compiled_rule_says_what_it_says_uncompiled(name: str) -> None:
    rule = as_arrays(CASES[name])
    assert_trees_close(compiled(rule, KEY, world()), rule.penalties(KEY, world()), atol=1e-15)


@every_rule
def test_a_batch_of_rules_says_what_each_says_alone(name: str) -> None:
    rules = [shifted(CASES[name], 1 - 0.1 * k) for k in range(3)]
    together = jax.jit(jax.vmap(penalties, in_axes=(0, None, None)))(
        jax.tree.map(lambda *x: jnp.stack(x), *rules), KEY, world()
    )
    for k, rule in enumerate(rules):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, KEY, world()), atol=1e-15)


@every_rule
def test_penalties_are_fractions_and_somebody_has_one(name: str) -> None:
    got = compiled(as_arrays(CERTAIN[name]), KEY, world())
    assert got.validators.shape == (V,)
    assert got.miners.shape == (M,)
    for side in got:
        assert ((side >= 0) & (side <= 1)).all()
    assert got.validators.any() or got.miners.any()


@every_rule
def test_relabelling_people_relabels_the_penalties(name: str) -> None:
    rows, columns = np.array([3, 0, 4, 1, 2]), np.array([5, 2, 0, 4, 1, 3])
    rule, view = as_arrays(CERTAIN[name]), world()
    mixed = SlashingView(
        view.weights[rows][:, columns],
        view.consensus[columns],
        view.audit_weights[columns],
        view.stake[rows],
        view.originality[columns],
        view.skill[columns],
        view.balance[columns],
    )
    plain = compiled(rule, KEY, view)
    expected = Penalties(plain.validators[rows], plain.miners[columns])
    assert_trees_close(compiled(rule, KEY, mixed), expected, atol=1e-15)


@every_rule
def test_somebody_else_joining_changes_nobodys_luck(name: str) -> None:
    rule, small = as_arrays(CASES[name]), world()
    more = world(V + 3, M)
    larger = compiled(rule, KEY, more._replace(weights=more.weights.at[:V].set(small.weights)))
    assert_trees_close(larger.validators[:V], compiled(rule, KEY, small).validators, atol=1e-15)
    padded = jax.tree.map(lambda x: jnp.concatenate([x, jnp.zeros_like(x[..., :3])], axis=-1), small)
    padded = padded._replace(stake=small.stake)
    wider = compiled(rule, KEY, padded)
    assert_trees_close(wider.miners[:M], compiled(rule, KEY, small).miners, atol=1e-15)
    assert not amounts(wider, padded).miners[M:].any()


@every_rule
def test_honest_people_lose_nothing_even_without_tolerance(name: str) -> None:
    view, rule = world(), as_arrays(CERTAIN[name])
    honest = view._replace(
        weights=jnp.tile(view.consensus * 3.0, (V, 1)),
        audit_weights=view.consensus * 7.0,
        originality=jnp.ones(M),
        skill=jnp.array([0.0, 0.1, jnp.nan, 2.0, 0.0, 1e-9]),
    )
    strict = dataclasses.replace(rule, tolerance=jnp.zeros(())) if hasattr(rule, "tolerance") else rule
    got = compiled(strict, KEY, honest)
    assert not got.validators.any()
    assert not got.miners.any()


@every_rule
def test_a_world_without_opinions_is_finite_and_free(name: str) -> None:
    view = world()
    empty = view._replace(weights=view.weights * 0, consensus=view.consensus * 0, audit_weights=view.consensus * 0)
    got = compiled(as_arrays(CERTAIN[name]), KEY, empty)
    assert not got.validators.any()
    assert np.isfinite(got.miners).all()


@every_rule
def test_a_new_number_is_not_a_new_program(name: str) -> None:
    compiled(as_arrays(CASES[name]), KEY, world())
    before = len(TRACES)
    compiled(shifted(CASES[name], 0.9), jax.random.key(5), world())
    assert len(TRACES) == before


def test_different_rules_are_different_structures() -> None:
    structures = [jax.tree.structure(rule) for rule in CASES.values()]
    assert len(set(structures)) == len(CASES)


def test_amounts_are_rounded_down_and_never_above_what_is_there() -> None:
    view = world()
    full = amounts(Penalties(jnp.ones(V), jnp.full(M, 7.0)), view)  # even a rule that breaks its word
    assert full.validators.tolist() == view.stake.tolist()
    assert full.miners.tolist() == view.balance.tolist()
    third = amounts(Penalties(jnp.full(V, 1 / 3), jnp.full(M, -1.0)), view)
    assert third.validators.tolist() == [s * int(2**64 / 3) // 2**64 for s in view.stake.tolist()]
    assert not third.miners.any()


def test_rules_together_never_take_more_than_there_is() -> None:
    rng, view = np.random.default_rng(3), world()
    for _ in range(20):
        parts = [Penalties(jnp.asarray(rng.choice([0, 0.4, 1], V)), jnp.asarray(rng.random(M))) for _ in range(4)]
        taken = amounts_in_turn(parts, view)
        for side, held in (("validators", view.stake), ("miners", view.balance)):
            lost = np.stack([np.asarray(getattr(t, side)) for t in taken])
            assert (lost >= 0).all()
            assert (lost.sum(axis=0) <= np.asarray(held)).all()
    halves = amounts_in_turn([Penalties(jnp.full(V, 0.5), jnp.zeros(M))] * 2, view._replace(stake=jnp.full(V, 100)))
    assert [int(half.validators[0]) for half in halves] == [50, 25]
