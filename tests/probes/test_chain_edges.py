"""The edge cases of a chain epoch, each as a world of four neurons (specification of the epoch, section 12)."""

from typing import Any

import numpy as np
import pytest

from tests.probes.chain_world import (
    ABOVE_HALF,
    BLOCK,
    EMISSION,
    FULL,
    HALF_KAPPA,
    bonds_after,
    calm,
    close,
    epoch,
    paid,
)
from tests.reference.chain_inputs import run_step
from tests.reference.exact_epoch import DEFAULTS
from tokenomics.arithmetic import Arithmetic

every_arithmetic = pytest.mark.parametrize("arithmetic", ["exact", "float64"])
both_bonds = pytest.mark.parametrize("yuma3", [False, True])
TO_2, TO_3, TO_BOTH = [[2, FULL]], [[3, FULL]], [[2, FULL], [3, FULL]]


def nobody_earned(out: Any) -> None:
    """Nothing was agreed on."""
    for part in (out.consensus, out.incentive, out.dividends, out.server_emission):
        assert not part.any()


@every_arithmetic
@both_bonds
def test_equals_earn_the_same_and_each_side_half(arithmetic: Arithmetic, yuma3: bool) -> None:
    out = calm(arithmetic, yuma3)
    close(out.incentive, [0, 0, 0.5, 0.5])
    close(out.dividends, [0.5, 0.5, 0, 0])
    close(out.consensus, [0, 0, 0.5, 0.5])
    close(out.validator_trust, [1, 1, 0, 0])
    paid(out, [0.25] * 4)


@every_arithmetic
def test_a_lone_neuron_keeps_the_emission_as_its_stake(arithmetic: Arithmetic) -> None:
    state = {
        "block": BLOCK,
        "stake": [5],
        "last_update": [BLOCK],
        "block_at_registration": [0],
        "validator_permit": [True],
        "weights": [[[0, FULL]]],
        "bonds": [[]],
    }
    params = {"activity_cutoff_blocks": 5000, "last_mechanism_step_block": BLOCK - 361}
    out = run_step({**DEFAULTS, **params}, state, EMISSION, arithmetic)
    nobody_earned(out)
    assert out.emission.tolist() == [EMISSION]


@every_arithmetic
@both_bonds
def test_weights_on_oneself_count_nothing_and_active_stake_is_paid(arithmetic: Arithmetic, yuma3: bool) -> None:
    own = [[[0, FULL]], [[1, FULL]], [], []]
    out = epoch(arithmetic, {"yuma3": yuma3}, weights=own, stake=[3000, 1000, 0, 0])
    nobody_earned(out)
    paid(out, [0.75, 0.25, 0, 0])


@every_arithmetic
def test_before_anybody_has_a_permit_the_stake_of_all_is_paid(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, validator_permit=[False] * 4, stake=[1000, 500, 500, 0])
    nobody_earned(out)
    assert not out.active_stake.any()
    paid(out, [0.5, 0.25, 0.25, 0])
    assert out.new_validator_permit.tolist() == [True, True, True, False]


@every_arithmetic
@both_bonds
def test_without_any_stake_nobody_earns_anything(arithmetic: Arithmetic, yuma3: bool) -> None:
    out = epoch(arithmetic, {"yuma3": yuma3}, stake=[0] * 4)
    nobody_earned(out)
    assert not out.emission.any()
    assert not out.new_validator_permit.any()


@every_arithmetic
def test_when_all_validators_are_inactive_the_stake_of_all_is_paid(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, last_update=[BLOCK - 5001] * 4, stake=[1000, 500, 500, 0])
    nobody_earned(out)
    paid(out, [0.5, 0.25, 0.25, 0])


@every_arithmetic
def test_activity_ends_one_block_after_the_cutoff(arithmetic: Arithmetic) -> None:
    for age, counts in ((5000, True), (5001, False)):
        out = epoch(arithmetic, last_update=[BLOCK - age, BLOCK, BLOCK, BLOCK])
        close(out.active_stake, [0.5, 0.5, 0, 0] if counts else [0, 1, 0, 0])


