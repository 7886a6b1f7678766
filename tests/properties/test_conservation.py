"""Nothing is made or lost: over random rules, worlds and amounts, to the unit."""

import dataclasses
from fractions import Fraction
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from subnet.actions.base import Population, Recording
from subnet.actions.recorded import Recorded
from subnet.cast import Cast, cast_of
from subnet.chain.rules import ChainRules
from subnet.consensus.base import run_rule
from subnet.consensus.simulator_yuma2b import SimulatorYuma2B
from subnet.consensus.stake_mean import StakeMean
from subnet.consensus.stake_median import StakeMedian
from subnet.consensus.trimmed_mean import TrimmedMean
from subnet.consensus.winner_takes_all import WinnerTakesAll
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState, run
from tests.contract.rule_cases import as_arrays
from tokenomics.amounts import multiply_down
from tokenomics.arithmetic import Arithmetic, to_float
from tokenomics.emission.constant import Constant
from tokenomics.payouts.emission_split import EmissionSplit
from tokenomics.staking import Staking

V, M, T = 4, 5, 4
PEOPLE = Population(tuple(range(V)), tuple(range(V, V + M)), ("a", "b", "c", "d"), ("p", "q", "r", "s", "t"))

# Structures, each a compiled program; hypothesis draws the numbers.
RULES = {
    "yuma": Yuma(),
    "yuma3": Yuma(yuma3=True, liquid_alpha=True),
    "stake_mean": StakeMean(),
    "stake_median": StakeMedian(),
    "trimmed_mean": TrimmedMean(),
    "winner_takes_all": WinnerTakesAll(),
    "simulator_yuma2b": SimulatorYuma2B(),
}
CASES: list[tuple[str, Arithmetic]] = [
    *((rule, "float64") for rule in RULES),
    *((rule, "exact") for rule in RULES if not rule.startswith("simulator")),
    ("yuma", "float32"),
]


def tried(times: int) -> settings:
    """Return how often to try; the same tries each time."""
    return settings(max_examples=times, deadline=None, derandomize=True, database=None)


@cache
def cast() -> Cast:
    return cast_of(PEOPLE, {})


share = st.floats(0, 1)
positive_share = st.sampled_from([0.5, 32767 / 65535, 1.0, 1e-6]) | st.floats(1e-9, 1)


@st.composite
def worlds(draw: st.DrawFn) -> Recording:
    """Draw a trace: few levels, so that there are ties; empty rows, unweighted miners and stakes of zero."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    levels = draw(st.sampled_from([1, 2, 3, 65535]))
    weights = rng.integers(0, levels, (T, V, M), endpoint=True) * (rng.random((T, V, M)) < draw(share))
    weights = weights * (rng.random((T, V, 1)) < 0.85) * (rng.random((T, 1, M)) < 0.85)
    stake = draw(st.sampled_from([np.ones(V), np.arange(V), 10.0 ** np.arange(-2, V - 2), rng.random(V) * 1e6]))
    return Recording(jnp.asarray(weights, jnp.float64), jnp.asarray(np.tile(stake, (T, 1)), jnp.float64))


@st.composite
def designs(draw: st.DrawFn, rule: Any, most: int) -> Design:
    """Draw the numbers of a design; its structure is the rule's."""
    number = {"kappa": positive_share, "trim": st.floats(0, 0.49)}
    fields = dataclasses.fields(rule)
    leaves = {
        f.name: draw(number.get(f.name, share))
        for f in fields
        if not f.metadata.get("static") and f.name not in ("alpha_sigmoid_steepness", "epsilon")
    }
    if "alpha_low" in leaves:
        leaves["alpha_low"], leaves["alpha_high"] = sorted((leaves["alpha_low"], leaves["alpha_high"]))
    return Design(
        consensus=dataclasses.replace(rule, **leaves),
        chain=ChainRules(
            max_allowed_validators=draw(st.integers(0, V + 1)), stake_threshold_rao=draw(st.sampled_from([0.0, 1e9]))
        ),
        emission=Constant(draw(st.integers(0, most) | st.sampled_from([0, 1, 7, 10**6, most]))),
        payout=EmissionSplit(draw(share | st.sampled_from([0.0, 0.25, 0.5, 1.0]))),
        staking=Staking(draw(share | st.sampled_from([0.0, 1.0]))),
    )


def played(design: Design, world: Recording, arithmetic: Arithmetic) -> tuple[NetworkState, EpochOut]:
    """Run a design in a world; NumPy arrays."""
    scenario = as_arrays(Scenario(design, Recorded()))
    found = run(jax.random.key(0), scenario, cast(), world, arithmetic, T)
    return jax.tree.map(np.asarray, found)


