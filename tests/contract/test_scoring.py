"""Every scoring rule of the folder goes through the same contract, once per kind of submission that it takes."""

from functools import cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import rules_in, undocumented
from tests.contract.rule_cases import as_arrays
from validators.scoring.base import forget, measured

RULES = rules_in("validators.scoring")
CASES = [(kind, predicts) for kind, rule in RULES.items() for predicts in rule.predicts]
V, M, P, C, EPOCHS = 3, 5, 8, 4, 4
ROUNDING = 1e-11
AS_A_WHOLE = ("contribution", "corr", "mmc")  # a row's measure depends on the others, or on other submissions
TRACED: list[str] = []
ORDER = np.array([2, 0, 4, 1, 3])

every_case = pytest.mark.parametrize(("kind", "predicts"), CASES)
every_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


class World(NamedTuple):
    """Submissions of every epoch [T, M, P, ...], targets [P], what the prior submits [P, ...], and who is looked at."""

    outputs: jax.Array
    targets: jax.Array
    prior: jax.Array
    drawn: jax.Array  # [T, V, P] weights of the rows that a validator drew
    evaluated: jax.Array  # [T, V, M]


class Outcome(NamedTuple):
    """Measures [T, M, P], scores [T, V, M] and the last state."""

    measure: np.ndarray
    scores: np.ndarray
    state: Any


def rule_of(kind: str) -> Any:
    """Return a rule with every number an array of 64 bits, as the runner hands it over."""
    return as_arrays(RULES[kind]())


@cache
def world(predicts: str, dtype: str = "float64", seed: int = 0) -> World:
    """Return a world of miners from bad to good; the last one is never evaluated, and the first validator sees one."""
    rng = np.random.default_rng(seed)
    skill = np.linspace(0.2, 2, M)[:, None]
    if predicts == "classes":
        targets = jnp.asarray(rng.integers(0, C, P))
        outputs = rng.normal(size=(EPOCHS, M, P, C))
        outputs[..., np.arange(P), np.asarray(targets)] += skill
    elif predicts == "ranking":
        targets = jnp.asarray(rng.permutation([0, 0.25, 0.25, 0.5, 0.5, 0.75, 1, np.nan]), dtype)
        outputs = (skill * np.nan_to_num(np.asarray(targets)) + rng.normal(size=(EPOCHS, M, P)) / 2)[..., None]
    else:
        targets = jnp.asarray(rng.normal(size=P), dtype)
        error = rng.normal(size=(EPOCHS, M, P)) / (1 + skill)
        outputs = np.stack([np.asarray(targets) + error, np.broadcast_to(-np.log1p(skill), error.shape)], axis=-1)
    drawn = rng.multinomial(6, np.full(P, 1 / P), size=(EPOCHS, V)) / 6
    evaluated = rng.random((EPOCHS, V, M)) < 0.7
    evaluated[:, :, -1] = False
    evaluated[:, 0] = np.arange(M) == 1
    prior = jnp.zeros(outputs.shape[2:], dtype)
    return World(jnp.asarray(outputs, dtype), targets, prior, jnp.asarray(drawn, dtype), jnp.asarray(evaluated))


def measure(rule: Any, outputs: Any, targets: Any, active: Any) -> jax.Array:
    TRACED.append(type(rule).__name__)
    return measured(rule, outputs, targets, active=active)


def step(rule: Any, state: Any, values: Any, evaluated: Any, base: Any) -> Any:
    TRACED.append(type(rule).__name__)
    return rule.step(state, values, evaluated, base)


compiled_measure, compiled_step = jax.jit(measure), jax.jit(step)


def play(rule: Any, w: World, measure: Any = compiled_measure, step: Any = compiled_step, state: Any = None) -> Outcome:
    """Run all epochs of a world; values are NaN where nobody looked."""
    everybody = jnp.ones(w.outputs.shape[1], bool)
    state = rule.init(w.evaluated.shape[1], w.evaluated.shape[2], w.outputs.dtype) if state is None else state
    base_rows = measure(rule, w.prior[None], w.targets, everybody[:1])[0]
    rows, scores = [], []
    for outputs, drawn, evaluated in zip(w.outputs, w.drawn, w.evaluated, strict=True):
        rows.append(measure(rule, outputs, w.targets, everybody))
        values = jnp.where(evaluated, drawn @ rows[-1].T, jnp.nan)
        state, judged = step(rule, state, values, evaluated, drawn @ base_rows)
        scores.append(judged)
    return Outcome(np.stack(rows), np.stack(scores), jax.tree.map(np.asarray, state))