@every_arithmetic
def test_an_inactive_validator_leaves_consensus_and_lives_on_old_classic_bonds(arithmetic: Arithmetic) -> None:
    # Validator 0 alone weights miner 2, and holds all bonds on miner 3; validator 1 weights miner 3.
    bonds, weights = [[[3, FULL]], [], [], []], [TO_2, TO_3, [], []]
    late = [BLOCK - 9000, BLOCK, BLOCK, BLOCK]
    first = epoch(arithmetic, weights=weights, bonds=bonds, last_update=late)
    close(first.incentive, [0, 0, 0, 1])
    close(first.dividends, [0.9, 0.1, 0, 0])  # the newest observation weighs a tenth, and it is validator 1's
    second = epoch(arithmetic, weights=weights, bonds=bonds_after(first), last_update=late)
    np.testing.assert_allclose(second.dividends, [0.81, 0.19, 0, 0], atol=1e-4)  # bonds are kept as u16


@every_arithmetic
def test_an_inactive_validator_earns_no_dividends_under_yuma3(arithmetic: Arithmetic) -> None:
    bonds, weights = [[[3, FULL]], [], [], []], [TO_2, TO_3, [], []]
    late = [BLOCK - 9000, BLOCK, BLOCK, BLOCK]
    out = epoch(arithmetic, {"yuma3": True}, weights=weights, bonds=bonds, last_update=late)
    close(out.dividends, [0, 1, 0, 0])


@every_arithmetic
@both_bonds
def test_a_miner_without_a_majority_earns_nothing(arithmetic: Arithmetic, yuma3: bool) -> None:
    # Validator 1 holds 40 %: what it gives miner 3 alone is not agreed.
    out = epoch(arithmetic, {"yuma3": yuma3}, stake=[600, 400, 0, 0], weights=[TO_2, TO_3, [], []])
    close(out.consensus, [0, 0, 1, 0])
    close(out.incentive, [0, 0, 1, 0])
    close(out.validator_trust, [1, 0, 0, 0])
    close(out.dividends, [1, 0, 0, 0])


@every_arithmetic
def test_without_any_majority_active_stake_is_paid_and_classic_bonds_stay(arithmetic: Arithmetic) -> None:
    bonds = [[[2, FULL], [3, 1000]], [[2, 20_000], [3, FULL]], [], []]
    weights = [TO_2, TO_3, [], []]
    out = epoch(arithmetic, {"kappa_u16": ABOVE_HALF}, weights=weights, bonds=bonds)
    nobody_earned(out)
    paid(out, [0.5, 0.5, 0, 0])
    for row, old in zip(bonds_after(out), bonds, strict=True):
        assert [j for j, _ in row] == [j for j, _ in old]
        assert all(abs(new - before) <= 1 for (_, new), (_, before) in zip(row, old, strict=True))


@every_arithmetic
@pytest.mark.parametrize("row", [[], [[2, 0], [3, 0]]])
def test_an_empty_row_gives_everybody_nothing(arithmetic: Arithmetic, row: list[Any]) -> None:
    out = epoch(arithmetic, weights=[TO_BOTH, row, [], []], stake=[600, 400, 0, 0])
    close(out.validator_trust, [1, 0, 0, 0])
    close(out.consensus, [0, 0, 0.5, 0.5])
    close(out.dividends, [1, 0, 0, 0])
    minor = epoch(arithmetic, weights=[TO_BOTH, row, [], []], stake=[400, 600, 0, 0])
    assert not minor.consensus.any()  # the majority says zero


@every_arithmetic
@pytest.mark.parametrize(("registered", "counts"), [(BLOCK - 1, True), (BLOCK, False), (BLOCK + 1, False)])
def test_weights_set_in_the_block_of_a_registration_are_outdated(
    arithmetic: Arithmetic, registered: int, counts: bool
) -> None:
    out = epoch(arithmetic, block_at_registration=[0, 0, 0, registered])
    close(out.incentive, [0, 0, 0.5, 0.5] if counts else [0, 0, 1, 0])


@every_arithmetic
def test_the_owner_counts_without_permit_rank_or_threshold_and_may_weight_itself(arithmetic: Arithmetic) -> None:
    # Neuron 2 owns the subnet: its stake is below the threshold, it has no permit, and there is room for one validator.
    params = {"owner_uid": 2, "stake_threshold": 500, "max_allowed_validators": 1}
    out = epoch(arithmetic, params, stake=[600, 0, 400, 0], weights=[TO_3, [], [[2, FULL], [3, FULL]], []])
    close(out.stake, [0.6, 0, 0.4, 0])
    close(out.active_stake, [0.6, 0, 0.4, 0])
    close(out.validator_trust, [1, 0, 0.5, 0])
    assert out.new_validator_permit.tolist() == [True, False, True, False]
    alone = epoch(arithmetic, params, stake=[0, 0, 400, 0], weights=[[], [], [[2, FULL], [3, FULL]], []])
    close(alone.incentive, [0, 0, 0.5, 0.5])  # half of it on itself
    stranger = epoch(arithmetic, {**params, "owner_uid": None}, stake=[600, 0, 400, 0], weights=[TO_3, [], TO_3, []])
    close(stranger.stake, [1, 0, 0, 0])


