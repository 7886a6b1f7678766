"""Checks the two reference epochs against the chain's vectors, and against each other on random states."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference.exact_epoch import ONE, exact_epoch, exp, product, quotient, refined, weighted_median
from tests.reference.numpy_epoch import numpy_epoch, numpy_simulation_epoch
from tests.reference.random_state import has_stake_tie, random_state

VECTORS = json.loads((Path(__file__).parent / "vectors" / "bittensor_epoch.json").read_text())["vectors"]
FLOATS = ("consensus", "validator_trust", "incentive", "dividends")
U16S = tuple(f"{name}_u16" for name in FLOATS)
AMOUNTS = ("server_emission", "validator_emission", "emission")

# Relations that a test of the chain asserts instead of numbers: of the outcome and of the bonds before the epoch.
RELATIONS: dict[str, Callable[[dict[str, Any], np.ndarray, np.ndarray], bool]] = {
    "server_emission[0] == server_emission[1] > 0": lambda out, bonds, previous: (
        out["server_emission"][0] == out["server_emission"][1] > 0
    ),
    "sum(server_emission) + sum(validator_emission) within 1000 of 1e9": lambda out, bonds, previous: (
        abs(sum(out["server_emission"]) + sum(out["validator_emission"]) - 10**9) <= 1000
    ),
    "bonds_u16[0][2] > 0 and bonds_u16[0][3] > 0": lambda out, bonds, previous: bonds[0, 2] > 0 and bonds[0, 3] > 0,
    "bonds_u16[0][2] >= previous and bonds_u16[0][3] <= previous": lambda out, bonds, previous: (
        bonds[0, 2] >= previous[0, 2] and bonds[0, 3] <= previous[0, 3]
    ),
    "incentive_u16[1] > 0 and incentive_u16[2] == 0 and incentive_u16[3] == 0": lambda out, bonds, previous: (
        out["incentive_u16"][1] > 0 == out["incentive_u16"][2] == out["incentive_u16"][3]
    ),
}


def of_function(*names: str) -> list[dict[str, Any]]:
    return [vector for vector in VECTORS if vector["function"] in names]


STEPS = [
    pytest.param(vector, step, id=f"{vector['id']}-{number}")
    for vector in of_function("epoch")
    for number, step in enumerate(vector["steps"])
]


def params_of(vector: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    return step["params"] or vector["inputs"]["params"]


def dense(rows: list[list[list[int]]]) -> np.ndarray:
    matrix = np.zeros((len(rows), len(rows)), dtype=np.int64)
    for i, row in enumerate(rows):
        for j, value in row:
            matrix[i, j] = value
    return matrix


def stated(expected: list[Any], got: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return both lists without the places that the source does not state (null)."""
    pairs = [(e, g) for e, g in zip(expected, got, strict=True) if e is not None]
    return [e for e, _ in pairs], [g for _, g in pairs]


def check_expected(vector: dict[str, Any], step: dict[str, Any], out: dict[str, Any], integer_abs: int) -> None:
    """Compare what the chain's own test asserts; integers within `integer_abs`, amounts within 4 of that (§8)."""
    bonds = dense(out["bonds_u16"])
    close = max(vector["tolerance"]["source_abs"], vector["tolerance"]["float64_abs"])
    shares = {
        "normalized_combined_emission": "combined_share",
        "normalized_validator_emission": "validator_share",
    }
    for key, value in step["expected"].items():
        if key.startswith("trace_"):  # printed in a comment of the test, not asserted
            continue
        if key == "relation":
            assert RELATIONS[value](out, bonds, dense(step["state"]["bonds"])), value
        elif key == "bonds_u16_at":
            for i, j, bond in value:
                assert abs(bonds[i, j] - bond) <= integer_abs, (i, j)
        elif key == "stated_bonds":  # validators first, servers last
            block = bonds[: len(value), -len(value[0]) :]
            np.testing.assert_allclose(block / 65535, value, atol=close)
        elif key in shares or key in ("stake", "active_stake"):
            if "raw" in out:
                got = [x / ONE for x in (out["raw"][shares[key]] if key in shares else out[key])]
                want, got = stated(value, got)
                assert got == pytest.approx(want, rel=0, abs=close), key
        elif key in FLOATS:
            want, got = stated(value, out[key])
            assert got == pytest.approx(want, rel=0, abs=close), key
        elif key in ("active", "new_validator_permit"):
            assert out[key] == value
        else:
            assert key in (*U16S, *AMOUNTS), f"unknown field {key}"
            want, got = stated(value, out[key])
            allowed = integer_abs * (4 if key in AMOUNTS else 1)
            assert np.abs(np.subtract(got, want)).max(initial=0) <= allowed, key


@pytest.mark.parametrize(("vector", "step"), STEPS)
def test_exact_epoch_reproduces_the_vectors(vector: dict[str, Any], step: dict[str, Any]) -> None:
    out = exact_epoch(params_of(vector, step), step["state"], step["emission"])

    derived = dict(step["derived_exact"])
    for name in FLOATS:
        assert out[name] == pytest.approx(derived.pop(name), rel=0, abs=1e-10), name
    for name, value in derived.items():
        assert out[name] == value, name
    check_expected(vector, step, out, 0)


