"""Tiny worlds whose outcome a person can state; a broken one names the part."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.actions.sampled import Sampled
from subnet.cast import Cast, cast_of
from subnet.chain.rules import ChainRules
from subnet.consensus.simulator_yuma1 import SimulatorYuma1
from subnet.consensus.simulator_yuma2 import SimulatorYuma2
from subnet.consensus.simulator_yuma2b import SimulatorYuma2B
from subnet.consensus.simulator_yuma2c import SimulatorYuma2C
from subnet.consensus.simulator_yuma3 import SimulatorYuma3
from subnet.consensus.stake_mean import StakeMean
from subnet.consensus.stake_median import StakeMedian
from subnet.consensus.trimmed_mean import TrimmedMean
from subnet.consensus.winner_takes_all import WinnerTakesAll
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState, matrices, run
from tests.contract.rule_cases import as_arrays
from tokenomics.arithmetic import Arithmetic
from validators.strategies.cabal import Cabal
from validators.strategies.late import Late
from validators.strategies.weight_copier import WeightCopier

MEDIANS = {"yuma": Yuma(kappa=0.5), "yuma3": Yuma(kappa=0.5, yuma3=True), "stake_median": StakeMedian()}
RULES = {
    **MEDIANS,
    "stake_mean": StakeMean(),
    "trimmed_mean": TrimmedMean(),
    "winner_takes_all": WinnerTakesAll(),
    "simulator_yuma1": SimulatorYuma1(),
    "simulator_yuma2": SimulatorYuma2(),
    "simulator_yuma2b": SimulatorYuma2B(),
    "simulator_yuma2c": SimulatorYuma2C(),
    "simulator_yuma3": SimulatorYuma3(),
}
# Scope: all tests of a rule run one after the other, with one compiled program.
every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES, scope="module")
every_median = pytest.mark.parametrize("rule", MEDIANS.values(), ids=MEDIANS, scope="module")


@cache
def cast(num_validators: int, num_miners: int) -> Cast:
    return cast_of(people(num_validators, num_miners), {})


def people(num_validators: int, num_miners: int) -> Population:
    uids = range(num_validators + num_miners)
    return Population(
        tuple(uids[:num_validators]),
        tuple(uids[num_validators:]),
        tuple(f"v{i}" for i in range(num_validators)),
        tuple(f"m{j}" for j in range(num_miners)),
    )


def played(
    rule: Any,
    weights: Any,
    stake: Any,
    epochs: int = 1,
    reset: Any = None,
    arithmetic: Arithmetic = "float64",
    **overlays: Any,
) -> tuple[NetworkState, EpochOut]:
    """Run recorded weights [V, M] or [T, V, M] and stake [V] under a rule; NumPy arrays."""
    W = np.asarray(weights, float)
    W = W[None] if W.ndim == 2 else W
    S = np.tile(np.asarray(stake, float), (len(W), 1))
    recording = Recording(jnp.asarray(W), jnp.asarray(S), None if reset is None else jnp.asarray(reset))
    crew = cast_of(people(*W.shape[1:]), overlays) if overlays else cast(*W.shape[1:])
    scenario = as_arrays(Scenario(Design(consensus=rule), Recorded(), overlays))
    return jax.tree.map(np.asarray, run(jax.random.key(0), scenario, crew, recording, arithmetic, epochs))


def close(got: Any, expected: Any, atol: float = 1e-5) -> None:
    """Compare shares; the simulator's epsilons cost it up to 10^-5."""
    np.testing.assert_allclose(got, expected, rtol=0, atol=atol)


@every_rule
def test_two_equal_miners_split_evenly(rule: Any) -> None:
    _, out = played(rule, [[1, 1], [2, 2]], [100, 300], epochs=3)
    close(out.incentive, [[0.5, 0.5]] * 3)
    np.testing.assert_array_equal(out.money.miner_pay[:, 0], out.money.miner_pay[:, 1])


@every_rule
def test_a_miner_nobody_weights_earns_nothing(rule: Any) -> None:
    _, out = played(rule, [[3, 0], [1, 0], [2, 0]], [100, 300, 100], epochs=3)
    assert not out.incentive[:, 1].any()
    assert not out.money.miner_pay[:, 1].any()
    close(out.incentive.sum(axis=1), 1)


