"""Sweeps: order of lanes, ranges, lists that run along, blocks, and what they cost in programs."""

import time
from pathlib import Path
from typing import Any

import jax
import pytest

from experiments.config import Experiment, experiment_from_dict, read_experiment
from experiments.errors import UserError
from experiments.sweep import describe_structure, different_actions, expand, num_lanes, num_programs, points, structure

CONFIGS = Path(__file__).parents[2] / "experiments" / "configs"
DESIGNS = {"classic": {}, "yuma3": {"consensus": {"yuma3": True}}}


def experiment(sweep: Any = None, **parts: Any) -> Experiment:
    return experiment_from_dict({"designs": DESIGNS, "seeds": 2, "sweep": sweep} | parts)


def test_without_a_sweep_there_is_one_point() -> None:
    lanes = expand(experiment())
    assert points(experiment()) == [{}]
    assert [(lane.design, lane.point, lane.seed) for lane in lanes] == [
        ("classic", 0, 0), ("classic", 0, 1), ("yuma3", 0, 0), ("yuma3", 0, 1),
    ]  # fmt: skip


def test_lanes_come_by_point_then_design_then_seed() -> None:
    lanes = expand(experiment({"grid": {"consensus.kappa": [0.4, 0.6]}}))
    assert [(lane.point, lane.design, lane.seed) for lane in lanes] == [
        (point, design, seed) for point in (0, 1) for design in ("classic", "yuma3") for seed in (0, 1)
    ]
    assert [lane.scenario.design.consensus.kappa for lane in lanes[::4]] == [0.4, 0.6]
    assert [lane.scenario.design.consensus.yuma3 for lane in lanes[::2]] == [False, True, False, True]


def test_a_grid_is_a_product_and_lists_in_zip_run_along() -> None:
    sweep = {
        "grid": {"consensus.kappa": [0.4, 0.6], "actions.weight_noise": [0, 1]},
        "zip": {"overlays.copier.lag": [1, 2], "overlays.copier.stake_share": [0.1, 0.2]},
    }
    found = points(experiment(sweep, overlays={"copier": {"kind": "weight_copier"}}))
    assert [tuple(point.values()) for point in found] == [
        (kappa, noise, lag, lag / 10) for kappa in (0.4, 0.6) for noise in (0.0, 1.0) for lag in (1, 2)
    ]
    assert list(found[0]) == [*sweep["grid"], *sweep["zip"]]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"from": 0, "to": 0.4, "steps": 5}, [0, 0.1, 0.2, 0.3, 0.4]),
        ({"from": 1, "to": 0, "steps": 3}, [1, 0.5, 0]),
        ({"from": 0.001, "to": 1, "steps": 4, "scale": "log"}, [0.001, 0.01, 0.1, 1]),
        ({"from": "1e-2", "to": "1e0", "steps": 3.0, "scale": "log"}, [0.01, 0.1, 1]),
        (["1e-3", 1], [0.001, 1]),
    ],
)
def test_ranges_are_decimal_and_meet_both_ends(values: Any, expected: list[float]) -> None:
    found = [point["actions.weight_noise"] for point in points(experiment({"grid": {"actions.weight_noise": values}}))]
    assert found == expected
    assert {type(value) for value in found} == {float}


def test_values_take_the_type_of_their_parameter() -> None:
    found = points(experiment({"grid": {"chain.tempo": {"from": 1, "to": 5, "steps": 3}}}))
    assert [point["chain.tempo"] for point in found] == [1, 3, 5]
    assert {type(point["chain.tempo"]) for point in found} == {int}
    with pytest.raises(UserError, match=r"chain\.tempo = 1\.5 is not a whole number"):
        experiment({"grid": {"chain.tempo": {"from": 1, "to": 2, "steps": 3}}})


def test_blocks_follow_each_other_and_name_their_designs() -> None:
    made = experiment(
        [{"grid": {"consensus.kappa": [0.4, 0.6]}}, {"grid": {"consensus.kappa": [0.9]}, "designs": ["yuma3"]}], seeds=1
    )
    assert [(lane.point, lane.design, lane.values["consensus.kappa"]) for lane in expand(made)] == [
        (0, "classic", 0.4), (0, "yuma3", 0.4), (1, "classic", 0.6), (1, "yuma3", 0.6), (2, "yuma3", 0.9),
    ]  # fmt: skip
    assert num_lanes(made) == 5


