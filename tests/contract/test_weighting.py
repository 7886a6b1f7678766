"""Every weighting rule of the folder goes through the same contract."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import rules_in, undocumented
from tests.contract.rule_cases import as_arrays

RULES = rules_in("validators.weighting")
# Few places, so that ten miners are enough to fill them.
CHOICES = {"top_k": {"k": 3}, "gather_reserve": {"gather_count": 3, "reserve_count": 2}}
ROUNDING = {"float32": 1e-5, "float64": 1e-12}
TRACED: list[str] = []

every_rule = pytest.mark.parametrize("kind", RULES)
every_dtype = pytest.mark.parametrize("dtype", ROUNDING)


def rule_of(kind: str) -> Any:
    """Return a rule with every number an array of 64 bits, as the runner hands it over."""
    return as_arrays(RULES[kind](**CHOICES.get(kind, {})))


def scores(dtype: str = "float64", rows: int = 4, seed: int = 0) -> jax.Array:
    """Return scores without ties: one row with a single positive one, one that abstains, zeros in between."""
    rng = np.random.default_rng(seed)
    s = rng.permuted(np.tile(np.linspace(0, 0.9, 10), (rows, 1)), axis=1)
    s[1, s[1] < s[1].max()] = 0
    s[2] = 0
    return jnp.asarray(s, dtype)


@jax.jit
def compiled(rule: Any, s: jax.Array) -> jax.Array:
    TRACED.append(type(rule).__name__)
    return rule.weights(s)


@cache
def plain(kind: str, dtype: str) -> np.ndarray:
    return np.asarray(compiled(rule_of(kind), scores(dtype)))


@every_rule
def test_a_file_exposes_one_rule_whose_parameters_have_ranges_and_help(kind: str) -> None:
    assert undocumented(RULES[kind]) == []
    assert RULES[kind].__doc__


@every_dtype
@every_rule
def test_rows_sum_to_one_or_abstain(kind: str, dtype: str) -> None:
    weights = plain(kind, dtype)
    assert weights.dtype == dtype
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), [1, 1, 0, 1], rtol=0, atol=ROUNDING[dtype])
    assert not weights[np.asarray(scores(dtype)) == 0].any()


@every_rule
def test_a_compiled_rule_says_what_it_says_uncompiled(kind: str) -> None:
    np.testing.assert_allclose(rule_of(kind).weights(scores()), plain(kind, "float64"), rtol=1e-12)


@every_rule
def test_a_batch_of_rules_says_what_each_says_alone(kind: str) -> None:
    rules = [jax.tree.map(lambda x, k=k: (x * (1 + 0.25 * k)).astype(x.dtype), rule_of(kind)) for k in range(3)]
    worlds = [scores(seed=k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.jit(jax.vmap(lambda rule, s: rule.weights(s)))(stacked, jnp.stack(worlds))
    for row, rule, s in zip(together, rules, worlds, strict=True):
        np.testing.assert_allclose(row, compiled(rule, s), rtol=1e-12)


@every_rule
def test_a_new_number_is_not_a_new_program(kind: str) -> None:
    rule = rule_of(kind)
    compiled(rule, scores())
    before = len(TRACED)
    leaves, structure = jax.tree.flatten(rule)
    for k, leaf in enumerate(leaves):
        other = jnp.asarray(2 if jnp.issubdtype(leaf.dtype, jnp.integer) else 0.5, leaf.dtype)
        compiled(jax.tree.unflatten(structure, [*leaves[:k], other, *leaves[k + 1 :]]), scores(seed=k))
    assert len(TRACED) == before


@every_rule
def test_relabelling_miners_relabels_the_weights(kind: str) -> None:
    order = np.array([3, 7, 0, 5, 9, 1, 6, 2, 4, 8])
    mixed = compiled(rule_of(kind), scores()[:, order])
    np.testing.assert_allclose(mixed, plain(kind, "float64")[:, order], rtol=1e-12)


@every_rule
def test_padding_gets_nothing_and_changes_nothing(kind: str) -> None:
    padded = np.asarray(compiled(rule_of(kind), jnp.pad(scores(), ((0, 2), (0, 3)))))
    assert not padded[4:].any()
    assert not padded[:, 10:].any()
    np.testing.assert_allclose(padded[:4, :10], plain(kind, "float64"), rtol=1e-12)


@every_rule
def test_a_validator_goes_by_its_own_scores_alone(kind: str) -> None:
    weights = compiled(rule_of(kind), scores().at[3].set(0.5))
    np.testing.assert_array_equal(weights[:3], plain(kind, "float64")[:3])


@every_rule
def test_a_better_score_never_gets_less(kind: str) -> None:
    s, weights = np.asarray(scores()), plain(kind, "float64")
    for row, w in zip(s, weights, strict=True):
        assert (np.diff(w[np.argsort(row)]) >= -1e-15).all()
    for j in range(s.shape[1]):
        raised = compiled(rule_of(kind), jnp.asarray(s).at[:, j].add(0.137))
        assert (np.asarray(raised)[:, j] >= weights[:, j] - 1e-12).all()


@every_dtype
@every_rule
def test_odd_scores_make_finite_weights(kind: str, dtype: str) -> None:
    limits = np.finfo(dtype)
    odd = [
        [limits.max, limits.max, limits.max, 1, 0],
        [limits.tiny, limits.tiny * 2, limits.smallest_subnormal, 0, 0],
        [limits.max, limits.tiny, 1, 0, 0],
        [np.inf, 1, 0, 0, 0],
        [np.nan, 1, 2, -1, -np.inf],
        [np.nan, -1, 0, 0, limits.smallest_subnormal],
    ]
    weights = np.asarray(compiled(rule_of(kind), jnp.asarray(odd, dtype)))
    assert np.isfinite(weights).all()
    np.testing.assert_allclose(weights.sum(axis=1), [1, 1, 1, 1, 1, 0], rtol=0, atol=ROUNDING[dtype])
    assert not weights[4, [0, 3, 4]].any()