@every_arithmetic
@both_bonds
def test_a_validator_without_a_new_permit_counts_once_more_and_loses_its_bonds(
    arithmetic: Arithmetic, yuma3: bool
) -> None:
    # Room for one: validator 0 has more stake, validator 1 still has its permit.
    params = {"max_allowed_validators": 1, "yuma3": yuma3}
    weights, stake = [TO_2, TO_3, [], []], [501, 499, 0, 0]
    first = epoch(arithmetic, {**params, "kappa_u16": 20_000}, weights=weights, stake=stake)
    close(first.incentive, [0, 0, 0.501, 0.499])
    assert first.new_validator_permit.tolist() == [True, False, False, False]
    assert bonds_after(first)[1] == []
    assert bonds_after(first)[0]
    permits = first.new_validator_permit.tolist()
    second = epoch(arithmetic, params, weights=weights, stake=stake, validator_permit=permits, bonds=bonds_after(first))
    close(second.active_stake, [1, 0, 0, 0])
    close(second.incentive, [0, 0, 1, 0])
    close(second.dividends, [1, 0, 0, 0])


@every_arithmetic
def test_ties_for_the_last_permit_go_to_the_higher_uid(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, {"max_allowed_validators": 2}, stake=[5, 5, 5, 5])
    assert out.new_validator_permit.tolist() == [False, False, True, True]
    more = epoch(arithmetic, {"max_allowed_validators": 2}, stake=[5, 5, 6, 5])
    assert more.new_validator_permit.tolist() == [False, False, True, True]


@every_arithmetic
def test_a_permit_needs_stake_even_where_there_is_room(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, {"max_allowed_validators": 64}, stake=[5, 0, 1, 0])
    assert out.new_validator_permit.tolist() == [True, False, True, False]


@every_arithmetic
@both_bonds
@pytest.mark.parametrize("factor", [1, 2, 3, 1000, 21845])
def test_a_row_times_a_constant_changes_nothing(arithmetic: Arithmetic, yuma3: bool, factor: int) -> None:
    small = [[[2, 1], [3, 2]], [[2, 2], [3, 1]], [], []]
    scaled = [[[j, w * factor] for j, w in small[0]], *small[1:]]
    first, second = (epoch(arithmetic, {"yuma3": yuma3}, weights=w) for w in (small, scaled))
    for name in ("incentive", "dividends", "consensus", "validator_trust"):
        np.testing.assert_allclose(getattr(second, name), getattr(first, name), rtol=1e-14, err_msg=name)
    np.testing.assert_array_equal(second.emission, first.emission)


@every_arithmetic
def test_liquid_alpha_without_yuma3_changes_nothing(arithmetic: Arithmetic) -> None:
    weights, bonds = [TO_2, TO_BOTH, [], []], [[[2, FULL], [3, 7]], [[3, FULL]], [], []]
    plain, liquid = (epoch(arithmetic, {"liquid_alpha": on}, weights=weights, bonds=bonds) for on in (False, True))
    for name in plain._fields:
        np.testing.assert_array_equal(getattr(liquid, name), getattr(plain, name), err_msg=name)


@every_arithmetic
def test_liquid_alpha_falls_back_to_one_rate_where_nothing_is_agreed(arithmetic: Arithmetic) -> None:
    # Nobody has a majority; the rate of 0.1 moves bonds of one by a tenth, and those without a weight decay.
    weights, bonds = [TO_2, TO_3, [], []], [[[2, FULL], [3, FULL]], [], [], []]
    params = {"yuma3": True, "liquid_alpha": True, "kappa_u16": ABOVE_HALF, "bonds_penalty_u16": 0}
    out = epoch(arithmetic, params, weights=weights, bonds=bonds)
    nobody_earned(out)
    stored = bonds_after(out)
    assert [j for j, _ in stored[0]] == [2, 3]
    assert abs(stored[0][0][1] - FULL) <= 1
    assert abs(stored[0][1][1] - 0.9 * FULL) <= 1
    assert stored[1][0][0] == 3
    assert abs(stored[1][0][1] - 0.1 * FULL) <= 1


