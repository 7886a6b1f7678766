"""How fast a round of a tournament is scored: CORR and MMC of all submissions, against the official package."""

import importlib
import importlib.metadata
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from experiments.bench_race import Contender, race
from experiments.bench_timing import Ceilings, compiled
from validators.numerai.scores import tournament_scores

__all__ = ["RoundSize", "a_round", "one_by_one", "the_package", "tournament_rows"]

Scored: TypeAlias = Callable[[], tuple[np.ndarray, np.ndarray]]


class RoundSize(NamedTuple):
    """Submissions of a round, and the rows of each."""

    submissions: int = 1000
    rows: int = 5000


def tournament_rows(size: RoundSize, ceiling: Ceilings, repeats: int = 3) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of the race, rates in submissions per second, and what is missing.

    Everybody computes both scores of every submission in float64. The peer is the official package where it is
    installed, otherwise a loop over submissions in SciPy.
    """
    given = a_round(size)
    program, seconds = compiled(tournament_scores, *given)
    theirs, missing = the_package(*given), []
    name, peer = theirs or ("SciPy, a loop over submissions", one_by_one(*given))
    if theirs is None:
        missing = ["numerai-tools is not installed: a loop in SciPy stands in for it"]
    contenders = [
        Contender(name, "peer", peer, size.submissions),
        Contender("ours, all in one call", "one", lambda: program(*given), size.submissions, compile_seconds=seconds),
    ]
    return race(contenders, ceiling, repeats), missing


def a_round(size: RoundSize) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return predictions [K, N] in [0, 1], a meta model [N] and targets [N] of five bins, nothing missing."""
    rng = np.random.default_rng(0)
    target = rng.choice([0.0, 0.25, 0.5, 0.75, 1.0], size.rows, p=[0.05, 0.2, 0.5, 0.2, 0.05])
    predictions = rng.random((size.submissions, size.rows))
    return predictions, predictions[: 1 + size.submissions // 10].mean(axis=0), target


def one_by_one(predictions: np.ndarray, meta_model: np.ndarray, target: np.ndarray) -> Scored:
    """Return a task that scores one submission after the other, as the definitions read.

    Args:
        predictions: [K, N].
        meta_model: [N].
        target: [N] in [0, 1].
    """
    centred = target - target.mean()
    powered, tau, m = np.sign(centred) * np.abs(centred) ** 1.5, 4 * centred, _gauss(meta_model)

    def run() -> tuple[np.ndarray, np.ndarray]:
        corr, mmc = np.zeros(len(predictions)), np.zeros(len(predictions))
        for k, prediction in enumerate(predictions):
            g = _gauss(prediction)
            corr[k] = np.corrcoef(np.sign(g) * np.abs(g) ** 1.5, powered)[0, 1]
            mmc[k] = tau @ (g - m * (g @ m) / (m @ m)) / len(tau)
        return corr, mmc

    return run


def _gauss(x: np.ndarray) -> np.ndarray:
    return np.asarray(ndtri((rankdata(x) - 0.5) / len(x)))


def the_package(predictions: np.ndarray, meta_model: np.ndarray, target: np.ndarray) -> tuple[str, Scored] | None:
    """Return numerai-tools by name and version, and its task for the same arguments as `one_by_one`.

    None where it, or what it needs, is not installed. Its tables are made beforehand.
    """
    try:
        scoring, pandas = importlib.import_module("numerai_tools.scoring"), importlib.import_module("pandas")
    except ImportError:
        return None
    version = importlib.metadata.version("numerai-tools")
    ids = [f"n{i:07d}" for i in range(len(target))]
    p = pandas.DataFrame(predictions.T, index=ids)
    m, t = (pandas.Series(x, index=ids, name="x") for x in (meta_model, target))

    def run() -> tuple[np.ndarray, np.ndarray]:
        return scoring.numerai_corr(p, t).to_numpy(), scoring.correlation_contribution(p, m, t).to_numpy()

    return f"numerai-tools {version}", run
