"""The rows that can be scored, era by era, and how the rows of other files come to lie beside them."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl

from experiments.errors import UserError
from experiments.scoring_files import KEYS, Keyed
from experiments.wording import plural

__all__ = ["ONE_ERA", "Universe", "by_era", "eras_text", "in_eras", "joined", "one_row_each", "universe_of"]

ONE_ERA = "all"  # the era of rows that have none
_UNFIT = {0: "no target", 1: "one and the same target for all ids"}  # by how many targets differ


class Universe(NamedTuple):
    """All rows with a target, era by era: E eras, R rows; era e has rows `starts[e]` to `starts[e + 1]`."""

    table: pl.DataFrame  # id, era, _era, target
    eras: list[str]  # [E] as the targets name them
    starts: np.ndarray  # [E + 1]


def in_eras(keyed: Keyed, targets: Keyed | None) -> Keyed:
    """Return the same with the eras of the targets; the targets' own are one if they name none.

    Raises:
        UserError: eras are not given, and ids do not tell them.
    """
    table = keyed.table
    if targets is None:
        return keyed if "era" in table.columns else keyed._replace(table=_in_one_era(table))
    if targets.table["_era"][0] == "":
        return keyed._replace(table=_in_one_era(table))
    if "era" in table.columns:
        return keyed
    repeated = targets.table["id"].is_duplicated()
    if repeated.any():
        twice = targets.table["id"].filter(repeated)[0]
        raise UserError(f'{keyed.path}: has no column "era", which it needs since {targets.path} has ids in several '
                        f'eras, such as "{twice}"')  # fmt: skip
    eras = targets.table.select("id", "_era")
    return keyed._replace(table=table.join(eras, on="id", how="left", maintain_order="left"))


def one_row_each(keyed: Keyed) -> Keyed:
    """Return the same if no id has several rows in an era.

    Raises:
        UserError: one has.
    """
    doubled = keyed.table.filter(keyed.table.select(KEYS).is_duplicated())
    if len(doubled):
        era = doubled["era" if "era" in doubled.columns else "_era"][0]
        place = "" if era == ONE_ERA else f' of era "{era}"'
        raise UserError(f'{keyed.path}: id "{doubled["id"][0]}"{place} has several rows; give one row per id')
    return keyed


def universe_of(targets: Keyed) -> tuple[Universe, list[str]]:
    """Return the rows that can be scored, eras in order, and what is left out.

    Raises:
        UserError: there are none.
    """
    path, (name,) = targets.path, targets.columns
    table = targets.table.rename({name: "target"}).with_columns(pl.col("target").cast(pl.Float64))
    kinds = table.group_by("_era", maintain_order=True).agg(
        pl.col("era").first(), pl.col("target").drop_nulls().n_unique().alias("kinds")
    )
    notes = [
        f"{path}: {eras_text(labels)} {'has' if len(labels) == 1 else 'have'} {what} and cannot be scored"
        for count, what in _UNFIT.items()
        if (labels := kinds.filter(pl.col("kinds") == count)["era"].to_list())
    ]
    kept = _in_order(kinds.filter(pl.col("kinds") > 1))
    if not len(kept):
        raise UserError(f"{path}: no era has targets that differ, so there is nothing to score; see its column {name}")
    whole = table.join(kept.select("_era", "place"), on="_era", maintain_order="left")
    rows = whole.drop_nulls("target").sort("place", maintain_order=True)
    if len(rows) < len(whole):
        notes.append(f"{path}: {len(whole) - len(rows)} of {plural(len(whole), 'row')} have no target and are left out")
    starts = np.searchsorted(rows["place"].to_numpy(), np.arange(len(kept) + 1))
    return Universe(rows.drop("place"), kept["era"].to_list(), starts), notes


def joined(universe: Universe, keyed: Keyed, columns: list[str]) -> pl.DataFrame:
    """Return columns of a file at the rows of the universe, null where it lacks them."""
    rows = universe.table.select(KEYS).join(keyed.table, on=KEYS, how="left", maintain_order="left")
    return rows.select(columns)


def by_era(universe: Universe) -> list[pl.DataFrame]:
    """Return the rows of each era."""
    return [universe.table[int(a) : int(b)] for a, b in pairwise(universe.starts)]


def eras_text(labels: list[str]) -> str:
    """Return one era, or how many there are and the first of them, for a message."""
    return f'era "{labels[0]}"' if len(labels) == 1 else f'{len(labels)} eras, such as "{labels[0]}",'


def _in_one_era(table: pl.DataFrame) -> pl.DataFrame:
    return table.with_columns(era=pl.lit(ONE_ERA), _era=pl.lit(""))


def _in_order(eras: pl.DataFrame) -> pl.DataFrame:
    """Return eras with their `place`: by the number they end in if all have just one, else by name."""
    number = eras["_era"].str.extract(r"^\D*(\d+)$").cast(pl.Int64, strict=False)
    by_number = eras["_era"] if number.has_nulls() else number
    return eras.with_columns(_order=by_number).sort("_order", maintain_order=True).with_row_index("place")
