"""Numbers per round of predictions, and of a tournament that pays for them."""

from typing import TypeAlias

import jax
import numpy as np

from experiments.concentration import hhi
from subnet.contest import RoundOut
from subnet.scores import ScoresOut

__all__ = ["round_agents", "round_metrics"]

Numbers: TypeAlias = np.ndarray | jax.Array
_OF_AGENTS = {"stake": "own_stake", "at_risk": "at_risk", "gain": "gain", "burn": "burn", "bonus": "bonus"}


def round_metrics(scores: ScoresOut | None, played: RoundOut | None) -> dict[str, Numbers]:
    """Return the columns of the epochs table that predictions and stakes on them add, each [L, E].

    Args:
        scores: with leading axes L lanes, E epochs; None where nobody ranks anything.
        played: the same; None without a tournament.
    """
    columns: dict[str, Numbers] = {}
    if scores is not None:
        concentration = hhi(np.asarray(scores.influence))
        columns |= {
            "meta_model_corr": scores.meta_corr,
            "models_median_corr": _median(scores.corr),
            "meta_model_percentile": _percentile(scores.corr, scores.meta_corr),
            "effective_models": _ratio(1.0, concentration),
        }
    if played is not None:
        gain, burn = played.gain.sum(-1), played.burn.sum(-1)
        columns |= {
            "payout_factor": played.factor,
            "staked": played.stake.sum(-1),
            "at_risk": played.at_risk.sum(-1),
            "gained": gain,
            "burnt": burn,
            "bonus": played.bonus.sum(-1),
            "net_emission": gain + played.bonus.sum(-1) - burn,
            "burn_share": _ratio(np.asarray(burn, float), np.asarray(gain + burn, float)),
        }
    return columns


def round_agents(scores: ScoresOut | None, played: RoundOut | None) -> dict[str, Numbers]:
    """Return the miners' columns of the agents table, [L, E, M] each; those of `ScoresOut` may be fewer miners."""
    columns: dict[str, Numbers] = {}
    if scores is not None:
        columns |= {"corr": scores.corr, "mmc": scores.mmc, "influence": scores.influence}
    if played is not None:
        columns |= {name: getattr(played, field) for field, name in _OF_AGENTS.items()}
    return columns


def _median(corr: Numbers) -> np.ndarray:
    """Return the median over models [L, E] that have a score; NaN where none has."""
    values = np.sort(np.asarray(corr, float), axis=-1)  # NaN last
    count = (~np.isnan(values)).sum(axis=-1, keepdims=True)
    low, high = (np.take_along_axis(values, np.maximum(k, 0), axis=-1) for k in ((count - 1) // 2, count // 2))
    high = np.where(count % 2 == 0, high, low)
    return np.where(count > 0, (low + high) / 2, np.nan)[..., 0]


def _percentile(corr: Numbers, meta: Numbers) -> np.ndarray:
    """Return the share of models with a score that the meta model beats."""
    values, own = np.asarray(corr, float), np.asarray(meta, float)
    known = ~np.isnan(values)
    below = (values < own[..., None]).sum(axis=-1)
    return np.where(np.isnan(own), np.nan, _ratio(below.astype(float), known.sum(axis=-1).astype(float)))


def _ratio(a: Numbers | float, b: Numbers) -> np.ndarray:
    b = np.asarray(b, float)
    return np.divide(a, b, out=np.full(b.shape, np.nan), where=b > 0)