@pytest.mark.parametrize(("vector", "step"), STEPS)
def test_numpy_epoch_is_within_float64_tolerance(vector: dict[str, Any], step: dict[str, Any]) -> None:
    out = numpy_epoch(params_of(vector, step), step["state"], step["emission"])

    derived, tolerance = step["derived_exact"], vector["tolerance"]
    for name in FLOATS:
        # The stated 2e-9 is a hair too narrow for the dividends of the classic bonds' first epoch (2.2e-9).
        assert out[name] == pytest.approx(derived[name], rel=0, abs=max(tolerance["float64_abs"], 3e-9)), name
    for name in ("dividends_u16", "incentive_u16"):
        assert np.abs(np.subtract(out[name], derived[name])).max() <= 1, name
    for name in AMOUNTS:
        assert np.abs(np.subtract(out[name], derived[name])).max() <= 4, name  # §8: ±4 rao on 10⁹
    assert out["new_validator_permit"] == derived["new_validator_permit"]
    assert np.abs(dense(out["bonds_u16"]) - dense(derived["bonds_u16"])).max() <= 1
    check_expected(vector, step, out, 1)


@pytest.mark.parametrize(("epoch", "integer_abs"), [(exact_epoch, 0), (numpy_epoch, 1)])
@pytest.mark.parametrize("self_weights", [False, True])
def test_generated_512_neuron_graph(epoch: Any, integer_abs: int, self_weights: bool) -> None:
    (vector,) = of_function("epoch_generated")
    inputs, expected = vector["inputs"], vector["expected"]
    n, validators = inputs["n"], inputs["validators"]
    servers = [j for j in range(n) if j not in set(validators)]
    is_validator = [i in set(validators) for i in range(n)]
    row = [[j, inputs["weight_u16_to_every_server"]] for j in servers]
    state = {
        "block": inputs["block"],
        "stake": [inputs["stake_per_validator"] if v else 0 for v in is_validator],
        "last_update": [int(v) for v in is_validator],
        "block_at_registration": [inputs["block_at_registration"]] * n,
        "validator_permit": is_validator,
        "weights": [row if v else ([[i, 65535]] if self_weights else []) for i, v in enumerate(is_validator)],
        "bonds": [[] for _ in range(n)],
    }
    for _ in range(inputs["epochs"]):
        out = epoch(inputs["params"], state, inputs["emission"])
        assert out["new_validator_permit"] == is_validator
        bonds = dense(out["bonds_u16"])
        for group, uids in (("validators", validators), ("servers", servers)):
            for key in ("consensus_u16", "incentive_u16", "dividends_u16", "emission"):
                got = np.array(out[key])[uids]
                assert np.abs(got - expected[group][key]).max() <= integer_abs, (group, key)
        on_servers = bonds[np.ix_(validators, servers)]
        assert np.abs(on_servers - expected["validators"]["bond_u16_on_a_server"]).max() <= integer_abs
        assert (bonds[np.ix_(validators, validators)] == expected["validators"]["bond_u16_on_a_validator"]).all()
        assert (bonds[servers] == expected["servers"]["bond_u16_on_anyone"]).all()
        state = {**state, "validator_permit": out["new_validator_permit"], "bonds": out["bonds_u16"]}


def to_fixed(x: float, literals: str) -> int:
    """Return a number of a vector as the chain's test reads it: through f32 or f64, nearest, ties to even."""
    number = float(np.float32(x)) if literals == "f32" else float(x)
    return round(number * ONE)  # exact: the factor is a power of two


@pytest.mark.parametrize("vector", of_function("sigmoid"), ids=lambda v: v["id"])
def test_exp_reproduces_the_sigmoid_vectors(vector: dict[str, Any]) -> None:
    inputs = vector["inputs"]
    kappa = to_fixed(inputs["kappa"], vector["literals"])
    for x, y in zip(inputs["x"], vector["expected"]["y"], strict=True):
        exponent = product(-inputs["rho"] * ONE, to_fixed(x, vector["literals"]) - kappa)
        assert quotient(ONE, ONE + exp(exponent)) == round(y * ONE)


@pytest.mark.parametrize("vector", of_function("weighted_median"), ids=lambda v: v["id"])
def test_weighted_median_reproduces_the_vectors(vector: dict[str, Any]) -> None:
    inputs, literals = vector["inputs"], vector["literals"]
    stake = [to_fixed(s, literals) for s in inputs["stake"]]
    score = [to_fixed(x, literals) for x in inputs["score"]]
    minority = ONE - to_fixed(inputs["majority"], literals)
    assert weighted_median(stake, score, minority) == to_fixed(vector["expected"]["median"], literals)