@every_arithmetic
def test_consensus_need_not_sum_to_one(arithmetic: Arithmetic) -> None:
    # A third of stake carries a weight: both miners get the higher of two opinions.
    weights = [[[2, FULL], [3, FULL // 2 + 1]], [[2, FULL // 2 + 1], [3, FULL]], [], []]
    out = epoch(arithmetic, {"kappa_u16": 20_000}, weights=weights)
    assert out.consensus.sum() > 1.3
    close(out.incentive, [0, 0, 0.5, 0.5])
    split = epoch(arithmetic, {"kappa_u16": ABOVE_HALF}, weights=weights)
    assert split.consensus.sum() < 0.7


@every_arithmetic
@pytest.mark.parametrize(("kappa", "agreed"), [(HALF_KAPPA, True), (ABOVE_HALF, False)])
def test_half_of_the_stake_carries_a_weight_at_the_default_kappa_only(
    arithmetic: Arithmetic, kappa: int, agreed: bool
) -> None:
    out = epoch(arithmetic, {"kappa_u16": kappa}, weights=[TO_2, TO_3, [], []])
    close(out.consensus, [0, 0, 1, 1] if agreed else [0] * 4)


@every_arithmetic
@both_bonds
def test_a_new_miner_inherits_no_bonds(arithmetic: Arithmetic, yuma3: bool) -> None:
    # Validator 1 held all bonds on both miners; the one at uid 3 is new since the last epoch.
    bonds = [[], [[2, FULL], [3, FULL]], [], []]
    since = BLOCK - 360
    for registered, forgotten in ((since - 1, False), (since, True)):
        out = epoch(arithmetic, {"yuma3": yuma3}, bonds=bonds, block_at_registration=[0, 0, 0, registered])
        kept = [dict(map(tuple, row)) for row in bonds_after(out)]  # type: ignore[misc]
        assert (kept[0][3] == kept[1][3]) is forgotten
        assert kept[0][2] < kept[1][2]


@every_arithmetic
def test_stake_below_the_threshold_counts_nothing(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, {"stake_threshold": 1000}, stake=[1000, 999, 0, 0])
    close(out.stake, [1, 0, 0, 0])
    close(out.dividends, [1, 0, 0, 0])


@every_arithmetic
@pytest.mark.parametrize(("commit", "hidden"), [(BLOCK - 101, True), (BLOCK - 100, False), (None, False)])
def test_weights_committed_before_a_registration_do_not_reach_the_newcomer(
    arithmetic: Arithmetic, commit: int | None, hidden: bool
) -> None:
    registered = [0, 0, 0, BLOCK - 100]
    commits = [commit, commit, None, None]
    out = epoch(arithmetic, block_at_registration=registered, commit_blocks=commits)
    close(out.incentive, [0, 0, 1, 0] if hidden else [0, 0, 0.5, 0.5])
    open_ = epoch(arithmetic, {"commit_reveal": False}, block_at_registration=registered, commit_blocks=commits)
    close(open_.incentive, [0, 0, 0.5, 0.5])


@every_arithmetic
def test_an_absent_weight_ends_a_liquid_bond_at_once_and_a_zero_lets_it_decay(arithmetic: Arithmetic) -> None:
    bonds = [[[2, FULL], [3, FULL]], [[2, FULL], [3, FULL]], [], []]
    params = {"yuma3": True, "liquid_alpha": True, "bonds_penalty_u16": 0}
    out = epoch(arithmetic, params, bonds=bonds, weights=[TO_2, [[2, FULL], [3, 0]], [], []])
    absent, zero = (dict(map(tuple, row)) for row in bonds_after(out)[:2])  # type: ignore[arg-type]
    assert 3 not in absent
    assert 0 < zero[3] < FULL


@every_arithmetic
def test_validators_without_a_bond_on_paid_miners_leave_everything_to_the_miners(arithmetic: Arithmetic) -> None:
    # Bonds never move to new opinions, and there are none.
    out = epoch(arithmetic, {"yuma3": True, "bonds_moving_average_ppm": 1_000_000})
    close(out.incentive, [0, 0, 0.5, 0.5])
    assert not out.dividends.any()
    paid(out, [0, 0, 0.5, 0.5])


@every_arithmetic
def test_the_largest_classic_bond_on_a_miner_is_stored_whole(arithmetic: Arithmetic) -> None:
    out = epoch(arithmetic, stake=[750, 250, 0, 0])
    slack = 0 if arithmetic == "exact" else 1
    for j in (2, 3):
        first, second = (dict(map(tuple, row))[j] for row in bonds_after(out)[:2])  # type: ignore[arg-type]
        assert abs(first - FULL) <= slack
        assert abs(second - FULL // 3) <= 1
