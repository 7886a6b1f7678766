"""Sales, burns, rewards and royalties against the specification's worked examples, to the unit."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from tokenomics.curation.auction import english, split_sale
from tokenomics.curation.burn import Reserves, buyback_burn, price_effect, quote, quote_down, treasury_burn
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.revenue_presets import PRESETS, preset_named, preset_on
from tokenomics.curation.rewards import active_rewards, eligible_voters
from tokenomics.provenance import Derivation, Node, Provenance
from tokenomics.royalties import royalties

FOLDER = Path(__file__).parent / "vectors"
UNIT = 10**9


def case(file: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a worked example is given and what it expects."""
    cases = json.loads((FOLDER / file).read_text(encoding="utf-8"))["cases"]
    (found,) = (c for c in cases if c["id"] == name)
    return found["inputs"], found["expected"]


def units(amount: Any) -> jnp.ndarray:
    """Return amounts in 10⁻⁹."""
    return jnp.asarray(np.rint(np.asarray(amount, float) * UNIT).astype(np.int64))


ROUND, SOLD = case("botto.json", "botto-2")
BURN, BURNED = case("botto.json", "botto-3")


def test_a_work_is_sold_at_the_second_value_and_the_marketplace_keeps_its_fee() -> None:
    sale = english(units(ROUND["valuations_eth"]), units(ROUND["reserve_eth"]))
    assert bool(sale.sold) is SOLD["sold"]
    assert int(sale.price) == units(SOLD["hammer_eth"])
    assert int(sale.buyer) == 0
    marketplace, net = split_sale(sale.price, ROUND["marketplace_fee"])
    assert int(marketplace) == units(SOLD["marketplace_eth"])
    assert int(net) == units(SOLD["net_revenue_eth"])


def test_the_revenue_of_a_round_is_divided_to_the_unit() -> None:
    given = ROUND["shares"]
    parts = Split(active_share=given["active"], liquidity_share=given["pol"]).split(units(SOLD["net_revenue_eth"]))
    expected = SOLD["parts_eth"]
    assert int(parts.active) == units(expected["active"])
    assert int(parts.liquidity) == units(expected["pol"])
    assert int(parts.treasury) == units(expected["treasury"])
    assert not any((parts.retroactive, parts.karma, parts.buyback, parts.treasury_burn))


def test_the_points_spent_by_those_with_enough_stake_divide_the_reward() -> None:
    voters = ROUND["voters"]
    stayed = jnp.array([not v["unstaked_before_end"] for v in voters])
    stake = jnp.array([v["stake"] for v in voters])
    spent = jnp.array([float(sum(abs(x) for x in v["votes"].values())) for v in voters])
    names = [v["id"] for v in voters]
    assert {n: s for n, s, kept in zip(names, spent.tolist(), stayed, strict=True) if kept} == SOLD["vp_spent"]
    eligible = eligible_voters(spent, stake, stayed, ROUND["min_stake"])
    assert [n for n, e in zip(names, eligible, strict=True) if e] == SOLD["eligible"]
    credited, left = active_rewards(units(SOLD["parts_eth"]["active"]), spent, eligible)
    expected = {name: int(units(eth)) for name, eth in SOLD["active_rewards_eth"].items()}
    assert {n: c for n, c in zip(names, credited.tolist(), strict=True) if c} == expected
    assert int(left) == units(SOLD["undistributed_active_eth"])


def pool() -> Reserves:
    return Reserves(units(BURN["pool_eth"]), units(BURN["pool_botto"]))


def worth() -> jnp.ndarray:
    return Split(treasury_burn_share=BURN["burn_share"]).split(units(BURN["net_revenue_eth"])).treasury_burn


def test_the_pool_quotes_what_a_share_of_the_revenue_is_worth() -> None:
    q = quote(BURN["net_revenue_eth"] * BURN["burn_share"], BURN["pool_eth"], BURN["pool_botto"], BURN["fee"])
    np.testing.assert_allclose(float(q), BURNED["burned_botto"], rtol=1e-9)
    assert int(worth()) == units(BURNED["equivalent_eth"])
    exact = 10**16 * 1_694_900_000 // (500 * UNIT + 1_694_900_000)
    assert int(quote_down(pool(), worth(), BURN["fee"])) == exact
    np.testing.assert_allclose(exact / UNIT, BURNED["burned_botto"], rtol=1e-9)


def test_burning_out_of_the_treasury_leaves_the_pool_alone() -> None:
    burned = treasury_burn(pool(), units(BURN["treasury_botto"]), worth(), BURN["fee"])
    expected = BURNED["treasury_burn"]
    left = int(units(BURN["treasury_botto"]) - burned) / UNIT
    np.testing.assert_allclose(left, expected["treasury_botto"], rtol=1e-9)
    np.testing.assert_allclose(BURN["supply_botto"] - int(burned) / UNIT, expected["supply_botto"], rtol=1e-9)


