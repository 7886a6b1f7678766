"""`subnetlab payout`: what stakes earn and burn for given scores, under any rule that the tournament ever had."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import polars as pl

from experiments.errors import UserError
from experiments.table_file import number_column, read_table, require_columns
from experiments.wording import nearest
from tokenomics.tournament.compounding import compounded
from tokenomics.tournament.presets import PRESETS, preset_of
from tokenomics.tournament.rules import PayoutRule
from tokenomics.tournament.timeline import Preset

__all__ = ["BY_ROUND", "Terms", "preset_named", "read_payouts", "rules_table", "stand_ins", "totals"]

BY_ROUND = "by-round"  # instead of a preset's name: each round under the rule of its day
_ALL = {preset.name: preset for presets in PRESETS.values() for preset in presets}
_PAYING = {name: preset for name, preset in _ALL.items() if isinstance(preset.rule, PayoutRule)}


@dataclasses.dataclass(frozen=True)
class Terms:
    """What a table of scores does not say.

    Attributes:
        rule: a preset's name, or `BY_ROUND`.
        stake_nmr: of every model, unless the table has a column `stake`.
        factor: payout factor, unless the table has `payout_factor`; None: that of `at_risk_nmr`.
        at_risk_nmr: stake at risk in all, unless the table has `at_risk`; None: too little to matter.
        instead: columns that stand in for scores that the table lacks, such as mmc for tc.
    """

    rule: str = "corr_mmc_2026"
    stake_nmr: float = 100.0
    factor: float | None = None
    at_risk_nmr: float | None = None
    instead: Mapping[str, str] = dataclasses.field(default_factory=dict)


def preset_named(name: str) -> Preset:
    """Return a rule by its name.

    Raises:
        UserError: there is no such rule, or it was an auction, which pays by bids instead of scores.
    """
    if name in _PAYING:
        return _PAYING[name]
    if name in _ALL:
        raise UserError(f"payout: {name} was an auction of bids and pays for no score; take a later rule")
    raise UserError(f'payout: "{name}" is no rule{nearest(name, _PAYING)} found: {BY_ROUND}, {", ".join(_PAYING)}')


def stand_ins(given: Sequence[str]) -> dict[str, str]:
    """Return `SCORE=COLUMN` texts as a mapping.

    Raises:
        UserError: one has another form.
    """
    pairs = [text.partition("=") for text in given]
    for text, (score, _, column) in zip(given, pairs, strict=True):
        if not (score and column):
            raise UserError(f'payout: --instead "{text}" is not of the form SCORE=COLUMN, as in tc=mmc')
    return {score.strip(): column.strip() for score, _, column in pairs}


def rules_table() -> pl.DataFrame:
    """Return the rules that pay by scores, one per row: dates, formula, cap, threshold, what models could choose."""
    rows = []
    for preset in _PAYING.values():
        rule = preset.rule
        assert isinstance(rule, PayoutRule)
        terms = [f"{m:g} {name}" for m, name in zip(_multipliers(rule), preset.scores, strict=True) if m and name]
        choices = " or ".join("/".join(f"{m:g}" for m in option) for option in preset.options)
        rows.append(
            {
                "rule": preset.name,
                "tournament": preset.tournament,
                "from": preset.first.isoformat()[: {"year": 4, "month": 7, "day": 10}[preset.known_to]],
                "until": preset.last.isoformat() if preset.last else "now",
                "pays": " + ".join(terms),
                "cap": rule.cap,
                "threshold_nmr": rule.threshold_nmr,
                "choices": choices if len(preset.options) > 1 else "",
            }
        )
    return pl.DataFrame(rows)


def read_payouts(path: Path, terms: Terms) -> pl.DataFrame:
    """Return the table of scores at `path` with what each row earns.

    It has a column per score that the rule weighs (`corr`, `mmc`, …) and may have `round`, `model`, `stake`,
    `payout_factor` and `at_risk`.

    Returns:
        The same rows with `rule`, `stake`, `payout_factor`, `fraction` of the stake and `payout` in NMR, negative where
        stake burns. A missing score pays 0.

    Raises:
        UserError: something is missing or makes no sense; the text says what.
    """
    for name, amount in (("--stake", terms.stake_nmr), ("--at-risk", terms.at_risk_nmr), ("--factor", terms.factor)):
        if amount is not None and not math.isfinite(amount):
            raise UserError(f"payout: {name} {amount:g} is no amount; give a number")
    table = read_table(path)
    if terms.rule == BY_ROUND:
        require_columns(table, ["round"], path, f"by which {BY_ROUND} finds the rule")
        names = [_of_round(number, path) for number in table["round"].to_list()]
    else:
        names = [preset_named(terms.rule).name] * len(table)
    table = table.with_columns(_rule=pl.Series(names), _row=pl.int_range(len(table)))
    parts = [_paid(part, _PAYING[name[0]], path, terms) for name, part in table.group_by("_rule", maintain_order=True)]
    return pl.concat(parts).sort("_row").with_columns(rule="_rule").drop("_row", "_rule")


def totals(paid: pl.DataFrame, compounds: bool = False) -> pl.DataFrame:
    """Return what each model earned over all rounds, best first.

    Args:
        paid: see `read_payouts`.
        compounds: whether payouts are added to the stake once their round has resolved; needs a column `round`, and
            rounds under one rule.

    Returns:
        `model`, `rounds`, `earned`, `burned` and `net` in NMR, `return` on the stake, null without one; where payouts
        compound also `stake` at the close of the last round.

    Raises:
        UserError: payouts cannot compound without rounds, or over rules with different lags.
    """
    if "model" not in paid.columns:
        paid = paid.with_columns(model=pl.lit("all rows"))
    if compounds:
        return _compounded(paid)
    gain = pl.col("payout")
    found = paid.group_by("model", maintain_order=True).agg(
        pl.len().alias("rounds"),
        gain.clip(lower_bound=0).sum().alias("earned"),
        (-gain.clip(upper_bound=0)).sum().alias("burned"),
        gain.sum().alias("net"),
        pl.when(pl.col("stake").mean() > 0).then(gain.sum() / pl.col("stake").mean()).alias("return"),
    )
    return found.sort("net", descending=True, maintain_order=True)


def _compounded(paid: pl.DataFrame) -> pl.DataFrame:
    """Return totals where each model starts with the stake of its first row; a round without a row pays nothing."""
    if "round" not in paid.columns or not paid["round"].dtype.is_integer() or paid["round"].has_nulls():
        raise UserError('payout: --compound needs a column "round" of whole numbers: payouts count once others close')
    lags = {_PAYING[name].lag_rounds for name in paid["rule"].unique()}
    if len(lags) > 1:
        raise UserError("payout: --compound needs rounds that resolve after the same time; take one rule with --rule")
    if paid.select("round", "model").is_duplicated().any():
        raise UserError("payout: --compound needs one row per model and round, but some have several")
    paid = paid.sort("round", maintain_order=True)
    models = paid["model"].unique(maintain_order=True)
    column = paid["model"].replace_strict(models, list(range(len(models))), return_dtype=pl.Int64).to_numpy()
    number = paid["round"].to_numpy()
    fractions = np.zeros((number.max() - number.min() + 1, len(models)))
    fractions[number - number.min(), column] = paid["fraction"].to_numpy()
    _, first, rows = np.unique(column, return_index=True, return_counts=True)
    initial = paid["stake"].to_numpy()[first]
    stakes = np.asarray(compounded(initial, jnp.asarray(fractions), lags.pop()))
    gains = stakes * fractions  # what is in flight at the end has not been added to any stake yet
    found = pl.DataFrame(
        {
            "model": models,
            "rounds": rows,
            "earned": np.maximum(gains, 0).sum(axis=0),
            "burned": -np.minimum(gains, 0).sum(axis=0),
            "net": gains.sum(axis=0),
            "return": gains.sum(axis=0) / np.where(initial > 0, initial, np.nan),
            "stake": stakes[-1],
        }
    )
    return found.with_columns(pl.col("return").fill_nan(None)).sort("net", descending=True, maintain_order=True)


def _paid(table: pl.DataFrame, preset: Preset, path: Path, terms: Terms) -> pl.DataFrame:
    """Return the rows of one rule with their payouts."""
    rule = preset.rule
    assert isinstance(rule, PayoutRule)
    pairs = zip(_multipliers(rule), preset.scores, strict=True)
    score, contribution = (_score(table, name, multiplier, path, terms, preset) for multiplier, name in pairs)
    stake = _given(table, "stake", terms.stake_nmr, path)
    factor = _factors(table, rule, path, terms)
    fraction = np.asarray(rule.fraction(score, contribution, factor))
    return table.with_columns(
        stake=pl.Series(stake), payout_factor=pl.Series(factor), fraction=pl.Series(fraction),
        payout=pl.Series(stake * fraction),
    )  # fmt: skip


def _score(table: pl.DataFrame, name: str, multiplier: float, path: Path, terms: Terms, preset: Preset) -> np.ndarray:
    if multiplier == 0:
        return np.full(len(table), np.nan)
    column = name if name in table.columns else terms.instead.get(name, name)
    why = f"which {preset.name} pays for; with --instead {name}=COLUMN another one stands in for it"
    require_columns(table, [column], path, why)
    return number_column(table, column, path).to_numpy()


def _factors(table: pl.DataFrame, rule: PayoutRule, path: Path, terms: Terms) -> np.ndarray:
    if "payout_factor" in table.columns or terms.factor is not None:
        factor = _given(table, "payout_factor", 1.0 if terms.factor is None else terms.factor, path)
        if not ((factor > 0) & (factor <= 1)).all():
            raise UserError(f"{path}: a payout factor is above 0 and at most 1")
        return factor
    total = _given(table, "at_risk", terms.at_risk_nmr or 0.0, path)
    return np.broadcast_to(np.asarray(rule.factor(total)), total.shape).copy()


def _given(table: pl.DataFrame, name: str, otherwise: float, path: Path) -> np.ndarray:
    """Return a column of amounts or, where there is none, one number for all rows."""
    if name not in table.columns:
        return np.full(len(table), otherwise)
    values = number_column(table, name, path).to_numpy()
    wrong = np.flatnonzero(~((values >= 0) & np.isfinite(values)))
    if len(wrong):
        raise UserError(f"{path}: {name} of row {wrong[0] + 1} is {values[wrong[0]]:g}; it must be a number from 0 on")
    return values


def _of_round(number: object, path: Path) -> str:
    if not isinstance(number, int) or number < 1:
        raise UserError(f"{path}: round = {number} is no round of the tournament; rounds are whole numbers from 1 on")
    return preset_named(preset_of(number).name).name


def _multipliers(rule: PayoutRule) -> Sequence[float]:
    return float(rule.score_multiplier), float(rule.contribution_multiplier)
