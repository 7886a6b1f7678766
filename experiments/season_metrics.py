"""Numbers per round of art, and per party of curators, from what a season did."""

from collections.abc import Mapping
from typing import TypeAlias

import jax
import numpy as np

from experiments.concentration import gini, hhi, nakamoto
from subnet.curation.crowd import Seat
from subnet.curation.season import SeasonOut
from tokenomics.amounts import RAO_PER_TOKEN

__all__ = ["party_columns", "season_metrics"]

Numbers: TypeAlias = np.ndarray | jax.Array  # the runner hands over NumPy's
_PER_STAKE = 1000.0  # tokens


def season_metrics(out: SeasonOut, parties: tuple[Seat, ...]) -> dict[str, np.ndarray]:
    """Return the columns of the epochs table of an art network (see docs/run-folder.md), each [L, E].

    Args:
        out: of a round, with leading axes L lanes, E rounds.
        parties: the curators by row.
    """
    sale, people, held = out.sale, out.people, out.held
    columns: dict[str, Numbers] = {
        "minted": out.minted,
        "own_choice": out.own_choice,
        "quality": out.quality,
        "quality_best": out.pool.best,
        "quality_mean": out.pool.mean,
        "quality_regret": np.asarray(out.pool.best) - np.asarray(out.quality),
        "quality_percentile": out.pool.percentile,
        "spread": out.pool.spread,
        "style_distance": out.pool.distance,
        "vote_agreement": out.pool.agreement,
        "taste_auc": out.foretold,
        "turnout": (np.asarray(people.spent) > 0).mean(axis=-1),
        "points_spent": _ratio(_total(people.spent), _total(people.points)),
        "winner_margin": _ratio(out.gap, np.abs(np.asarray(out.score))),
        "sold": np.where(np.asarray(out.minted), np.asarray(sale.sold, float), np.nan),
        "hammer_eth": np.where(np.asarray(sale.sold), _whole(sale.hammer), np.nan),
        "revenue_eth": _whole(sale.net),
        "marketplace_eth": _whole(sale.marketplace),
        "royalties_eth": _whole(sale.royalties),
        "resold_eth": _whole(out.resold),
        "rewards_eth": _whole(sale.parts.active),
        "bribes_eth": _whole(out.bribes.paid),
        "burned_tokens": _whole(held["tokens"]["burned"]),
        "supply": _whole(out.supply),
        "price_eth": out.price,
        "treasury_eth": _whole(held["eth"]["treasury"]),
        "treasury_tokens": _whole(held["tokens"]["treasury"]),
    }
    for name, shares in (("points", people.points), ("stake", people.stake)):
        values = np.asarray(shares, float)
        portions = _ratio(values, values.sum(axis=-1, keepdims=True))
        known = np.nan_to_num(portions)
        columns |= {f"gini_{name}": gini(known), f"hhi_{name}": hhi(known), f"nakamoto_{name}": nakamoto(known)}
    columns |= _attackers(out, parties)
    return {name: np.asarray(values) for name, values in columns.items()}


def party_columns(out: SeasonOut, parties: tuple[Seat, ...]) -> dict[str, np.ndarray]:
    """Return the columns of the parties table, [L, E, parties] each: sums over a party's curators."""
    people = out.people
    sums: Mapping[str, Numbers] = {
        "points": people.points,
        "spent": people.spent,
        "stake": people.stake,
        "moved": people.moved,
        "credited": people.credited,
    }
    columns = {name: np.stack([_total(np.asarray(x)[..., p.rows]) for p in parties], -1) for name, x in sums.items()}
    return columns | {"won": np.asarray(out.wins), "pivotal": np.asarray(out.pivotal)}


def _attackers(out: SeasonOut, parties: tuple[Seat, ...]) -> dict[str, Numbers]:
    """Return what those have and get who do not simply vote for what they like; NaN where there are none."""
    crooked = np.concatenate([np.full(party.num_curators, not party.rule.honest) for party in parties])
    theirs = np.array([not party.rule.honest for party in parties])
    people, some = out.people, crooked.any()
    columns: dict[str, Numbers] = {}
    columns["attacker_points"] = np.asarray(people.points, float)[..., crooked].sum(-1)
    for name, values in (("points", people.points), ("stake", people.stake), ("reward", people.credited)):
        amount = np.asarray(values, float)
        columns[f"attacker_{name}_share"] = _ratio(amount[..., crooked].sum(-1), amount.sum(-1))
    columns["attacker_won"] = np.asarray(out.wins)[..., theirs].any(-1).astype(float)
    columns["attacker_pivotal"] = np.asarray(out.pivotal)[..., theirs].any(-1).astype(float)
    columns = {name: np.where(some, values, np.nan) for name, values in columns.items()}
    for name, rows in (("sincere", ~crooked), ("attacker", crooked)):
        credited, stake = (np.asarray(x, float)[..., rows].sum(-1) for x in (people.credited, people.stake))
        columns[f"{name}_reward"] = _ratio(credited, stake) * _PER_STAKE
    return columns


def _total(values: Numbers) -> np.ndarray:
    array = np.asarray(values)
    return array.sum(axis=-1, dtype=np.float64 if array.dtype.kind == "f" else np.int64)


def _whole(amount: Numbers) -> np.ndarray:
    """Return an amount in 10⁻⁹ as tokens or ETH."""
    return np.asarray(amount) / RAO_PER_TOKEN


def _ratio(a: Numbers, b: Numbers) -> np.ndarray:
    a, b = np.asarray(a, float), np.asarray(b, float)
    a, b = np.broadcast_arrays(a, b)
    return np.divide(a, b, out=np.full(b.shape, np.nan), where=b > 0)