@every_rule
def test_a_validator_without_stake_earns_nothing_and_says_nothing(rule: Any) -> None:
    _, out = played(rule, [[3, 1], [0, 1], [2, 2]], [100, 0, 50], epochs=3)
    assert not out.dividends[:, 1].any()
    assert not out.money.validator_pay[:, 1].any()
    _, without = played(rule, [[3, 1], [2, 2]], [100, 50], epochs=3)
    close(out.incentive, without.incentive, atol=1e-12)
    close(out.dividends[:, [0, 2]], without.dividends, atol=1e-12)


@every_rule
def test_two_equal_validators_earn_the_same(rule: Any) -> None:
    _, out = played(rule, [[3, 1], [3, 1], [1, 1]], [100, 100, 50], epochs=3)
    np.testing.assert_array_equal(out.dividends[:, 0], out.dividends[:, 1])


@every_rule
def test_one_validator_alone_decides_everything(rule: Any) -> None:
    _, out = played(rule, [[1, 3], [1, 0]], [7, 0], epochs=3)
    close(out.dividends, [[1, 0]] * 3, atol=1e-4)
    close(out.incentive, [[0, 1] if isinstance(rule, WinnerTakesAll) else [0.25, 0.75]] * 3, atol=2e-5)


@every_median
def test_a_cabal_below_half_earns_nothing(rule: Any) -> None:
    _, out = played(rule, [[1, 1, 0], [0, 0, 1]], [51, 49], epochs=3)
    close(out.incentive, [[0.5, 0.5, 0]] * 3)
    close(out.dividends, [[1, 0]] * 3)
    assert not out.money.miner_pay[:, 2].any()


@every_median
def test_a_cabal_above_half_takes_everything(rule: Any) -> None:
    _, out = played(rule, [[1, 1, 0], [0, 0, 1]], [40, 60], epochs=3)
    close(out.incentive, [[0, 0, 1]] * 3)
    close(out.dividends, [[0, 1]] * 3)


def test_a_cabal_takes_its_share_where_nothing_is_clipped() -> None:
    _, out = played(StakeMean(), [[1, 1, 0], [0, 0, 1]], [60, 40])
    close(out.incentive, [[0.3, 0.3, 0.4]])


@pytest.mark.parametrize(("stake_share", "takes"), [(0.4, 0.0), (0.6, 1.0)])
@every_median
def test_an_overlaid_cabal_takes_all_or_nothing_of_incentive(rule: Any, stake_share: float, takes: float) -> None:
    cabal = Cabal(stake_share=stake_share, num_validators=2, num_miners=2)
    _, out = played(rule, [[1, 2], [1, 2]], [100, 50], epochs=3, cabal=cabal)
    close(out.incentive[:, 2:].sum(axis=1), takes)
    close(out.dividends[:, 2:].sum(axis=1), takes)
    close(out.stake_share[:, 2:].sum(axis=1), stake_share)


@pytest.mark.parametrize(("kappa", "agreed"), [(32767 / 65535, True), (0.5, True), (32768 / 65535, False)])
@pytest.mark.parametrize("arithmetic", ["float64", "exact"])
@pytest.mark.parametrize("cls", [Yuma, StakeMedian])
def test_half_of_the_stake_carries_a_weight_up_to_a_kappa_of_half(
    cls: Any, arithmetic: Arithmetic, kappa: float, agreed: bool
) -> None:
    _, out = played(cls(kappa=kappa), [[1, 0], [0, 1]], [50, 50], epochs=3, arithmetic=arithmetic)
    assert out.consensus.tolist() == ([[1, 1]] if agreed else [[0, 0]]) * 3
    close(out.incentive, ([[0.5, 0.5]] if agreed else [[0, 0]]) * 3)


@pytest.mark.parametrize("rule", [Yuma(), Yuma(yuma3=True), StakeMedian()])
def test_a_copier_earns_per_stake_what_the_honest_earn_in_a_still_world(rule: Any) -> None:
    _, out = played(rule, [[1, 2, 5]] * 3, [100, 50, 30], epochs=80, copier=WeightCopier(stake_share=0.2))
    per_stake = out.dividends[-1] / out.stake_share[-1]
    close(per_stake, 1, atol=2e-3)
    early = out.dividends[0] / out.stake_share[0]
    assert early[3] < early[0]  # it began with equal weights


