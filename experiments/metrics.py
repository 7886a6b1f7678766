"""Numbers per epoch, from what the network did."""

import numpy as np
from scipy.stats import rankdata

from experiments.concentration import gini, hhi, nakamoto

__all__ = ["epoch_metrics"]


def epoch_metrics(
    out: dict[str, np.ndarray | None], adversary_validator: np.ndarray, adversary_miner: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the columns of the epochs table (see docs/run-folder.md), each [L, E].

    Args:
        out: fields of `subnet.simulate.EpochOut` with leading axes L lanes, E epochs.
        adversary_validator: [L, V] mask.
        adversary_miner: [L, M] mask.
    """
    stake, dividends, incentive = (_array(out, k) for k in ("stake_share", "dividends", "incentive"))
    paid_validators, paid_miners = _array(out, "validator_pay").sum(-1), _array(out, "miner_pay").sum(-1)
    minted = _array(out, "minted")
    permit = _array(out, "permit")
    columns = {
        "minted": minted,
        "paid_validators": paid_validators,
        "paid_miners": paid_miners,
        "remainder": minted - paid_validators - paid_miners,
        "validator_share": _array(out, "validator_share"),
        "miner_share": _array(out, "miner_share"),
        "consensus_sum": _array(out, "consensus").sum(-1),
        "validator_trust": _ratio((stake * _array(out, "validator_trust")).sum(-1), stake.sum(-1)),
    }
    for name, shares in (("dividends", dividends), ("incentive", incentive), ("stake", stake)):
        columns |= _concentration(name, shares)
    columns |= {
        "rewarded_miners": (incentive > 0).sum(-1),
        "permitted_validators": permit.sum(-1),
    }
    columns |= _adversaries(out, adversary_validator[:, None, :], adversary_miner[:, None, :])
    columns["quality_correlation"] = _quality_correlation(out["quality"], incentive)
    return columns


def _concentration(name: str, shares: np.ndarray) -> dict[str, np.ndarray]:
    """Return how unequal `shares` [L, E, n] are; NaN (a count: 0) where a lane is not finite any more."""
    finite = np.isfinite(shares).all(axis=-1)
    known = np.where(finite[..., None], shares, 0)
    return {
        f"gini_{name}": np.where(finite, gini(known), np.nan),
        f"hhi_{name}": np.where(finite, hhi(known), np.nan),
        f"nakamoto_{name}": nakamoto(known),
    }


def _adversaries(out: dict[str, np.ndarray | None], rows: np.ndarray, columns: np.ndarray) -> dict[str, np.ndarray]:
    """Return what adversaries hold and earn; NaN where a lane has none."""
    stake, dividends, incentive = (_array(out, k) for k in ("stake_share", "dividends", "incentive"))
    pay = np.where(rows, _array(out, "validator_pay"), 0).sum(-1) + np.where(columns, _array(out, "miner_pay"), 0).sum(
        -1
    )
    paid = _array(out, "validator_pay").sum(-1) + _array(out, "miner_pay").sum(-1)
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


def _quality_correlation(quality: np.ndarray | None, incentive: np.ndarray) -> np.ndarray:
    """Return Spearman's rank correlation of incentive with true quality over the miners that have one."""
    if quality is None:
        return np.full(incentive.shape[:-1], np.nan)
    q, i = rankdata(quality, axis=-1), rankdata(incentive[..., : quality.shape[-1]], axis=-1)
    q, i = q - q.mean(-1, keepdims=True), i - i.mean(-1, keepdims=True)
    return _ratio((q * i).sum(-1), np.sqrt((q**2).sum(-1) * (i**2).sum(-1)))


def _array(out: dict[str, np.ndarray | None], name: str) -> np.ndarray:
    values = out[name]
    assert values is not None
    return values


def _ratio(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b != 0, a / b, np.nan)
