"""The chain's own epochs: exact arithmetic to the unit, floats within what they can hold."""

from typing import Any

import numpy as np
import pytest

from tests.reference.chain_inputs import dense, run_step, stored_bonds, vectors_of
from tests.reference.exact_epoch import DEFAULTS, exact_epoch
from tests.reference.random_state import random_state

INTEGERS = (
    "dividends_u16", "incentive_u16", "server_emission", "validator_emission", "emission", "new_validator_permit",
)  # fmt: skip
SHARES = ("consensus", "validator_trust", "incentive", "dividends")
STEPS = [
    pytest.param(vector, step, id=f"{vector['id']}-{k}")
    for vector in vectors_of("epoch")
    for k, step in enumerate(vector["steps"])
]


def _out(vector: dict[str, Any], step: dict[str, Any], arithmetic: Any) -> Any:
    return run_step(step["params"] or vector["inputs"]["params"], step["state"], step["emission"], arithmetic)


@pytest.mark.parametrize(("vector", "step"), STEPS)
def test_exact_arithmetic_reproduces_every_number_of_a_chain_epoch(
    vector: dict[str, Any], step: dict[str, Any]
) -> None:
    out, expected = _out(vector, step, "exact"), step["derived_exact"]
    for name in INTEGERS:
        assert np.asarray(getattr(out, name)).tolist() == expected[name], name
    assert stored_bonds(out) == expected["bonds_u16"]
    for name in SHARES:  # stated to 10 decimals
        np.testing.assert_allclose(np.asarray(getattr(out, name)), expected[name], rtol=0, atol=5.1e-11)


@pytest.mark.parametrize(("vector", "step"), STEPS)
def test_float64_stays_within_the_stated_tolerance_of_what_the_chain_asserts(
    vector: dict[str, Any], step: dict[str, Any]
) -> None:
    out, tolerance = _out(vector, step, "float64"), vector["tolerance"]
    for name, expected in step["expected"].items():
        if name in ("consensus", "validator_trust", "dividends", "stake", "active_stake"):
            want = np.array([np.nan if x is None else x for x in expected])
            got = np.asarray(getattr(out, name))[: len(want)]
            stated = ~np.isnan(want)
            np.testing.assert_allclose(got[stated], want[stated], rtol=0, atol=tolerance["float64_abs"])
        elif name in ("consensus_u16", "incentive_u16", "dividends_u16"):
            want = np.array([-1 if x is None else x for x in expected])
            got = np.asarray(getattr(out, name)).astype(int)
            assert (np.abs(got - want)[want >= 0] <= tolerance["float64_integer_abs"]).all(), name
        elif name == "emission":  # of 10^9; the specification allows 4 units
            want = np.array([np.nan if x is None else x for x in expected], float)
            assert np.nanmax(np.abs(np.asarray(out.emission) - want)) <= 4
        elif name == "new_validator_permit":
            assert np.asarray(out.new_validator_permit).tolist() == expected


@pytest.mark.parametrize(("vector", "step"), STEPS)
def test_float64_differs_from_the_chain_by_no_more_than_the_chains_own_cutting(
    vector: dict[str, Any], step: dict[str, Any]
) -> None:
    out, expected = _out(vector, step, "float64"), step["derived_exact"]
    n = len(step["state"]["stake"])
    # Each share is a sum of up to n products, cut at 2^-32, over a sum of as many.
    cut = 4 * n * 2.0**-32
    for name in SHARES:
        np.testing.assert_allclose(np.asarray(getattr(out, name)), expected[name], rtol=0, atol=cut)
    np.testing.assert_allclose(np.asarray(out.emission), expected["emission"], rtol=0, atol=4)
    bonds = np.asarray(out.bonds_u16).astype(int)
    assert np.abs(bonds - dense(expected["bonds_u16"], n)[0]).max() <= 1


def test_the_asserted_relations_of_the_chains_tests_hold() -> None:
    found = set()
    for vector in vectors_of("epoch"):
        for step in vector["steps"]:
            for arithmetic in ("exact", "float64"):
                relation = step["expected"].get("relation")
                if relation is None:
                    continue
                found.add(vector["id"])
                out = _out(vector, step, arithmetic)
                reference = exact_epoch(step["params"] or vector["inputs"]["params"], step["state"], step["emission"])
                np.testing.assert_allclose(np.asarray(out.dividends), reference["dividends"], rtol=0, atol=4e-9)
    assert found == {
        "epoch_owner_self_weight",
        "epoch_single_staker_no_weights",
        "epoch_deregistered_miner_bonds",
        "epoch_commit_reveal_mask",
    }


@pytest.mark.parametrize("arithmetic", ["exact", "float64"])
def test_512_neurons_settle_as_the_chain_says(arithmetic: Any) -> None:
    (vector,) = vectors_of("epoch_generated")
    given, expected = vector["inputs"], vector["expected"]
    n, validators = given["n"], given["validators"]
    row = [[j, given["weight_u16_to_every_server"]] for j in range(n) if j not in set(validators)]
    is_validator = [i in set(validators) for i in range(n)]
    state = {
        "block": given["block"],
        "stake": [given["stake_per_validator"] if v else 0 for v in is_validator],
        "last_update": [int(v) for v in is_validator],
        "block_at_registration": [given["block_at_registration"]] * n,
        "validator_permit": is_validator,
        "weights": [row if v else [] for v in is_validator],
        "bonds": [[] for _ in range(n)],
    }
    slack = 0 if arithmetic == "exact" else vector["tolerance"]["float64_integer_abs"]
    for _ in range(given["epochs"]):
        out = run_step(given["params"], state, given["emission"], arithmetic)
        for role, mask in (("validators", np.array(is_validator)), ("servers", ~np.array(is_validator))):
            for name in ("consensus_u16", "incentive_u16", "dividends_u16", "emission"):
                got = np.asarray(getattr(out, name)).astype(int)[mask]
                assert np.abs(got - expected[role][name]).max() <= slack, (role, name)
        state["bonds"] = stored_bonds(out)
        assert {v for r in state["bonds"] for _, v in r} == {65535}
        assert {j for r in state["bonds"] for j, _ in r} == {j for j, v in enumerate(is_validator) if not v}


@pytest.mark.parametrize("seed", range(40))
def test_exact_arithmetic_agrees_with_an_independent_sparse_implementation(seed: int) -> None:
    params, state, emission = random_state(np.random.default_rng(seed), n=[1, 2, 3, 4, 6, 8, 12][seed % 7])
    expected = exact_epoch(params, state, emission)
    out = run_step({**DEFAULTS, **params}, state, emission, "exact")
    for name in (*INTEGERS, *SHARES, "consensus_u16", "validator_trust_u16"):
        assert np.asarray(getattr(out, name)).tolist() == expected[name], name
    assert stored_bonds(out) == [[list(entry) for entry in row] for row in expected["bonds_u16"]]