@pytest.mark.parametrize(("rule", "arithmetic"), CASES)
@tried(20)
@given(data=st.data())
def test_what_is_minted_is_paid_or_remains_and_little_remains(
    rule: str, arithmetic: Arithmetic, data: st.DataObject
) -> None:
    # A share is cut at 2^-32 in exact arithmetic, at 2^-53 in float64: beyond these amounts more units remain.
    most = {"exact": 2**32, "float64": 10**13, "float32": 10**6}[arithmetic]
    design = data.draw(designs(RULES[rule], most))
    state, out = played(design, data.draw(worlds()), arithmetic)
    money = out.money
    for pay in (money.validator_pay, money.miner_pay):
        assert pay.dtype == np.int64
        assert (pay >= 0).all()
    remainder = money.minted - money.validator_pay.sum(axis=1) - money.miner_pay.sum(axis=1)
    assert (money.minted == design.emission.per_epoch_rao).all()
    assert (remainder >= 0).all()
    rewarded = (out.validator_share + out.miner_share) > 0
    per_agent = 2 if arithmetic == "exact" else 1  # one for the cut share, one for the cut amount
    assert (remainder[rewarded] < per_agent * (V + M) + 2).all()
    assert (remainder[~rewarded] == money.minted[~rewarded]).all()

    # Shares sum to one, or to nothing; stake grows by what is staked again, and by nothing else.
    slack = {"exact": (V + M) * 2.0**-31, "float64": 1e-12, "float32": 1e-5}[arithmetic]
    total = out.validator_share + out.miner_share
    np.testing.assert_allclose(total[rewarded], 1, atol=slack)
    # The simulator adds an epsilon of 10^-6 to sums of bonds, of which a part 1 - bonds_moving_average is new.
    simulated = design.consensus if rule.startswith("simulator") else None
    lost = 1e-4 + 2e-6 / max(1 - simulated.bonds_moving_average, 1e-6) if simulated else 0
    for shares in (out.incentive, out.dividends):
        sums = shares.sum(axis=1)
        assert ((np.abs(sums - 1) <= slack + lost) | (np.abs(sums) <= slack)).all()
    staked_again = np.asarray(multiply_down(jnp.asarray(money.validator_pay), design.staking.compound_share))
    earned = state.economy.books.tokens.balances["stake"] - state.economy.brought
    np.testing.assert_array_equal(earned, staked_again.sum(axis=0))
    assert money.balanced.all()
    grown = np.diff(out.stake, axis=0)
    assert (grown >= 0).all()
    np.testing.assert_allclose(grown * 1e9, staked_again[:-1], rtol=1e-6, atol=1e-9 * out.stake.max() * 1e3 + 1e-3)
    if hasattr(state.memory, "bonds") and state.memory.bonds.dtype == np.uint16 and not RULES[rule].yuma3:
        largest = state.memory.bonds.max(axis=0)
        assert (
            np.isin(largest, (0, 65534, 65535)).all() if arithmetic != "exact" else np.isin(largest, (0, 65535)).all()
        )


@pytest.mark.parametrize("rule", [r for r in RULES if not r.startswith("simulator")])
def test_what_a_large_emission_leaves_is_what_32_bits_cut(rule: str) -> None:
    world = Recording(jnp.ones((T, V, M)), jnp.ones((T, V)))
    emission = 10**17
    _, out = played(Design(consensus=RULES[rule], emission=Constant(emission)), world, "exact")
    remainder = emission - out.money.validator_pay.sum(axis=1) - out.money.miner_pay.sum(axis=1)
    assert (remainder >= 0).all()
    assert (remainder <= (V + M) * (emission / 2**32 + 1)).all()


@pytest.mark.parametrize("arithmetic", ["float64", "float32"])
def test_rounded_shares_never_pay_more_than_is_minted(arithmetic: Arithmetic) -> None:
    for count in range(1, 40):
        stake = jnp.asarray(np.tile(np.arange(1, V + 1) * count + 1.0, (T, 1)))
        world = Recording(jnp.asarray(np.random.default_rng(count).random((T, V, M))), stake)
        _, out = played(Design(consensus=StakeMean(), emission=Constant(10**17)), world, arithmetic)
        paid = out.money.validator_pay.sum(axis=1) + out.money.miner_pay.sum(axis=1)
        assert (paid <= out.money.minted).all()
        assert (paid >= out.money.minted * (1 - 1e-5)).all()


