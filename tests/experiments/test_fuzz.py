"""Malformed files of every kind: a message that names the file, or something valid; never anything else."""

import copy
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from experiments.cli import main
from experiments.config import Experiment, experiment_from_dict, read_experiment
from experiments.epoch_file import EpochInput, read_epoch
from experiments.errors import UserError
from experiments.json_text import read_json_text
from experiments.recordings import load_recording
from experiments.sweep import num_lanes
from subnet.actions.recorded import Recorded

CONFIGS = [
    path.read_text(encoding="utf-8") for path in (Path(__file__).parents[2] / "experiments/configs").glob("*.yaml")
]
# One config that uses every block, small enough to be expanded at each try.
EVERYTHING = """
name: everything
epochs: 5
seeds: [1, 2]
arithmetic: exact
actions: {kind: sampled, num_validators: 3, num_miners: 4, stake_distribution: recorded}
overlays: {copier: {kind: weight_copier, lag: 2}, cabal: {kind: cabal, stake_share: 0.2}}
designs:
  a: {consensus: {kind: yuma, kappa: 0.6, alpha_low: 0.1}, chain: {tempo: 99}, payout: {validator_share: 0.4}}
  b: {extends: a, consensus: {yuma3: true}, staking: {compound_share: 0.5}, emission: {per_epoch_rao: 1000}}
  c: {extends: b, consensus: {kind: stake_median}}
sweep:
  - grid: {consensus.kappa: [0.4, 0.5], actions.drift: {from: 0, to: 1, steps: 3}}
    zip: {overlays.copier.lag: [1, 2], overlays.cabal.stake_share: [0.1, 0.2]}
  - {grid: {consensus.kappa: [0.9]}, designs: [b]}
record: {epochs_every: 1, agents_every: 10, matrices: true}
"""
# The same for a network whose miners train.
LIVING = """
name: living
epochs: 5
seeds: 1
task: {kind: digits}
model: {kind: mlp, hidden: [8, 4]}
training: {steps: 2, optimiser: sgd}
miners:
  workers: {count: 4}
  ring: {kind: sybil, count: 4, identities: 2, training: {steps: 1}, model: {kind: linear}}
validators: {count: 2, rows: 8, stake_distribution: recorded}
overlays: {cabal: {kind: cabal, backs: ring}}
costs: {flop_scale: 2}
delegation: {take: 0.1}
designs:
  a:
    scoring: {kind: brier}
    weighting: {kind: power}
    slashing: {audit: {kind: failed_audit}, copies: {kind: copy_detection}}
  b: {extends: a, slashing: {audit: null}, pool: {kind: constant_product}, registration: {kind: burn_price}}
sweep:
  grid: {training.steps: [1, 2], miners.ring.count: [2, 4], miners.ring.training.batch: [4], model.hidden: [[8], 4]}
"""
PATHS = [
    "miners.ring.kind",
    "miners.ring.training.steps",
    "designs.a.slashing.audit.rate",
    "model.hidden",
    "epochs",
    "designs.a.consensus.kappa",
    "designs.d",
    "sweep.0.grid.consensus.kappa",
    "a.b.c",
    "seeds.0",
    "",
]
EPOCH: dict[str, Any] = {
    "params": {"yuma3": True, "kappa_u16": 32767, "owner_uid": 1, "tempo": 99},
    "state": {
        "block": 1000,
        "stake": [600, 400, 0],
        "last_update": [900, 900, 0],
        "block_at_registration": [1, 1, 1],
        "validator_permit": [True, True, False],
        "weights": [[[2, 65535]], [[2, 65535], [0, 3]], []],
        "bonds": [[[2, 3]], [], []],
        "commit_blocks": [None, 7, None],
    },
    "emission": 1_000_000_000,
}


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time."""
    slow = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=times, deadline=None, derandomize=True, database=None, suppress_health_check=slow)


junk = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, -1, 1, 2, 3.5, -0.0, 1e308, float("nan"), float("inf"), 2**63, 2**64, -(2**70), 10**400]),
    st.sampled_from(
        ["", "yuma", "honest", "cnn", "1e-3", "1e999", "nan", "honest", "a", "../x", "\x00", "ü" * 300, "os.path", ".."]
    ),
    st.sampled_from(
        [[], {}, [[]], [{}], {"kind": None}, {"kind": "yuma"}, [1, "a"], {"from": 0, "to": 1, "steps": 1e9}]
    ),
    st.text(max_size=8),
    st.recursive(st.integers(), lambda x: st.lists(x, max_size=2) | st.dictionaries(st.text(max_size=2), x)),
)


def places(data: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) below `data`."""
    found: list[tuple[Any, Any]] = []
    pairs = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in pairs:
        found += [(data, key), *places(value)]
    return found


