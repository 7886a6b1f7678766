"""`subnetlab score`: numbers of the official package, statistics by hand, and what it says when something is wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import rankdata

from experiments.cli import main
from experiments.errors import UserError
from experiments.scorable import ScoringFiles, read_scorable
from experiments.scores import era_scores, summary

VECTORS = json.loads((Path(__file__).parents[1] / "reference" / "vectors" / "numerai.json").read_text(encoding="utf-8"))
CASES = {case["id"]: case for case in VECTORS["cases"]}
CORR = ["corr/n5", "corr_returns_p15/n5", "corr/n12", "corr_tied/n12", "corr/n60", "corr_tied/n60", "corr_neg/n200"]
MMC = ["mmc/n6", "mmc_tied/n25", "mmc/n120", "mmc_returns/n120", "mmc_neg/n120", "mmc/n250", "mmc_tied/n250"]
FNC = ["fnc/n30", "fnc/n120"]
Columns = dict[str, list[Any]]


def written(folder: Path, ending: str = "csv", **tables: Columns) -> dict[str, Path]:
    paths = {name: folder / f"{name}.{ending}" for name in tables}
    for name, columns in tables.items():
        table = pl.DataFrame(columns, strict=False)
        table.write_csv(paths[name]) if ending == "csv" else table.write_parquet(paths[name])
    return paths


def arguments(paths: dict[str, Path]) -> list[str]:
    return ["score", *(text for name, path in paths.items() for text in (f"--{name.replace('_', '-')}", str(path)))]


def in_unit_range(values: list[float]) -> list[float]:
    """Return predictions that are accepted; scores only see their order."""
    x = np.array(values)
    return values if x.min() >= 0 and x.max() <= 1 else ((rankdata(x) - 0.5) / len(x)).tolist()


def as_eras(names: list[str]) -> dict[str, Columns]:
    """Return cases as eras of one set of files; where a case has fewer submissions, its first stands in.

    A case with fewer features has some that are 0.
    """
    tables: dict[str, Columns] = {}
    most = max(len(CASES[name]["inputs"]["predictions"]) for name in names)
    for name in names:
        given = CASES[name]["inputs"]
        ids, era = [f"{name}-{i}" for i in range(len(given["target"]))], [name] * len(given["target"])
        submitted = [in_unit_range(column) for column in given["predictions"]]
        submitted += [submitted[0]] * (most - len(submitted))
        columns = {"predictions": {f"m{k}": column for k, column in enumerate(submitted)}}
        columns["targets"] = {"target": given["target"]}
        columns |= {"meta_model": {"meta": given["meta_model"]}} if "meta_model" in given else {}
        features = {f"feature_{k}": column for k, column in enumerate(given.get("features", []))}
        features |= {f"feature_{k}": [0] * len(ids) for k in range(len(features), 10)} if features else {}
        columns |= {"features": features} if features else {}
        for table, values in columns.items():
            held = tables.setdefault(table, {})
            for key, column in {"id": ids, "era": era, **values}.items():
                held.setdefault(key, []).extend(column)
    return tables


@pytest.mark.parametrize(
    ("names", "score", "ending"),
    [(CORR, "corr", "csv"), (MMC, "mmc", "parquet"), (FNC, "fnc", "csv")],
)
def test_scores_are_those_of_the_official_package(names: list[str], score: str, ending: str, tmp_path: Path) -> None:
    paths, out = written(tmp_path, ending, **as_eras(names)), tmp_path / f"scores.{ending}"
    assert main([*arguments(paths), "--out", str(out)]) == 0
    table = pl.read_csv(out) if ending == "csv" else pl.read_parquet(out)
    for name in names:
        expected = CASES[name]["expected"]["score"]
        found = table.filter(pl.col("era") == name)[score].to_list()[: len(expected)]
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-11, err_msg=name)


def test_statistics_are_over_eras(tmp_path: Path) -> None:
    """0.1, -0.3, 0.2, -0.1, 0.1: the sum falls from 0.1 to -0.2, and a series that only falls loses all of it."""
    series = {"up_and_down": [0.1, -0.3, 0.2, -0.1, 0.1], "down": [-0.1, -0.2, None, None, None], "flat": [0.1] * 5}
    rows = [(f"{e}", name, scores[e]) for e in range(5) for name, scores in series.items()]
    eras = pl.DataFrame(rows, schema=["era", "model", "corr"], orient="row")
    found = {row["model"]: row for row in summary(eras).iter_rows(named=True)}
    scores = np.array(series["up_and_down"], float)
    expected = {"eras": 5, "mean": 0.0, "sd": scores.std(), "sharpe": 0.0, "max_drawdown": 0.3}
    assert {name: found["up_and_down"][name] for name in expected} == pytest.approx(expected, abs=1e-15)
    expected = {"eras": 2, "mean": -0.15, "sd": 0.05, "sharpe": -3.0, "max_drawdown": 0.3}
    assert {name: found["down"][name] for name in expected} == pytest.approx(expected)
    assert found["flat"]["sharpe"] is None
    assert found["flat"]["max_drawdown"] == 0


IDS = [f"n{i}" for i in range(8)]
TWO_ERAS = {"id": [*IDS, *(f"x{i}" for i in range(8))], "era": ["0001"] * 8 + ["0002"] * 8}
TARGETS: Columns = {**TWO_ERAS, "target": [0.0, 0.25, 0.5, 0.5, 0.5, 0.5, 0.75, 1.0] * 2}
GOOD = [0.1, 0.3, 0.2, 0.5, 0.4, 0.6, 0.8, 0.7, 0.9, 0.1, 0.3, 0.2, 0.5, 0.4, 0.6, 0.8]
BAD: dict[str, tuple[list[Any], str]] = {
    "missing": (
        [*GOOD[:10], None, *GOOD[11:]],
        'era "0002": column "bad" is missing for id "x2"; every id needs a num',
    ),
    "no era": ([*GOOD[:8], *[None] * 8], 'era "0002": column "bad" has no number at all; every id needs one'),
    "constant": ([0.3] * 8 + GOOD[8:], 'era "0001": column "bad" is 0.3 for every id; values must differ'),
    "almost": ([*([0.3] * 7), 0.3 + 1e-9, *GOOD[8:]], 'era "0001": column "bad" has a standard deviation of 3.31e-10'),
    "too much": ([1.5, *GOOD[1:]], 'era "0001": column "bad" is 1.5 for id "n0"; allowed is 0 to 1; mend it, or'),
    "too little": ([-0.5] * 16, 'column "bad" is -0.5 for id "n0"; allowed is 0 to 1 (so or else in 1 other era)'),
    "endless": ([float("inf"), *GOOD[1:]], 'era "0001": column "bad" is inf for id "n0"; allowed is 0 to 1'),
    "words": (["much", *GOOD[1:]], 'bad of row 1 is "much", which is no number; mend it, or leave the column out'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_column_is_refused_and_the_others_are_scored(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    column, said = BAD[name]
    paths = written(tmp_path, predictions=TWO_ERAS | {"good": GOOD, "bad": [str(x) if x else None for x in column]},
                    targets=TARGETS)  # fmt: skip
    given = read_scorable(ScoringFiles(**paths))
    assert given.models == ["good"]
    assert said in given.refused["bad"]
    assert given.refused["bad"].startswith(str(paths["predictions"]))
    paths |= written(tmp_path, predictions=TWO_ERAS | {"bad": [str(x) if x else None for x in column]})
    assert main(arguments(paths)) == 2
    printed = capsys.readouterr()
    assert said in printed.err
    assert not printed.out


def test_the_command_says_what_it_refused_and_what_it_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    targets = TARGETS | {"target": [*TARGETS["target"][:9], None, *TARGETS["target"][10:]]}
    given = TWO_ERAS | {"good": GOOD, "bad": [2.0] * 16, "kind": ["validation"] * 16}
    given = {name: [*column, {"id": "z9", "era": "0003", "kind": ""}.get(name, 0.5)] for name, column in given.items()}
    paths = written(tmp_path, predictions=given, targets=targets)
    assert main(arguments(paths)) == 1
    printed = capsys.readouterr()
    assert [line.split()[0] for line in printed.out.splitlines()] == ["model", "good", "1"]
    assert printed.out.endswith("1 model, 2 eras from 0001 to 0002, 15 rows\n")
    assert "1 of 16 rows have no target and are left out" in printed.err
    assert "1 of 17 rows have ids that are not in" in printed.err
    assert 'column "kind" holds no numbers and is left out' in printed.err
    assert 'column "bad" is 2 for id "n0"' in printed.err
    assert main([*arguments(paths), "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["score"], row["eras"]) for row in found["models"]] == [("good", "corr", 2)]
    assert [(row["era"], row["model"], row["rows"]) for row in found["eras"]] == [
        ("0001", "good", 8),
        ("0002", "good", 7),
    ]
    assert list(found["refused"]) == ["bad"]
    assert len(found["notes"]) == 3
    mean = np.mean([row["corr"] for row in found["eras"]])
    assert found["models"][0]["mean"] == pytest.approx(mean)


def without(columns: Columns, rows: slice) -> Columns:
    return {name: [x for i, x in enumerate(column) if i not in range(16)[rows]] for name, column in columns.items()}


PREDICTIONS: Columns = TWO_ERAS | {"good": GOOD}
META: Columns = TWO_ERAS | {"meta": GOOD[::-1]}
FEATURES: Columns = TWO_ERAS | {"feature_a": GOOD[::-1]}
WRONG_FILES: dict[str, tuple[dict[str, Columns], str]] = {
    "doubled id": ({"predictions": PREDICTIONS | {"id": ["n1", *TWO_ERAS["id"][1:]]}},
                   'predictions.csv: era "0001": column "id" has "n1" more than once; once is allowed; predict each'),
    "lacking ids": ({"predictions": without(PREDICTIONS, slice(2, 5))},
                    'era "0001": column "id" lacks 3 of 8 ids, such as "n2"; all are needed; predict each id of every'),
    "lacking era": ({"predictions": without(PREDICTIONS, slice(8, 16))},
                    'predictions.csv: era "0002" has no row, and the targets have 8 ids in it; predict each id'),
    "other ids": ({"predictions": PREDICTIONS | {"id": [f"y{i}" for i in range(16)]}},
                  'none of its ids is in'),
    "no id": ({"predictions": {"name": IDS, "good": GOOD[:8]}}, 'predictions.csv: has no column "id", by which files'),
    "empty id": ({"predictions": PREDICTIONS | {"id": [None, *TWO_ERAS["id"][1:]]}}, "id of row 1 is missing"),
    "no numbers": ({"predictions": TWO_ERAS | {"kind": ["a"] * 16}},
                   "predictions.csv: has no column of numbers beside id and era; predictions are numbers from 0 to 1"),
    "no target": ({"targets": TWO_ERAS | {"target_a": GOOD, "target_b": GOOD}},
                  'targets.csv: has no target "target"; name another column with --target; did you mean "target_'),
    "no targets": ({"targets": TWO_ERAS | {"target": [0.5] * 16}}, "targets.csv: no era has targets that differ"),
    "endless target": ({"targets": TWO_ERAS | {"target": [*GOOD[1:], "inf"]}}, 'target is infinite for id "x7"; give'),
    "doubled target": ({"targets": TARGETS | {"id": ["n1", *TWO_ERAS["id"][1:]]}},
                       'targets.csv: id "n1" of era "0001" has several rows; give one row per id'),
    "ids of many eras": ({"targets": TARGETS | {"id": IDS * 2}, "predictions": {"id": IDS, "good": GOOD[:8]}},
                         'predictions.csv: has no column "era", which it needs since'),
    "foreign meta model": ({"meta_model": META | {"id": [f"y{i}" for i in range(16)]}},
                           "meta_model.csv: has none of the ids of the targets"),
    "sparse meta model": ({"meta_model": without(META, slice(1, 4))},
                          'lacks 3 of 8 ids of era "0001", such as "n1"; MMC needs at least 80 % of an era'),
    "two meta models": ({"meta_model": META | {"other": GOOD}}, "a meta model is one column of numbers beside id and"),
    "no features": ({"features": TWO_ERAS}, "features.csv: has no column of numbers beside id and era; features are"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_FILES)
def test_what_is_wrong_with_a_file_is_said(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables, said = WRONG_FILES[name]
    assert main(arguments(written(tmp_path, **({"predictions": PREDICTIONS, "targets": TARGETS} | tables)))) == 2
    assert said in capsys.readouterr().err


def test_eras_that_the_targets_or_the_meta_model_lack_are_named(tmp_path: Path) -> None:
    tables = {"predictions": PREDICTIONS, "targets": TARGETS, "meta_model": without(META, slice(8, 16))}
    given = read_scorable(ScoringFiles(**written(tmp_path, **tables)))
    assert given.notes == [f'{tmp_path}/meta_model.csv: lacks era "0002": no MMC there']
    scores = era_scores(given)
    assert scores["mmc"].is_null().to_list() == [False, True]
    assert not scores["corr"].has_nulls()
    tables |= {"targets": TARGETS | {"target": [*TARGETS["target"][:8], *[None] * 8]}, "meta_model": META}
    given = read_scorable(ScoringFiles(**written(tmp_path, **tables)))
    assert given.notes == [f'{tmp_path}/targets.csv: era "0002" has no target and cannot be scored']
    assert given.universe.eras == ["0001"]


def test_features_may_lack_a_few_rows(tmp_path: Path) -> None:
    tables = {"predictions": PREDICTIONS, "targets": TARGETS, "features": without(FEATURES, slice(3, 4))}
    given = read_scorable(ScoringFiles(**written(tmp_path, **tables)))
    assert given.notes == [f'{tmp_path}/features.csv: lacks 1 of 8 ids of era "0001", such as "n3"; FNC is '
                           "over the rest"]  # fmt: skip
    assert not era_scores(given)["fnc"].has_nulls()


def test_files_are_joined_by_id_in_whatever_order_and_way_of_writing_eras(tmp_path: Path) -> None:
    straight = read_scorable(ScoringFiles(**written(tmp_path, predictions=PREDICTIONS, targets=TARGETS)))
    assert straight.universe.eras == ["0001", "0002"]
    turned = {name: column[::-1] for name, column in PREDICTIONS.items()}
    numbered = turned | {"era": [int(era) for era in turned["era"]]}
    eraless = {name: column for name, column in turned.items() if name != "era"}
    for predictions in (turned, numbered, eraless):
        given = read_scorable(ScoringFiles(**written(tmp_path, predictions=predictions, targets=TARGETS)))
        np.testing.assert_array_equal(given.predictions, straight.predictions)


def test_without_eras_all_rows_are_one(tmp_path: Path) -> None:
    targets = {"id": TARGETS["id"], "my_target": TARGETS["target"]}
    given = read_scorable(ScoringFiles(**written(tmp_path, predictions=PREDICTIONS, targets=targets)))
    assert given.universe.eras == ["all"]
    assert summary(era_scores(given))["sharpe"].to_list() == [None]


def test_eras_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    eras = [f"era{number}" for number in [10] * 8 + [9] * 8]
    tables = {"predictions": PREDICTIONS | {"era": eras}, "targets": TARGETS | {"era": eras}}
    assert read_scorable(ScoringFiles(**written(tmp_path, **tables))).universe.eras == ["era9", "era10"]


@pytest.mark.parametrize("ending", ["csv", "parquet", "txt"])
def test_a_file_that_is_not_there_or_none_is_named(
    ending: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = written(tmp_path, predictions=PREDICTIONS, targets=TARGETS)
    assert main(arguments(paths | {"targets": tmp_path / f"nowhere.{ending}"})) == 2
    assert f"nowhere.{ending}: no such file" in capsys.readouterr().err
    (tmp_path / f"junk.{ending}").write_bytes(b'"\xff\x00 no table')
    assert main(arguments(paths | {"targets": tmp_path / f"junk.{ending}"})) == 2
    assert f"junk.{ending}: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "column", "said"),
    [
        ("predictions", {"id": [[x] for x in TWO_ERAS["id"]]}, "id holds List(String); give text or numbers"),
        ("targets", {"id": [x.encode() for x in TWO_ERAS["id"]]}, "id holds Binary; give text or numbers"),
        ("targets", {"target": [[x] for x in GOOD]}, "target holds no numbers; name another column, or mend it"),
        ("targets", {"target": ["high"] * 16}, "target holds no numbers; name another column, or mend it"),
    ],
)
def test_other_things_than_text_and_numbers_are_refused(
    name: str, column: Columns, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables = {"predictions": PREDICTIONS, "targets": TARGETS}
    paths = written(tmp_path, "parquet", **(tables | {name: tables[name] | column}))
    assert main(arguments(paths)) == 2
    assert said in capsys.readouterr().err


def test_numbers_of_rows_that_pandas_adds_are_no_model(tmp_path: Path) -> None:
    tables = {"predictions": PREDICTIONS | {"": list(range(16))}, "targets": TARGETS | {"": list(range(16))}}
    assert read_scorable(ScoringFiles(**written(tmp_path, **tables))).models == ["good"]


def test_one_needs_no_numbers_of_a_wide_file_but_the_target(tmp_path: Path) -> None:
    wide = TARGETS | {"feature_a": GOOD, "target_b": GOOD}
    given = read_scorable(ScoringFiles(**written(tmp_path, "parquet", predictions=PREDICTIONS, targets=wide,
                                                 features=wide)))  # fmt: skip
    assert given.features is not None
    assert given.features.columns == ["feature_a"]
    with pytest.raises(UserError, match=r'has no target "feature_b"; .* did you mean "feature_a"\? found: target, fea'):
        read_scorable(ScoringFiles(tmp_path / "predictions.parquet", tmp_path / "targets.parquet", target="feature_b"))
