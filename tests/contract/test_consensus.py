"""Every consensus rule of the folder, and one from outside, goes through the same contract."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments import slots
from experiments.config import experiment_from_dict
from experiments.recordings import load_recording
from experiments.sweep import expand, num_programs
from subnet.cast import cast_of
from subnet.lanes import LaneProgram, stack_scenarios
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, run
from tests.contract import external_rule
from tests.contract.rule_cases import (
    EPOCHS,
    Case,
    M,
    Outcome,
    Program,
    V,
    World,
    all_cases,
    as_arrays,
    assert_same,
    epoch_inputs,
    initial_state,
    play,
    played,
    program_of,
    rule_class,
    rule_of,
    small_world,
)

CASES = all_cases()
# Scope: all tests of a case run one after the other, with one compiled program.
every_rule = pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in CASES], scope="module")


def is_simulator(case: Case) -> bool:
    """Tell whether a rule copies the simulator's artefacts: epsilons, and pay for all where nothing is agreed."""
    return hasattr(rule_class(case.kind), "epsilon")


def test_every_file_of_the_folder_is_under_contract() -> None:
    folder = Path(slots.__file__).parents[1] / "subnet" / "consensus"
    files = {f.stem for f in folder.glob("*.py")} - {"__init__", "base", "_simulator"}
    assert {case.kind for case in CASES} == files | {external_rule.NAME}
    for kind in files:
        known = {case.arithmetic for case in CASES if case.kind == kind}
        assert known == set(getattr(rule_class(kind), "arithmetics", ("float32", "float64", "exact")))


@every_rule
def test_a_compiled_rule_says_what_it_says_uncompiled(case: Case) -> None:
    world = small_world()
    short = world._replace(raw_weights=world.raw_weights[:2])
    assert_same(play(case, short, step=Program(case.arithmetic).eager), play(case, short), case)