@pytest.mark.parametrize("seed", range(300))
def test_oracles_agree_on_random_states_but_for_rounding(seed: int) -> None:
    """With the exact epoch refined to 160 fractional bits, only rounding and ties of the median are left."""
    params, state, emission = random_state(np.random.default_rng(seed))
    approximate = numpy_epoch(params, state, emission)
    with refined(160):
        exact = exact_epoch(params, state, emission)

    assert approximate["active"] == exact["active"]
    assert approximate["new_validator_permit"] == exact["new_validator_permit"]
    assert approximate["active_stake"] == pytest.approx([a / 2**160 for a in exact["active_stake"]], rel=1e-12)
    if has_stake_tie(approximate["active_stake"], params["kappa_u16"] / 65535):
        return
    for name in FLOATS:  # 32 Taylor terms leave exp(20) 0.8 % short, and so a steep liquid alpha by some 1e-9
        assert approximate[name] == pytest.approx(exact[name], rel=1e-8, abs=1e-11), name
    for name in AMOUNTS:
        assert np.abs(np.subtract(approximate[name], exact[name])).max() <= 1 + 1e-8 * emission, name
    assert np.abs(dense(approximate["bonds_u16"]) - dense(exact["bonds_u16"])).max() <= 1


def test_random_states_reach_every_branch() -> None:
    """Most random states pay someone, and each pipeline does so often."""
    paid = {"classic": 0, "yuma3": 0, "liquid": 0}
    for seed in range(300):
        params, state, emission = random_state(np.random.default_rng(seed))
        kind = "classic" if not params["yuma3"] else "liquid" if params["liquid_alpha"] else "yuma3"
        paid[kind] += any(exact_epoch(params, state, emission)["raw"]["dividends"])
    assert min(paid.values()) >= 40, paid


def test_simulation_epoch_is_the_yuma3_epoch() -> None:
    """The benchmark's NumPy epoch gives the exact oracle's numbers on a subnet of validators and miners."""
    rng = np.random.default_rng(0)
    V, M = 5, 7
    n = V + M
    w = rng.integers(0, 65535, size=(V, M), endpoint=True)
    w[rng.random((V, M)) < 0.3] = 0
    b = rng.integers(0, 65535, size=(V, M), endpoint=True)
    stake = [int(s) for s in rng.integers(1, 10**12, size=V)]
    pad: list[list[list[int]]] = [[] for _ in range(M)]
    params = {"yuma3": True, "bonds_penalty_u16": 32768, "kappa_u16": 32767, "bonds_moving_average_ppm": 900_000}
    state = {
        "block": 10,
        "stake": stake + [0] * M,
        "last_update": [9] * n,
        "block_at_registration": [0] * n,
        "validator_permit": [True] * V + [False] * M,
        "weights": [[[V + j, int(w[i, j])] for j in range(M)] for i in range(V)] + pad,
        "bonds": [[[V + j, int(b[i, j])] for j in range(M)] for i in range(V)] + pad,
    }
    params["last_mechanism_step_block"] = 5  # no miner is new
    exact = exact_epoch(params, state, 10**9)
    new_bonds, consensus, incentive, dividends = numpy_simulation_epoch(
        w / w.sum(axis=1, keepdims=True), np.array(stake) / sum(stake), b / 65535, 32767 / 65535, 0.1, 32768 / 65535
    )

    np.testing.assert_allclose(consensus, exact["consensus"][V:], rtol=0, atol=2e-9)
    np.testing.assert_allclose(incentive, exact["incentive"][V:], rtol=0, atol=2e-8)
    np.testing.assert_allclose(dividends, exact["dividends"][:V], rtol=0, atol=2e-8)
    np.testing.assert_allclose(new_bonds * 65535, dense(exact["bonds_u16"])[:V, V:] + 0.5, rtol=0, atol=0.51)


@pytest.mark.parametrize("epoch", [exact_epoch, numpy_epoch])
def test_missing_params_and_short_vectors_take_their_defaults(epoch: Any) -> None:
    """Params default to the chain's storage, last updates to 0, permits to none; commit-reveal is on."""
    rows = [[[2, 65535], [3, 65535]], [[2, 65535]], [], []]
    full = {
        "block": 5001,
        "stake": [3, 2, 1, 0],
        "last_update": [5001, 5001, 0, 0],
        "block_at_registration": [0, 0, 0, 4999],
        "validator_permit": [True, True, False, False],
        "weights": rows,
        "bonds": [[], [], [], []],
        "commit_blocks": [4998, None, None, None],
    }
    short = {
        **full,
        "last_update": [5001, 5001],
        "validator_permit": [True, True],
        "weights": rows[:2],
        "bonds": [],
        "commit_blocks": [4998],
    }
    params = {
        "kappa_u16": 32767,
        "bonds_penalty_u16": 65535,
        "bonds_moving_average_ppm": 900_000,
        "yuma3": False,
        "liquid_alpha": False,
        "max_allowed_validators": 128,
        "stake_threshold": 0,
        "activity_cutoff_blocks": 5000,
        "tempo": 360,
        "last_mechanism_step_block": 0,
        "owner_uid": None,
        "commit_reveal": True,
    }
    out = epoch({}, short, 10**9)

    assert out == epoch(params, full, 10**9)
    assert out["active"] == [True, True, False, False]
    assert out["incentive"] == [0.0, 0.0, 1.0, 0.0]  # the commit made before uid 3 registered hides the weight on it
