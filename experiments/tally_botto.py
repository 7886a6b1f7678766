"""Botto: a weekly round, voting points, what splitting a stake brings, and two ways to burn."""

from typing import Any

import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from experiments.ballots import Ballots
from experiments.parameters import Refused
from experiments.tally_parameters_botto import BottoRound
from experiments.tally_result import Tally, by_name, concentration, flip, grid, margin, winner
from tokenomics.amounts import RAO_PER_TOKEN
from tokenomics.curation.auction import english, split_sale
from tokenomics.curation.burn import Reserves, buyback_burn, price_effect, quote_down, treasury_burn
from tokenomics.curation.revenue.split import Split
from tokenomics.curation.revenue_presets import preset_named
from tokenomics.curation.rewards import active_rewards, eligible_voters
from tokenomics.curation.voting_points import (
    SECONDS_PER_WEEK,
    accrued_points,
    launch_points,
    round_points,
)
from tokenomics.curation.voting_points import split_gain as gain_of
from tokenomics.parts import part_of

__all__ = ["botto_points", "botto_round", "burn", "split_gain"]

_DAYS_PER_WEEK = 7
_SUM_ROUNDING = 1e-9
_NAMES = {"liquidity": "pol"}  # Botto's own word: protocol-owned liquidity
_MOST_POINTS = 1e12  # the points of a round are counted in millionths and must fit


def botto_round(ballots: Ballots) -> Tally:
    """Hold one weekly round: votes of those who stayed, auction, split, rewards for the points spent."""
    terms = ballots.parameters
    stayed = ballots.numbers("unstaked_before_end") == 0
    votes = np.where(stayed[:, None], ballots.amounts("stake"), 0)
    net, spent = votes.sum(axis=0), np.abs(votes).sum(axis=1)
    if spent.sum() > _MOST_POINTS:
        raise Refused(f"votes spend {spent.sum():g} points in all; a round takes up to {_MOST_POINTS:g}")
    found = winner(net, ballots.options)
    result: dict[str, Any] = {"net_votes": by_name(ballots.options, net), "winner": found}
    sold, parts = _sold(terms, found is not None)
    result |= sold | _rewarded(ballots, spent, stayed, jnp.int64(parts.get("active", 0)))
    result |= {"flip": flip(net, ballots.options, terms), "concentration": concentration(spent)}
    columns = {"points spent": result["vp_spent"], "reward (ETH)": result["active_rewards_eth"]}
    grids = [grid("work", {"net votes": result["net_votes"]})] if ballots.options else []
    grids += [grid("voter", columns)] if result["vp_spent"] else []
    grids += [grid("part", {"ETH": result["parts_eth"]})]
    return Tally(margin(net, ballots.options, "net votes"), result, tuple(grids))


def botto_points(ballots: Ballots) -> Tally:
    """Return a wallet's voting points under the three rules that were in force."""
    p = ballots.parameters
    left = p.late_pct_remaining / 100
    week = SECONDS_PER_WEEK / _DAYS_PER_WEEK
    per_round = round_points(
        p.stake, p.late_stake, left, p.lp_tokens, connected=p.connected, signed_up=p.signed_up
    )  # fmt: skip
    points = {
        "launch_rule": float(launch_points(p.stake, p.days)),
        "launch_rule_with_first_stake_bonus": float(launch_points(p.stake, p.days, True)),
        "linear_rule": float(accrued_points(p.stake, p.days * week, p.lp_tokens)),
        "per_round_rule": float(per_round.reshape(())),
    }
    return Tally(f"voting points of {p.stake:,.10g} BOTTO", points)


def split_gain(ballots: Ballots) -> Tally:
    """Return by how much dividing a stake over wallets multiplies its points under the three rules."""
    p = ballots.parameters
    rules = {
        "launch_rule_factor": lambda stake: launch_points(stake, 1.0),
        "linear_rule_factor": lambda stake: accrued_points(stake, SECONDS_PER_WEEK),
        "per_round_rule_factor": round_points,
    }
    factors = {name: float(jnp.reshape(gain_of(rule, p.stake, p.wallets), ())) for name, rule in rules.items()}
    if not all(map(np.isfinite, factors.values())):
        raise Refused(f"stake = {p.stake:g} is too little: the launch rule gives it no points at all")
    headline = f"{p.stake:,.10g} BOTTO over {p.wallets:,} wallets multiply their points"
    return Tally(headline, factors)