def test_a_path_that_only_one_block_sweeps_stands_in_the_other_at_its_value() -> None:
    made = experiment(
        [{"grid": {"consensus.kappa": [0.4]}}, {"grid": {"actions.weight_noise": [0.2]}}], actions={"weight_noise": 0.7}
    )
    kappa = made.designs["classic"].consensus.kappa
    assert points(made) == [
        {"consensus.kappa": 0.4, "actions.weight_noise": 0.7},
        {"consensus.kappa": kappa, "actions.weight_noise": 0.2},
    ]


def test_a_path_on_which_designs_disagree_must_be_given_in_every_block() -> None:
    designs = {"a": {"consensus": {"kappa": 0.3}}, "b": {}}
    with pytest.raises(UserError, match=r"sweep\[1\] leaves consensus\.kappa alone"):
        experiment([{"grid": {"consensus.kappa": [0.4]}}, {"grid": {"actions.weight_noise": [0.2]}}], designs=designs)


def test_a_kind_can_be_swept_and_drops_the_other_kinds_parameters() -> None:
    made = experiment({"grid": {"consensus.kind": ["yuma", "stake_median"], "consensus.kappa": [0.4, 0.6]}}, seeds=1)
    rules = [lane.scenario.design.consensus for lane in expand(made) if lane.design == "yuma3"]
    assert [type(rule).__name__ for rule in rules] == ["Yuma", "Yuma", "StakeMedian", "StakeMedian"]
    assert [rule.kappa for rule in rules] == [0.4, 0.6, 0.4, 0.6]
    assert rules[0].yuma3


def test_structural_parameters_are_named_with_their_cost() -> None:
    made = experiment(
        {
            "grid": {
                "consensus.kind": ["yuma", "stake_median"],
                "actions.num_miners": [4, 5, 6],
                "actions.drift": [0, 1],
            }
        },
        actions={"kind": "sampled"},
        designs={"a": {}},
        seeds=8,
    )
    lanes = expand(made)
    assert describe_structure(lanes) == (
        "sweep: consensus.kind and actions.num_miners are structural, so these 96 lanes need 6 compiled programs."
    )
    assert num_programs(made) == len({structure(lane.scenario) for lane in lanes}) == 6
    assert [source.num_miners for source in different_actions(made)] == [4, 5, 6]


def test_numbers_alone_cost_no_further_program() -> None:
    made = experiment({"grid": {"consensus.kappa": [0.4, 0.5, 0.6]}}, designs={"a": {}}, seeds=1)
    assert describe_structure(expand(made)) == "sweep: these 3 lanes need 1 compiled program."


def test_one_structural_parameter_is_told_in_the_singular() -> None:
    made = experiment({"grid": {"consensus.yuma3": [True, False]}}, designs={"a": {}}, seeds=1)
    assert describe_structure(expand(made)) == (
        "sweep: consensus.yuma3 is structural, so these 2 lanes need 2 compiled programs."
    )


def test_lanes_of_one_structure_stack() -> None:
    made = experiment({"grid": {"consensus.kappa": [0.4, 0.6]}}, designs={"a": {}})
    stacked = jax.tree.map(lambda *leaves: len(leaves), *(lane.scenario for lane in expand(made)))
    assert stacked.design.consensus.kappa == 4


def test_a_sweep_of_recordings_is_made_of_whole_paths(tmp_path: Path) -> None:
    text = "designs: {a: }\nsweep: {grid: {actions.file: [netuid15, trace.npz]}}"
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=r'sweep\.grid\.actions\.file = "trace\.npz": no such file'):
        read_experiment(path)
    (tmp_path / "trace.npz").write_bytes(b"")
    assert [point["actions.file"] for point in read_experiment(path).points] == [
        "netuid15",
        str(tmp_path / "trace.npz"),
    ]


def test_two_hundred_thousand_lanes_expand_in_seconds() -> None:
    made = read_experiment(CONFIGS / "consensus_guarantees.yaml")
    start = time.perf_counter()
    lanes = expand(made)
    assert time.perf_counter() - start < 20  # about 2 on a quiet machine
    assert len(lanes) == num_lanes(made) == 7 * 11 * 51 * 51
    assert num_programs(made) == 1
    assert lanes[-1].values == {
        "actions.weight_noise": 0.2, "actions.honest_stake": 0.99, "actions.honest_utility": 1.0,
        "actions.cabal_self_weight": 1.0,
    }  # fmt: skip
    assert [lane.design for lane in lanes[:5]] == list(made.designs)


