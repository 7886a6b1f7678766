"""Runs against each other."""

from pathlib import Path

import polars as pl
import pytest

from experiments.compare import compare_runs, comparison_table
from experiments.errors import UserError
from experiments.run_folder import RunFolder
from experiments.statistics import lane_values
from tests.experiments.synthetic_run import write_run


def _value(path: Path, design: str, seeds: int) -> list[float]:
    lanes = lane_values(RunFolder(path), ["gini_incentive"])
    return lanes.filter(pl.col("design") == design, pl.col("seed") < seeds)["gini_incentive"].to_list()


def test_runs_with_other_designs_keep_their_plain_names(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a", ("yuma1",), name="a"), write_run(tmp_path / "b", ("yuma3",), name="b")]
    table = comparison_table(runs)
    assert set(table.select("design", "baseline").iter_rows()) == {("yuma3", "yuma1")}


def test_a_shared_design_is_compared_with_its_namesake_and_a_new_one_with_the_first(tmp_path: Path) -> None:
    runs = [
        write_run(tmp_path / "a", ("yuma1", "yuma2"), name="a"),
        write_run(tmp_path / "b", ("yuma2", "yuma3"), name="b"),
    ]
    table = comparison_table(runs)
    assert set(table.select("design", "baseline").iter_rows()) == {("b:yuma2", "a:yuma2"), ("b:yuma3", "a:yuma1")}


def test_runs_of_one_name_are_told_apart_by_folder(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "old"), write_run(tmp_path / "new")]
    assert set(comparison_table(runs)["design"]) == {"new:yuma1", "new:yuma2"}


def test_pairs_are_the_seeds_both_runs_have(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a", seeds=5, name="a"), write_run(tmp_path / "b", seeds=3, luck=7, name="b")]
    row = comparison_table(runs).filter(pl.col("metric") == "gini_incentive", pl.col("design") == "b:yuma1")
    differences = sorted(b - a for a, b in zip(_value(runs[0], "yuma1", 3), _value(runs[1], "yuma1", 3), strict=True))
    assert row["pairs"].to_list() == [3]
    assert row["median"].to_list() == pytest.approx([differences[1]])


def test_a_run_does_not_differ_from_itself(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a"), write_run(tmp_path / "b")]
    assert set(comparison_table(runs)["median"]) == {0.0}


def test_only_sweep_points_of_all_runs_are_compared(tmp_path: Path) -> None:
    kappas = [tuple({"consensus.kappa": kappa} for kappa in values) for values in ((0.4, 0.5, 0.6), (0.6, 0.5))]
    runs = [write_run(tmp_path / name, points=points, name=name) for name, points in zip("ab", kappas, strict=True)]
    assert comparison_table(runs)["consensus.kappa"].unique().sort().to_list() == [0.5, 0.6]


def test_comparison_page_and_csv_are_written_and_stay_the_same(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a", name="a<b>"), write_run(tmp_path / "b", luck=3, name="b")]
    page = compare_runs(runs, tmp_path / "out")
    first = page.read_bytes(), page.with_suffix(".csv").read_bytes()
    assert page.name == "compare.html"
    assert (compare_runs(runs, tmp_path / "out" / "again.html")).read_bytes() == first[0]
    source = first[0].decode()
    assert 'id="figure-paired_differences"' in source
    assert 'id="figure-adversary_pay"' in source
    assert "a<b>" not in source
    assert "a&lt;b&gt;" in source
    assert len(pl.read_csv(page.with_suffix(".csv"))) == len(comparison_table(runs))


def test_one_run_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="compare needs two or more run folders, got 1"):
        comparison_table([write_run(tmp_path / "a")])


def test_runs_without_a_common_sweep_point_are_refused(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / "a"), write_run(tmp_path / "b", points=({"consensus.kappa": 0.5},))]
    with pytest.raises(UserError, match="share no sweep point"):
        comparison_table(runs)
