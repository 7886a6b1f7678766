"""Recorded scores of a tournament, as arrays by round and model."""

from pathlib import Path

import numpy as np
import polars as pl

from experiments.errors import UserError
from experiments.table_file import number_column, read_table, require_columns
from subnet.actions.base import Population
from subnet.work.scored import ScoreTable

__all__ = ["META_MODEL", "read_scores"]

META_MODEL = "meta_model"  # `kind` of the rows that hold the meta model's own scores
_WHY = "which a table of scores needs: round, model, corr, mmc"


def read_scores(file: str) -> tuple[ScoreTable, Population]:
    """Return the scores in a table, and whose they are: models by kind, then by name.

    It has a row per `round` and `model` with `corr` and `mmc`; rows whose `kind` is `meta_model` hold that of the meta
    model. Other kinds, if there is such a column, become parties; without, everybody is of the party `models`.

    Raises:
        UserError: something is missing, there twice, or makes no sense; the text says what.
    """
    path = Path(file)
    table = read_table(path)
    require_columns(table, ["round", "model", "corr", "mmc"], path, _WHY)
    numbers = {name: number_column(table, name, path) for name in ("round", "corr", "mmc")}
    table = table.with_columns(**numbers, model=pl.col("model").cast(pl.String))
    table = table.with_columns(kind=pl.col("kind") if "kind" in table.columns else pl.lit("models"))
    if (twice := table.filter(pl.struct("round", "model").is_duplicated())).height:
        row = twice.row(0, named=True)
        raise UserError(f"{path}: {row['model']} has several rows for round {row['round']:g}; keep one of them")
    rounds = table["round"].unique().sort()
    meta = table.filter(pl.col("kind") == META_MODEL)
    models = table.filter(pl.col("kind") != META_MODEL)
    if not models.height:
        raise UserError(f"{path}: has rows of the meta model only; there is nobody to pay")
    people = models.select("kind", "model").unique().sort("kind", "model")
    names = tuple(people["model"])
    corr, mmc = (_cube(models, column, rounds, names) for column in ("corr", "mmc"))
    own = _cube(meta, "corr", rounds, tuple(meta["model"].unique().sort()[:1]))
    meta_corr = own[:, 0] if own.shape[1] else np.full(len(rounds), np.nan)
    population = Population((0,), tuple(range(1, len(names) + 1)), ("operator",), names, tuple(people["kind"]))
    return ScoreTable(corr, mmc, meta_corr), population


def _cube(rows: pl.DataFrame, column: str, rounds: pl.Series, names: tuple[str, ...]) -> np.ndarray:
    """Return a column as [rounds, models], NaN where there is no row."""
    values = np.full((len(rounds), len(names)), np.nan)
    place = {name: k for k, name in enumerate(names)}
    rows = rows.filter(pl.col("model").is_in(list(names)))
    row = np.searchsorted(rounds.to_numpy(), rows["round"].to_numpy())
    values[row, [place[name] for name in rows["model"]]] = rows[column].to_numpy()
    return values