def test_buying_back_moves_the_pool_by_what_it_takes() -> None:
    after, burned = buyback_burn(pool(), worth(), BURN["fee"])
    expected = BURNED["buyback_burn"]
    assert int(after.eth) == units(expected["pool_eth"])
    np.testing.assert_allclose(int(after.botto) / UNIT, expected["pool_botto"], rtol=1e-9)
    np.testing.assert_allclose(BURN["supply_botto"] - int(burned) / UNIT, expected["supply_botto"], rtol=1e-9)
    kept = BURN["net_revenue_eth"] - int(worth()) / UNIT
    np.testing.assert_allclose(kept, expected["treasury_eth_change"], rtol=1e-12)
    risen = (expected["pool_eth"] / expected["pool_botto"]) / (BURN["pool_eth"] / BURN["pool_botto"])
    np.testing.assert_allclose(float(price_effect(pool(), after)), risen, rtol=1e-9)


def test_a_resale_pays_everybody_it_builds_on() -> None:
    given, expected = case("ledger.json", "lg-3")
    owners = sorted(given["edges"])
    sale = Node("sale", "sale", given["seller"], "00")
    graph = Provenance(
        (sale, *(Node(owner, "model", owner, "00") for owner in owners)),
        tuple(Derivation("sale", owner, given["edges"][owner]) for owner in owners),
    )
    owed = graph.shares("sale")
    paid, seller = royalties(units(given["price"]), jnp.array(list(owed.values())))
    got = dict(zip(owed, paid.tolist(), strict=True)) | {given["seller"]: int(seller)}
    assert got == {owner: int(units(eth)) for owner, eth in expected["paid"].items()}


# Active rewards, retroactive, liquidity, karma, buy-back, treasury; then what the treasury burns: table 1.7.
TABLE = {
    "launch": (0, 0, 0, 0, 100, 0, 0),
    "bip_06": (0, 0, 0, 0, 0, 100, 100),
    "bip_14": (25, 25, 0, 0, 0, 50, 20),
    "bip_22": (25, 25, 0, 0, 0, 50, 50),
    "bip_30": (50, 0, 0, 0, 0, 50, 50),
    "bip_47": (50, 0, 0, 0, 0, 50, 0),
    "bip_59": (40, 0, 20, 0, 0, 40, 0),
    "bip_83_c_f": (40, 0, 0, 10, 0, 50, 0),
    "bip_83_c_e_f": (40, 0, 0, 10, 0, 50, 0),
}


@pytest.mark.parametrize("name", TABLE)
def test_a_rule_of_the_past_has_the_shares_of_the_table(name: str) -> None:
    out = preset_named(name).rule.split(jnp.int64(100))
    got = (out.active, out.retroactive, out.liquidity, out.karma, out.buyback, out.treasury, out.treasury_burn)
    assert tuple(int(x) for x in got) == TABLE[name]
    assert sum(TABLE[name][:6]) == 100


def test_shares_of_every_rule_sum_to_one() -> None:
    for preset in PRESETS:
        *parts, burn = preset.rule.split(jnp.int64(10**18))
        assert sum(int(x) for x in parts) == 10**18
        assert sum(preset.rule.shares().values()) <= 1
        assert 0 <= int(burn) <= 10**18


def test_only_the_variants_with_part_e_pay_rewards_in_tokens() -> None:
    assert [p.name for p in PRESETS if p.rule.rewards_in_botto] == ["bip_83_c_e", "bip_83_c_e_f"]


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2021, 10, 22), "launch"),
        (date(2022, 10, 23), "bip_06"),
        (date(2022, 10, 24), "bip_14"),
        (date(2023, 7, 1), "bip_30"),
        (date(2024, 7, 31), "bip_47"),
        (date(2025, 5, 22), "bip_59"),
        (date(2026, 1, 1), "bip_83_c_f"),
    ],
)
def test_a_day_has_the_rule_that_was_in_force(day: date, name: str) -> None:
    assert preset_on(day).name == name


def test_rules_begin_one_after_the_other() -> None:
    begun = [preset.first for preset in PRESETS if preset.in_force]
    assert begun == sorted(set(begun))


def test_there_is_no_rule_before_the_first_and_none_of_an_unknown_name() -> None:
    with pytest.raises(ValueError, match="no rule is known before 2021-10-01"):
        preset_on(date(2021, 9, 30))
    with pytest.raises(ValueError, match='"bip_99" is unknown; found: launch, bip_06'):
        preset_named("bip_99")
