"""What can be scored: predictions that are valid, beside targets, meta model and features of the same rows."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl

from experiments.errors import UserError
from experiments.scoring_files import (
    KEYS,
    Keyed,
    Predictions,
    read_features,
    read_meta_model,
    read_predictions,
    read_targets,
)
from experiments.scoring_universe import Universe, by_era, eras_text, in_eras, joined, one_row_each, universe_of
from experiments.wording import plural
from validators.numerai.submissions import InvalidSubmissionError, validate_classic_columns

__all__ = ["Scorable", "ScoringFiles", "read_scorable"]


@dataclasses.dataclass(frozen=True)
class ScoringFiles:
    """Where predictions, targets and what scores may also need are; `target` names the column."""

    predictions: Path
    targets: Path
    meta_model: Path | None = None
    features: Path | None = None
    target: str | None = None


class Scorable(NamedTuple):
    """Valid predictions [R, K] of `models` [K] and what they are scored against, rows [R] as of `Universe`.

    The meta model and features have NaN or null where they lack a row; without a file they are None. `refused` says
    why other columns are not scored, `notes` what was left out.
    """

    universe: Universe
    models: list[str]
    predictions: np.ndarray
    meta_model: np.ndarray | None
    features: pl.DataFrame | None
    refused: dict[str, str]
    notes: list[str]


def read_scorable(files: ScoringFiles) -> Scorable:
    """Return what the files allow to score.

    Raises:
        UserError: a file is missing or wrong, or no prediction is valid; the text says what.
    """
    given, targets = read_predictions(files.predictions), read_targets(files.targets, files.target)
    targets = one_row_each(in_eras(targets, None))
    universe, notes = universe_of(targets)
    inside, left_out = _inside(given, targets, universe)
    refused = given.unreadable | _refused(inside, universe)
    models = [name for name in inside.columns if name not in refused]
    if not models:
        raise UserError("\n".join(refused.values()))
    meta_model = features = None
    notes += left_out
    if files.meta_model is not None:
        meta_model, lacking = _aligned(read_meta_model(files.meta_model), targets, universe, "MMC")
        notes += lacking
    if files.features is not None:
        features, lacking = _aligned(read_features(files.features), targets, universe, "FNC")
        notes += lacking
    return Scorable(
        universe, models, joined(universe, inside, models).to_numpy(),
        None if meta_model is None else meta_model.to_series().cast(pl.Float64).to_numpy(), features, refused, notes,
    )  # fmt: skip


def _inside(given: Predictions, targets: Keyed, universe: Universe) -> tuple[Keyed, list[str]]:
    """Return the predictions that have a target, and what is left out."""
    path = given.keyed.path
    keyed = in_eras(given.keyed, targets)
    table = keyed.table
    foreign = table.join(targets.table.select(KEYS), on=KEYS, how="anti")
    if len(foreign) == len(table):
        raise UserError(f'{path}: none of its ids is in {targets.path}, such as "{table["id"][0]}" here and '
                        f'"{targets.table["id"][0]}" there; give files of the same rows')  # fmt: skip
    notes = [f'{path}: column "{name}" holds no numbers and is left out' for name in given.ignored]
    if len(foreign):
        notes.append(f"{path}: {len(foreign)} of {plural(len(table), 'row')} have ids that are not in {targets.path}, "
                     f'such as "{foreign["id"][0]}"; they are left out')  # fmt: skip
    return keyed._replace(table=table.join(universe.table.select(KEYS), on=KEYS, how="semi")), notes


def _refused(inside: Keyed, universe: Universe) -> dict[str, str]:
    """Return why columns are no valid submissions, by their first era that is not.

    Raises:
        UserError: ids are wrong, which is so for all columns.
    """
    parts = inside.table.partition_by("_era", as_dict=True)
    wrong_ids: list[str] = []
    wrong: dict[str, list[str]] = {}
    for era, ids in zip(universe.eras, by_era(universe), strict=True):
        place = f'{inside.path}: era "{era}"' if len(universe.eras) > 1 else str(inside.path)
        part = parts.get((ids["_era"][0],))
        if part is None:
            wrong_ids.append(f"{place} has no row, and the targets have {plural(len(ids), 'id')} in it")
            continue
        try:
            columns = {name: part[name].to_numpy() for name in ["id", *inside.columns]}
            judged = validate_classic_columns(columns, ids["id"].to_list())
        except InvalidSubmissionError as error:
            wrong_ids.append(f"{place}: {error.message}")
            continue
        for name, refusal in judged.refused.items():
            wrong.setdefault(name, []).append(f"{place}: {refusal.message}")
    if wrong_ids:
        raise UserError(f"{_first(wrong_ids)}; predict each id of every era once, or leave eras out of the targets")
    return {name: f"{_first(found)}; mend it, or leave the column out" for name, found in wrong.items()}


def _aligned(keyed: Keyed, targets: Keyed, universe: Universe, score: str) -> tuple[pl.DataFrame, list[str]]:
    """Return a file's columns at the rows of the universe, null where it lacks them, and what `score` then misses.

    Raises:
        UserError: it has several rows for an id, or fewer than 80 % of an era's ids but some: too few to score.
    """
    inside = in_eras(keyed, targets)
    inside = one_row_each(inside._replace(table=inside.table.join(universe.table.select(KEYS), on=KEYS, how="semi")))
    found = joined(universe, inside, keyed.columns)
    lacking = found.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()
    return found, _lacks(keyed.path, lacking, universe, score)


def _lacks(path: Path, lacking: np.ndarray, universe: Universe, score: str) -> list[str]:
    """Return what `score` misses where rows [R] of a file are `lacking`; see `_aligned`."""
    sizes, missing = np.diff(universe.starts), np.add.reduceat(lacking, universe.starts[:-1], dtype=np.int64)
    absent = missing == sizes
    if absent.all():
        raise UserError(f"{path}: has none of the ids of the targets; give a file of the same rows and eras")
    gone = [era for era, yes in zip(universe.eras, absent, strict=True) if yes]
    notes = [f"{path}: lacks {eras_text(gone)}: no {score} there"] if gone else []
    some = np.flatnonzero((missing > 0) & ~absent)
    if not len(some):
        return notes
    worst = some[np.argmax(missing[some] / sizes[some])]
    row = universe.starts[worst] + np.argmax(lacking[universe.starts[worst] :])
    text = (f'{path}: lacks {missing[worst]} of {sizes[worst]} ids of era "{universe.eras[worst]}", such as '
            f'"{universe.table["id"][int(row)]}"')  # fmt: skip
    if 5 * missing[worst] > sizes[worst]:
        raise UserError(f"{text}; {score} needs at least 80 % of an era's ids: add them, or leave out the whole era")
    others = f", and some of {plural(len(some) - 1, 'other era')}" if len(some) > 1 else ""
    return [*notes, f"{text}{others}; {score} is over the rest"]


def _first(problems: list[str]) -> str:
    return problems[0] + (f" (so or else in {plural(len(problems) - 1, 'other era')})" if problems[1:] else "")
