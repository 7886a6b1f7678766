"""What `subnetlab score` prints."""

import json
from typing import Any

import polars as pl

from experiments.scorable import Scorable
from experiments.wording import aligned, plural

__all__ = ["scores_text"]

_HEAD = ("model", "score", "eras", "mean", "sd", "Sharpe", "max drawdown")
_NONE = "–"


def scores_text(summary: pl.DataFrame, eras: pl.DataFrame, given: Scorable, as_json: bool = False) -> str:
    """Return what predictions score as a table for people, or all there is as JSON.

    Args:
        summary: see `experiments.scores.summary`.
        eras: see `experiments.scores.era_scores`.
        given: what was scored, what was refused and what was left out.
        as_json: whether to return JSON.
    """
    if as_json:
        found = {
            "models": summary.to_dicts(),
            "eras": eras.to_dicts(),
            "refused": given.refused,
            "notes": given.notes,
        }
        return json.dumps(found, ensure_ascii=False, allow_nan=False)
    labels = given.universe.eras
    said = f"{plural(len(given.models), 'model')}, {plural(len(labels), 'era')}"
    said += f" from {labels[0]} to {labels[-1]}" if len(labels) > 1 else ""
    cells = [_cells(row) for row in summary.iter_rows(named=True)]
    return aligned([_HEAD, *cells]) + f"{said}, {len(given.universe.table):,} rows"


def _cells(row: dict[str, Any]) -> list[str]:
    return [
        row["model"], row["score"].upper(), str(row["eras"]), _number(row["mean"], "+.4f"), _number(row["sd"], ".4f"),
        _number(row["sharpe"], "+.2f"), _number(row["max_drawdown"], ".4f"),
    ]  # fmt: skip


def _number(value: float | None, form: str) -> str:
    return _NONE if value is None else format(value, form)
