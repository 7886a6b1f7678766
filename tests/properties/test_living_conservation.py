"""Nothing is made or lost where everything happens at once: 10,000 random epochs, to the unit."""

from functools import cache
from typing import Any, NamedTuple

import jax
import numpy as np
import pytest

from miners.entry import Entry
from subnet.actions.base import Recording
from subnet.cast import Cast, cast_of
from subnet.chain.rules import ChainRules
from subnet.consensus.stake_mean import StakeMean
from subnet.consensus.yuma import Yuma
from subnet.design import Design
from subnet.registration.burn_price import BurnPrice
from subnet.scenario import Scenario
from subnet.simulate import EpochOut, NetworkState, run
from tests.contract.folder_rules import as_arrays
from tests.random_work import RandomWork
from tokenomics.costs import Costs
from tokenomics.delegation import Delegation
from tokenomics.emission.constant import Constant
from tokenomics.emission.halving import Halving
from tokenomics.payouts.at_risk import StakeAtRisk
from tokenomics.payouts.emission_split import EmissionSplit
from tokenomics.pools.constant_product import ConstantProduct
from tokenomics.pools.fixed_price import FixedPrice
from tokenomics.slashing.copy_detection import CopyDetection
from tokenomics.slashing.failed_audit import FailedAudit
from tokenomics.slashing.negative_score import NegativeScore
from tokenomics.slashing.out_of_consensus import OutOfConsensus
from tokenomics.staking import Staking
from validators.strategies.cabal import Cabal
from validators.strategies.weight_copier import WeightCopier

DESIGNS, EPOCHS = 10, 500  # of each structure: 10,000 epochs together
V, M = 4, 6
SLASHED = ("audit", "copies", "losers", "outsiders")


class Choices(NamedTuple):
    """What selects a program; `destinations` of what the slashing rules take, in the order of their names."""

    undistributed: Any
    destinations: tuple[Any, Any, Any, Any]
    gains: Any
    fee_is: Any
    pool: Any
    emission: Any
    consensus: Any


STRUCTURES = {
    "a deep pool": Choices(
        "keep", ("burn", "treasury", "reporter", "burn"), "losses", "burned", ConstantProduct, Halving, Yuma()
    ),
    "a fixed price": Choices(
        "recycle", ("treasury", "reporter", "burn", "reporter"), "minted", "recycled", FixedPrice, Constant, StakeMean()
    ),
}
every_structure = pytest.mark.parametrize("name", STRUCTURES, scope="module")


def scenario(choices: Choices, seed: int) -> Scenario:
    """Draw the numbers of a scenario in which every rule is switched on, and people come and go."""
    rng = np.random.default_rng([seed, *choices.undistributed.encode()])

    def share() -> float:
        return float(rng.choice([0.0, 1.0, *rng.random(6)]))

    def around(x: float, factor: float) -> float:
        return float(x * np.exp(rng.uniform(-1, 1) * np.log(factor)))

    tempo, per_epoch, price = int(rng.integers(1, 500)), around(1e11, 100), around(10, 30)
    income = per_epoch / 1e9 * price / (2 * M)  # of an average miner, dollars per epoch
    tokens = per_epoch / 1e9 * around(100, 30)
    constant = choices.emission is Constant
    halving = Halving(supply_rao=int(per_epoch * around(EPOCHS / 2, 5)), first_rao=int(per_epoch / tempo) + 1)
    fixed = choices.pool is FixedPrice
    where = choices.destinations
    design = Design(
        consensus=choices.consensus,
        chain=ChainRules(max_allowed_validators=int(rng.integers(2, V + 4)), tempo=tempo),
        emission=Constant(int(per_epoch)) if constant else halving,
        payout=EmissionSplit(0.1 + 0.8 * share(), 0.3 * share(), choices.undistributed),
        bets=StakeAtRisk(share(), 0.02 * share(), share(), choices.gains),  # gains that are minted compound
        slashing={
            "audit": FailedAudit(share(), 0.1 * share(), 0.1 * share(), where[0]),
            "copies": CopyDetection(share(), 0.2, 0.5 * share(), where[1]),
            "losers": NegativeScore(0.1 * share(), 0.2 * share(), where[2]),
            "outsiders": OutOfConsensus(0.2 * share(), 0.1 * share(), True, where[3]),
        },
        pool=FixedPrice(price) if fixed else ConstantProduct(tokens, tokens * price, 0.5, 0.01 * share()),
        staking=Staking(share()),
        registration=BurnPrice(
            half_life_blocks=int(around(tempo, 5)),
            multiplier=1 + share(),
            min_rao=1000,
            start_rao=int(per_epoch / M),
            immunity_blocks=int(around(10 * tempo, 10)),
            min_non_immune=int(rng.integers(0, M)),
            fee_is=choices.fee_is,
        ),
    )
    return Scenario(
        design,
        RandomWork(V, M, mean_stake=around(1e4, 10)),
        {"copier": WeightCopier(lag=2), "cabal": Cabal(num_validators=2, num_miners=2, honest_weight=0.1)},
        Costs(flop_scale=around(0.1 * income, 5), fixed_usd_per_epoch=around(0.1 * income, 5)),
        Delegation(share(), share(), share(), 10 * share()),
        Entry(3, share(), around(20, 5), share(), -income, share(), around(10, 3), around(10 * income, 5)),
    )


@cache
def lived(name: str, seed: int) -> tuple[NetworkState, EpochOut]:
    """Return a random scenario's last state and its epochs; NumPy arrays."""
    made = as_arrays(scenario(STRUCTURES[name], seed))
    found = run(jax.random.key(seed), made, cast(), Recording(), "float64", EPOCHS)
    return jax.tree.map(np.asarray, found)


