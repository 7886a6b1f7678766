"""Tables that a person brings along: CSV or Parquet, read and checked."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from experiments.archives import is_file
from experiments.errors import UserError
from experiments.wording import nearest

__all__ = ["PACKAGED_TABLES", "number_column", "read_table", "require_columns", "write_table"]


PACKAGED_TABLES = {"numerai_live_scores": Path(__file__).parent / "data" / "numerai_live_scores.csv"}


def read_table(path: Path) -> pl.DataFrame:
    """Return a table, by its path or a packaged one by its name.

    Raises:
        UserError: there is none, it is neither CSV nor Parquet, or it has no rows.
    """
    path = PACKAGED_TABLES.get(str(path), path)
    if not is_file(path):
        raise UserError(f"{path}: no such file; give a .csv or .parquet, or a name: {', '.join(PACKAGED_TABLES)}")
    _require_kind(path)
    try:
        table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, UnicodeDecodeError) as error:
        first = str(error).partition("\n")[0]
        raise UserError(f"{path}: cannot be read as a table: {first}") from None
    if not len(table):
        raise UserError(f"{path}: has no rows")
    return table


def write_table(table: pl.DataFrame, path: Path) -> None:
    """Write a table as CSV or Parquet, by the ending of its name.

    Raises:
        UserError: the name has another ending, or the file cannot be written.
    """
    _require_kind(path)
    try:
        if path.suffix == ".parquet":
            table.write_parquet(path)
        else:
            table.write_csv(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror or error}") from None


def _require_kind(path: Path) -> None:
    if path.suffix not in (".csv", ".parquet"):
        raise UserError(f'{path}: "{path.suffix}" is no kind of table that is known here; take .csv or .parquet')


def require_columns(table: pl.DataFrame, names: Sequence[str], path: Path, why: str) -> None:
    """Refuse a table without some columns.

    Raises:
        UserError: one is missing; `why` says what it would be for.
    """
    for name in names:
        if name not in table.columns:
            found = [column for column in table.columns if not column.startswith("_")]  # ours start with one
            raise UserError(f'{path}: has no column "{name}", {why}{nearest(name, found)} found: {", ".join(found)}')


def number_column(table: pl.DataFrame, name: str, path: Path) -> pl.Series:
    """Return a column as float64, missing values as NaN.

    Raises:
        UserError: it holds something else than numbers.
    """
    column = table[name]
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        return column.cast(pl.Float64).fill_null(float("nan"))
    numbers = column.cast(pl.String, strict=False).str.strip_chars().cast(pl.Float64, strict=False)
    wrong = (numbers.is_null() & column.is_not_null()).arg_true()
    if len(wrong):
        row = wrong[0]
        raise UserError(f'{path}: {name} of row {row + 1} is "{column[row]}", which is no number')
    return numbers.fill_null(float("nan"))
