"""A person's own eras, from a Parquet file."""

import re
from datetime import date
from typing import Any

import numpy as np
from scipy import stats

from subnet.tasks.base import TaskData
from subnet.tournament.era_world import FEATURE_BINS
from subnet.tournament.term_book import MIDDLE_BIN

__all__ = ["eras_of", "read_eras"]

_NUMBERED = re.compile(r"\D*(\d+)")
_STEP = 1 / (FEATURE_BINS - 1)
_EXPECTED = "expected are a column era, columns whose names begin with feature, and a column target"


def read_eras(file: str, rounds: int, embargo: int, blocks: int) -> TaskData:
    """Return one market of a Parquet file's eras: the last `rounds` live, `embargo` before them left out.

    Args:
        file: path.
        rounds: live eras.
        embargo: eras between training and the first live one.
        blocks: of consecutive training eras, the groups of their rows.

    Raises:
        ValueError: the file is not as expected; the message says what is, and what is.
    """
    import polars as pl  # here: few runs need it

    try:
        table = pl.read_parquet(file)
    except FileNotFoundError:
        raise ValueError(f"{file}: no such file") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"{file}: cannot be read as Parquet ({reason}); {_EXPECTED}") from None
    features, target = _columns(file, {name: kind.is_numeric() for name, kind in table.schema.items()})
    number = _numbered(file, table["era"].to_list())
    bins = _binned(table.select(features).cast(pl.Float32).to_numpy(), number)
    y = table[target].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float32)
    return eras_of(file, number, bins, y, rounds, embargo, blocks)


def eras_of(
    file: str, era: np.ndarray, bins: np.ndarray, y: np.ndarray, rounds: int, embargo: int, blocks: int
) -> TaskData:
    """Return one market of rows [n] in eras 0 to T - 1 with features `bins` [n, F] int8 and targets `y` [n] float32.

    Training rows without a target are left out; live eras are filled to the longest with the middle bin and target NaN.

    Raises:
        ValueError: targets are out of range, there are too few eras, or a live era has nothing to be ranked.
    """
    first = int(era.max()) + 1 - rounds
    trained = first - embargo
    if trained < 1:
        raise ValueError(
            f"{file}: has {first + rounds} eras; {rounds} live ones (rounds) and {embargo} before them (embargo_eras) "
            "leave none to train on: lower rounds or embargo_eras"
        )
    _check_targets(file, era, y, first, trained)
    kept = np.flatnonzero((era < trained) & ~np.isnan(y))
    kept = kept[np.argsort(era[kept], kind="stable")]
    block = (era[kept].astype(np.int64) * min(blocks, trained) // trained).astype(np.int32)
    longest = int(np.bincount(era)[first:].max())
    live_x = np.full((1, rounds, longest, bins.shape[1]), MIDDLE_BIN, np.int8)
    live_y = np.full((1, rounds, longest), np.nan, np.float32)
    for r in range(rounds):
        rows = np.flatnonzero(era == first + r)
        live_x[0, r, : len(rows)], live_y[0, r, : len(rows)] = bins[rows], y[rows]
    return TaskData(bins[kept][None], y[kept][None], block, live_x, live_y, np.zeros(longest, np.int32))


def _check_targets(file: str, era: np.ndarray, y: np.ndarray, first: int, trained: int) -> None:
    there = ~np.isnan(y)
    if there.any() and not (y[there].min() >= 0 and y[there].max() <= 1):
        raise ValueError(f"{file}: targets from {y[there].min():g} to {y[there].max():g}; they must lie in [0, 1]")
    if not there[era < trained].any():
        raise ValueError(f"{file}: no row of the {trained} training eras has a target")
    last = int(era.max()) + 1
    for e in range(first, last):
        if len(np.unique(y[(era == e) & there])) < 2:
            raise ValueError(
                f"{file}: era {e + 1} of {last}, a live one, has no two different targets, so that nothing can be "
                "scored on it: leave such eras out"
            )


def _columns(file: str, is_number: dict[str, bool]) -> tuple[list[str], str]:
    """Return the names of the features and of the target."""
    if "era" not in is_number:
        raise ValueError(f"{file}: has no column era, but {_listed(is_number)}; {_EXPECTED}")
    features = [name for name, numeric in is_number.items() if numeric and name.startswith("feature")]
    if not features:
        raise ValueError(f"{file}: has no column of numbers whose name begins with feature; {_EXPECTED}")
    targets = [name for name in is_number if name.startswith("target")]
    target = "target" if "target" in targets else targets[0] if len(targets) == 1 else None
    if target is None:
        several = f"several targets, {_listed(targets)}: name the one to foretell target" if targets else "no target"
        raise ValueError(f"{file}: has {several}; {_EXPECTED}")
    if not is_number[target]:
        raise ValueError(f"{file}: column {target} does not hold numbers; {_EXPECTED}")
    return features, target


def _listed(names: Any) -> str:
    names = list(names)
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def _numbered(file: str, eras: list[Any]) -> np.ndarray:
    """Return the place [n] of each row's era among all, from 0."""
    if not eras:
        raise ValueError(f"{file}: has no rows; {_EXPECTED}")
    different = set(eras)
    if None in different or any(e != e for e in different):
        raise ValueError(f"{file}: column era is empty in some rows; each row needs its era")
    order = sorted(different, key=_place(file, different))
    place = {era: k for k, era in enumerate(order)}
    return np.array([place[era] for era in eras], np.int32)


def _place(file: str, eras: set[Any]) -> Any:
    """Return by what eras are ordered: by themselves, or by the number that their names end in."""
    if not all(isinstance(e, str) for e in eras):
        return None
    if all(map(_is_date, eras)):
        return None
    odd = [e for e in eras if not _NUMBERED.fullmatch(e)]
    if odd:
        raise ValueError(
            f'{file}: era "{min(odd)}" cannot be put in order; eras are numbers, dates (2024-05-31), or names that end '
            "in their number (era0001)"
        )
    number = {e: int(_NUMBERED.fullmatch(e).group(1)) for e in eras}  # type: ignore[union-attr]
    if len(set(number.values())) < len(eras):
        raise ValueError(f"{file}: two names of eras end in the same number, so that their order is open")
    return number.get


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


def _binned(x: np.ndarray, era: np.ndarray) -> np.ndarray:
    """Return features [n, F] int8 in bins 0 to 4; missing ones in the middle.

    Numbers that are such bins, or quarters from 0 to 1, stay what they are; any others are divided into five equally
    filled bins per era, equal ones into the same.
    """
    missing = np.isnan(x)
    known = np.unique(x[~missing])
    if np.isin(known, np.arange(FEATURE_BINS) * _STEP).all():
        bins = x * (FEATURE_BINS - 1)
    elif np.isin(known, np.arange(FEATURE_BINS)).all():
        bins = x
    else:
        bins = _equally_filled(x, era)
    return np.where(missing, MIDDLE_BIN, bins).astype(np.int8)


def _equally_filled(x: np.ndarray, era: np.ndarray) -> np.ndarray:
    bins = np.empty_like(x)
    for e in range(era.max() + 1):
        rows = era == e
        rank = stats.rankdata(x[rows], axis=0, nan_policy="omit")
        bins[rows] = np.floor(FEATURE_BINS * (rank - 0.5) / np.maximum((~np.isnan(x[rows])).sum(axis=0), 1))
    return bins