@pytest.mark.parametrize("rule", [r for r in RULES if not r.startswith("simulator")])
@pytest.mark.parametrize("arithmetic", ["float64", "exact"])
@tried(10)
@given(world=worlds(), power=st.integers(-30, 30), row=st.integers(0, V - 1))
def test_weights_times_a_constant_are_the_same_weights(
    rule: str, arithmetic: Arithmetic, world: Recording, power: int, row: int
) -> None:
    # A power of two changes no digit: the outcome is the same to the last bit.
    assert world.weights is not None
    scaled = world._replace(weights=world.weights.at[:, row].multiply(2.0**power))
    design = Design(consensus=RULES[rule])
    for a, b in zip(
        jax.tree.leaves(played(design, world, arithmetic)[1]),
        jax.tree.leaves(played(design, scaled, arithmetic)[1]),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("rule", ["yuma", "stake_median", "trimmed_mean", "stake_mean"])
@tried(10)
@given(world=worlds(), factor=st.floats(1e-6, 1e6))
def test_weights_times_any_constant_differ_by_rounding_only(rule: str, world: Recording, factor: float) -> None:
    assert world.weights is not None
    first = world._replace(weights=world.weights[:1], stake=world.stake[:1] if world.stake is not None else None)
    scaled = first._replace(weights=world.weights[:1] * factor)
    for name in ("incentive", "consensus", "dividends", "validator_trust"):
        a, b = (getattr(played(Design(consensus=RULES[rule]), w, "float64")[1], name)[0] for w in (first, scaled))
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("yuma3", [False, True])
@pytest.mark.parametrize("arithmetic", ["float32", "float64", "exact"])
@tried(10)
@given(data=st.data())
def test_bonds_are_u16_and_never_wrap(yuma3: bool, arithmetic: Arithmetic, data: st.DataObject) -> None:
    """A pair's bond moves towards its weight and never past it; classic ones are scaled to a largest of 65535."""
    rule = as_arrays(Yuma(bonds_moving_average=data.draw(share), bonds_penalty=data.draw(share), yuma3=yuma3))
    world = data.draw(worlds())
    assert world.weights is not None
    state, _ = played(Design(consensus=rule), world, arithmetic)
    bonds = state.memory.bonds
    assert bonds.dtype == np.uint16
    if yuma3:
        rows = np.asarray(world.weights).sum(axis=2, keepdims=True)
        largest = (np.asarray(world.weights) / np.maximum(rows, 1e-300)).max(axis=0) * 65535
        assert (bonds <= np.ceil(largest * (1 + 1e-6)) + 1).all()
    else:
        weighted = (np.asarray(world.weights) > 0).any(axis=0)
        assert not bonds[~weighted].any()


def test_an_exact_share_is_a_fraction_of_2_to_the_32() -> None:
    out = played(Design(consensus=StakeMean()), Recording(jnp.ones((T, V, M)), jnp.ones((T, V))), "exact")[1]
    for shares in (out.incentive, out.dividends, out.stake_share):
        for value in shares.ravel():
            assert (Fraction(float(value)) * 2**32).denominator == 1


@pytest.mark.parametrize("rule", [Yuma(), TrimmedMean()])
@tried(20)
@given(
    numbers=st.lists(st.integers(0, 65535), min_size=V * M, max_size=V * M),
    stakes=st.lists(st.integers(0, 9), min_size=V, max_size=V),
)
@example(numbers=[0] * V * M, stakes=[1] * V)
@example(numbers=[1] * V * M, stakes=[0] * V)
def test_consensus_lies_within_the_opinions_of_stake(rule: Any, numbers: list[int], stakes: list[int]) -> None:
    raw = np.array(numbers, float).reshape(V, M)
    rows = raw.sum(axis=1, keepdims=True)
    W = np.divide(raw, rows, out=np.zeros_like(raw), where=rows > 0)
    S = np.array(stakes, float) / max(sum(stakes), 1)
    made = as_arrays(rule)
    _, out = _step(made, made.init(V, M), W, S)
    C, I = np.asarray(to_float(out.consensus)), np.asarray(out.incentive)
    holders = S > 0
    if not holders.any():
        assert not C.any()
        return
    assert (W[holders].max(axis=0) + 1e-12 >= C).all()
    assert (W[holders].min(axis=0) - 1e-12 <= C).all()
    assert not I[~(W[holders] > 0).any(axis=0)].any()


@jax.jit
def _step(rule: Any, state: Any, W: Any, S: Any) -> Any:
    return run_rule(rule, state, W, S, jnp.ones(M, bool))