@pytest.mark.parametrize("rule", [Yuma(), Yuma(yuma3=True), StakeMedian()])
@pytest.mark.parametrize("lag", [0, 1, 5])
def test_lateness_costs_nothing_where_nothing_moves(rule: Any, lag: int) -> None:
    _, out = played(rule, [[1, 2, 5]] * 2, [100, 50], epochs=8, late=Late(lag=lag))
    close(out.dividends / out.stake_share, 1, atol=1e-9 if not isinstance(rule, Yuma) else 1e-4)


def test_lateness_costs_where_quality_moves() -> None:
    source = Sampled(num_validators=3, num_miners=6, validator_noise=0.0, drift=1.0, regime_epochs=1)
    overlays = {"late": Late(lag=3, stake_share=0.25)}
    scenario = as_arrays(Scenario(Design(consensus=Yuma()), source, overlays))
    crew = cast_of(people(3, 6), overlays)
    _, out = jax.tree.map(np.asarray, run(jax.random.key(0), scenario, crew, Recording(), "float64", 30))
    per_stake = out.dividends.mean(axis=0) / out.stake_share.mean(axis=0)
    assert per_stake[3] < 0.95 * per_stake[:3].min()


@pytest.mark.parametrize("lag", [1, 3])
def test_a_copier_in_the_network_sets_the_consensus_of_a_lag_ago(lag: int) -> None:
    source = Sampled(num_validators=3, num_miners=6, drift=1.0, regime_epochs=1)
    overlays = {"copier": WeightCopier(lag=lag)}
    scenario = as_arrays(Scenario(Design(consensus=Yuma()), source, overlays))
    crew, key, epochs = cast_of(people(3, 6), overlays), jax.random.key(0), 8
    state, out = run(key, scenario, crew, Recording(), "float64", epochs)
    last = matrices(key, jnp.int32(epochs - 1), scenario, crew, Recording(), state)
    seen = np.asarray(out.consensus)[epochs - 1 - lag]
    close(np.asarray(last.weights)[3], seen / seen.sum(), atol=1e-12)


def test_the_winner_takes_all_and_equals_share() -> None:
    _, out = played(WinnerTakesAll(), [[3, 4, 1], [3, 2, 1]], [60, 40])
    close(out.incentive, [[0, 1, 0]])
    _, tied = played(WinnerTakesAll(), [[3, 3, 1], [3, 3, 1]], [60, 40])
    close(tied.incentive, [[0.5, 0.5, 0]])


# Ten equal validators; nine give the miners 1 : 1 : 2, one gives all to the first.
OUTLIER = [[1, 1, 2]] * 9 + [[1, 0, 0]]
PLAIN = [0.25, 0.25, 0.5]


@pytest.mark.parametrize("arithmetic", ["float64", "exact"])
def test_a_trimmed_mean_ignores_an_outlier_with_less_stake_than_it_trims(arithmetic: Arithmetic) -> None:
    _, out = played(TrimmedMean(trim=0.15), OUTLIER, [10] * 10, arithmetic=arithmetic)
    close(out.incentive, [PLAIN])  # exact arithmetic knows stored weights: 32768 : 32768 : 65535


def test_a_trimmed_mean_counts_of_an_outlier_what_it_does_not_trim() -> None:
    # A tenth holds the outlier, a twentieth is cut: half of the outlier's stretch of 0.9 is left.
    _, out = played(TrimmedMean(trim=0.05), OUTLIER, [10] * 10)
    close(out.consensus, [(0.85 * np.array(PLAIN) + 0.05 * np.array([1, 0, 0])) / 0.9], atol=1e-12)


def test_a_stake_mean_does_not_ignore_an_outlier() -> None:
    _, out = played(StakeMean(), OUTLIER, [10] * 10)
    close(out.incentive, [0.9 * np.array(PLAIN) + 0.1 * np.array([1, 0, 0])], atol=1e-12)
    _, trimmed = played(TrimmedMean(trim=0.0), OUTLIER, [10] * 10)
    close(trimmed.incentive, out.incentive, atol=1e-12)  # a mean that trims nothing