@every_rule
def test_a_batch_of_rules_says_what_each_says_alone(case: Case) -> None:
    worlds = [small_world(seed) for seed in range(3)]
    rules = [shifted_numbers(rule_of(case), 1 - 0.05 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    alone = [play(case, world, rule) for world, rule in zip(worlds, rules, strict=True)]

    batched = jax.jit(jax.vmap(program_of(case.arithmetic).eager))
    state = jax.tree.map(lambda x: jnp.stack([x] * 3), initial_state(rules[0], V, M, case.arithmetic))
    outs = []
    for epoch in range(EPOCHS):
        inputs = [epoch_inputs(world, epoch, case.arithmetic) for world in worlds]
        state, out = batched(stacked, state, *(jnp.stack(x) for x in zip(*inputs, strict=True)))
        outs.append(out)
    for k in range(3):
        together = {n: np.stack([np.asarray(getattr(o, n)[k], float) for o in outs]) for n in Outcome._fields[:-1]}
        assert_same(Outcome(**together, state=jax.tree.map(lambda x, k=k: np.asarray(x[k]), state)), alone[k], case)


@every_rule
def test_relabelling_people_relabels_the_result(case: Case) -> None:
    world, plain = small_world(), played(case)
    rows, columns = np.array([3, 0, 4, 1, 2]), np.array([5, 2, 0, 4, 1, 3])
    mixed = play(case, World(world.raw_weights[:, rows][:, :, columns], world.stake[rows], world.active[columns]))
    expected = Outcome(
        plain.consensus[:, columns],
        plain.incentive[:, columns],
        plain.dividends[:, rows],
        plain.validator_trust[:, rows],
        jax.tree.map(lambda x: _relabelled(x, rows, columns), plain.state),
    )
    assert_same(mixed, expected, case)


def _relabelled(x: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    if x.shape == (V, M):
        return x[rows][:, columns]
    return x[columns] if x.shape == (M,) else x[rows] if x.shape == (V,) else x


@every_rule
def test_padding_earns_exactly_nothing_and_changes_nothing(case: Case) -> None:
    world, plain = small_world(), played(case)
    weights = np.zeros((EPOCHS, V + 2, M + 3))
    weights[:, :V, :M] = world.raw_weights
    padded = play(case, World(weights, np.append(world.stake, [0, 0]), np.append(world.active, [False] * 3)))
    assert not padded.incentive[:, M:].any()
    assert not padded.dividends[:, V:].any()
    assert not padded.validator_trust[:, V:].any()
    found_by_bisection = dict(case.choices).get("consensus_search") == "bisection"  # ends up to 10^-5 above
    assert (padded.consensus[:, M:] <= (1e-5 if found_by_bisection else 0)).all()
    for leaf in jax.tree.leaves(padded.state):
        if leaf.shape == (V + 2, M + 3):
            assert not leaf[V:].any()
            assert not leaf[:, M:].any()
    cut = Outcome(
        padded.consensus[:, :M],
        padded.incentive[:, :M],
        padded.dividends[:, :V],
        padded.validator_trust[:, :V],
        jax.tree.map(lambda x, like: x[tuple(slice(n) for n in like.shape)], padded.state, plain.state),
    )
    assert_same(cut, plain, case)


@every_rule
def test_shares_are_not_negative_and_sum_to_one(case: Case) -> None:
    out = played(case)
    # Shares cut to 32 bits, or divided by a sum with the simulator's epsilon added, sum to a little less than one.
    slack = {"float32": 2e-6, "float64": 1e-12, "exact": (V + M) * 2.0**-31}[case.arithmetic]
    for shares, loss in ((out.incentive, 0.0), (out.dividends, 2e-5 if is_simulator(case) else 0.0)):
        assert (shares >= 0).all()
        np.testing.assert_allclose(shares.sum(axis=1), 1, rtol=0, atol=slack + loss)
        assert (shares.sum(axis=1) <= 1 + slack).all()


@every_rule
def test_a_state_keeps_its_structure_shapes_and_types(case: Case) -> None:
    rule = rule_of(case)
    start = initial_state(rule, V, M, case.arithmetic)
    after = played(case).state
    assert jax.tree.structure(after) == jax.tree.structure(start)
    shapes = [(x.shape, str(x.dtype)) for x in jax.tree.leaves(start)]
    assert [(x.shape, str(x.dtype)) for x in jax.tree.leaves(after)] == shapes


@every_rule
def test_a_new_number_is_not_a_new_program(case: Case) -> None:
    program, rule = program_of(case.arithmetic), rule_of(case)
    played(case)
    state = initial_state(rule, V, M, case.arithmetic)
    inputs = epoch_inputs(small_world(), 0, case.arithmetic)
    program.step(rule, state, *inputs)
    before = program.traces
    leaves, structure = jax.tree.flatten(rule)
    for k, leaf in enumerate(leaves):
        changed = jax.tree.unflatten(structure, [*leaves[:k], leaf * 0.9 + 0.01, *leaves[k + 1 :]])
        program.step(changed, state, *inputs)
    program.step(rule, state, *epoch_inputs(small_world(7), 1, case.arithmetic))
    assert program.traces == before


def test_different_mechanisms_are_different_structures() -> None:
    """Programs and their caches tell rules apart by structure; two rules with equal fields must not pass as one."""
    classes = [rule_class(kind) for kind in [*slots.kinds("consensus"), external_rule.NAME]]
    for slot in ("actions", "overlays"):
        classes += [slots.find(slot, kind) for kind in slots.kinds(slot)]
    structures = [jax.tree.structure(cls()) for cls in classes]
    alike = [
        f"{a.__name__} = {b.__name__}"
        for k, a in enumerate(classes)
        for n, b in enumerate(classes[:k])
        if structures[k] == structures[n]
    ]
    assert not alike


def test_a_traced_rule_is_counted() -> None:
    program, case = Program("float64"), Case("stake_mean", (), "float64")
    for num_miners in (2, 3, 3):
        world = World(np.ones((1, 2, num_miners)), np.ones(2), np.ones(num_miners, bool))
        play(case, world, step=program.step)
    assert program.traces == 2


@pytest.mark.parametrize("empty", ["weights", "stake", "both"])
@every_rule
def test_a_world_without_opinions_or_stake_has_a_finite_outcome(case: Case, empty: str) -> None:
    world = small_world()
    out = play(
        case,
        World(
            world.raw_weights * (empty == "stake"),
            world.stake * (empty == "weights"),
            world.active,
        ),
    )
    for part in jax.tree.leaves(out):
        assert np.isfinite(part).all()
    for shares in (out.incentive, out.dividends):
        assert (shares >= 0).all()
        total = shares.sum(axis=1)
        if is_simulator(case):  # an undefined consensus pays all columns alike there: an artefact, copied
            assert ((total <= 1e-12) | (np.abs(total - 1) < 1e-4)).all()
        else:
            assert not total.any()


@every_rule
def test_a_world_that_comes_back_from_nothing_is_finite(case: Case) -> None:
    world = small_world()
    world.raw_weights[1] = 0
    out = play(case, world)
    for part in jax.tree.leaves(out):
        assert np.isfinite(part).all()
    if case.kind == "simulator_yuma2b":  # pays by the epoch before, in which nobody had an opinion
        return
    np.testing.assert_allclose(out.incentive[2].sum(), 1, atol=1e-5)
    np.testing.assert_allclose(out.dividends[2].sum(), 1, atol=1e-4)


@every_rule
def test_an_inactive_miner_earns_nothing(case: Case) -> None:
    if is_simulator(case):
        pytest.skip("the simulator knows no inactive miners")
    world = small_world()
    world.active[0] = False
    out = play(case, world)
    assert not out.incentive[:, 0].any()
    np.testing.assert_allclose(out.incentive.sum(axis=1), 1, atol=1e-5)


@pytest.fixture
def lab(tmp_path: Path) -> Any:
    """A current directory with two rules of somebody's own."""
    external_rule.write_rules(tmp_path)
    with external_rule.working_in(tmp_path):
        yield tmp_path


SAMPLED = {"kind": "sampled", "num_validators": V, "num_miners": M, "validator_noise": 0.4}


def _runs(config: dict[str, Any]) -> dict[str, EpochOut]:
    """Run each design's first lane of a config by way of `simulate.run`."""
    experiment = experiment_from_dict(config)
    recording, people = load_recording(experiment.people["actions"])
    outs = {}
    for name, design in experiment.designs.items():
        scenario = jax.tree.map(
            jnp.asarray,
            Scenario(design=design, actions=experiment.people["actions"], overlays=experiment.people["overlays"]),
        )
        cast = cast_of(people, scenario.overlays)
        _, outs[name] = run(jax.random.key(1), scenario, cast, recording, experiment.arithmetic, experiment.epochs)
    return outs


@pytest.mark.parametrize("arithmetic", ["float32", "float64"])
def test_the_example_of_the_style_guide_runs_by_its_module_name(lab: Path, arithmetic: str) -> None:
    outs = _runs(
        {
            "epochs": EPOCHS,
            "arithmetic": arithmetic,
            "actions": SAMPLED,
            "designs": {
                "mine": {"consensus": {"kind": external_rule.NAME, "trim": 0.2}},
                "theirs": {"consensus": {"kind": "trimmed_mean", "trim": 0.2}},
            },
        }
    )
    mine, theirs = outs["mine"], outs["theirs"]
    for name in ("incentive", "dividends", "consensus"):
        got, expected = np.asarray(getattr(mine, name)), np.asarray(getattr(theirs, name))
        np.testing.assert_allclose(got, expected, rtol=1e-4 if arithmetic == "float32" else 1e-12, err_msg=name)
    money = mine.money
    total = np.asarray(money.miner_pay).sum(axis=1) + np.asarray(money.validator_pay).sum(axis=1)
    assert (total <= np.asarray(money.minted)).all()


@pytest.mark.parametrize("arithmetic", ["float32", "float64"])
@pytest.mark.parametrize("kind", [external_rule.NAME, external_rule.WITH_MEMORY])
def test_a_rule_from_outside_is_swept_in_one_program(lab: Path, kind: str, arithmetic: Any) -> None:
    number = {external_rule.NAME: "trim", external_rule.WITH_MEMORY: "rate"}[kind]
    experiment = experiment_from_dict(
        {
            "epochs": EPOCHS,
            "seeds": 1,
            "arithmetic": arithmetic,
            "actions": SAMPLED,
            "designs": {"mine": {"consensus": {"kind": kind}}},
            "sweep": {"grid": {f"consensus.{number}": [0.0, 0.1, 0.2, 0.3]}},
        }
    )
    assert num_programs(experiment) == 1
    lanes = expand(experiment)
    recording, people = load_recording(experiment.people["actions"])
    program = LaneProgram(cast_of(people, {}), recording, experiment.arithmetic)
    scenarios = program.place(stack_scenarios([lane.scenario for lane in lanes]))
    seeds = program.place(np.array([lane.seed for lane in lanes], np.int64))
    states = program.start(seeds, scenarios)
    _, out = program.chunk(np.arange(EPOCHS, dtype=np.int32), seeds, scenarios, states)
    incentive = np.asarray(out.incentive)
    np.testing.assert_allclose(incentive.sum(axis=2)[:, -1], [0 if kind.endswith("memory") else 1, 1, 1, 1], atol=1e-5)
    assert len({lane.tobytes() for lane in incentive}) == len(lanes)


def shifted_numbers(rule: Any, factor: float) -> Any:
    """Return a rule with every number a little smaller: still allowed."""
    return jax.tree.map(lambda x: (x * factor).astype(x.dtype), rule)


def test_parameters_are_arrays_of_64_bits_as_the_runner_hands_them_over() -> None:
    for case in CASES:
        cls = rule_class(case.kind)
        leaves = jax.tree.leaves(as_arrays(cls()))
        expected = [f for f in dataclasses.fields(cls) if not f.metadata.get("static")]
        assert len(leaves) == len(expected)
        assert {str(x.dtype) for x in leaves} <= {"float64", "int64"}
