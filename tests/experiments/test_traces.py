"""Traces of trained miners' work: read back, and told where they do not serve an experiment."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.config import Experiment, experiment_from_dict
from experiments.errors import UserError
from experiments.recordings import load_recording
from subnet.actions.base import Population
from subnet.actions.replayed import Replayed

K, E, V, M = 2, 4, 3, 5
PARTIES = ("ring", "ring", "workers", "workers", "workers")


def trace() -> dict[str, Any]:
    """Return what a run of two worlds would have written."""
    miners, looks = np.ones((K, E, M), np.float32), np.ones((K, E, V, M), np.float32)
    steps = dict.fromkeys(("whole", "skill", "loss", "accuracy", "originality", "miner_flops"), miners) | {
        "values": looks,
        "evaluated": looks > 0,
        "base": looks[..., 0],
        "whole_base": miners[..., 0],
        "validator_flops": looks[..., 0],
    }
    return {f"step_{name}": array for name, array in steps.items()} | {
        "stake": np.ones((K, V)),
        "crooked": np.array(PARTIES) == "ring",
        "seed_key": np.zeros((K, 2), np.uint32),
        "seeds": np.array([0, 7]),
        "validator_names": np.array(["ann", "bob", "cy"]),
        "miner_names": np.array([f"{party} {k}" for k, party in enumerate(PARTIES)]),
        "miner_parties": np.array(PARTIES),
        "scoring": np.array("LogLoss"),
    }


def saved(folder: Path, **changed: Any) -> str:
    np.savez(folder / "trace.npz", **(trace() | changed))
    return str(folder / "trace.npz")


def experiment(file: str, **parts: Any) -> Experiment:
    world = parts.pop("world", -1)
    actions = {"kind": "replayed", "file": file, "world": world}
    return experiment_from_dict({"actions": actions, "designs": {"a": None}, "seeds": [0, 7]} | parts)


def test_a_trace_has_the_work_and_the_people_who_did_it(tmp_path: Path) -> None:
    recording, people = load_recording(Replayed(file=saved(tmp_path)))
    assert recording.trace.steps.values.shape == (K, E, V, M)
    assert recording.trace.steps.values.dtype == np.float32
    assert recording.trace.steps.evaluated.dtype == bool
    np.testing.assert_array_equal(recording.trace.crooked, [True, True, False, False, False])
    names = tuple(f"{party} {k}" for k, party in enumerate(PARTIES))
    assert people == Population((0, 1, 2), (3, 4, 5, 6, 7), ("ann", "bob", "cy"), names, PARTIES)


def test_a_trace_without_parties_has_none(tmp_path: Path) -> None:
    assert load_recording(Replayed(file=saved(tmp_path, miner_parties=np.array([""] * M))))[1].miner_parties is None


DAMAGED = {
    "no trace": ({}, "is no trace, for it has no step_values, step_evaluated, step_base; write one with --save-trace"),
    "axes": ({"stake": np.ones(V)}, r"stake \[3\] must be \[K, V\], none of them 0"),
    "sizes": ({"crooked": np.zeros(M + 1, bool)}, r"crooked \[6\] must have M = 5"),
    "types": ({"miner_names": np.ones(M)}, "miner_names has type float64, which is not what a trace has there"),
    "keys": ({"seed_key": np.zeros((K + 1, 2))}, r"seed_key \[3, 2\] must begin with K = 2"),
    "stake": ({"stake": np.zeros((K, V))}, "all stake is zero in some epoch"),
}


@pytest.mark.parametrize(("changed", "said"), DAMAGED.values(), ids=DAMAGED.keys())
def test_a_damaged_trace_is_told(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    file = saved(tmp_path, **changed)
    if not changed:
        np.savez(file, weights=np.ones(3))
    with pytest.raises(UserError, match=rf"trace\.npz: {said}"):
        load_recording(Replayed(file=file))


def test_an_experiment_replays_a_trace_and_round_trips(tmp_path: Path) -> None:
    made = experiment(saved(tmp_path), overlays={"cabal": {"kind": "cabal", "backs": "ring"}})
    assert made.people["actions"] == Replayed(file=str(tmp_path / "trace.npz"))
    assert experiment_from_dict(made.resolved) == made


MISFITS = {
    "scoring": (
        {"designs": {"a": {"scoring": {"kind": "brier"}}}},
        "designs.a.scoring: the trace was measured by LogLoss, which Brier cannot take up",
    ),
    "registration": (
        {"designs": {"a": {"registration": {"kind": "burn_price"}}}},
        "designs.a.registration: miners come and go, but a trace has what a fixed set of them did; take closed",
    ),
    "world": ({"world": 2}, "actions.world = 2, but the trace has 2: 0 to 1, or -1 to go by the seed"),
    "seed": ({"seeds": 2}, "seeds: the trace has no world of seed 1; it has [0, 7]"),
    "party": (
        {"overlays": {"cabal": {"kind": "cabal", "backs": "rings"}}},
        'overlays.cabal.backs = "rings" is no party of miners; did you mean "ring"? found: ring, workers',
    ),
    "swept world": (
        {"sweep": {"grid": {"actions.world": [0, 5]}}},
        "sweep, point 1 (actions.world = 5): actions.world = 5, but the trace has 2",
    ),
}


@pytest.mark.parametrize(("parts", "said"), MISFITS.values(), ids=MISFITS.keys())
def test_what_a_trace_does_not_have_is_told(tmp_path: Path, parts: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        experiment(saved(tmp_path), **parts)
    assert said in str(caught.value)


def test_a_world_must_be_named_where_several_have_the_seed(tmp_path: Path) -> None:
    file = saved(tmp_path, seeds=np.array([0, 0]))
    with pytest.raises(UserError, match=r"actions\.world must be given, since the trace has several worlds of seed 0"):
        experiment(file, seeds=1)
    assert experiment(file, seeds=1, world=1).people["actions"].world == 1


def test_a_missing_trace_is_told_with_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r'actions\.file = "no\.npz": no such file in .*; write a trace with: subnetlab'
    ):
        experiment("no.npz")