@cache
def played(kind: str, predicts: str, dtype: str = "float64") -> Outcome:
    return play(rule_of(kind), world(predicts, dtype))


def assert_same(got: Any, expected: Any, rounding: float = ROUNDING) -> None:
    assert jax.tree.structure(got) == jax.tree.structure(expected)
    for x, y in zip(jax.tree.leaves(got), jax.tree.leaves(expected), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_allclose(x, y, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("kind", RULES)
def test_a_file_exposes_one_rule_whose_parameters_have_ranges_and_help(kind: str) -> None:
    assert undocumented(RULES[kind]) == []
    assert RULES[kind].predicts
    assert set(RULES[kind].predicts) <= {"classes", "normal", "ranking"}


@every_case
def test_a_compiled_rule_says_what_it_says_uncompiled(kind: str, predicts: str) -> None:
    w = world(predicts)
    short = w._replace(outputs=w.outputs[:2], drawn=w.drawn[:2], evaluated=w.evaluated[:2])
    assert_same(play(rule_of(kind), short, measure, step), play(rule_of(kind), short))


@every_case
def test_a_batch_of_rules_says_what_each_says_alone(kind: str, predicts: str) -> None:
    rules = [jax.tree.map(lambda x, k=k: x * (1 - 0.2 * k), rule_of(kind)) for k in range(3)]
    worlds = [world(predicts, seed=k) for k in range(3)]
    stacked, together = (jax.tree.map(lambda *x: jnp.stack(x), *x) for x in (rules, worlds))
    state = jax.tree.map(lambda x: jnp.stack([x] * 3), rules[0].init(V, M, "float64"))

    @jax.jit
    @jax.vmap
    def epoch(rule: Any, state: Any, w: World) -> Any:
        everybody = jnp.ones(M, bool)
        base = measure(rule, w.prior[None], w.targets, everybody[:1])[0]
        rows = measure(rule, w.outputs[0], w.targets, everybody)
        return step(rule, state, w.drawn[0] @ rows.T, w.evaluated[0], w.drawn[0] @ base)

    _, scores = epoch(stacked, state, together)
    for k in range(3):
        first = worlds[k]._replace(outputs=worlds[k].outputs[:1], drawn=worlds[k].drawn[:1])
        alone = play(rules[k], first._replace(evaluated=first.evaluated[:1])).scores[0]
        assert_same(np.asarray(scores[k]), alone)


@every_case
def test_relabelling_miners_relabels_measures_and_scores(kind: str, predicts: str) -> None:
    w, plain = world(predicts), played(kind, predicts)
    mixed = play(rule_of(kind), w._replace(outputs=w.outputs[:, ORDER], evaluated=w.evaluated[:, :, ORDER]))
    expected = Outcome(
        plain.measure[:, ORDER], plain.scores[:, :, ORDER], jax.tree.map(lambda x: x[:, ORDER], plain.state)
    )
    assert_same(mixed, expected)


@every_dtype
@every_case
def test_numbers_keep_their_type_and_the_state_its_shape(kind: str, predicts: str, dtype: str) -> None:
    start, out = rule_of(kind).init(V, M, dtype), played(kind, predicts, dtype)
    assert out.measure.dtype == out.scores.dtype == dtype
    assert jax.tree.structure(out.state) == jax.tree.structure(start)
    for x, y in zip(jax.tree.leaves(out.state), jax.tree.leaves(start), strict=True):
        assert x.dtype == y.dtype
        assert x.shape == y.shape == (V, M)


@every_case
def test_32_bits_are_enough(kind: str, predicts: str) -> None:
    narrow, wide = played(kind, predicts, "float32"), played(kind, predicts)
    np.testing.assert_allclose(narrow.measure, wide.measure, rtol=1e-4, atol=1e-5 * np.abs(wide.measure).max())
    np.testing.assert_allclose(narrow.scores, wide.scores, rtol=1e-4, atol=1e-5 * max(1, wide.scores.max()))


@every_case
def test_scores_are_not_negative_and_nothing_where_nobody_looked(kind: str, predicts: str) -> None:
    scores = played(kind, predicts).scores
    assert (scores >= 0).all()
    assert scores.any()
    ever = np.logical_or.accumulate(np.asarray(world(predicts).evaluated))
    assert not scores[~ever].any()


@every_case
def test_absent_miners_change_nothing_for_the_others(kind: str, predicts: str) -> None:
    w, rule = world(predicts), rule_of(kind)
    strangers = jnp.full((2, *w.outputs.shape[2:]), 3.0).at[1].set(jnp.nan)
    active = jnp.arange(M + 2) < M
    rows = compiled_measure(rule, jnp.concatenate([w.outputs[0], strangers]), w.targets, active)
    assert_same(np.asarray(rows[:M]), played(kind, predicts).measure[0])
    padded = w._replace(
        drawn=jnp.pad(w.drawn, ((0, 0), (0, 1), (0, 0))), evaluated=jnp.pad(w.evaluated, ((0, 0), (0, 1), (0, 0)))
    )
    out = play(rule, padded)
    assert not out.scores[:, V].any()
    assert_same(out.scores[:, :V], played(kind, predicts).scores)


@every_case
def test_a_new_number_is_not_a_new_program(kind: str, predicts: str) -> None:
    rule = rule_of(kind)
    played(kind, predicts)
    before = len(TRACED)
    leaves, structure = jax.tree.flatten(rule)
    for k, leaf in enumerate(leaves):
        play(jax.tree.unflatten(structure, [*leaves[:k], leaf * 0.9, *leaves[k + 1 :]]), world(predicts, seed=k))
    assert len(TRACED) == before


@every_case
def test_a_better_submission_never_measures_lower(kind: str, predicts: str) -> None:
    w, rule = world(predicts), rule_of(kind)
    everybody = jnp.ones(M, bool)
    for j in range(M):
        outputs = w.outputs[0]
        if predicts == "classes":
            better = outputs.at[j, jnp.arange(P), w.targets].add(0.5)
        elif predicts == "normal":  # nearer by a tenth, and no less sure
            better = outputs.at[j, :, 0].add(0.1 * (w.targets - outputs[j, :, 0]))
        else:  # the last becomes the first where it should be
            better = outputs.at[j, jnp.nanargmax(w.targets), 0].set(99).at[j, jnp.nanargmin(w.targets), 0].set(-99)
        before, after = (compiled_measure(rule, x, w.targets, everybody)[j] for x in (outputs, better))
        assert (after >= before - 1e-12).all() if kind not in AS_A_WHOLE else after.mean() > before.mean()


@every_case
def test_a_better_evaluation_never_scores_lower(kind: str, predicts: str) -> None:
    w, rule, state = world(predicts), rule_of(kind), played(kind, predicts).state
    values, base = jnp.linspace(-2.0, -1, M) * jnp.ones((V, 1)), jnp.full(V, -1.6)
    seen = w.evaluated[0].at[1:].set(True)
    _, before = compiled_step(rule, state, values, seen, base)
    for j in range(M):
        _, after = compiled_step(rule, state, values.at[:, j].add(0.4), seen, base)
        assert (np.asarray(after)[:, j] >= np.asarray(before)[:, j] - 1e-12).all()


@every_dtype
@every_case
def test_odd_submissions_have_finite_measures(kind: str, predicts: str, dtype: str) -> None:
    w, largest = world(predicts, dtype), np.finfo(dtype).max
    for odd in (0.0, largest, -largest, jnp.inf, -jnp.inf, jnp.nan, 1e4, -1e4):
        for whole in (True, False):
            outputs = w.outputs[0].at[1].set(odd) if whole else w.outputs[0].at[1, :, -1].set(odd)
            rows = np.asarray(compiled_measure(rule_of(kind), outputs, w.targets, jnp.ones(M, bool)))
            assert np.isfinite(rows).all()
            assert np.isfinite(rows.sum())


@every_dtype
@every_case
def test_odd_evaluations_leave_finite_scores_and_no_lasting_harm(kind: str, predicts: str, dtype: str) -> None:
    rule, everybody = rule_of(kind), jnp.ones((V, M), bool)
    state, largest = rule.init(V, M, dtype), np.finfo(dtype).max / 4
    good, base = jnp.full((V, M), -0.5, dtype), jnp.full(V, -1.0, dtype)
    good = good + (1.0 if kind == "contribution" else 0.0)  # which has its zero at 0
    for values in (good.at[:, 1].set(-largest), *[good.at[:, 0].add(-0.3)] * 40):
        state, scores = compiled_step(rule, state, values, everybody, base)
        assert np.isfinite(scores).all()
        assert all(np.isfinite(x).all() for x in jax.tree.leaves(state))
    assert (np.asarray(scores)[:, 1] > 0).all()


@every_case
def test_a_state_can_be_scanned(kind: str, predicts: str) -> None:
    w, rule, plain = world(predicts), rule_of(kind), played(kind, predicts)
    base = w.drawn @ measured(rule, w.prior[None], w.targets, active=jnp.ones(1, bool))[0]
    values = jnp.asarray(np.einsum("tvp,tmp->tvm", w.drawn, plain.measure))
    state, scores = jax.lax.scan(lambda s, x: rule.step(s, *x), rule.init(V, M, "float64"), (values, w.evaluated, base))
    assert_same((scores, state), (plain.scores, plain.state))


@every_case
def test_a_forgotten_miner_is_as_new_and_the_others_are_as_before(kind: str, predicts: str) -> None:
    rule, before = rule_of(kind), played(kind, predicts).state
    gone = jnp.arange(M) == 2
    after = forget(rule, before, gone)
    assert_same(jax.tree.map(lambda x: np.asarray(x[:, ~gone]), after), jax.tree.map(lambda x: x[:, ~gone], before), 0)
    fresh = rule.init(V, M, "float64")
    assert_same(*(jax.tree.map(lambda x: np.asarray(x[:, gone]), s) for s in (after, fresh)), 0)
    nobody, values = jnp.zeros((V, M), bool), jnp.full((V, M), jnp.nan)
    _, scores = compiled_step(rule, after, values, nobody, jnp.full(V, -1.0))
    assert not scores[:, 2].any()
    assert_same(jax.tree.map(np.asarray, forget(rule, before, jnp.ones(M, bool))), jax.tree.map(np.asarray, fresh), 0)


@every_case
def test_who_is_not_looked_at_keeps_its_score(kind: str, predicts: str) -> None:
    rule, out = rule_of(kind), played(kind, predicts)
    nobody, values = jnp.zeros((V, M), bool), jnp.full((V, M), jnp.nan)
    state, scores = compiled_step(rule, out.state, values, nobody, jnp.full(V, -1.0))
    assert_same(jax.tree.map(np.asarray, state), out.state, 0)
    np.testing.assert_allclose(scores, out.scores[-1], rtol=1e-12)


@pytest.mark.parametrize(("kind", "predicts"), [case for case in CASES if case[1] != "ranking"])
def test_a_row_of_many_positions_measures_their_mean(kind: str, predicts: str) -> None:
    w, rule = world(predicts), rule_of(kind)
    everybody = jnp.ones(M, bool)
    long, targets = (jnp.stack([x, x[..., ::-1, :] if x.ndim > 1 else x[::-1]], 0) for x in (w.outputs[0], w.targets))
    long, targets = jnp.moveaxis(long, 0, 2), targets.T  # [M, P, 2, ...], [P, 2]
    each = [compiled_measure(rule, long[:, :, t], targets[:, t], everybody) for t in range(2)]
    assert_same(np.asarray(compiled_measure(rule, long, targets, everybody)), np.asarray((each[0] + each[1]) / 2))


@every_case
def test_shapes_and_types_that_do_not_fit_are_refused(kind: str, predicts: str) -> None:
    w, rule = world(predicts), rule_of(kind)
    with pytest.raises(ValueError, match="do not fit targets"):
        rule.measure(w.outputs[0, :, 1:], w.targets)
    if len(RULES[kind].predicts) == 1:
        with pytest.raises(ValueError, match="classes are whole numbers"):
            rule.measure(w.outputs[0], jnp.zeros(P, float if predicts == "classes" else int))
