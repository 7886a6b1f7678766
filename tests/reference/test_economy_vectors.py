"""The chain's economy outside the epoch, rule by rule."""

import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.delegation import dividend_split
from tokenomics.halving import block_emission, halving_threshold
from tokenomics.owner_split import OwnerSplit, root_proportion
from tokenomics.pools._balancer import (
    Market,
    amount_needed,
    amount_out,
    amount_to_price,
    kept_factor,
    largest_amount,
    spot_price,
    swap,
    weight_after_injection,
    weight_at_price,
)
from tokenomics.pruning import kept_after_trim, replaced_uid, untouchable_uids
from tokenomics.registration_price import RegistrationPrice, adjusted_by_interval

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "vectors" / "bittensor_economy.json").read_text(encoding="utf-8")
)["vectors"]
MOST = 2**63 - 1  # the vectors' unbounded price is an unsigned number


def cases(*rules: str) -> Any:
    """Parametrise a test over the vectors of some rules."""
    found = [v for v in VECTORS if v["rule"] in rules]
    assert {v["rule"] for v in found} == set(rules)
    return pytest.mark.parametrize(
        ("given", "expected", "tolerance"),
        [pytest.param(v["inputs"], v["expected"], v["tolerance"], id=v["id"]) for v in found],
    )


def close(got: Any, expected: Any, tolerance: dict[str, float]) -> None:
    np.testing.assert_allclose(
        np.asarray(got, float), expected, rtol=tolerance.get("rel", 0), atol=tolerance.get("abs", 0)
    )


def market(given: dict[str, Any], side: str) -> Market:
    """Return the pool of a vector as the side that trades sees it."""
    alpha, tao, weight = given["alpha_reserve"], given["tao_reserve"], given["w_quote"]
    return Market(tao, alpha, weight) if side == "buy" else Market(alpha, tao, 1 - weight)


def price_as_seen(tao_per_alpha: float, side: str) -> float:
    """Return units paid in per unit taken out."""
    if side == "buy":
        return tao_per_alpha
    return 1 / tao_per_alpha if tao_per_alpha else float("inf")


@cases("block_emission")
def test_a_block_mints_what_the_chain_mints(given: Any, expected: Any, tolerance: Any) -> None:
    assert int(block_emission(given["issuance"])) == expected["emission"]


@cases("halving_threshold")
def test_emission_halves_at_the_chains_thresholds(given: Any, expected: Any, tolerance: Any) -> None:
    threshold = int(halving_threshold(given["k"]))
    assert threshold == expected["issuance"]
    assert int(block_emission(threshold)) == expected["emission_from_there"]
    assert int(block_emission(threshold - 1)) == 2 * expected["emission_from_there"]


@cases("pending_split")
def test_an_emission_is_split_as_on_the_chain(given: Any, expected: Any, tolerance: Any) -> None:
    amount = given["alpha_emission"]
    root = root_proportion(given["root_tao"], given["alpha_issuance_before"] + amount, given["tao_weight"])
    share = given["owner_cut_u16"] / 65535 if given["owner_cut_enabled"] else 0.0
    parts = OwnerSplit(owner_share=share).split(jnp.int64(amount), root)
    named = {"owner": parts.owner, "server": parts.miners, "validator": parts.validators, "root": parts.root}
    for name, value in expected.items():
        close(named[name], value, tolerance)
    assert sum(int(part) for part in parts) == amount


@cases("root_proportion")
def test_root_stake_counts_by_its_weight(given: Any, expected: Any, tolerance: Any) -> None:
    issuance, weight = given["alpha_in"] + given["alpha_out"], given["tao_weight_u64"] / 2**64
    close(root_proportion(given["root_tao"], issuance, weight), expected["root_proportion"], tolerance)


@cases("nominator_split")
def test_a_dividend_is_shared_with_nominators_after_the_take(given: Any, expected: Any, tolerance: Any) -> None:
    own, delegated = int(given["owner_stake"]), int(sum(given["nominator_stakes"]))
    dividend = jnp.array([int(given["dividend"])])
    parts = dividend_split(dividend, jnp.array([own]), jnp.array([delegated]), given["take"])
    close(own + parts.take + parts.to_own, [expected["owner"]], tolerance)  # the vectors state stake afterwards
    close(delegated + parts.to_delegators, [sum(expected["nominators"])], tolerance)


@cases("pool_price")
def test_the_price_of_a_pool(given: Any, expected: Any, tolerance: Any) -> None:
    close(spot_price(market(given, "buy")), expected["price"], tolerance)


@cases("pool_init_weight")
def test_a_pool_opens_at_a_given_price(given: Any, expected: Any, tolerance: Any) -> None:
    opened = Market(given["tao_reserve"], given["alpha_reserve"], 0.5)
    weight = weight_at_price(opened, given["price"])
    close(spot_price(opened._replace(weight_in=weight)), expected["price"], tolerance)


@cases("pool_power")
def test_the_part_of_a_reserve_that_a_trade_leaves(given: Any, expected: Any, tolerance: Any) -> None:
    weight = given["w_quote"] if given["side"] == "buy" else 1 - given["w_quote"]
    close(kept_factor(Market(given["reserve"], 0, weight), given["delta"]), expected["factor"], tolerance)


@cases("pool_raw_out")
def test_what_a_trade_without_fee_takes_out(given: Any, expected: Any, tolerance: Any) -> None:
    for side in ("buy", "sell"):
        close(amount_out(market(given, side), float(given["delta_in"])), expected[side], tolerance)


