"""Every rule of revenue in the folder goes through the same contract."""

from pathlib import Path
from typing import Any, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.parameters import parameters
from tests.contract.folder_rules import ROOT, as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented
from tokenomics.curation.revenue.base import RevenueOut
from tokenomics.curation.revenue.historic import Historic
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.revenue_presets import PRESETS

KINDS = rules_in("tokenomics.curation.revenue")
NAMES = get_args(get_args(get_type_hints(Historic, include_extras=True)["preset"])[0])
CASES: dict[str, Any] = {
    "split": Split(),
    "split, everything on": Split(0.3, 0.11, 0.13, 0.07, 0.17, 0.5, True),
    "split, more than there is": Split(0.9, 0.3, 0.3, 0.3, 0.6, 1.0),
} | {f"historic, {name}": Historic(preset=name) for name in NAMES}
REVENUES = np.random.default_rng(5).integers(0, 10 ** np.random.default_rng(6).integers(1, 16, 200))

every_rule = pytest.mark.parametrize("name", CASES)


def divide(rule: Any, revenues: jax.Array) -> RevenueOut:
    """Divide a batch of revenues."""
    return jax.vmap(rule.split)(revenues)


compiled, TRACES = counted(divide)


def total(out: RevenueOut) -> np.ndarray:
    """Return what all parts of the revenue sum to."""
    return np.sum([np.asarray(x) for x in out[:-1]], axis=0)


def test_every_file_of_the_folder_is_under_contract() -> None:
    files = {file.stem for file in Path(ROOT, "tokenomics/curation/revenue").glob("*.py")} - {"__init__", "base"}
    assert set(KINDS) == files
    assert {type(rule) for rule in CASES.values()} == set(KINDS.values())


def test_every_rule_of_the_past_can_be_chosen() -> None:
    assert tuple(preset.name for preset in PRESETS) == NAMES


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_explained_and_bounded(kind: str) -> None:
    assert undocumented(KINDS[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_that_is_no_choice_can_be_swept(kind: str) -> None:
    numbers = [p for p in parameters(KINDS[kind]).values() if not p.static]
    assert [leaf.shape for leaf in jax.tree.leaves(as_arrays(KINDS[kind]()))] == [()] * len(numbers)


@every_rule
def test_parts_sum_to_the_revenue_and_none_is_a_debt(name: str) -> None:
    out = compiled(as_arrays(CASES[name]), jnp.asarray(REVENUES))
    np.testing.assert_array_equal(total(out), REVENUES)
    assert all((np.asarray(x) >= 0).all() and x.dtype == jnp.int64 for x in out)
    assert (np.asarray(out.treasury_burn) <= REVENUES).all()


@every_rule
def test_nothing_sold_leaves_nothing_to_divide(name: str) -> None:
    out = compiled(as_arrays(CASES[name]), jnp.zeros(3, jnp.int64))
    assert not any(np.asarray(x).any() for x in out)


@every_rule
def test_a_rule_spelt_out_divides_the_same(name: str) -> None:
    rule = CASES[name]
    assert type(rule.spelt_out()) is Split
    assert rule.spelt_out().rewards_in_botto == rule.rewards_in_botto
    spelt = compiled(as_arrays(rule.spelt_out()), jnp.asarray(REVENUES))
    assert_trees_close(compiled(as_arrays(rule), jnp.asarray(REVENUES)), spelt)


def test_a_compiled_rule_divides_as_it_does_uncompiled() -> None:
    rule = as_arrays(CASES["split, everything on"])
    assert_trees_close(rule.split(jnp.int64(REVENUES[0])), jax.jit(lambda r, n: r.split(n))(rule, REVENUES[0]))


def test_a_batch_of_rules_divides_as_each_does_alone() -> None:
    rules = [shifted(CASES["split, everything on"], 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.vmap(divide, (0, None))(stacked, jnp.asarray(REVENUES))
    for k, rule in enumerate(rules):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, jnp.asarray(REVENUES)))


def test_a_new_number_is_not_a_new_program() -> None:
    compiled(as_arrays(Split()), jnp.asarray(REVENUES))
    before = len(TRACES)
    compiled(shifted(Split(), 0.9), jnp.asarray(REVENUES))
    assert len(TRACES) == before
