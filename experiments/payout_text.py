"""What `subnetlab payout` prints."""

import json
import math
from typing import Any

import polars as pl

from experiments.wording import aligned, plural

__all__ = ["rules_text", "totals_text"]

_RULE_HEAD = ("rule", "from", "until", "pays", "cap", "in full up to (NMR)", "models could choose")
_MOST_CHOICES = 5


def rules_text(rules: pl.DataFrame, as_json: bool = False) -> str:
    """Return the rules as a table for people, or as JSON."""
    if as_json:
        rows = [row | {"threshold_nmr": _finite(row["threshold_nmr"])} for row in rules.iter_rows(named=True)]
        return json.dumps(rows, allow_nan=False)
    return aligned([_RULE_HEAD, *(_cells(row) for row in rules.iter_rows(named=True))])


def totals_text(totals: pl.DataFrame, paid: pl.DataFrame, as_json: bool = False) -> str:
    """Return what each model earned and the terms that held, as a table for people, or all of it as JSON."""
    rules = ", ".join(paid["rule"].unique(maintain_order=True))
    factors = paid["payout_factor"].to_numpy()
    low, high = float(factors.min()), float(factors.max())
    if as_json:
        found = {"rules": rules.split(", "), "payout_factor": [low, high], "models": totals.to_dicts()}
        return json.dumps(found, allow_nan=False)
    head = ["model", "rounds", "earned", "burned", "net (NMR)", "return"]
    ends = "stake" in totals.columns
    cells = [
        [
            str(row["model"]), f"{row['rounds']}", f"{row['earned']:.3f}", f"{row['burned']:.3f}", f"{row['net']:+.3f}",
            "–" if row["return"] is None else f"{row['return']:+.2%}", *([f"{row['stake']:.3f}"] if ends else []),
        ]
        for row in totals.iter_rows(named=True)
    ]  # fmt: skip
    factor = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
    said = f"{plural(len(paid), 'payout')} under {rules}; payout factor {factor}"
    return aligned([[*head, *(["stake at the end"] if ends else [])], *cells]) + said


def _cells(row: dict[str, Any]) -> list[str]:
    threshold = f"{row['threshold_nmr']:,.0f}" if math.isfinite(row["threshold_nmr"]) else "any stake"
    cap = f"±{row['cap']:.1%}".replace(".0%", "%")
    return [row["rule"], row["from"], row["until"], row["pays"], cap, threshold, _choices(row["choices"])]


def _choices(text: str) -> str:
    found = text.split(" or ")
    return text if len(found) <= _MOST_CHOICES else f"{len(found)} pairs from {found[0]} to {found[-1]}"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
