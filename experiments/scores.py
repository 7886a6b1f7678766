"""`subnetlab score`: CORR, MMC and FNC of predictions, era by era, and what they come to."""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl

from experiments.scorable import Scorable
from validators.numerai.correlation import max_drawdown, numerai_corr, sharpe
from validators.numerai.exposure import feature_neutral_corr
from validators.numerai.scores import tournament_scores

__all__ = ["SCORES", "era_scores", "summary"]

SCORES = ("corr", "mmc", "fnc")
Program: TypeAlias = Callable[..., dict[str, jax.Array]]


def era_scores(given: Scorable) -> pl.DataFrame:
    """Return the scores of every era and model, in float64.

    Eras are padded with missing rows to the size of the largest, so that a program is compiled once for all of them;
    FNC is one of its own, compiled and run beside the other's.

    Returns:
        A row per era and model, in their order: `era`, `model`, `rows`, `corr`, `mmc` with a meta model, `fnc` with
        features; null where a score is not defined.
    """
    E, K = len(given.universe.eras), len(given.models)
    programs: list[Program] = [_against_target if given.meta_model is None else _against_meta_model]
    programs += [] if given.features is None else [_without_features]
    with ThreadPoolExecutor(len(programs)) as pool:
        found = [scores for part in pool.map(lambda program: _all_eras(program, given), programs) for scores in part]
    names = [name for name in SCORES if any(name in scores for scores in found)]
    columns = {name: np.concatenate([scores[name] for scores in found if name in scores]) for name in names}
    sizes = np.diff(given.universe.starts)
    keys = {"era": np.repeat(np.array(given.universe.eras, object), K), "model": given.models * E}
    table = pl.DataFrame({**keys, "rows": np.repeat(sizes, K), **columns})
    return table.with_columns(pl.col(list(columns)).fill_nan(None))


def _all_eras(program: Program, given: Scorable) -> list[dict[str, np.ndarray]]:
    """Return the scores [K] of each era, by a program that says with the names of its arguments what it needs."""
    starts = given.universe.starts
    size, compiled = int(np.diff(starts).max()), jax.jit(program)
    columns: dict[str, Any] = given._asdict() | {"target": given.universe.table["target"].to_numpy()}
    asked = [columns[name] for name in inspect.signature(program).parameters]
    eras = (slice(int(a), int(b)) for a, b in pairwise(starts))
    found = [compiled(*(_padded(values[rows], size) for values in asked)) for rows in eras]
    return [{name: np.asarray(score) for name, score in scores.items()} for scores in found]


def _padded(values: np.ndarray | pl.DataFrame, size: int) -> np.ndarray:
    """Return rows [n] or [n, K] as [size] or [K, size], missing from n on."""
    rows = values.cast(pl.Float64).to_numpy() if isinstance(values, pl.DataFrame) else values
    out = np.full((*rows.shape[1:], size), np.nan)
    out[..., : len(rows)] = rows.T
    return out


def _against_target(predictions: jax.Array, target: jax.Array) -> dict[str, jax.Array]:
    return {"corr": numerai_corr(predictions, target)}


def _against_meta_model(predictions: jax.Array, meta_model: jax.Array, target: jax.Array) -> dict[str, jax.Array]:
    return tournament_scores(predictions, meta_model, target)._asdict()


def _without_features(predictions: jax.Array, features: jax.Array, target: jax.Array) -> dict[str, jax.Array]:
    return {"fnc": feature_neutral_corr(predictions, features, target)}


def summary(eras: pl.DataFrame) -> pl.DataFrame:
    """Return statistics over eras of every model and score, in their order; eras without that score do not count.

    Args:
        eras: see `era_scores`.

    Returns:
        `model`, `score`, `eras`, `mean`, `sd` (divisor n), `sharpe` = mean / sd (null where scores do not differ) and
        `max_drawdown`, the largest fall of the cumulative sum from a peak or from its start.
    """
    models = eras["model"].unique(maintain_order=True).to_list()
    names = [name for name in SCORES if name in eras.columns]
    table = eras.select(names).to_numpy().reshape(-1, len(models), len(names))  # [E, K, S]
    found = {name: np.asarray(x).reshape(-1) for name, x in jax.jit(_statistics)(np.moveaxis(table, 0, -1)).items()}
    keys = {"model": np.repeat(np.array(models, object), len(names)), "score": names * len(models)}
    statistics: dict[str, Any] = keys | found
    return pl.DataFrame(statistics).with_columns(pl.col(pl.Float64).fill_nan(None))


def _statistics(scores: jax.Array) -> dict[str, jax.Array]:
    """Return statistics [K, S] of `scores` [K, S, E], NaN where missing."""
    there = ~jnp.isnan(scores)
    count = there.sum(axis=-1)
    # Of equal scores rounding may leave a deviation: they are compared.
    largest = jnp.max(scores, axis=-1, where=there, initial=-jnp.inf)
    differ = largest > jnp.min(scores, axis=-1, where=there, initial=jnp.inf)
    return {
        "eras": count,
        "mean": jnp.nanmean(scores, axis=-1),
        "sd": jnp.nanstd(scores, axis=-1),
        "sharpe": jnp.where(differ, sharpe(scores), jnp.nan),
        "max_drawdown": jnp.where(count > 0, max_drawdown(scores), jnp.nan),
    }