def burn(ballots: Ballots) -> Tally:
    """Burn what a share of the revenue is worth: out of the treasury, or bought in the pool."""
    p = ballots.parameters
    revenue, treasury, supply = (_units(x) for x in (p.net_revenue_eth, p.treasury_botto, p.supply_botto))
    pool = Reserves(_units(p.pool_eth), _units(p.pool_botto))
    worth = part_of(revenue, p.burn_share)
    after, bought = buyback_burn(pool, worth, p.fee)
    if p.pool_botto + p.treasury_botto > p.supply_botto:
        raise Refused(
            f"pool_botto = {p.pool_botto:g} and treasury_botto = {p.treasury_botto:g} are more than supply_botto = "
            f"{p.supply_botto:g}, which counts all there is"
        )
    burned = treasury_burn(pool, treasury, worth, p.fee)
    ways = {
        "treasury_burn": _after(treasury - burned, supply - burned, pool, revenue),
        "buyback_burn": _after(treasury, supply - bought, after, revenue - worth),
    }
    result: dict[str, Any] = {
        "equivalent_eth": _tokens(worth),
        "burned_botto": _tokens(quote_down(pool, worth, p.fee)),
        "price_effect": float(price_effect(pool, after)),
        **ways,
    }
    named = {"treasury burn": ways["treasury_burn"], "buy-back": ways["buyback_burn"]}
    headline = f"{result['equivalent_eth']:,.10g} ETH burn {result['burned_botto']:,.10g} BOTTO"
    return Tally(headline, result, (_words(named),))


def _sold(terms: BottoRound, is_work: bool) -> tuple[dict[str, Any], dict[str, int]]:
    """Return how the auction of the winning work ended, and the parts of the revenue in 10⁻⁹ ETH."""
    sale = english(_units(terms.valuations_eth), _units(terms.reserve_eth))
    price = sale.price if is_work else jnp.int64(0)
    fee, revenue = split_sale(price, terms.marketplace_fee)
    parts = _parts(terms, revenue)
    sold = {
        "sold": bool(sale.sold) and is_work,
        "hammer_eth": _tokens(price),
        "marketplace_eth": _tokens(fee),
        "net_revenue_eth": _tokens(revenue),
        "parts_eth": {name: amount / RAO_PER_TOKEN for name, amount in parts.items()},
    }
    return sold, parts


def _rewarded(ballots: Ballots, spent: NDArray[Any], stayed: NDArray[Any], pool: Any) -> dict[str, Any]:
    """Return who is rewarded with what for the points spent."""
    terms = ballots.parameters
    per_wallet = ballots.numbers("stake") / ballots.numbers("wallets", 1.0)
    eligible = eligible_voters(jnp.asarray(spent), jnp.asarray(per_wallet), jnp.asarray(stayed), terms.min_stake)
    credited, left = active_rewards(pool, jnp.asarray(spent), eligible, terms.counts)
    rewarded = [name for name, is_eligible in zip(ballots.ids, eligible.tolist(), strict=True) if is_eligible]
    paid = by_name(ballots.ids, credited)
    return {
        "vp_spent": {n: x for n, x, s in zip(ballots.ids, spent.tolist(), stayed, strict=True) if s},
        "eligible": rewarded,
        "active_rewards_eth": {name: _tokens(paid[name]) for name in rewarded},
        "undistributed_active_eth": _tokens(left),
    }


def _parts(terms: BottoRound, revenue: Any) -> dict[str, int]:
    """Return the parts of a revenue, in 10⁻⁹ ETH: those that the file names, or those that a rule of the past has."""
    if terms.shares is None:
        rule = preset_named(terms.preset).rule
        parts = {_NAMES.get(k, k): int(v) for k, v in rule.split(revenue)._asdict().items() if k != "treasury_burn"}
        used = {_NAMES.get(k, k) for k, v in rule.shares().items() if v > 0} | {"treasury"}
        return {name: amount for name, amount in parts.items() if name in used}
    given = dict(terms.shares)
    treasury = given.pop("treasury", None)
    total = sum(given.values()) + (treasury or 0)
    if total > 1 + _SUM_ROUNDING or (treasury is not None and total < 1 - _SUM_ROUNDING):
        raise Refused(f"shares sum to {total:g}; they must sum to 1, or leave out treasury, which has the rest")
    named = {"liquidity_share" if name == "pol" else f"{name}_share": share for name, share in given.items()}
    parts = Split(**({"active_share": 0.0, "liquidity_share": 0.0} | named)).split(revenue)._asdict()  # type: ignore[arg-type]
    return {_NAMES.get(k, k): int(v) for k, v in parts.items() if _NAMES.get(k, k) in (*given, "treasury")}


def _after(treasury: Any, supply: Any, pool: Reserves, kept: Any) -> dict[str, float]:
    amounts = {"treasury_botto": treasury, "supply_botto": supply, "pool_eth": pool.eth, "pool_botto": pool.botto}
    return {name: _tokens(x) for name, x in amounts.items()} | {"treasury_eth_change": _tokens(kept)}


def _words(columns: dict[str, dict[str, Any]]) -> Any:
    found = grid("", columns)
    return found._replace(rows=[(str(row[0]).replace("_", " "), *row[1:]) for row in found.rows])


def _units(amount: Any) -> Any:
    """Return amounts in whole 10⁻⁹ tokens."""
    units: NDArray[np.int64] = np.rint(np.asarray(amount, np.float64) * RAO_PER_TOKEN).astype(np.int64)
    return jnp.asarray(units)


def _tokens(units: Any) -> float:
    return int(units) / RAO_PER_TOKEN