@pytest.mark.parametrize("seed", range(5))
def test_a_stake_median_is_the_weighted_median(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights, stake = rng.random((7, 5)), rng.integers(1, 100, 7)
    rows = weights / weights.sum(axis=1, keepdims=True)
    _, out = played(StakeMedian(kappa=0.5), weights, stake)
    for j in range(5):
        order = np.argsort(-rows[:, j])  # from the highest opinion down, until half of the stake is reached
        reached = np.cumsum(stake[order]) * 2 >= stake.sum()
        close(out.consensus[0, j], rows[order[reached.argmax()], j], atol=1e-14)
    close(out.incentive[0], out.consensus[0] / out.consensus[0].sum(), atol=1e-14)


def test_a_median_of_equal_stakes_is_numpys() -> None:
    weights = np.random.default_rng(1).random((7, 5))
    rows = weights / weights.sum(axis=1, keepdims=True)
    _, out = played(StakeMedian(), weights, [10] * 7)
    close(out.consensus[0], np.median(rows, axis=0), atol=1e-14)


EPOCHS = 15


def moving() -> np.ndarray:
    """Return opinions that move from epoch to epoch, all of them positive."""
    return np.random.default_rng(0).integers(5, 20, (EPOCHS, 4, 3)).astype(float)


def in_motion(rule: Any, reset_miner: int | None = None) -> tuple[NetworkState, EpochOut]:
    """Run a rule in the moving world; before the last epoch a miner is replaced, or none."""
    reset = np.zeros((EPOCHS, 3), bool)
    if reset_miner is not None:
        reset[-1, reset_miner] = True
    return played(rule, moving(), STAKE, epochs=EPOCHS, reset=reset)


STAKE = [40, 30, 20, 10]
AS_ON_THE_CHAIN: dict[str, Any] = {"epsilon": 0.0, "normalise_consensus": False, "kappa": 32767 / 65535}
KEPT = 0.9


def test_the_simulators_yuma3_without_its_deviations_is_the_chains_without_a_penalty() -> None:
    simulator = SimulatorYuma3(bonds_moving_average=KEPT, **AS_ON_THE_CHAIN)
    chain = Yuma(yuma3=True, bonds_penalty=0.0)
    ours, theirs = (in_motion(rule) for rule in (chain, simulator))
    close(ours[1].incentive, theirs[1].incentive, atol=1e-12)
    close(ours[1].consensus, theirs[1].consensus, atol=1e-12)
    # The chain cuts a bond at every epoch: at most 1 / 65535 each, of which a tenth is forgotten the next time.
    lag = 1 / (1 - KEPT) / 65535
    bonds = np.asarray(theirs[0].memory.bonds) - ours[0].memory.bonds / 65535
    assert (bonds >= -1e-12).all()
    assert (bonds <= lag).all()
    smallest = np.asarray(theirs[0].memory.bonds).sum(axis=0).min()
    close(ours[1].dividends, theirs[1].dividends, atol=4 * lag / smallest)
    close(ours[1].dividends[0], theirs[1].dividends[0], atol=1e-12)  # nothing is stored yet


@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_the_simulators_yuma2_at_a_rate_of_a_tenth_corresponds_to_classic_bonds(penalty: float) -> None:
    # Both move shares of a miner by a tenth per epoch. The chain divides columns by their sum once more, which changes
    # nothing while every column has an opinion, and stores bonds as u16, scaled to the largest.
    simulator = SimulatorYuma2(bonds_moving_average=KEPT, bonds_penalty=penalty, **AS_ON_THE_CHAIN)
    ours, theirs = (in_motion(rule)[1] for rule in (Yuma(bonds_penalty=penalty), simulator))
    close(ours.incentive, theirs.incentive, atol=1e-12)
    close(ours.dividends[0], theirs.dividends[0], atol=1e-12)
    close(ours.dividends, theirs.dividends, atol=4 / (1 - KEPT) / 65535)


def test_liquid_alpha_from_the_start_moves_the_simulators_bonds_as_the_chains() -> None:
    liquid: dict[str, Any] = {"liquid_alpha": True, "alpha_low": 0.1, "alpha_high": 0.3}
    simulator = SimulatorYuma3(liquid_from_start=True, bonds_moving_average=KEPT, **AS_ON_THE_CHAIN, **liquid)
    chain = Yuma(yuma3=True, bonds_penalty=0.0, **liquid)
    ours, theirs = (in_motion(rule)[1] for rule in (chain, simulator))
    close(ours.dividends[0], theirs.dividends[0], atol=1e-12)
    close(ours.dividends, theirs.dividends, atol=2e-3)


def test_a_reset_leaves_a_column_of_bonds_with_its_newest_opinion_alone() -> None:
    weights = moving()
    rows = weights / weights.sum(axis=2, keepdims=True)
    rule = Yuma(yuma3=True, bonds_penalty=0.0)
    plain, _ = in_motion(rule)
    fresh, _ = in_motion(rule, reset_miner=1)
    np.testing.assert_array_equal(fresh.memory.bonds[:, [0, 2]], plain.memory.bonds[:, [0, 2]])
    np.testing.assert_array_equal(fresh.memory.bonds[:, 1], np.floor(0.1 * rows[-1, :, 1] * 65535 * (1 + 1e-12)))
    assert (plain.memory.bonds[:, 1] > fresh.memory.bonds[:, 1]).all()


def test_a_reset_makes_classic_bonds_follow_the_newest_opinion_alone() -> None:
    weights = moving()
    state, fresh = in_motion(Yuma(), reset_miner=1)
    rows = weights / weights.sum(axis=2, keepdims=True)
    observed = np.array(STAKE) * np.minimum(rows[-1, :, 1], fresh.consensus[-1, 1])
    close(state.memory.bonds[:, 1] / 65535, observed / observed.max(), atol=1e-4)


@pytest.mark.parametrize("rule", [SimulatorYuma2C(), SimulatorYuma3()], ids=["2c", "3"])
def test_the_simulators_resets_clear_bonds_where_it_knows_them(rule: Any) -> None:
    plain, _ = in_motion(rule)
    fresh, _ = in_motion(rule, reset_miner=1)
    assert (fresh.memory.bonds[:, 1] < plain.memory.bonds[:, 1]).all()
    np.testing.assert_array_equal(fresh.memory.bonds[:, [0, 2]], plain.memory.bonds[:, [0, 2]])


@pytest.mark.parametrize("rule", [SimulatorYuma1(), SimulatorYuma2(), SimulatorYuma2B()], ids=["1", "2", "2b"])
def test_the_simulators_other_versions_know_no_reset(rule: Any) -> None:
    plain, _ = in_motion(rule)
    fresh, _ = in_motion(rule, reset_miner=1)
    np.testing.assert_array_equal(fresh.memory.bonds, plain.memory.bonds)


def test_a_bond_grows_to_the_weight_in_a_still_world() -> None:
    state, _ = played(Yuma(yuma3=True), [[1, 3], [1, 3]], [10, 30], epochs=150)
    close(state.memory.bonds / 65535, [[0.25, 0.75]] * 2, atol=11 / 65535)  # cut at every epoch


def test_classic_bonds_contain_stake_and_relative_ones_do_not() -> None:
    classic, _ = played(Yuma(), [[1, 3], [1, 3]], [10, 30], epochs=5)
    close(classic.memory.bonds / 65535, [[1 / 3] * 2, [1] * 2], atol=2e-5)
    relative, _ = played(Yuma(yuma3=True), [[1, 3], [1, 3]], [10, 30], epochs=5)
    np.testing.assert_array_equal(relative.memory.bonds[0], relative.memory.bonds[1])


def test_a_padded_world_pays_as_the_small_one() -> None:
    weights, padded = moving(), np.zeros((EPOCHS, 6, 5))
    padded[:, :4, :3] = weights
    for rule in (Yuma(), TrimmedMean()):
        _, small = in_motion(rule)
        _, large = played(rule, padded, [*STAKE, 0, 0], epochs=EPOCHS)
        assert not large.money.miner_pay[:, 3:].any()
        assert not large.money.validator_pay[:, 4:].any()
        close(large.incentive[:, :3], small.incentive, atol=1e-12)
        close(large.dividends[:, :4], small.dividends, atol=2e-5)  # a stored bond may tip by a unit


def test_only_the_richest_may_validate() -> None:
    scenario = as_arrays(Scenario(Design(consensus=Yuma(), chain=ChainRules(max_allowed_validators=2)), Recorded()))
    recording = Recording(jnp.asarray(moving()[:1]), jnp.asarray([[10.0, 40, 30, 20]]))
    _, out = jax.tree.map(np.asarray, run(jax.random.key(0), scenario, cast(4, 3), recording, "float64", 2))
    assert out.permit.tolist() == [[False, True, True, False]] * 2
    assert not out.dividends[:, [0, 3]].any()
    assert not out.money.validator_pay[:, [0, 3]].any()
