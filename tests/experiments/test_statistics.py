"""Intervals, paired differences and summaries against hand-computed cases."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.errors import UserError
from experiments.run_folder import RunFolder
from experiments.statistics import interval, lane_values_of, paired_difference, paired_table, summarise, swept_axes
from tests.experiments.synthetic_run import write_run

numbers = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=20)


def test_one_seed_has_a_median_but_no_interval() -> None:
    assert interval([0.7]) == (0.7, None, None)


def test_no_seeds_have_neither_median_nor_interval() -> None:
    assert interval([]) == (None, None, None)
    assert interval([None, float("nan"), float("inf")]) == (None, None, None)


def test_missing_values_are_left_out() -> None:
    assert interval([1.0, None, 2.0, float("nan"), 3.0]) == interval([1.0, 2.0, 3.0])


def test_equal_values_leave_no_doubt() -> None:
    assert interval([4.0, 4.0, 4.0]) == (4.0, 4.0, 4.0)


@given(numbers)
def test_interval_lies_within_the_data_and_ignores_their_order(values: list[float]) -> None:
    middle, low, high = interval(values)
    assert (middle, low, high) == interval(values[::-1])
    if low is not None and high is not None and middle is not None:
        assert min(values) <= low <= high <= max(values)


def test_interval_of_the_median_matches_the_binomial_one_for_many_seeds() -> None:
    # For ranks of n values the 95 % interval of the median is about n/2 ± 0.98 sqrt(n).
    middle, low, high = interval(np.arange(400.0))
    assert middle == 199.5
    assert low == pytest.approx(199.5 - 0.98 * 20, abs=3)
    assert high == pytest.approx(199.5 + 0.98 * 20, abs=3)


def test_a_wider_level_gives_a_wider_interval() -> None:
    values = np.random.default_rng(1).normal(size=30)
    narrow, wide = interval(values, 0.5), interval(values, 0.99)
    bounds = [wide.low, narrow.low, narrow.high, wide.high]
    assert all(bound is not None for bound in bounds)
    assert bounds == sorted(set(bounds))  # type: ignore[type-var]


def test_paired_difference_matches_a_case_computed_by_hand() -> None:
    # d = 1, -1, 3, 5: mean 2, sd sqrt(20/3); ranks of |d|: 1.5, 1.5, 3, 4, so r = (8.5 - 1.5) / 10.
    result = paired_difference([2, 1, 5, 9], [1, 2, 2, 4])
    assert result.median == 2
    assert result.effect_size == pytest.approx(2 / np.sqrt(20 / 3))
    assert result.rank_biserial == pytest.approx(0.7)
    assert result.pairs == 4


def test_the_luck_two_designs_share_cancels() -> None:
    luck = np.random.default_rng(0).normal(0, 100, 16)
    noise = np.random.default_rng(1).normal(0, 0.01, 16)
    result = paired_difference(luck + 1 + noise, luck)
    assert result.low == pytest.approx(1, abs=0.02)
    assert result.high == pytest.approx(1, abs=0.02)
    assert result.rank_biserial == 1


def test_effect_size_is_null_without_spread_and_with_one_pair() -> None:
    assert paired_difference([0.3, 0.2, 0.1], [0.2, 0.1, 0.0]).effect_size is None
    assert paired_difference([1], [0]).effect_size is None
    assert paired_difference([1], [0]).low is None


def test_pairs_with_a_missing_half_are_dropped() -> None:
    result = paired_difference([1, np.nan, 3], [0, 0, np.nan])
    assert (result.median, result.pairs) == (1, 1)


def test_no_pair_has_no_difference() -> None:
    assert paired_difference([np.nan], [1]) == (None, None, None, None, None, 0)


def test_equal_designs_do_not_differ() -> None:
    result = paired_difference([1, 2, 3], [1, 2, 3])
    assert result[:3] == (0, 0, 0)
    assert result.effect_size is None
    assert result.rank_biserial == 0


def test_lists_that_do_not_pair_up_are_refused() -> None:
    with pytest.raises(ValueError, match="must pair up"):
        paired_difference([1, 2], [1])


@given(st.lists(st.tuples(st.floats(-10, 10), st.floats(-10, 10)), min_size=1, max_size=12))
def test_swapping_design_and_baseline_turns_every_sign(pairs: list[tuple[float, float]]) -> None:
    a, b = np.array(pairs).T
    there, back = paired_difference(a, b), paired_difference(b, a)
    assert there.median == pytest.approx(-back.median)  # type: ignore[operator]
    assert there.rank_biserial == pytest.approx(-back.rank_biserial)  # type: ignore[operator]


def _lane(values: dict[str, list[float | None]]) -> pl.DataFrame:
    length = len(next(iter(values.values())))
    keys = {"design": ["a"] * length, "point": [0] * length, "seed": [0] * length}
    return pl.DataFrame(keys | {"epoch": list(range(length))} | values, strict=False)


def test_a_lane_counts_by_its_later_half_and_tokens_by_their_sum() -> None:
    lanes = lane_values_of(_lane({"gini_stake": [9, 9, 1, 2, 3], "minted": [1, 2, 3, 4, 5]}), ["gini_stake", "minted"])
    assert lanes["gini_stake"].to_list() == [2]  # epochs 2, 3, 4
    assert lanes["minted"].to_list() == [15]


def test_missing_epochs_of_a_lane_are_left_out_of_its_mean() -> None:
    lanes = lane_values_of(_lane({"x": [9, None, 4, None], "y": [1, 2, None, None]}), ["x", "y"])
    assert lanes["x"].to_list() == [4]
    assert np.isnan(lanes["y"].to_list()[0])


def test_summary_has_one_row_per_design_point_and_metric(tmp_path: Path) -> None:
    points = tuple({"consensus.kappa": kappa} for kappa in (0.4, 0.6))
    run = RunFolder(write_run(tmp_path / "run", seeds=3, points=points))
    table = summarise(run)
    assert table.columns == [
        "design", "point", "consensus.kappa", "metric", "median", "low", "high", "mean", "seeds",
    ]  # fmt: skip
    assert table.select("design", "point", "metric").is_unique().all()
    assert table["design"].unique(maintain_order=True).to_list() == run.designs
    assert table["seeds"].unique().to_list() == [3]
    assert table.filter(pl.col("metric") == "minted")["median"].to_list() == [8 * 100e9] * 4


def test_summary_medians_are_the_medians_of_lane_means(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", seeds=5, epochs=6))
    epochs = run.read("epochs").filter(pl.col("design") == "yuma2", pl.col("epoch") >= 3)
    means = [epochs.filter(pl.col("seed") == seed)["gini_incentive"].mean() for seed in range(5)]
    row = summarise(run, ["gini_incentive"]).filter(pl.col("design") == "yuma2").row(0, named=True)
    assert row["median"] == pytest.approx(np.median(np.array(means, float)))


def test_summary_is_the_same_to_the_byte_every_time(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", seeds=6))
    assert len({summarise(run).write_csv() for _ in range(3)}) == 1


def test_metrics_without_values_have_no_row(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", attackers=False))
    assert not any(name.startswith("adversary") for name in summarise(run)["metric"])


def test_a_summary_of_one_seed_has_no_interval(tmp_path: Path) -> None:
    table = summarise(RunFolder(write_run(tmp_path / "run", seeds=1)))
    assert table["low"].null_count() == table["high"].null_count() == len(table)
    assert table["median"].null_count() == 0


def test_paired_table_holds_every_other_design_against_the_first(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", ("yuma1", "yuma2", "yuma3"), seeds=4))
    table = paired_table(run)
    assert set(table.select("design", "baseline").iter_rows()) == {("yuma2", "yuma1"), ("yuma3", "yuma1")}
    assert set(table["pairs"]) == {4}
    ratio = table.filter(pl.col("metric") == "adversary_pay_ratio", pl.col("design") == "yuma3").row(0, named=True)
    lanes = lane_values_of(run.read("epochs"), ["adversary_pay_ratio"])
    third, first = (lanes.filter(pl.col("design") == d)["adversary_pay_ratio"].to_numpy() for d in ("yuma3", "yuma1"))
    expected = np.median(third - first)
    assert ratio["median"] == pytest.approx(expected)


def test_the_baseline_can_be_chosen_and_must_exist(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run"))
    assert set(paired_table(run, "yuma2")["design"]) == {"yuma1"}
    with pytest.raises(UserError, match="'yuma9' is not a design of this run; it has yuma1, yuma2"):
        paired_table(run, "yuma9")


def test_parameters_swept_together_are_one_axis() -> None:
    lanes = pl.DataFrame({"a": [1, 1, 2, 2], "b": [5, 5, 7, 7], "c": [1, 2, 1, 2], "still": [0, 0, 0, 0]})
    assert swept_axes(lanes, ["still", "a", "b", "c"]) == ["a", "c"]
    assert swept_axes(lanes, []) == []
