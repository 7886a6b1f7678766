"""The public simulator's variants against its formulas written again, over its kind of scenario."""

from typing import Any

import jax
import numpy as np
import pytest

from experiments.recordings import recording_from_arrays
from experiments.slots import find
from subnet.actions.recorded import Recorded
from subnet.cast import cast_of
from subnet.design import Design
from subnet.scenario import Scenario
from subnet.simulate import run
from tests.reference.numpy_simulator import run_variant

EPOCHS = 40
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "yuma1": ("1", {}),
    "yuma2": ("2", {"bonds_moving_average": 0.1}),
    "yuma2_half_penalty": ("2", {"bonds_moving_average": 0.9, "bonds_penalty": 0.5}),
    "yuma2b": ("2b", {"bonds_moving_average": 0.1}),
    "yuma2c": ("2c", {}),
    "yuma3": ("3", {"bonds_moving_average": 0.975}),
    "yuma3_liquid": ("3", {"bonds_moving_average": 0.975, "liquid_alpha": True, "consensus_mode": "mixed"}),
    "yuma2_liquid": ("2", {"bonds_moving_average": 0.1, "liquid_alpha": True}),
}


def late_movers(stakes: tuple[float, float, float]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a scenario of the simulator's kind: the best miner changes, validators notice one after the other."""
    weights = np.zeros((EPOCHS, 3, 2))
    for validator, moves_at in enumerate((11, 10, 13)):
        weights[:moves_at, validator, 0], weights[moves_at:, validator, 1] = 1.0, 1.0
    weights[25:, 2] = (0.3, 0.7)
    reset = np.zeros((EPOCHS, 2), bool)
    reset[20, 1] = True
    return weights, np.tile(np.array(stakes), (EPOCHS, 1)), reset


def noisy(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return random weights on four miners, stake that changes, and a reset."""
    rng = np.random.default_rng(seed)
    weights = rng.random((EPOCHS, 5, 4)) ** 3
    stake = np.cumsum(rng.random((EPOCHS, 5)), axis=0)
    reset = rng.random((EPOCHS, 4)) < 0.05
    return weights / weights.sum(axis=2, keepdims=True), stake, reset


SCENARIOS = {
    "0.8/0.1/0.1": late_movers((0.8, 0.1, 0.1)),
    "0.49/0.49/0.02": late_movers((0.49, 0.49, 0.02)),
    "0.33/0.33/0.34": late_movers((0.33, 0.33, 0.34)),
    "noisy": noisy(1),
}


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("case", CASES)
def test_a_variant_pays_what_the_simulators_formulas_say(case: str, scenario: str) -> None:
    variant, options = CASES[case]
    weights, stake, reset = SCENARIOS[scenario]
    rule = find("consensus", f"simulator_yuma{variant}")(**options)
    recording, people = recording_from_arrays(weights, stake, reset_bonds=reset)
    world = Scenario(Design(consensus=rule), Recorded())
    _, out = run(jax.random.key(0), world, cast_of(people, {}), recording, "float64", EPOCHS)
    dividends, incentive = run_variant(variant, weights, stake, reset, options)
    np.testing.assert_allclose(out.incentive, incentive, rtol=0, atol=1e-9)
    np.testing.assert_allclose(out.dividends, dividends, rtol=0, atol=1e-9)


def test_three_validators_of_three_opinions_share_out_evenly_as_the_simulators_cast_does() -> None:
    weights = np.tile(np.eye(3), (2, 1, 1))
    recording, people = recording_from_arrays(weights, np.tile([0.33, 0.33, 0.34], (2, 1)))
    rule = find("consensus", "simulator_yuma2")()
    world = Scenario(Design(consensus=rule), Recorded())
    _, out = run(jax.random.key(0), world, cast_of(people, {}), recording, "float64", 2)
    np.testing.assert_allclose(out.incentive, 1 / 3)


def test_the_older_search_lies_within_its_precision_above_the_weight() -> None:
    weights, stake, _ = noisy(3)
    recording, people = recording_from_arrays(weights, stake)
    found = {}
    for search in ("sorted", "bisection"):
        rule = find("consensus", "simulator_yuma3")(consensus_search=search, normalise_consensus=False)
        world = Scenario(Design(consensus=rule), Recorded())
        _, out = run(jax.random.key(0), world, cast_of(people, {}), recording, "float64", EPOCHS)
        found[search] = np.asarray(out.consensus)
    above = found["bisection"] - found["sorted"]
    assert (above > -1e-12).all()
    assert (above <= 1e-5).all()
