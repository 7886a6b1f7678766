"""Recordings: packaged ones, snapshots, traces, arrays, and what is wrong with others."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from experiments.errors import UserError
from experiments.recordings import PACKAGED, load_recording, recording_from_arrays
from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.actions.sampled import Sampled
from subnet.actions.two_camps import TwoCamps
from subnet.tasks.regimes import Regimes
from subnet.work.population import Evaluators, Party
from subnet.work.trained import Trained

STAKE = np.array([5.0, 0.0, 3.0])
WEIGHTS = np.array([[0, 1, 1], [0, 0, 0], [2, 1, 0]], float)
TRACE = {"weights": np.ones((4, 2, 3)), "stake": np.ones((4, 2))}


def save(path: Path, **arrays: Any) -> Recorded:
    np.savez(path / "x.npz", **arrays)
    return Recorded(file=str(path / "x.npz"))


def test_the_packaged_subnet_has_the_rows_that_set_weights() -> None:
    recording, people = load_recording(Recorded())
    assert recording.weights.shape == (1, 20, 256)
    assert recording.weights.dtype == np.uint16
    assert (recording.weights.max(axis=2) == 65535).all()
    assert recording.stake.dtype == np.float64
    assert people.miner_uid == tuple(range(256))
    assert people.validator_names == tuple(f"uid {uid}" for uid in people.validator_uid)


def test_the_packaged_subnet_can_have_everybody_with_stake_as_a_row() -> None:
    recording, people = load_recording(Recorded(rows="staked"))
    narrow = load_recording(Recorded())[1]
    assert set(narrow.validator_uid) < set(people.validator_uid)
    assert recording.stake.sum() == pytest.approx(5_443_579.64, abs=0.01)
    assert recording.weights.shape == (1, len(people.validator_uid), 256)


def test_recorded_stakes_are_those_above_zero_in_tokens() -> None:
    recording, people = load_recording(Sampled(stake_distribution="recorded", num_validators=3, num_miners=2))
    assert recording.weights is None
    assert recording.stake.shape == (1, 4084)
    assert recording.stake.sum() == pytest.approx(2_361_517.466)
    assert (recording.stake > 0).all()
    assert people.miner_uid == (3, 4)


@pytest.mark.parametrize("source", [Sampled(num_validators=2, num_miners=3), TwoCamps(num_validators=2, num_miners=3)])
def test_drawn_actions_need_no_recording(source: Any) -> None:
    recording, people = load_recording(source)
    assert recording == Recording()
    assert people == Population((0, 1), (2, 3, 4), ("validator 0", "validator 1"), ("miner 0", "miner 1", "miner 2"))


def test_miners_that_train_have_their_tasks_rows_and_their_parties() -> None:
    source = Trained(miners={"b": Party(count=2), "a": Party(count=1)}, validators=Evaluators(count=2))
    recording, people = load_recording(source)
    assert recording.task.train_x.shape == (1437, 8, 8, 1)
    assert recording._replace(task=None) == Recording()
    assert people == source.population()
    assert people.miner_parties == ("a", "b", "b")


def test_validators_of_a_living_network_may_hold_recorded_stakes(tmp_path: Path) -> None:
    source = Trained(validators=Evaluators(count=3, stake_distribution="recorded"))
    assert load_recording(source)[0].stake.shape == (1, 4084)
    missing = Trained(validators=Evaluators(stake_distribution="recorded", stake_file=str(tmp_path / "no.npz")))
    with pytest.raises(
        UserError, match=r"^validators: .*no\.npz: no such file; packaged recordings: netuid15, nakamoto"
    ):
        load_recording(missing)


def test_a_task_that_cannot_be_had_says_so() -> None:
    with pytest.raises(UserError, match=r"^task: regimes: num_features = 4 is too little for num_classes = 4"):
        load_recording(Trained(task=Regimes(num_features=4)))


def test_a_snapshot_without_stored_integers_keeps_its_floats(tmp_path: Path) -> None:
    recording, people = load_recording(save(tmp_path, stake_tao=STAKE, weights=WEIGHTS))
    assert recording.weights.dtype == np.float64
    assert people.validator_uid == (0, 2)
    np.testing.assert_array_equal(recording.weights[0], WEIGHTS[[0, 2]])
    np.testing.assert_array_equal(recording.stake, [[5, 3]])


def test_a_trace_has_names_epochs_and_resets(tmp_path: Path) -> None:
    reset = np.zeros((4, 3), bool)
    source = save(tmp_path, **TRACE, reset_bonds=reset, validators=["ann", "ann"], miners=np.array(["x", "y", "z"]))
    recording, people = load_recording(source)
    assert recording.weights.shape == (4, 2, 3)
    assert recording.reset.dtype == bool
    assert people == Population((0, 1), (2, 3, 4), ("ann", "ann"), ("x", "y", "z"))


def test_arrays_of_one_epoch_need_no_leading_axis() -> None:
    recording, people = recording_from_arrays(np.ones((2, 3), np.float32), [1, 2])
    assert recording.weights.shape == (1, 2, 3)
    assert recording.weights.dtype == recording.stake.dtype == np.float64
    assert people.validator_names == ("validator 0", "validator 1")


def test_the_data_folder_says_where_each_file_is_from() -> None:
    text = (PACKAGED["netuid15"].parent / "README.md").read_text(encoding="utf-8")
    assert all(path.name in text for path in PACKAGED.values())


WRONG = {
    "no keys": (
        {"a": STAKE},
        "holds a; a snapshot has stake_tao [N] and weights [N, N], a trace has weights [T, V, M]",
    ),
    "no weights": ({"stake_tao": STAKE}, "has stake_tao but no weights"),
    "no stake": ({"weights": TRACE["weights"]}, "holds weights; a snapshot has"),
    "shape": (
        {"stake_tao": STAKE, "weights": WEIGHTS[:2]},
        "weights [2, 3] must be [N, N] = [3, 3], as stake_tao [3] has it",
    ),
    "stake shape": ({"stake_tao": WEIGHTS, "weights": WEIGHTS}, "stake_tao [3, 3] must be [N]"),
    "empty": ({"stake_tao": np.zeros(0), "weights": np.zeros((0, 0))}, "stake_tao [0] must be [N]"),
    "negative": ({"stake_tao": STAKE, "weights": -WEIGHTS}, "weights[0, 1] = -1.0 is out of range: 0 to 1e+12"),
    "not finite": ({"stake_tao": STAKE * np.nan, "weights": WEIGHTS}, "stake_tao[0] = nan is out of range"),
    "no stake at all": ({"stake_tao": STAKE * 0, "weights": WEIGHTS}, "all stake is zero"),
    "no weights at all": ({"stake_tao": STAKE, "weights": WEIGHTS * 0}, "all rows of weights are empty"),
    "text": ({"stake_tao": STAKE.astype(str), "weights": WEIGHTS}, "stake_tao has type <U32, not numbers"),
    "truth": ({"stake_tao": STAKE, "weights": WEIGHTS > 0}, "weights has type bool, not numbers"),
    "stored floats": ({"stake_tao": STAKE, "weights_u16": WEIGHTS}, "weights_u16 has type float64, not uint16"),
    "objects": ({"stake_tao": STAKE.astype(object), "weights": WEIGHTS}, "holds Python objects, which are not read"),
    "trace shape": (
        TRACE | {"stake": np.ones((4, 3))},
        "stake [4, 3] must be [T, V] = [4, 2], as weights [4, 2, 3] have it",
    ),
    "trace axes": (TRACE | {"weights": np.ones(3)}, "weights [3] must be [T, V, M], none of them 0"),
    "trace epoch": (TRACE | {"stake": np.eye(4)[:, :2]}, "all stake is zero in some epoch"),
    "resets": (TRACE | {"reset_bonds": np.ones((4, 3))}, "reset_bonds float64 [4, 3] must be bool [T, M] = [4, 3]"),
    "names": (TRACE | {"miners": ["a"]}, 'miners must be 3 names, but is 1 of ["a"]'),
    "too large": (
        TRACE | {"weights": np.full((4, 2, 3), 1e308)},
        "weights[0, 0, 0] = 1e+308 is out of range: 0 to 1e+12",
    ),
    "too much": (TRACE | {"stake": np.full((4, 2), 1e10)}, "the stake sums to 2e+10 tokens; at most 4e+09 can be kept"),
}


@pytest.mark.parametrize(("arrays", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_recording_that_cannot_be_meant_is_told(tmp_path: Path, arrays: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError) as caught:
        load_recording(save(tmp_path, **arrays))
    assert str(caught.value).startswith(f"{tmp_path / 'x.npz'}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is not a readable .npz archive of numbers: No data left in file"),
        (b"PK\x03\x04 nothing", "is not a readable .npz archive of numbers: File is not a zip file"),
        (pickle.dumps({"weights": 1}), "it holds Python objects, which are not read from files"),
        (b"plain text", "it holds Python objects, which are not read from files"),
    ],
)
def test_a_damaged_file_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        load_recording(Recorded(file=str(path)))
    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


def test_a_truncated_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    path.write_bytes(PACKAGED["netuid15"].read_bytes()[:9000])
    with pytest.raises(UserError, match=r"x\.npz: is not a readable \.npz archive"):
        load_recording(Recorded(file=str(path)))


def test_a_single_array_is_told(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", WEIGHTS)
    with pytest.raises(UserError, match=r"is one array, not an archive of named arrays; write it with numpy\.savez"):
        load_recording(Recorded(file=str(tmp_path / "x.npy")))


def test_a_missing_file_is_told_with_what_is_packaged() -> None:
    with pytest.raises(UserError, match=r"nothing\.npz: no such file; packaged recordings: netuid15, nakamoto"):
        load_recording(Recorded(file="nothing.npz"))


def test_a_source_of_unknown_size_is_told() -> None:
    with pytest.raises(UserError, match="object has no num_validators and num_miners"):
        load_recording(object())
