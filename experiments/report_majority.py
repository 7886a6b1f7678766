"""From how much stake on an attacker wins most votes, in words."""

import polars as pl

from experiments.metric_labels import place_text
from experiments.run_folder import RunFolder

__all__ = ["majority_sentence"]

_WINS = "attacker_win_share"
_MOST = 0.5


def majority_sentence(run: RunFolder, lanes: pl.DataFrame) -> str:
    """Return from which of the swept stakes on an attacker's wish wins most votes; nothing where none is swept.

    Args:
        run: a finished run.
        lanes: its lane values.
    """
    swept = [path for path in run.swept if path.startswith("curators.") and path.endswith(".tokens")]
    if len(swept) != 1 or _WINS not in lanes.columns or not lanes[_WINS].is_finite().any():
        return ""
    path, rest = swept[0], [other for other in run.swept if other != swept[0]]
    medians = lanes.group_by("design", *run.swept, maintain_order=True).agg(pl.col(_WINS).median())
    said = []
    for design in run.designs:
        found = medians.filter(pl.col("design") == design).partition_by(rest, as_dict=True) if rest else {
            (): medians.filter(pl.col("design") == design)
        }  # fmt: skip
        clauses = [
            f"{_from(rows.sort(path), path)}{_at(dict(zip(rest, place, strict=True)))}" for place, rows in found.items()
        ]
        said.append(f"{', '.join(clauses)} under {design}")
    return f"An attacker’s wish wins most votes {'; '.join(said)} (of the {medians[path].n_unique()} stakes tried)."


def _from(rows: pl.DataFrame, path: str) -> str:
    """Return from which value on, and at all larger ones, most votes are won."""
    lost = [place for place, share in enumerate(rows[_WINS].to_list()) if not share > _MOST]
    first = lost[-1] + 1 if lost else 0
    if first in (0, len(rows)):
        return "at none" if first else "at every stake"
    return f"from {rows[path][first]:,.0f} tokens on"


def _at(place: dict[str, object]) -> str:
    return f" ({place_text(place)})" if place else ""
