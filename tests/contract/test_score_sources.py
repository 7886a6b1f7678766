"""Sources of scores, recorded or drawn: nobody trains, and what models scored is what there is."""

from functools import cache
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import polars as pl
import pytest

from experiments.config import experiment_from_dict
from experiments.errors import UserError
from experiments.recordings import load_recording, load_sources
from experiments.table_file import read_table
from subnet.actions.base import Population, Recording
from subnet.actions.drawn_scores import DrawnScores
from subnet.actions.recorded_scores import RecordedScores
from subnet.work.scored import ScoreTable
from subnet.work.trained import Work
from tests.contract.folder_rules import as_arrays

ROUNDS, MODELS = 355, 31
DRAWN = DrawnScores(num_models=4, num_entrants=2, rounds=40)


@jax.jit
def season(source: Any, key: jax.Array, recording: Recording, rounds: jax.Array) -> Work:
    """Return the work of `rounds`, one after the other."""

    def one(state: Any, epoch: jax.Array) -> tuple[Any, Work]:
        return source.work(key, epoch, state, recording, None)

    return jax.lax.scan(one, source.init(key, recording), rounds)[1]


def played(source: Any, seed: int = 0, rounds: int = 40, recording: Recording | None = None) -> Any:
    """Return the predictions of the first rounds."""
    found = season(as_arrays(source), jax.random.key(seed), recording or Recording(), jnp.arange(rounds))
    return jax.tree.map(np.asarray, found.predictions)


@cache
def packaged() -> tuple[Recording, Population]:
    return load_recording(RecordedScores())


def numbered(rounds: int = 50) -> Recording:
    """Return a recording of two models in which a score says which round it is of."""
    corr = np.arange(rounds, dtype=float)[:, None] + np.array([0, 0.5])
    return Recording(scores=ScoreTable(corr, corr / 10, corr[:, 0]))


def drawn_rounds(block: int, seed: int) -> np.ndarray:
    """Return which rounds of a recording of 50 are replayed."""
    return played(RecordedScores(block_rounds=block), seed, 40, numbered()).corr[:, 0].astype(int)  # type: ignore[no-any-return]


def test_the_packaged_scores_are_of_31_models_by_kind() -> None:
    recording, people = packaged()
    assert recording.scores.corr.shape == recording.scores.mmc.shape == (ROUNDS, MODELS)
    assert recording.scores.meta_corr.shape == (ROUNDS,)
    assert np.isfinite(recording.scores.meta_corr).all()
    assert people.validator_names == ("operator",)
    assert len(set(people.miner_names)) == MODELS
    assert people.miner_parties == tuple(sorted(people.miner_parties or ()))
    assert set(people.miner_parties or ()) == {"benchmark", "participant"}
    assert RecordedScores().shape(recording) == (1, MODELS)


def test_every_row_of_a_table_is_a_submission_and_a_missing_one_is_none() -> None:
    recording, people = packaged()
    table = read_table(Path("numerai_live_scores")).filter(pl.col("kind") != "meta_model")
    found = played(RecordedScores(), rounds=ROUNDS, recording=recording)
    assert found.valid.sum() == len(table)
    assert (~found.valid).sum() > 0
    assert np.isnan(found.corr[~found.valid]).all()
    row = table.row(5000, named=True)
    place = row["round"] - table["round"].min(), people.miner_names.index(row["model"])
    np.testing.assert_allclose((found.corr[place], found.mmc[place]), (row["corr"], row["mmc"]), rtol=1e-6)


def test_the_operator_sees_scores_of_those_who_submitted_and_nobody_knows_more() -> None:
    recording, _ = packaged()
    work = season(RecordedScores(), jax.random.key(0), recording, jnp.arange(5))
    np.testing.assert_array_equal(work.looks.evaluated[:, 0], work.predictions.valid)
    np.testing.assert_array_equal(work.looks.values[:, 0], np.nan_to_num(work.predictions.corr))
    np.testing.assert_array_equal(work.skill, work.predictions.corr)
    assert np.isnan(work.loss).all()
    assert not np.asarray(work.miner_flops).any()
    assert work.predictions.ranks is None


def test_rounds_as_recorded_are_the_same_for_every_seed_and_the_last_goes_on() -> None:
    for seed in (0, 1):
        found = played(RecordedScores(), seed, 60, numbered())
        np.testing.assert_array_equal(found.corr[:, 0], np.minimum(np.arange(60), 49))
        np.testing.assert_array_equal(found.meta_corr, found.corr[:, 0])


@pytest.mark.parametrize("block", [1, 8, 50])
def test_blocks_hold_consecutive_rounds_round_the_end(block: int) -> None:
    rounds = np.stack([drawn_rounds(block, seed) for seed in range(8)])
    steps, within = np.diff(rounds, axis=1) % 50, np.arange(1, 40) % block != 0
    assert (steps[:, within] == 1).all()
    assert block == 50 or (steps[:, ~within] != 1).mean() > 0.5
    assert (rounds == 49).any()
    assert len(np.unique(rounds[:, 0])) > 1


