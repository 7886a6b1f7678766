"""Agents as dense arrays [design, seed, epoch, agent], and the groups a figure can show side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

__all__ = ["AgentCube", "Group", "adversary_groups", "thinned", "validator_groups"]

MAX_EPOCHS = 200  # more points than pixels help nobody
MAX_PANELS = 12


@dataclass(frozen=True)
class AgentCube:
    """The agents of one role; a uid that was not there at an epoch has NaN.

    Attributes:
        epochs: [E] epoch numbers, thinned evenly to at most 200.
        names: per agent, the name of the first identity seen in its slot.
        parties: per agent, `honest` or the overlay that placed it.
        adversary: [U] True where the agent is an adversary.
        values: column name to [designs, seeds, E, U].
    """

    epochs: NDArray[np.int64]
    names: tuple[str, ...]
    parties: tuple[str, ...]
    adversary: NDArray[np.bool_]
    values: dict[str, NDArray[np.float64]]

    @classmethod
    def of(cls, agents: pl.DataFrame, role: str, columns: Sequence[str], designs: Sequence[str]) -> "AgentCube":
        """Return the cube of a role.

        Args:
            agents: rows of the agents table at one sweep point.
            role: `validator` or `miner`.
            columns: numeric columns to keep.
            designs: the order of the first axis.
        """
        rows = agents.filter(pl.col("role") == role, pl.col("design").is_in(list(designs)))
        epochs = thinned(rows["epoch"].unique().sort().to_numpy())
        rows = rows.filter(pl.col("epoch").is_in(epochs.tolist())).sort("uid", "epoch", "design", "seed")
        axes = [
            np.asarray(designs, object),
            rows["seed"].unique().sort().to_numpy(),
            epochs,
            rows["uid"].unique().sort().to_numpy(),
        ]
        order = {name: position for position, name in enumerate(designs)}
        where = [rows["design"].replace_strict(order, return_dtype=pl.Int64).to_numpy()]
        where += [
            np.searchsorted(axis, rows[key].to_numpy())
            for axis, key in zip(axes[1:], ("seed", "epoch", "uid"), strict=True)
        ]
        values = {}
        for column in columns:
            values[column] = np.full([len(axis) for axis in axes], np.nan)
            values[column][tuple(where)] = rows[column].cast(pl.Float64).fill_null(np.nan).to_numpy()
        first = rows.unique("uid", keep="first", maintain_order=True)
        return cls(epochs, tuple(first["name"]), tuple(first["party"]), first["adversary"].to_numpy(), values)

    def total(self, column: str, members: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the sum over a group's members [designs, seeds, E]; NaN where none of them was there."""
        values = self.values[column][..., members]
        return np.where(np.isfinite(values).any(axis=-1), np.nansum(values, axis=-1), np.nan)

    def mean(self, column: str, members: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Return the mean over a group's members that were there [designs, seeds, E]."""
        there = np.isfinite(self.values[column][..., members]).sum(axis=-1)
        return self.total(column, members) / np.maximum(there, 1)


@dataclass(frozen=True)
class Group:
    """Agents shown as one panel."""

    title: str
    members: NDArray[np.bool_]
    adversary: bool


def validator_groups(cube: AgentCube) -> list[Group]:
    """Return one group per validator up to twelve, otherwise one per adversary party and three of honest ones."""
    count = len(cube.names)
    if count <= MAX_PANELS:
        return [Group(cube.names[i], np.arange(count) == i, bool(cube.adversary[i])) for i in range(count)]
    groups = adversary_groups(cube, "validator")
    honest = np.flatnonzero(~cube.adversary)
    if len(honest):
        start = np.nan_to_num(cube.values["stake_share"][:, :, 0]).mean(axis=(0, 1))
        # Ties go to the lower uid: float noise must not decide a group.
        ranked = honest[np.argsort(-start[honest].round(12), kind="stable")]
        half = -(-len(ranked) // 2)
        parts = {
            "largest honest": ranked[:1],
            "upper half of honest": ranked[1:half],
            "lower half of honest": ranked[half:],
        }
        groups += [_group(f"{title} ({len(who)})", who, count) for title, who in parts.items() if len(who)]
    return groups


def adversary_groups(cube: AgentCube, role: str) -> list[Group]:
    """Return one group per party of adversaries, in the order of uids."""
    groups = []
    parties = dict.fromkeys(party for party, hostile in zip(cube.parties, cube.adversary, strict=True) if hostile)
    for party in parties:
        members = np.array([name == party for name in cube.parties]) & cube.adversary
        size = int(members.sum())
        groups.append(Group(f"{party} ({size} {role}{'' if size == 1 else 's'})", members, True))
    return groups


def _group(title: str, who: NDArray[np.int64], count: int) -> Group:
    return Group(title, np.isin(np.arange(count), who), False)


def thinned(epochs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return at most 200 of the epochs, evenly spaced, first and last included."""
    if len(epochs) <= MAX_EPOCHS:
        return epochs
    return epochs[np.unique(np.linspace(0, len(epochs) - 1, MAX_EPOCHS).round().astype(int))]