@st.composite
def damaged(draw: st.DrawFn, original: Any) -> Any:
    """Draw a copy of `original` with one to three things deleted, renamed, replaced, repeated or wrapped."""
    data = copy.deepcopy(original)
    for _ in range(draw(st.integers(1, 3))):
        options = places(data)
        if not options:
            break
        container, key = draw(st.sampled_from(options))
        how = draw(st.sampled_from(["delete", "replace", "replace", "rename", "wrap", "repeat"]))
        if how == "delete":
            del container[key]
        elif how == "replace":
            container[key] = copy.deepcopy(draw(junk))
        elif how == "wrap":
            container[key] = draw(st.sampled_from([lambda v: [v], lambda v: {"kind": v}]))(container[key])
        elif isinstance(container, list):
            container.append(copy.deepcopy(container[key]))
        elif isinstance(key, str):
            container[draw(st.sampled_from([key + "s", key[:-1], key.upper(), "kind"]))] = container.pop(key)
    return data


@st.composite
def damaged_text(draw: st.DrawFn, texts: list[str]) -> bytes:
    """Draw bytes: a text cut off, with a piece overwritten, inserted or removed."""
    content = draw(st.sampled_from(texts)).encode()
    at = draw(st.integers(0, len(content)))
    piece = draw(
        st.binary(max_size=6)
        | st.sampled_from([b"\t", b"[", b"{", b"}", b": ", b"&a ", b"*a", b"!!int ", b"\xff", b"- "])
    )
    how = draw(st.sampled_from(["cut", "insert", "overwrite", "remove"]))
    rest = {"cut": b"", "insert": content[at:], "overwrite": content[at + len(piece) :], "remove": content[at + 5 :]}[
        how
    ]
    return content[:at] + (b"" if how == "remove" else piece) + rest


def outcome(read: Callable[[], Any], *named: str) -> Any:
    """Return what was read, None after a message that begins with what it is about; anything else fails the test."""
    try:
        return read()
    except UserError as error:
        told = str(error)
    assert told.startswith(named)
    assert all(len(line.strip()) > 10 for line in told.splitlines())
    return None


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def is_sound(experiment: Experiment | None) -> None:
    if experiment is not None and num_lanes(experiment) < 1000:
        assert experiment_from_dict(experiment.resolved) == experiment
        assert len(experiment.points) >= 1


@tried(250)
@given(data=damaged(yaml.safe_load(EVERYTHING)))
def test_a_damaged_config_is_told_or_valid(folder: Path, data: Any) -> None:
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
    is_sound(outcome(lambda: read_experiment(path), str(path)))
    assert [file.name for file in folder.iterdir()] == ["x.yaml"]


@tried(150)
@given(data=damaged(yaml.safe_load(LIVING)))
def test_a_damaged_living_network_is_told_or_valid(folder: Path, data: Any) -> None:
    path = folder / "x.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")
    is_sound(outcome(lambda: read_experiment(path), str(path)))


@tried(100)
@given(content=damaged_text([EVERYTHING, LIVING, *CONFIGS]))
def test_a_config_of_damaged_text_is_told_or_valid(folder: Path, content: bytes) -> None:
    path = folder / "x.yaml"
    path.write_bytes(content)
    outcome(lambda: read_experiment(path), str(path))


@tried(60)
@given(
    text=st.sampled_from([EVERYTHING, LIVING]),
    path=st.sampled_from(PATHS),
    value=junk | st.text(max_size=5),
)
def test_a_damaged_override_is_told_or_valid(folder: Path, text: str, path: str, value: Any) -> None:
    file = folder / "x.yaml"
    file.write_text(text, encoding="utf-8")
    is_sound(outcome(lambda: read_experiment(file, [f"{path}={value}"]), str(file), "--set "))