@cache
def cast() -> Cast:
    made = scenario(STRUCTURES["a deep pool"], 0)
    return cast_of(made.actions.population(), made.overlays)


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_the_books_balance_in_every_epoch(name: str, seed: int) -> None:
    state, out = lived(name, seed)
    assert out.money.balanced.all()
    for ledger, reserve in zip(state.economy.books, state.economy.pool, strict=True):
        held = ledger.balances
        assert sum(int(balance.sum()) for balance in held.values()) == 0
        assert all((balance >= 0).all() for account, balance in held.items() if account not in ("mint", "outside"))
        if "pool" in held:
            assert held["pool"] == reserve


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_a_balance_changes_by_what_the_journal_says(name: str, seed: int) -> None:
    _, out = lived(name, seed)
    held, flows = out.money.held, out.money.token_flows
    for account, balance in held.items():
        came = [amount for (_, target, _), amount in flows.items() if target == account]
        went = [amount for (source, _, _), amount in flows.items() if source == account]
        change = np.sum([np.zeros(EPOCHS, np.int64), *came], axis=0) - np.sum(
            [np.zeros(EPOCHS, np.int64), *went], axis=0
        )
        np.testing.assert_array_equal(np.diff(balance), change[1:], err_msg=account)


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_what_is_issued_is_what_was_minted_less_what_was_recycled(name: str, seed: int) -> None:
    _, out = lived(name, seed)
    flows, issued = out.money.token_flows, -out.money.held["mint"]
    bets = flows.get(("mint", "stake", "bet won"), 0)
    recycled = flows.get(("miners", "mint", "registration fee"), 0)
    np.testing.assert_array_equal(issued, np.cumsum(out.money.minted + bets - recycled))


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_what_is_minted_is_paid_or_goes_where_the_design_says(name: str, seed: int) -> None:
    _, out = lived(name, seed)
    money, choices = out.money, STRUCTURES[name]
    owner = money.token_flows["mint", "owner", "owner cut"]
    left = money.minted - owner - money.miner_pay.sum(axis=1) - money.validator_pay.sum(axis=1)
    if choices.undistributed == "recycle":
        assert not left.any()
        return
    np.testing.assert_array_equal(money.token_flows["mint", "remainder", "undistributed"], left)
    assert (left >= 0).all()


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_what_is_slashed_goes_where_the_rules_say(name: str, seed: int) -> None:
    _, out = lived(name, seed)
    account = {"burn": "burned", "treasury": "treasury", "reporter": "reporters"}
    taken = {
        (source, target, reason): amount
        for (source, target, reason), amount in out.money.token_flows.items()
        if reason.startswith("slashed")
    }
    expected = {
        (source, account[place], f"slashed: {rule}")
        for rule, place in zip(SLASHED, STRUCTURES[name].destinations, strict=True)
        for source in ("miners", "stake", "delegated")
    }
    assert taken.keys() == expected
    assert all((amount >= 0).all() for amount in taken.values())
    sides = out.money.sides
    assert sides is not None
    lost = sides.miner_slashed.sum(axis=1) + sides.validator_slashed.sum(axis=1)
    np.testing.assert_array_equal(sum(taken.values()), lost)


@every_structure
def test_everything_happens_somewhere(name: str) -> None:
    """The tests above would pass in an empty world; this one says that it is not."""
    outs = [lived(name, seed)[1] for seed in range(DESIGNS)]
    happened = {flow for out in outs for flow, amount in out.money.token_flows.items() if amount.any()}
    every = {flow for out in outs for flow in out.money.token_flows}
    guilty = {"audit": ("stake", "delegated"), "outsiders": ("stake", "delegated"), "copies": ("miners",)}
    impossible = {
        (source, target, reason)
        for source, target, reason in every
        if reason == "stake brought in"  # nobody brings more than at the start here
        or (reason.startswith("slashed") and source not in guilty.get(reason.removeprefix("slashed: "), ("miners",)))
    }
    assert every - happened == impossible
    joined = np.array([np.asarray(out.money.joined).sum() for out in outs])
    present = np.array([np.asarray(out.money.present).mean() for out in outs])
    assert (joined > 0).any()
    assert (present > 0.3).any()
    assert (present < 1).any()


@every_structure
@pytest.mark.parametrize("seed", range(DESIGNS))
def test_an_empty_seat_has_no_weight_no_pay_and_no_cost(name: str, seed: int) -> None:
    _, out = lived(name, seed)
    present, sides = out.money.present, out.money.sides
    assert present is not None
    assert sides is not None
    empty = ~present[:-1]  # at the end of an epoch, so in the whole of the next
    assert not out.incentive[1:][empty].any()
    assert not out.consensus[1:][empty].any()
    assert not out.money.miner_pay[1:][empty].any()
    assert not sides.miner_cost[1:][empty].any()
    assert not sides.miner_balance[~present].any()


@pytest.mark.parametrize("seed", range(DESIGNS))
def test_emission_halves_as_if_every_block_were_minted_by_itself(seed: int) -> None:
    _, out = lived("a deep pool", seed)  # where nothing else mints, and nothing is recycled
    design = scenario(STRUCTURES["a deep pool"], seed).design
    issued, expected = 0, []
    for _ in range(EPOCHS):
        before = issued
        for _ in range(design.chain.tempo):
            left = design.emission.supply_rao - issued
            halvings = (design.emission.supply_rao // left).bit_length() - 1 if left > 0 else 0
            issued += min(design.emission.first_rao >> halvings, left)
        expected.append(issued - before)
    assert out.money.minted.tolist() == expected


def test_some_emission_halves_more_than_once() -> None:
    minted = [lived("a deep pool", seed)[1].money.minted for seed in range(DESIGNS)]
    assert any(0 < m[-1] * 4 <= m[0] for m in minted)
