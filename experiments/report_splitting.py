"""What dividing a stake over many wallets brings, in words."""

import math

import polars as pl

from experiments.report_wording import listed
from experiments.run_folder import RunFolder
from experiments.statistics import Interval

__all__ = ["splitting_sentence"]

_POINTS = "attacker_points"


def splitting_sentence(run: RunFolder, lanes: pl.DataFrame) -> str:
    """Return how many times the points attackers get where wallets are swept; nothing where they are not.

    Told for powers of ten among the wallets tried, or the most of them.

    Args:
        run: a finished run.
        lanes: its lane values.
    """
    paths = [path for path in run.swept if path.startswith("curators.") and path.endswith(".wallets")]
    if len(paths) != 1 or run.swept != paths or _POINTS not in lanes.columns:
        return ""
    path, party = paths[0], paths[0].split(".")[1]
    points = lanes.group_by("design", path).agg(pl.col(_POINTS).median())
    tried = sorted(points[path].unique().to_list())
    told = [count for count in tried[1:] if math.log10(count).is_integer()] or tried[-1:]
    said = []
    for count in told:
        found = {
            design: Interval(_points(points, design, path, count) / _points(points, design, path, tried[0]), None, None)
            for design in run.designs
        }
        said.append(f"in {count:g} wallets {listed(found, 'times', len(run.designs))}")
    wallets = "1 wallet" if tried[0] == 1 else f"{tried[0]:g} wallets"
    return f"Against {wallets}, the stake of {party} has this many times the points: {'; '.join(said)}."


def _points(points: pl.DataFrame, design: str, path: str, count: float) -> float:
    return float(points.filter(pl.col("design") == design, pl.col(path) == count)[_POINTS].item())