@tried(30)
@given(content=damaged_text([EVERYTHING]))
def test_no_command_leaves_a_run_behind_for_a_damaged_config(folder: Path, content: bytes) -> None:
    (folder / "x.yaml").write_bytes(content + b"\nfrob: 1")
    assert main(["run", "x.yaml"]) == 2
    assert [file.name for file in folder.iterdir()] == ["x.yaml"]


SNAPSHOT = {"stake_tao": np.array([5.0, 0, 3]), "weights": np.array([[0, 1, 1], [0, 0, 0], [2, 1, 0.0]])}
STORED = {"stake_tao": SNAPSHOT["stake_tao"], "weights_u16": SNAPSHOT["weights"].astype(np.uint16)}
TRACE = {
    "weights": np.ones((2, 2, 3)),
    "stake": np.ones((2, 2)),
    "reset_bonds": np.zeros((2, 3), bool),
    "miners": np.array(["a"] * 3),
}
VALUES = [np.nan, np.inf, -1, 1e300, 1j, b"x", np.uint64(2**63), np.int8(5), np.datetime64("2024-01-01"), True]
CHANGES: list[Callable[[np.ndarray], Any]] = [
    lambda a: a[:1],
    lambda a: a[None],
    lambda a: a[..., :0],
    lambda a: a.astype(object),
    lambda a: a.astype(str),
    lambda a: np.zeros_like(a),
    lambda a: a.ravel(),
    lambda a: a.T,
    lambda a: 3,
    *(lambda a, value=value: np.full(a.shape, value) for value in VALUES),
]


@tried(120)
@given(data=st.data())
def test_a_damaged_recording_is_told_or_valid(folder: Path, data: st.DataObject) -> None:
    arrays: dict[str, Any] = dict(data.draw(st.sampled_from([SNAPSHOT, STORED, TRACE])))
    for _ in range(data.draw(st.integers(0, 2))):
        key = data.draw(st.sampled_from(sorted(arrays)))
        if data.draw(st.booleans()):
            arrays[key] = data.draw(st.sampled_from(CHANGES))(np.atleast_1d(arrays[key]))
        else:
            arrays[data.draw(st.sampled_from(["x", "weights", "stake_tao", "stake"]))] = arrays.pop(key)
    path = folder / "x.npz"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.savez(path, **arrays)
    content = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        for _ in range(data.draw(st.integers(1, 4))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
        del content[data.draw(st.integers(0, 2 * len(content))) :]
        path.write_bytes(content)
    rows = data.draw(st.sampled_from(["weighted", "staked"]))
    read = outcome(lambda: load_recording(Recorded(file=str(path), rows=rows)), str(path))
    if read is not None:
        recording, people = read
        assert recording.weights.shape[1:] == (len(people.validator_uid), len(people.miner_uid))
        assert recording.stake.shape == recording.weights.shape[:2]
        assert np.isfinite(recording.weights).all()
        assert (recording.stake.sum(axis=1) > 0).all()


def is_complete(epoch: EpochInput | None) -> None:
    if epoch is not None:
        n = len(epoch.state.stake)
        lists = (
            epoch.state.last_update,
            epoch.state.registered,
            epoch.state.permit,
            epoch.state.weights,
            epoch.state.bonds,
        )
        assert {len(values) for values in lists} == {n}


@tried(200)
@given(data=damaged(EPOCH))
def test_a_damaged_epoch_is_told_or_valid(folder: Path, data: Any) -> None:
    is_complete(outcome(lambda: read_epoch(json.dumps(data, default=str), "state.json"), "state.json"))


@tried(100)
@given(content=damaged_text([json.dumps(EPOCH)]))
def test_an_epoch_of_damaged_text_is_told_or_valid(folder: Path, content: bytes) -> None:
    path = folder / "state.json"
    path.write_bytes(content)
    is_complete(outcome(lambda: read_epoch(*read_json_text(path)), str(path)))