@cases("pool_swap")
def test_a_swap_with_fee_and_limit(given: Any, expected: Any, tolerance: Any) -> None:
    limit = price_as_seen(given["limit_price"], given["side"]) if "limit_price" in given else jnp.inf
    before = market(given, given["side"])
    got = swap(before, given["amount"], given["fee_u16"] / 65535, limit)
    after = Market(before.reserve_in + got.net_in, before.reserve_out - got.out, before.weight_in)
    for name, value in expected.items():
        close(spot_price(after) if name == "price_after" else getattr(got, name), value, tolerance)


@cases("pool_delta_to_price")
def test_what_moves_the_price_to_a_target(given: Any, expected: Any, tolerance: Any) -> None:
    assert given["side"] == "buy"
    pool = Market(given["reserve"], 0, given["w_quote"])
    close(amount_to_price(pool, given["price"], given["target"]), expected["delta_in"], tolerance)


@cases("pool_max_in")
def test_the_largest_trade_before_a_limit_price(given: Any, expected: Any, tolerance: Any) -> None:
    limit = price_as_seen(given["limit_price_rao"] / 1e9, given["side"])
    got = largest_amount(market(given, given["side"]), limit, given["fee_u16"] / 65535)
    refused = expected["max_in"] == "PriceLimitExceeded"
    close(got, 0 if refused else expected["max_in"], tolerance)


@cases("pool_alpha_needed")
def test_what_must_be_sold_to_take_an_amount_out(given: Any, expected: Any, tolerance: Any) -> None:
    close(amount_needed(market(given, "sell"), given["tao_out"]), expected["alpha"], tolerance)


@cases("pool_inject_weight")
def test_an_injection_moves_the_weight_and_keeps_the_price(given: Any, expected: Any, tolerance: Any) -> None:
    before = market(given, "buy")
    weight, accepted = weight_after_injection(before, given["tao_delta"], given["alpha_delta"])
    close(weight, expected["w_quote"], tolerance)
    assert bool(accepted) is expected.get("accepted", True)
    if "price" in expected:
        after = Market(before.reserve_in + given["tao_delta"], before.reserve_out + given["alpha_delta"], weight)
        close(spot_price(after), expected["price"], tolerance)


@cases("burn_price")
def test_the_registration_price_block_by_block(given: Any, expected: Any, tolerance: Any) -> None:
    rule = RegistrationPrice(
        half_life_blocks=given["half_life"],
        multiplier=float(given["multiplier"]),
        min_rao=given["min_burn"],
        max_rao=min(given["max_burn"], MOST),
        start_rao=given["start"],
    )
    price, seen = rule.init(), []
    for operation, times in (op if isinstance(op, list) else (op, 1) for op in given["ops"]):
        price = rule.register(price, times)[0] if operation == "register" else rule.decay(price, times)
        seen.append(int(price))
    assert seen == expected["burn"]


@cases("old_interval_adjust")
def test_the_older_rule_adjusts_once_per_interval(given: Any, expected: Any, tolerance: Any) -> None:
    got = adjusted_by_interval(
        given["value"], given["registrations"], given["target"], given["alpha_u64"] / 2**64, given["lo"], given["hi"]
    )
    close(got, expected["value"], tolerance)


@cases("prune_neuron")
def test_the_neuron_that_is_replaced(given: Any, expected: Any, tolerance: Any) -> None:
    registered = jnp.array(given["registered_at"])
    owned = jnp.isin(jnp.arange(len(registered)), jnp.array(given["owned_uids"], int))
    designated = -1 if given["owner_hotkey_uid"] is None else given["owner_hotkey_uid"]
    untouchable = untouchable_uids(owned, registered, designated, given["owner_limit"])
    immune = given["now"] - registered < given["immunity"]
    uid = int(replaced_uid(jnp.array(given["emission"]), registered, immune, untouchable, given["min_non_immune"]))
    assert uid == (-1 if expected["uid"] is None else expected["uid"])


@cases("trim_uids")
def test_the_neurons_kept_when_slots_shrink(given: Any, expected: Any, tolerance: Any) -> None:
    emission = jnp.array(given["emission"])
    protected = jnp.isin(jnp.arange(len(emission)), jnp.array(given["protected"]))
    kept = kept_after_trim(emission, protected, given["max_n"])
    assert emission[kept].tolist() == expected["kept"]


def test_every_vector_of_these_sections_has_a_test() -> None:
    covered = {
        "block_emission", "halving_threshold", "root_proportion", "pending_split", "nominator_split", "pool_price",
        "pool_init_weight", "pool_power", "pool_raw_out", "pool_swap", "pool_delta_to_price", "pool_max_in",
        "pool_alpha_needed", "pool_inject_weight", "burn_price", "old_interval_adjust", "prune_neuron", "trim_uids",
    }  # fmt: skip
    sections = {"E1", "E6", "P1", "P2", "P3", "R1", "R2", "R3", "R4"}
    assert {v["rule"] for v in VECTORS if v["spec"] in sections} <= covered


def test_a_designated_hotkey_takes_the_place_of_the_last() -> None:
    registered, owned = jnp.array([5, 3, 4, 1]), jnp.array([True, True, True, False])
    untouchable = jax.jit(untouchable_uids)
    assert untouchable(owned, registered, -1, 2).tolist() == [False, True, True, False]
    assert untouchable(owned, registered, 0, 2).tolist() == [True, True, False, False]
    assert untouchable(owned, registered, 2, 2).tolist() == [False, True, True, False]
    assert untouchable(owned, registered, 3, 9).tolist() == [True, True, True, True]
    assert not untouchable(owned, registered, 0, 0).any()


def test_slots_do_not_shrink_onto_protected_neurons() -> None:
    protected = jnp.arange(10) < 4
    assert kept_after_trim(jnp.arange(10), protected, 5).all()
    assert kept_after_trim(jnp.arange(10), protected, 6).tolist() == [True] * 4 + [False] * 4 + [True] * 2
