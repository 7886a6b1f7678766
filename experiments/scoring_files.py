"""The files that scores are computed from: predictions, targets, a meta model and features, each with its ids."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import polars as pl

from experiments.archives import is_file
from experiments.errors import UserError
from experiments.table_file import number_column, read_table, require_columns
from experiments.wording import nearest

__all__ = ["KEYS", "Keyed", "Predictions", "read_features", "read_meta_model", "read_predictions", "read_targets"]

KEYS = ["_era", "id"]
_FEATURE = "feature"  # by which names of features begin, where targets and others stand beside them
_PLAIN_ERA = r"^0*(\d+)(\.0)?$"  # 0003 in one file is 3 in another that went through a spreadsheet
_NO_VALUES = ("id", "era", "_era", "", "__index_level_0__")  # the last two: pandas' own numbers of rows
_MOST_NAMED = 12
Choose = Callable[[pl.Schema], list[str]]


class Keyed(NamedTuple):
    """A file's rows: `id`, perhaps `era` as written and `_era` to join by, and its columns of numbers."""

    path: Path
    table: pl.DataFrame
    columns: list[str]


class Predictions(NamedTuple):
    """A file of predictions; `unreadable` says of columns why they are none, `ignored` names those without numbers."""

    keyed: Keyed
    unreadable: dict[str, str]
    ignored: list[str]


def read_targets(path: Path, name: str | None = None) -> Keyed:
    """Return the targets, null where missing.

    Args:
        path: of a table with `id`, perhaps `era`, and targets.
        name: of the target; by default `target` or, without one of that name, the only column of numbers.

    Raises:
        UserError: there is no such file or column, it holds other things than numbers, or an id is missing.
    """

    def choose(schema: pl.Schema) -> list[str]:
        found = _numeric(schema)
        wanted = name or ("target" if "target" in schema or len(found) != 1 else found[0])
        if wanted not in schema or wanted in ("id", "era"):
            text = f'{path}: has no target "{wanted}"; name another column with --target{nearest(wanted, found)}'
            raise UserError(f"{text} found: {_named(found)}")
        return [wanted]

    return _finite(_read(path, choose))


def read_meta_model(path: Path) -> Keyed:
    """Return a meta model, null where missing: the only column of numbers.

    Raises:
        UserError: there is no such file, not one such column, or an id is missing.
    """

    def choose(schema: pl.Schema) -> list[str]:
        found = _numeric(schema)
        if len(found) != 1:
            raise UserError(f"{path}: a meta model is one column of numbers beside id and era; found: {_named(found)}")
        return found

    return _finite(_read(path, choose))


def read_features(path: Path) -> Keyed:
    """Return features, null where missing: columns of numbers whose names begin with "feature", or all if none does.

    Raises:
        UserError: there is no such file or column, or an id is missing.
    """

    def choose(schema: pl.Schema) -> list[str]:
        found = _numeric(schema)
        if not found:
            raise UserError(f"{path}: has no column of numbers beside id and era; features are numbers, a column each")
        return [column for column in found if column.startswith(_FEATURE)] or found

    return _finite(_read(path, choose))


def read_predictions(path: Path) -> Predictions:
    """Return predictions: every column in which there are numbers, besides `id` and `era`.

    Raises:
        UserError: there is no such file or column, or an id is missing.
    """
    table = _keyed(read_table(path), path)
    names = [column for column in table.columns if column not in _NO_VALUES]
    readable, unreadable, ignored = [], {}, []
    for name in names:
        if _holds_no_number(table[name]):
            ignored.append(name)
            continue
        try:
            table = table.with_columns(number_column(table, name, path).alias(name))
            readable.append(name)
        except UserError as error:
            unreadable[name] = f"{error}; mend it, or leave the column out"
    if not (readable or unreadable):
        raise UserError(f"{path}: has no column of numbers beside id and era; predictions are numbers from 0 to 1, "
                        f"a column per model; found: {_named(names)}")  # fmt: skip
    return Predictions(Keyed(path, table, readable), unreadable, ignored)


def _read(path: Path, choose: Choose) -> Keyed:
    """Read a table, of a Parquet file only what is chosen: a tournament's may hold thousands of columns."""
    schema = _parquet_schema(path)
    if schema is None:
        table = read_table(path)
        columns = choose(table.schema)
    else:
        columns = choose(schema)
        table = pl.read_parquet(path, columns=[name for name in ("id", "era") if name in schema] + columns)
    table = _keyed(table, path)
    if not len(table):
        raise UserError(f"{path}: has no rows")
    return Keyed(path, table.select(pl.col("^(id|era|_era)$"), *columns), columns)


def _parquet_schema(path: Path) -> pl.Schema | None:
    """Return what a Parquet file says it holds; None if it is none that can be read."""
    if path.suffix != ".parquet" or not is_file(path):
        return None
    try:
        return pl.Schema(pl.read_parquet_schema(path))
    except pl.exceptions.PolarsError:
        return None


def _keyed(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Return the table with ids and eras as text, and `_era` by which to join."""
    require_columns(table, ["id"], path, "by which files are joined")
    present = [name for name in ("id", "era") if name in table.columns]
    for name in present:
        if table[name].dtype.is_nested() or table[name].dtype == pl.Binary:
            raise UserError(f"{path}: {name} holds {table[name].dtype}; give text or numbers")
    if path.suffix == ".csv" and any(table[name].dtype != pl.String for name in present):
        # What looks like a number was read as one: 0012 became 12.
        as_text = pl.read_csv(path, columns=present, schema_overrides=dict.fromkeys(present, pl.String))
        table = table.with_columns(as_text)
    table = table.with_columns(pl.col(present).cast(pl.String))
    for name in present:
        lacking = (table[name].fill_null("") == "").arg_true()
        if len(lacking):
            raise UserError(f"{path}: {name} of row {lacking[0] + 1} is missing; every row needs one")
    if "era" not in present:
        return table
    return table.with_columns(pl.col("era").str.replace(_PLAIN_ERA, "$1").alias("_era"))


def _finite(keyed: Keyed) -> Keyed:
    """Return the same with NaN as null; what is infinite is refused."""
    path, table, columns = keyed
    for name in columns:
        if _holds_no_number(table[name]):
            raise UserError(f"{path}: {name} holds no numbers; name another column, or mend it")
        if not table[name].dtype.is_integer():
            table = table.with_columns(number_column(table, name, path).fill_nan(None).alias(name))
            endless = table[name].is_infinite().fill_null(False).arg_true()
            if len(endless):
                raise UserError(f'{path}: {name} is infinite for id "{table["id"][endless[0]]}"; give a finite number')
    return keyed._replace(table=table)


def _holds_no_number(column: pl.Series) -> bool:
    if column.dtype.is_numeric() or column.is_null().all():
        return False  # an empty column is one of predictions, all of them missing
    if column.dtype.is_nested() or column.dtype == pl.Binary:
        return True
    return column.cast(pl.String, strict=False).str.strip_chars().cast(pl.Float64, strict=False).is_null().all()


def _numeric(schema: pl.Schema) -> list[str]:
    return [name for name, kind in schema.items() if kind.is_numeric() and name not in _NO_VALUES]


def _named(columns: list[str]) -> str:
    more = f" and {len(columns) - _MOST_NAMED} more" if len(columns) > _MOST_NAMED else ""
    return (", ".join(columns[:_MOST_NAMED]) or "none") + more
