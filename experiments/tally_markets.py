"""Requests to a fund, curves on which works are traded, and what turning a vote costs."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from experiments.ballots import Ballots
from experiments.parameters import Refused
from experiments.tally_parameters import Trade
from experiments.tally_result import Grid, Tally, finite, flip, grid
from tokenomics.curation import bonding_curve as curve
from tokenomics.curation.conviction import (
    blocks_to_pass,
    conviction_after,
    conviction_threshold,
    effective_stake,
    half_life,
    standing_share_needed,
)
from tokenomics.curation.plurality import stake_for

__all__ = ["bonding_curve", "conviction", "flip_cost"]


def conviction(ballots: Ballots) -> Tally:
    """Return what a request needs, how the conviction behind it grows, and when it passes."""
    p = ballots.parameters
    if p.stake > p.total_staked or p.total_staked > p.token_supply:
        raise Refused(
            f"stake = {p.stake:g}, total_staked = {p.total_staked:g}, token_supply = {p.token_supply:g} must not fall"
        )
    share = p.requested / p.funds
    effective = effective_stake(p.total_staked, p.token_supply, p.min_stake_share)
    threshold = conviction_threshold(share, effective, p.alpha, p.beta, p.rho)
    passes = finite(blocks_to_pass(p.stake, threshold, p.alpha)) if p.stake > 0 and np.isfinite(threshold) else None
    grown = [float(conviction_after(0.0, p.stake, block, p.alpha)) for block in p.blocks]
    result = {
        "half_life_blocks": float(half_life(p.alpha)),
        "effective_stake": float(effective),
        "threshold": finite(threshold),
        "conviction": grown,
        "max_conviction": p.stake / (1 - p.alpha),
        "passes_after_blocks": None if passes is None else int(passes),
        "stake_share_needed_eventually": finite(standing_share_needed(share, p.beta, p.rho)),
    }
    rows = [(block, found, "yes" if found >= threshold else "no") for block, found in zip(p.blocks, grown, strict=True)]
    said = f"{p.requested:,.10g} of {p.funds:,.10g}"
    headline = (
        f"a request for {said} never passes"
        if passes is None
        else f"a request for {said} passes after {passes:,.0f} blocks"
    )
    return Tally(headline, result, (Grid(("blocks", "conviction", "passes"), rows),) if rows else ())


def bonding_curve(ballots: Ballots) -> Tally:
    """Carry out trades on a curve, one after the other."""
    p, supply, rows = ballots.parameters, ballots.parameters.supply, []
    at_start = supply
    for index, trade in enumerate(p.trades):
        shares = _shares(trade, index, supply, p)
        cost = float(curve.cost(supply, supply + shares, p.slope, p.exponent))
        supply += shares
        now = {"supply": supply, "price": float(curve.price(supply, p.slope, p.exponent))}
        reserve = float(curve.reserve(supply, p.slope, p.exponent))
        if not np.isfinite([cost, reserve, now["price"]]).all():
            raise Refused(f"trades[{index}]: the curve's reserve is beyond all numbers at a supply of {supply:g}")
        rows.append({"trader": trade.trader, "shares": shares, "cost": cost, **now, "reserve": reserve})
    last = rows[-1]
    result: dict[str, Any] = {
        "trades": rows,
        "supply": last["supply"],
        "price": last["price"],
        "reserve": last["reserve"],
    }
    result["paid_in"] = sum(row["cost"] for row in rows)
    result["reserve_before"] = float(curve.reserve(at_start, p.slope, p.exponent))
    head = tuple(last)
    headline = f"{last['supply']:,.10g} shares at a price of {last['price']:,.10g}; {last['reserve']:,.10g} in reserve"
    return Tally(headline, result, (Grid(head, [tuple(row.values()) for row in rows]),))


def flip_cost(ballots: Ballots) -> Tally:
    """Return what turning a count costs, bought and bribed."""
    p = ballots.parameters
    if p.tally is not None:
        options, score = tuple(p.tally), np.array(list(p.tally.values()), np.float64)
    else:
        options = ballots.options
        stake = jnp.asarray(ballots.numbers("stake"))
        score = np.asarray(stake_for(stake, jnp.asarray(ballots.choices()), len(options)))
    found = flip(score, options, p)
    if found is None:
        raise Refused("has votes for fewer than two options: there is nothing to turn the vote to")
    headline = (
        f"{found['votes_to_buy']:,} votes bought or {found['votes_to_bribe']:,} bribed make {found['runner_up']} win"
    )
    return Tally(headline, found, (grid("option", {"votes": dict(zip(options, score.tolist(), strict=True))}),))


def _shares(trade: Trade, index: int, supply: float, terms: Any) -> float:
    """Return how many shares a trade adds to the supply, negative for a sale."""
    if (trade.shares is None) == (trade.pay is None):
        raise Refused(f"trades[{index}] needs either shares, negative to sell, or pay, tokens to buy for")
    if trade.pay is not None:
        return float(curve.shares_for(trade.pay, supply, terms.slope, terms.exponent))
    assert trade.shares is not None
    if supply + trade.shares < 0:
        raise Refused(f"trades[{index}].shares = {trade.shares:g} sells more than the {supply:g} shares that there are")
    return trade.shares
