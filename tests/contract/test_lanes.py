"""A lane is the same lane alone, in a batch, in chunks of any length, and on any number of devices."""

from functools import cache
from typing import Any

import jax
import numpy as np
import pytest

from subnet.actions.base import Population, Recording
from subnet.actions.sampled import Sampled
from subnet.cast import Cast, cast_of
from subnet.chain.rules import ChainRules
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.lanes import LaneProgram, stack_scenarios
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState
from subnet.simulate import run as run_alone
from tests.contract.rule_cases import as_arrays
from tokenomics.arithmetic import Arithmetic
from tokenomics.emission.constant import Constant
from tokenomics.payouts.emission_split import EmissionSplit
from tokenomics.staking import Staking
from validators.strategies.cabal import Cabal
from validators.strategies.weight_copier import WeightCopier

V, M, LANES, EPOCHS = 4, 5, 8, 6
ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")
SEEDS = np.arange(LANES) // 2
every_arithmetic = pytest.mark.parametrize("arithmetic", ARITHMETICS)


def scenario(lane: int) -> Scenario:
    """Return one of many lanes: every number differs from lane to lane."""
    return Scenario(
        Design(
            consensus=Yuma(kappa=0.4 + 0.02 * lane, alpha_low=0.1 + 0.01 * lane, yuma3=True, liquid_alpha=True),
            chain=ChainRules(max_allowed_validators=3 + lane % 3, tempo=360 + lane),
            emission=Constant(per_epoch_rao=10**9 + lane),
            payout=EmissionSplit(validator_share=0.3 + 0.05 * lane),
            staking=Staking(compound_share=lane / LANES),
        ),
        Sampled(num_validators=V, num_miners=M, validator_noise=0.2 + 0.1 * lane, drift=0.5, regime_epochs=2),
        {"copier": WeightCopier(lag=1 + lane % 2), "cabal": Cabal(num_validators=1, num_miners=1, stake_share=0.2)},
    )


@cache
def people() -> Cast:
    numbered = Population(
        tuple(range(V)), tuple(range(V, V + M)), tuple(f"v{i}" for i in range(V)), tuple(f"m{j}" for j in range(M))
    )
    return cast_of(numbered, scenario(0).overlays)


@cache
def program(arithmetic: Arithmetic, devices: int = 2) -> LaneProgram:
    """Return the program of these lanes on the first of the machine's devices."""
    shown = jax.devices()[:devices]
    assert len(shown) == devices
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "devices", lambda *_: shown)
        made = LaneProgram(people(), Recording(), arithmetic)
    assert made.num_devices == devices
    return made


def run_lanes(
    found: LaneProgram, lanes: list[int], chunks: tuple[tuple[int, ...], ...] = (tuple(range(EPOCHS)),)
) -> tuple[NetworkState, EpochOut]:
    """Run lanes in the given chunks of epochs; return states [L, ...] and outputs [L, E, ...] as NumPy arrays."""
    seeds = found.place(SEEDS[lanes])
    scenarios = found.place(stack_scenarios([scenario(lane) for lane in lanes]))
    states, outs = found.start(seeds, scenarios), []
    for epochs in chunks:
        states, out = found.chunk(np.array(epochs, np.int32), seeds, scenarios, states)
        kept = np.array(epochs) >= 0
        outs.append(jax.tree.map(lambda x, kept=kept: np.asarray(x)[:, kept], out))
    return jax.tree.map(np.asarray, states), jax.tree.map(lambda *x: np.concatenate(x, axis=1), *outs)


@cache
def batch(arithmetic: Arithmetic) -> Any:
    return run_lanes(program(arithmetic), list(range(LANES)))


def assert_same(a: Any, b: Any) -> None:
    """Compare states and outputs to the last bit: lanes that share a program do the same operations."""
    for (path, x), y in zip(jax.tree_util.tree_flatten_with_path(a)[0], jax.tree.leaves(b), strict=True):
        assert x.dtype == y.dtype
        np.testing.assert_array_equal(x, y, err_msg=jax.tree_util.keystr(path))


def assert_close(a: Any, b: Any, arithmetic: Arithmetic, epoch_axis: int = 1) -> None:
    """Compare two programs of one formula: exact to the unit; else up to rounding, and a stored bond that it tips."""
    rounding = {"float32": 2e-5, "float64": 1e-11, "exact": 1e-11}[arithmetic]
    for (path, x), y in zip(jax.tree_util.tree_flatten_with_path(a)[0], jax.tree.leaves(b), strict=True):
        name = jax.tree_util.keystr(path)
        whole = arithmetic == "exact" and np.issubdtype(x.dtype, np.integer)
        tolerance = 0 if whole else 2e-4
        np.testing.assert_allclose(
            x.astype(float),
            y.astype(float),
            rtol=tolerance,
            atol=2 if x.dtype == np.uint16 else tolerance,
            err_msg=name,
        )
        if name.startswith("[1]") and not whole:  # no bond is stored yet in the first epoch
            first, expected = (np.take(z, 0, epoch_axis).astype(float) for z in (x, y))
            np.testing.assert_allclose(first, expected, rtol=rounding, atol=rounding, err_msg=name)


