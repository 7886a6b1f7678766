"""`subnetlab epoch`: the chain's own vectors through the command line, and what is wrong with other files."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from experiments.cli import main
from experiments.epoch_file import EpochParams, read_epoch
from experiments.errors import UserError

VECTORS = Path(__file__).parents[1] / "reference" / "vectors" / "bittensor_epoch.json"
FLOATS = ("consensus", "validator_trust", "incentive", "dividends")
KEYS = [
    *FLOATS, "consensus_u16", "validator_trust_u16", "incentive_u16", "dividends_u16", "server_emission",
    "validator_emission", "emission", "new_validator_permit", "bonds_u16",
]  # fmt: skip
SMALL: dict[str, Any] = {
    "params": {"yuma3": True, "commit_reveal": False},
    "state": {
        "block": 1000,
        "stake": [600, 400, 0],
        "last_update": [900, 900, 0],
        "block_at_registration": [1, 1, 1],
        "validator_permit": [True, True],
        "weights": [[[2, 65535]], [[2, 65535]]],
    },
    "emission": 1_000_000_000,
}


def vectors() -> list[dict[str, Any]]:
    found = json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"]
    return [vector for vector in found if vector["function"] == "epoch"]


def changed(path: str, value: Any) -> dict[str, Any]:
    data = json.loads(json.dumps(SMALL))
    *blocks, last = path.split(".")
    inner = data
    for block in blocks:
        inner = inner[block]
    inner[last] = value
    return data


@pytest.mark.parametrize("vector", vectors(), ids=lambda vector: vector["id"])
def test_every_number_of_the_chain_comes_out_exactly(
    vector: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, step in enumerate(vector["steps"]):
        path = tmp_path / f"{number}.json"
        path.write_text(json.dumps(step | {"params": step["params"] or vector["inputs"]["params"]}), encoding="utf-8")
        assert main(["epoch", str(path), "--json", "--arithmetic", "exact"]) == 0
        printed = capsys.readouterr()
        result = json.loads(printed.out)
        assert printed.err == ""
        assert list(result) == KEYS
        for key, expected in step["derived_exact"].items():
            if key in FLOATS:
                assert result[key] == pytest.approx(expected, abs=6e-11), (number, key)
            else:
                assert result[key] == expected, (number, key)


@pytest.mark.parametrize("arithmetic", ["float32", "float64", "exact"])
def test_a_small_epoch_pays_the_miner_half(tmp_path: Path, capsys: pytest.CaptureFixture[str], arithmetic: str) -> None:
    path = tmp_path / "small.json"
    path.write_text(json.dumps(SMALL), encoding="utf-8")
    assert main(["epoch", str(path), "--arithmetic", arithmetic]) == 0
    table = capsys.readouterr().out
    rows = [line.split() for line in table.splitlines()]
    assert rows[0][0] == "uid"
    assert rows[1][:3] == ["0", "60.00%", "yes"]
    assert rows[3][3:5] == ["1.000000", "1.000000"]
    paid = {  # float32 shares sum to a little more than 1: the best-paid makes up for it
        "float32": "1,000,000,000 (miners 499,999,987, validators 500,000,013), remainder of rounding 0",
        "float64": "1,000,000,000 (miners 500,000,000, validators 500,000,000), remainder of rounding 0",
        "exact": "999,999,998 (miners 500,000,000, validators 499,999,998), remainder of rounding 2",
    }
    assert f"minted 1,000,000,000 rao, paid {paid[arithmetic]}\n" in table


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SMALL).encode())))
    assert main(["epoch", "-", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["incentive_u16"] == [0, 0, 65535]


def test_what_is_missing_has_the_chains_defaults() -> None:
    epoch = read_epoch(json.dumps(SMALL | {"params": None}), "x")
    assert epoch.params == EpochParams()
    assert epoch.state.permit == [True, True, False]
    assert epoch.state.weights == [{2: 65535}, {2: 65535}, {}]
    assert epoch.state.bonds == [{}, {}, {}]
    short = read_epoch(json.dumps(changed("state.last_update", [900])), "x")
    assert short.state.last_update == [900, 0, 0]


def test_the_activity_cutoff_follows_the_tempo() -> None:
    assert read_epoch(json.dumps(changed("params.tempo", 99)), "x").params.activity_cutoff_blocks == 13_889 * 99 // 1000
    assert read_epoch(json.dumps(changed("params.activity_cutoff_blocks", 7)), "x").params.activity_cutoff_blocks == 7


def test_a_vectors_own_notes_are_passed_over() -> None:
    assert (
        read_epoch(json.dumps(SMALL | {"expected": {}, "note": "", "derived_exact": {}, "n": 3}), "x").emission == 10**9
    )


WRONG = {
    "not json": ("{", "line 1, column 2: not valid JSON: Expecting property name enclosed in double quotes"),
    "empty": ("", "line 1, column 1: not valid JSON: Expecting value"),
    "a list": ("[1]", "holds [1], not an object such as"),
    "not a number": (json.dumps(SMALL).replace("1000000000", "NaN"), "NaN is not a number that JSON knows"),
    "twice": ('{"state": 1, "state": 2}', '"state" is given twice in one object'),
    "deep": ("[" * 100_000, "not valid JSON: nested too deeply"),
    "digits": (f'{{"emission": {"9" * 5000}}}', "not valid JSON: a number with too many digits"),
    "no state": ({"emission": 1}, "state is missing; an epoch has: params, state, emission"),
    "no emission": ({"state": {}}, "emission is missing"),
    "unknown": (
        SMALL | {"emision": 1},
        'an epoch has no "emision"; did you mean "emission"? it takes: params, state, emi',
    ),
    "unknown parameter": (
        changed("params.kappa", 1),
        'params has no "kappa"; did you mean "kappa_u16"? it takes: kappa_u16',
    ),
    "unknown list": (
        changed("state.weigths", []),
        'state has no "weigths"; did you mean "weights"? it takes: block, stake',
    ),
    "params": (SMALL | {"params": [1]}, "params = [1] is not an object of hyperparameters"),
    "u16": (
        changed("params.kappa_u16", 65536),
        "params.kappa_u16 = 65536 is out of range: majority of stake, of 65535, 0 <=",
    ),
    "truth": (changed("params.kappa_u16", True), "params.kappa_u16 = true is not a whole number: "),
    "number": (changed("params.yuma3", 1), "params.yuma3 = 1 is not true or false: "),
    "text": (changed("params.tempo", "360"), 'params.tempo = "360" is text, not a whole number: '),
    "rates": (changed("params.alpha_low_u16", 60000), "params.alpha_low_u16 = 60000 is above alpha_high_u16 = 58982"),
    "owner": (changed("params.owner_uid", 3), "params.owner_uid = 3 is none of the 3 neurons"),
    "owner's type": (changed("params.owner_uid", False), "params.owner_uid = false is not a whole number"),
    "state": (SMALL | {"state": 3}, "state = 3 is not an object of lists"),
    "no stake": (changed("state.stake", []), "state.stake has 0 neurons; an epoch takes 1 to 4096"),
    "null": (changed("state.stake", None), "state.stake = null is not a list"),
    "half": (changed("state.stake", [1, 2, 1.5]), "state.stake[2] = 1.5 is not a whole number"),
    "negative": (changed("state.stake", [1, 2, -1]), "state.stake[2] = -1 is out of range: 0 to 9223372036854775807"),
    "sum": (
        changed("state.stake", [2**62, 2**62, 0]),
        "state.stake sums to 9223372036854775808, above the largest sum 92",
    ),
    "huge": (
        changed("state.stake", [1, 2, 10**300]),
        "state.stake[2] = a whole number of some 300 digits is out of range",
    ),
    "boolean stake": (changed("state.stake", [True, 1, 1]), "state.stake[0] = true is not a whole number"),
    "short": (changed("state.block_at_registration", [1]), "state.block_at_registration has 1 entries for 3 neurons"),
    "long": (changed("state.last_update", [1] * 4), "state.last_update has 4 entries for 3 neurons"),
    "permit": (changed("state.validator_permit", [1]), "state.validator_permit[0] = 1 is neither true nor false"),
    "row": (changed("state.weights", [3]), "state.weights[0] = 3 is not a list"),
    "pair": (changed("state.weights", [[3]]), "state.weights[0] holds 3; an entry is a pair [uid, value]"),
    "uid": (changed("state.weights", [[[3, 1]]]), "a uid in state.weights[0] = 3 is out of range: 0 to 2"),
    "value": (changed("state.bonds", [[[1, 65536]]]), "the value for uid 1 in state.bonds[0] = 65536 is out of range"),
    "uid twice": (changed("state.weights", [[[1, 1], [1, 2]]]), "state.weights[0] has uid 1 twice"),
    "commits": (changed("state.commit_blocks", [1, "a"]), 'state.commit_blocks[1] = "a" is not a whole number'),
    "emission": (SMALL | {"emission": -5}, "emission = -5 is out of range: 0 to 4611686018427387904"),
}


@pytest.mark.parametrize(("data", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_malformed_epoch_is_told_in_one_sentence(
    data: Any, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "state.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    assert main(["epoch", str(path), "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"{path}: {said}")
    assert printed.err.count("\n") == 1


def test_bytes_that_are_no_text_are_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"\xff\xfe{}")
    assert main(["epoch", str(path)]) == 2


def test_errors_name_their_source() -> None:
    with pytest.raises(UserError, match=r"^standard input: line 1"):
        read_epoch("x", "standard input")