def test_a_seed_draws_the_same_blocks_again_and_another_seed_others() -> None:
    np.testing.assert_array_equal(drawn_rounds(8, 3), drawn_rounds(8, 3))
    assert (drawn_rounds(8, 3) != drawn_rounds(8, 4)).any()


ROWS = "round,model,corr,mmc\n7,ann,0.1,0.01\n5,bob,0.3,0.03\n5,ann,0.2,0.02\n"


def written(folder: Path, text: str) -> RecordedScores:
    (folder / "own.csv").write_text(text, encoding="utf-8")
    return RecordedScores(file=str(folder / "own.csv"))


def test_ones_own_table_needs_neither_kinds_nor_a_meta_model(tmp_path: Path) -> None:
    recording, people = load_recording(written(tmp_path, ROWS))
    np.testing.assert_array_equal(recording.scores.corr, [[0.2, 0.3], [0.1, np.nan]])
    np.testing.assert_array_equal(recording.scores.mmc, [[0.02, 0.03], [0.01, np.nan]])
    assert np.isnan(recording.scores.meta_corr).all()
    assert (people.miner_names, people.miner_parties) == (("ann", "bob"), ("models", "models"))


def test_kinds_of_ones_own_become_parties(tmp_path: Path) -> None:
    text = "round,model,kind,corr,mmc\n1,z,fast,0.1,0\n1,a,slow,0.2,0\n1,m,meta_model,0.3,0\n2,a,slow,0.2,0\n"
    recording, people = load_recording(written(tmp_path, text))
    assert (people.miner_names, people.miner_parties) == (("z", "a"), ("fast", "slow"))
    np.testing.assert_array_equal(recording.scores.meta_corr, [0.3, np.nan])


REFUSED = {
    "doubled": (ROWS + "5,ann,0.2,0.02\n", "ann has several rows for round 5; keep one of them"),
    "no mmc": (
        "round,model,corr\n1,a,0.1\n",
        'has no column "mmc", which a table of scores needs: round, model, corr, mmc; found: round, model, corr',
    ),
    "no model": ("round,corr,mmc\n1,0.1,0\n", 'has no column "model", which a table of scores needs'),
    "meta model only": (
        "round,model,kind,corr,mmc\n1,m,meta_model,0.3,0\n",
        "has rows of the meta model only; there is nobody to pay",
    ),
    "no number": ("round,model,corr,mmc\n1,a,high,0\n", 'corr of row 1 is "high", which is no number'),
    "nothing": ("round,model,corr,mmc\n", "has no rows"),
}


@pytest.mark.parametrize(("text", "said"), REFUSED.values(), ids=REFUSED.keys())
def test_a_table_that_is_none_of_scores_is_told(tmp_path: Path, text: str, said: str) -> None:
    source = written(tmp_path, text)
    experiment = experiment_from_dict(
        {"actions": {"kind": "recorded_scores", "file": source.file}, "designs": {"a": {}}}
    )
    with pytest.raises(UserError) as caught:
        load_sources(experiment)
    told = str(caught.value)
    assert f"{source.file}: " in told
    assert said in told
    assert "\n" not in told


def test_drawn_models_and_entrants_are_two_parties() -> None:
    people = DRAWN.population()
    assert people.miner_parties == ("models",) * 4 + ("entrants",) * 2
    assert people.miner_names == ("models 1", "models 2", "models 3", "models 4", "entrants 1", "entrants 2")
    assert DRAWN.shape(Recording()) == (1, 6)


def test_the_same_seed_draws_the_same_scores() -> None:
    first, again, other = (played(DRAWN, seed) for seed in (3, 3, 4))
    for a, b, c in zip(*(jax.tree.leaves((p.corr, p.mmc, p.meta_corr)) for p in (first, again, other)), strict=True):
        np.testing.assert_array_equal(a, b)
        assert (a != c).all()
    assert first.valid.all()


def test_entrants_leave_the_luck_of_models_alone() -> None:
    without, with_two = played(DrawnScores(num_models=4, rounds=40)), played(DRAWN)
    np.testing.assert_array_equal(with_two.corr[:, :4], without.corr)
    np.testing.assert_array_equal(with_two.mmc[:, :4], without.mmc)
    np.testing.assert_array_equal(with_two.meta_corr, without.meta_corr)
    assert np.ptp(with_two.corr, axis=1).all()


def test_the_last_drawn_round_goes_on() -> None:
    found = played(DRAWN, rounds=43)
    np.testing.assert_array_equal(found.corr[40:], found.corr[39:40].repeat(3, axis=0))
