"""Numbers per epoch, from what the network did."""

from typing import TypeAlias

import jax
import numpy as np
from scipy.stats import rankdata

from experiments.concentration import gini, hhi, nakamoto
from experiments.round_metrics import round_agents, round_metrics
from subnet.economy import EconomyOut, Sides
from subnet.simulate import EpochOut, WorkOut
from tokenomics.amounts import RAO_PER_TOKEN

__all__ = ["agent_columns", "epoch_metrics"]

Numbers: TypeAlias = np.ndarray | jax.Array  # the runner hands over NumPy's


def epoch_metrics(out: EpochOut, adversary_validator: np.ndarray, adversary_miner: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns of the epochs table (see docs/run-folder.md), each [L, E].

    Args:
        out: of an epoch, with leading axes L lanes, E epochs.
        adversary_validator: [L, V] mask.
        adversary_miner: [L, M] mask.
    """
    money = out.money
    paid_validators, paid_miners = money.validator_pay.sum(-1), money.miner_pay.sum(-1)
    owner = money.token_flows["mint", "owner", "owner cut"]
    old = 0 if money.round is None else (money.round.gain + money.round.bonus).sum(-1)  # tokens that a tournament paid
    columns: dict[str, Numbers] = {
        "minted": money.minted,
        "paid_validators": paid_validators,
        "paid_miners": paid_miners,
        "paid_owner": owner,
        "remainder": money.minted - paid_validators - (paid_miners - old) - owner,
        "validator_share": out.validator_share,
        "miner_share": out.miner_share,
        "consensus_sum": out.consensus.sum(-1),
        "validator_trust": _ratio((out.stake_share * out.validator_trust).sum(-1), out.stake_share.sum(-1)),
    }
    for name, shares in (("dividends", out.dividends), ("incentive", out.incentive), ("stake", out.stake_share)):
        columns |= _concentration(name, shares)
    columns |= {
        "rewarded_miners": (money.miner_pay > 0).sum(-1),
        "permitted_validators": out.permit.sum(-1),
    }
    rows, cols = adversary_validator[:, None, :], adversary_miner[:, None, :]
    columns |= _adversaries(out, rows, cols)
    columns["quality_correlation"] = _quality_correlation(out.quality, money.miner_pay)
    columns |= {f"held_{name}": total for name, total in money.held.items()}
    columns["price"] = money.price
    if out.work is not None:
        columns |= _work(out.work, out.incentive, money)
    columns |= round_metrics(out.scores, money.round)
    if money.sides is not None:
        columns |= _profits(money, money.sides, rows, cols)
    if money.present is not None and money.joined is not None and money.fee is not None:
        columns |= {
            "present_miners": money.present.sum(-1),
            "joined_miners": money.joined.sum(-1),
            "registration_fee": money.fee,
        }
    return _arrays(columns)


def agent_columns(out: EpochOut) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the columns of the agents table: validators' [L, E, V] and miners' [L, E, M]."""
    money, sides = out.money, out.money.sides
    validators: dict[str, Numbers] = {
        name: getattr(out, name) for name in ("stake", "stake_share", "dividends", "validator_trust")
    }
    miners: dict[str, Numbers] = {name: getattr(out, name) for name in ("incentive", "consensus")}
    validators["pay"], miners["pay"] = money.validator_pay, money.miner_pay
    if sides is not None:
        for name in ("slashed", "cost", "balance"):
            validators[name], miners[name] = getattr(sides, f"validator_{name}"), getattr(sides, f"miner_{name}")
        validators |= {name: getattr(sides, name) for name in ("bets_won", "delegated", "delegators_gain")}
    count = out.incentive.shape[-1]
    if out.work is not None:
        miners |= {name: _padded(values, count) for name, values in out.work._asdict().items()}
    miners |= {name: _padded(values, count) for name, values in round_agents(out.scores, money.round).items()}
    if money.present is not None and money.generation is not None:
        miners["present"], miners["generation"] = money.present, money.generation
    return _arrays(validators), _arrays(miners)


def _work(work: WorkOut, incentive: Numbers, money: EconomyOut) -> dict[str, np.ndarray]:
    """Return how good the work is: the best, what pay goes to, and the average, of those who are there."""
    incentive = np.asarray(incentive)[..., : work.skill.shape[-1]]
    columns = {}
    for name, best in (("skill", np.fmax), ("accuracy", np.fmax), ("loss", np.fmin)):
        values = np.asarray(getattr(work, name), float)
        known = ~np.isnan(values)
        earned = np.where(known, incentive, 0)
        columns[f"{name}_paid"] = _ratio((earned * np.where(known, values, 0)).sum(-1), earned.sum(-1))
        columns[f"{name}_best"] = best.reduce(values, axis=-1)
        columns[f"{name}_mean"] = _mean_where(np.where(known, values, 0), known)
    columns["skill_per_token"] = _ratio(columns["skill_paid"], money.minted / RAO_PER_TOKEN)
    return columns


def _profits(money: EconomyOut, sides: Sides, rows: np.ndarray, cols: np.ndarray) -> dict[str, np.ndarray]:
    """Return dollars earned less dollars spent per agent and epoch, and tokens slashed; NaN where there is nobody.

    A validator's profit is its own: what its delegators earn or lose is not.
    """
    price = np.asarray(money.price)[..., None] / RAO_PER_TOKEN
    miner = (money.miner_pay - sides.miner_slashed) * price - sides.miner_cost
    kept = money.validator_pay + sides.bets_won - sides.validator_slashed - sides.delegators_gain
    validator = kept * price - sides.validator_cost
    there = np.ones(miner.shape, bool) if money.present is None else np.asarray(money.present)
    columns = {}
    groups = (("miner", miner, cols, there), ("validator", validator, rows, np.ones(validator.shape, bool)))
    for name, profit, crooked, counted in groups:
        columns[f"honest_{name}_profit"] = _mean_where(profit, counted & ~crooked)
        columns[f"adversary_{name}_profit"] = _mean_where(profit, counted & crooked)
    slashed = [(sides.miner_slashed, cols), (sides.validator_slashed, rows)]
    columns["slashed_honest"] = np.sum([np.where(crooked, 0, lost).sum(-1) for lost, crooked in slashed], axis=0)
    columns["slashed_adversary"] = np.sum([np.where(crooked, lost, 0).sum(-1) for lost, crooked in slashed], axis=0)
    return columns


def _mean_where(values: Numbers, mask: np.ndarray) -> np.ndarray:
    mask = np.broadcast_to(mask, values.shape)
    return _ratio(np.where(mask, values, 0).sum(-1), mask.sum(-1).astype(float))


def _padded(values: Numbers, count: int) -> np.ndarray:
    """Return values of the source's miners for everybody, NaN for miners that an overlay brought along."""
    missing = count - values.shape[-1]
    return np.pad(np.asarray(values, float), [(0, 0)] * (values.ndim - 1) + [(0, missing)], constant_values=np.nan)


def _arrays(columns: dict[str, Numbers]) -> dict[str, np.ndarray]:
    return {name: np.asarray(values) for name, values in columns.items()}


def _concentration(name: str, shares: Numbers) -> dict[str, np.ndarray]:
    """Return how unequal `shares` [L, E, n] are; NaN (a count: 0) where a lane is not finite any more."""
    finite = np.asarray(np.isfinite(shares).all(axis=-1))
    known = np.where(finite[..., None], shares, 0)
    return {
        f"gini_{name}": np.where(finite, gini(known), np.nan),
        f"hhi_{name}": np.where(finite, hhi(known), np.nan),
        f"nakamoto_{name}": nakamoto(known),
    }


def _adversaries(out: EpochOut, rows: np.ndarray, columns: np.ndarray) -> dict[str, np.ndarray]:
    """Return what adversaries hold and earn; NaN where a lane has none."""
    stake, dividends, incentive = out.stake_share, out.dividends, out.incentive
    miner_pay, validator_pay = out.money.miner_pay, out.money.validator_pay
    pay = np.where(rows, validator_pay, 0).sum(-1) + np.where(columns, miner_pay, 0).sum(-1)
    paid = validator_pay.sum(-1) + miner_pay.sum(-1)
    theirs, ours = ((np.where(mask, stake, 0).sum(-1), np.where(mask, dividends, 0).sum(-1)) for mask in (rows, ~rows))
    pay_ratio = _ratio(_ratio(theirs[1], theirs[0]), _ratio(ours[1], ours[0]))
    any_row, any_column = rows.any(-1), columns.any(-1)
    emission_share = _ratio(pay.astype(float), paid.astype(float))
    return {
        "adversary_stake_share": np.where(any_row, theirs[0], np.nan),
        "adversary_dividend_share": np.where(any_row, theirs[1], np.nan),
        "adversary_incentive_share": np.where(any_column, np.where(columns, incentive, 0).sum(-1), np.nan),
        "adversary_emission_share": np.where(any_row | any_column, emission_share, np.nan),
        "adversary_pay_ratio": np.where(any_row, pay_ratio, np.nan),
        "honest_emission_share": 1 - emission_share,
    }


def _quality_correlation(quality: Numbers | None, pay: Numbers) -> np.ndarray:
    """Return Spearman's rank correlation of pay with true quality over the miners that have one.

    Of pay, not of incentive: an incentive may be too small to be paid and would still have a rank.
    """
    if quality is None:
        return np.full(pay.shape[:-1], np.nan)
    truth = np.asarray(quality)
    known = np.asarray(~np.isnan(truth))
    pairs = (truth, np.where(known, np.asarray(pay)[..., : truth.shape[-1]], np.nan))
    q, i = (rankdata(x, axis=-1, nan_policy="omit") for x in pairs)
    q, i = (np.where(known, x - _mean_where(np.where(known, x, 0), known)[..., None], 0) for x in (q, i))
    return _ratio((q * i).sum(-1), np.sqrt((q**2).sum(-1) * (i**2).sum(-1)))


def _ratio(a: Numbers, b: Numbers) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b != 0, a / b, np.nan)