LIVING = {
    "miners": {
        "workers": {"count": 4},
        "copiers": {"kind": "copier", "count": 2, "training": {"steps": 0}, "model": {"kind": "linear"}},
        "ring": {"kind": "sybil", "count": 4, "identities": 2},
    },
    "designs": {"a": {"slashing": {"audit": {"kind": "failed_audit"}}}},
    "seeds": 1,
}


def sources(grid: dict[str, Any]) -> list[Any]:
    made = experiment({"grid": grid}, **LIVING)
    assert experiment_from_dict(made.resolved) == made
    return [lane.scenario.actions for lane in expand(made)]


def test_a_swept_training_reaches_parties_that_leave_it_open() -> None:
    found = sources({"training.learning_rate": [0.1, 0.2], "training.steps": [3]})
    assert [source.training.learning_rate for source in found] == [0.1, 0.2]
    copiers = [source.miners["copiers"].training for source in found]
    assert [(training.steps, training.learning_rate) for training in copiers] == [(0, 0.1), (0, 0.2)]
    assert all(source.miners["workers"].training is None for source in found)


def test_a_partys_swept_training_wins_over_the_common_one() -> None:
    grid = {"miners.workers.training.batch": [4, 8], "training.batch": [16], "miners.copiers.training.batch": [2]}
    for source, batch in zip(sources(grid), (4, 8), strict=True):
        batches = {name: party.training and party.training.batch for name, party in source.miners.items()}
        assert batches == {"workers": batch, "copiers": 2, "ring": None}
        assert source.training.batch == 16


def test_a_party_sweeps_its_count_its_kind_and_its_model() -> None:
    grid = {
        "miners.ring.count": [2, 4],
        "miners.ring.identities": [1],
        "miners.copiers.kind": ["copier", "honest"],
        "miners.copiers.model.kind": ["mlp"],
        "miners.copiers.model.hidden": [[8, 4]],
    }
    found = [(source.miners["ring"], source.miners["copiers"]) for source in sources(grid)]
    assert [(ring.count, ring.strategy.identities) for ring, _ in found] == [(2, 1), (2, 1), (4, 1), (4, 1)]
    assert [type(copiers.strategy).__name__ for _, copiers in found] == ["Copier", "Honest"] * 2
    assert {(copiers.count, copiers.training.steps, copiers.model.hidden) for _, copiers in found} == {(2, 0, (8, 4))}


def test_every_block_of_a_living_network_can_be_swept() -> None:
    grid = {
        "task.kind": ["digits", "breast_cancer"],
        "model.hidden": [[8], 4],
        "validators.rows": [16],
        "costs.flop_scale": [2],
        "delegation.take": [0.1, 0.2],
        "scoring.kind": ["brier"],
        "slashing.audit.rate": [0.5],
    }
    made = experiment({"grid": grid}, **LIVING)
    lanes = expand(made)
    last = lanes[-1].scenario
    assert [point["model.hidden"] for point in points(made)][::2] == [(8,), (4,)] * 2
    assert (last.actions.model.hidden, last.actions.validators.rows) == ((4,), 16)
    assert (last.costs.flop_scale, last.delegation.take) == (2, 0.2)
    assert (type(last.design.scoring).__name__, last.design.slashing["audit"].rate) == ("Brier", 0.5)
    assert len({structure(lane.scenario) for lane in lanes}) == num_programs(made) == 4
    assert describe_structure(lanes).startswith(
        "sweep: task.kind, model.hidden, validators.rows and scoring.kind are structural, so these 8 lanes need 4 "
    )
    assert len(different_actions(made)) == 4


def test_lanes_share_the_people_that_no_value_of_theirs_changes() -> None:
    made = experiment({"grid": {"training.skew": [1, 2], "consensus.kappa": [0.4, 0.6]}}, **LIVING)
    actions = [lane.scenario.actions for lane in expand(made)]
    assert actions[0] is actions[1]
    assert actions[0] is not actions[2]


def test_a_rule_that_one_design_has_is_swept_there() -> None:
    designs = {
        "a": {"slashing": {"audit": {"kind": "failed_audit"}}},
        "b": {"extends": "a", "slashing": {"audit": None}},
    }
    made = experiment(
        [{"grid": {"slashing.audit.rate": [0.1, 0.2]}, "designs": "a"}, {"designs": "b"}], designs=designs, seeds=1
    )
    assert [(lane.design, lane.values["slashing.audit.rate"]) for lane in expand(made)] == [
        ("a", 0.1), ("a", 0.2), ("b", None),
    ]  # fmt: skip