@every_arithmetic
def test_a_lane_alone_is_the_same_lane_in_a_batch(arithmetic: Arithmetic) -> None:
    for lane in (0, 5):
        alone = run_lanes(program(arithmetic), [lane, lane])  # one for each device
        together = jax.tree.map(lambda x, lane=lane: x[[lane, lane]], batch(arithmetic))
        assert_close(alone, together, arithmetic)


@every_arithmetic
def test_the_neighbours_of_a_lane_do_not_matter(arithmetic: Arithmetic) -> None:
    order = [3, 0, 7, 2, 6, 1, 4, 5]
    mixed = run_lanes(program(arithmetic), order)
    assert_same(mixed, jax.tree.map(lambda x: x[order], batch(arithmetic)))


@every_arithmetic
def test_two_devices_find_what_one_finds(arithmetic: Arithmetic) -> None:
    assert_close(run_lanes(program(arithmetic, 1), list(range(LANES))), batch(arithmetic), arithmetic)


@pytest.mark.parametrize(
    "chunks",
    [((0, 1, 2), (3, 4, 5)), ((0, 1, 2, 3), (4, 5, -1, -1)), ((-1, 0, 1, 2), (-1, -1, 3, 4), (5, -1, -1, -1))],
)
def test_chunks_of_any_length_find_the_same(chunks: Any) -> None:
    # Chunks of one epoch each are no loop to XLA and round differently: they are left out.
    assert_same(run_lanes(program("float64"), list(range(LANES)), chunks), batch("float64"))


@every_arithmetic
def test_a_lane_is_the_plain_run_of_its_scenario(arithmetic: Arithmetic) -> None:
    lane = 5
    state, out = run_alone(
        jax.random.key(int(SEEDS[lane])), as_arrays(scenario(lane)), people(), Recording(), arithmetic, EPOCHS
    )
    together = jax.tree.map(lambda x: x[lane], batch(arithmetic))
    assert_close(jax.tree.map(np.asarray, (state, out)), together, arithmetic, epoch_axis=0)


@every_arithmetic
def test_the_same_seed_is_the_same_run(arithmetic: Arithmetic) -> None:
    assert_same(run_lanes(program(arithmetic), list(range(LANES))), batch(arithmetic))


def test_two_designs_with_one_seed_live_through_the_same_luck() -> None:
    _, out = batch("float64")
    assert out.quality is not None
    for lane in range(0, LANES, 2):
        np.testing.assert_array_equal(out.quality[lane], out.quality[lane + 1])
        np.testing.assert_array_equal(out.stake[lane, 0], out.stake[lane + 1, 0])
        assert (out.incentive[lane] != out.incentive[lane + 1]).any()
    assert (out.quality[0] != out.quality[2]).any()


@every_arithmetic
def test_new_numbers_seeds_and_epochs_do_not_compile_anything(arithmetic: Arithmetic) -> None:
    found = program(arithmetic)
    batch(arithmetic)
    before = found._chunk._cache_size(), found._start._cache_size()
    seeds = found.place(SEEDS + 100)
    for k in (1, 7, 1000):
        numbers = stack_scenarios([jax.tree.map(_other(k), scenario(lane)) for lane in range(LANES)])
        scenarios = found.place(numbers)
        states = found.start(seeds, scenarios)
        found.chunk(np.arange(k, k + EPOCHS, dtype=np.int32), seeds, scenarios, states)
    assert (found._chunk._cache_size(), found._start._cache_size()) == before


def _other(k: int) -> Any:
    """Return a function that shifts a number by a little, and keeps whole ones whole."""
    return lambda x: x + 1 if type(x) is int else x * (1 - 1 / (10 + k))


def test_whole_and_broken_numbers_of_any_size_have_one_type() -> None:
    stacked = [stack_scenarios([scenario(k) for k in lanes]) for lanes in ([0, 0], [1, 7])]
    kinds = [[(x.shape, x.dtype) for x in jax.tree.leaves(s)] for s in stacked]
    assert kinds[0] == kinds[1]
    assert {str(dtype) for _, dtype in kinds[0]} == {"int64", "float64"}
