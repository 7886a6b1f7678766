"""The report of a network whose miners work: one story, in the right words."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments.compare import compare_runs, comparison_table
from experiments.metric_labels import LABELS, metric_label, parameter_value, place_text, show, show_interval
from experiments.party_values import PartyValues
from experiments.report import write_report
from experiments.report_living_findings import living_findings
from experiments.report_wording import listed, quoted
from experiments.run_folder import RunFolder
from experiments.statistics import KEY_METRICS, Interval, lane_values, paired_table, summarise, summarise_lanes
from tests.experiments.synthetic_living import write_living_run
from tests.experiments.test_report import _figures, _page

STAKE = "overlays.weight_copier.stake_share"


def _text(path: Path, **options: Any) -> str:
    return _said(write_living_run(path, **options))


def _said(path: Path) -> str:
    """Return all answers, without drawing anything."""
    run = RunFolder(path)
    lanes = lane_values(run)
    summary = summarise_lanes(lanes, run.designs, run.swept)
    found = living_findings(run, lanes, summary, paired_table(run), PartyValues.of(run))
    return " ".join(f"{answer.question} {answer.answer}" for answer in found)


def test_the_title_is_the_question_and_figures_follow_the_answer(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", opens=True)
    page = _page(run)
    source = (run / "report.html").read_text(encoding="utf-8")
    assert "<h1>Who earns when miners really train?</h1>" in source
    assert source.index("In short:") < source.index("<h2>Figures</h2>") < source.index("<h2>Summary</h2>")
    assert _figures(page) == {"learning", "quality", "profit", "survival", "stake", "flows", "ranks", "supply"}


def test_a_run_without_a_question_is_titled_by_its_name(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", seeds=1, question=None)
    write_report(run, images=False)
    assert "<h1>living</h1>" in (run / "report.html").read_text(encoding="utf-8")


def test_the_answer_says_what_tokens_buy_who_gains_and_who_loses(tmp_path: Path) -> None:
    text = _text(tmp_path / "run", opens=True)
    assert "In short: Pay goes to the best models under sharp: right in 92." in text
    assert "Over the same 4 seeds that is +5.0 pp [+5.0, +5.0] against plain, the next." in text
    assert "Pay follows true quality best under plain (rank correlation 0.900 [0.900, 0.900])" in text
    # A copier earns 0.7 of a worker's 6.757 tokens, and under sharp loses one of them.
    assert "copiers 0.70 [0.70, 0.70] under plain, 0.55 [0.55, 0.55] under sharp" in text
    assert "poisoners 0.00 [0.00, 0.00] under every design" in text
    assert "Honest miners’ profit per epoch: $65.57 [65.57, 65.57] under every design." in text
    assert "Money is lost, per agent and epoch, by poisoners −$3.00 [−3.00, −3.00] under every design." in text
    assert "Newcomers over all recorded epochs: 2 [2, 2] under every design." in text
    assert "poisoners 0.0 % [0.0, 0.0] under every design; workers" not in text  # workers come first
    assert "workers 100.0 % [100.0, 100.0] under every design; copiers 100.0 %" in text
    assert "4 seeds per design" in text


def test_who_gains_by_not_working_is_named_first(tmp_path: Path) -> None:
    points = ({"miners.lag": 0.6},)
    text = _text(tmp_path / "run", designs=("plain",), points=points)
    assert "In multiples of an honest miner’s pay, most goes to copiers: 1.30 [1.30, 1.30]." in text


def test_a_swept_stake_is_answered_by_where_the_attack_breaks_even(tmp_path: Path) -> None:
    points = tuple({STAKE: share} for share in (0.1, 0.2, 0.4, 0.5))
    text = _text(tmp_path / "run", points=points)
    assert "In short: The pay of weight_copier is above its share of stake from 31.5 % [31.5, 31.5] on under" in text
    assert "its profit is above 0 at every setting under every design" in text
    assert "4 values of stake share from 10 % to 50 % were tried" in text
    assert "At stake share = 10 %: Pay goes to the best models under sharp" in text


def test_what_a_sweep_changes_is_said_over_the_same_seeds(tmp_path: Path) -> None:
    points = ({"miners.copiers.kind": "copier"}, {"miners.copiers.kind": "honest"})
    run = write_living_run(tmp_path / "run", points=points)
    for part in (run / "epochs").glob("*.parquet"):
        more = pl.when(pl.col("point") == 1).then(2.5).otherwise(0.0)
        table = pl.read_parquet(part).with_columns(pl.col("honest_miner_profit") + more)
        table.with_columns(pl.col("accuracy_paid") - more / 100).write_parquet(part)
    text = _said(run)
    assert text.startswith(
        "In short: What changes from copiers = copier to copiers = honest, seed by seed: Accuracy paid for −2.5 pp"
    )
    assert "Honest miners’ profit +$2.50 [+2.50, +2.50] under every design." in text
    assert "At copiers = copier: Pay goes to the best models under sharp" in text


def test_a_sweep_over_two_numbers_is_answered_by_its_extremes(tmp_path: Path) -> None:
    points = tuple({"a.x": x, "a.y": y} for x in (0.1, 0.2) for y in (0.0, 0.3))
    text = _text(tmp_path / "run", designs=("plain",), points=points)
    assert "In short: Adversary miners’ profit is lowest, $" in text
    assert "at x = 0.1, y = 0 and highest, $" in text
    assert "at x = 0.2, y = 0.3. At x = 0.1, y = 0: Pay goes" in text


def test_stake_that_moves_is_followed(tmp_path: Path) -> None:
    text = _text(tmp_path / "run", designs=("plain",), seeds=1)
    assert "Gini coefficient of stake at the start: 0.300; at the end: 0.400" in text


def test_an_attack_that_never_pays_is_said_to(tmp_path: Path) -> None:
    points = tuple({STAKE: share} for share in (0.1, 0.2))
    assert "is above its share of stake at no setting under every design" in _text(tmp_path / "run", points=points)


def test_designs_that_luck_could_explain_are_not_ranked(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run")
    for part in (run / "epochs").glob("*.parquet"):
        sign = pl.when((pl.col("design") == "plain") ^ (pl.col("seed") % 2 == 0)).then(0.01).otherwise(-0.015)
        pl.read_parquet(part).with_columns(accuracy_paid=0.9 + sign * (1 + pl.col("seed"))).write_parquet(part)
    assert "4 seeds do not tell it apart from" in _said(run)


def test_agents_recorded_now_and_then_are_admitted(tmp_path: Path) -> None:
    text = _text(tmp_path / "run", agents_every=5)
    assert "What parties earn is known from 4 of 12 epochs." in text


def test_one_design_and_one_seed_make_a_report_too(tmp_path: Path) -> None:
    text = _text(tmp_path / "run", designs=("plain",), seeds=1, accuracy=False)
    assert "Pay goes to models with a skill of 0.7" in text
    assert "One seed" in text


def test_a_report_without_agents_still_says_what_tokens_buy(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run")
    for part in (run / "agents").glob("*.parquet"):
        part.unlink()
    page = _page(run)
    assert _figures(page) == {"quality", "flows", "supply"}
    assert "Pay goes to the best models under sharp" in page.text


def test_failed_lanes_are_left_out_of_what_parties_earn(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", ("plain",), seeds=3)
    manifest = (run / "manifest.json").read_text(encoding="utf-8")
    failed = '"failed": [{"design": "plain", "point": 0, "seed": 2, "reason": "x"}], "state"'
    (run / "manifest.json").write_text(manifest.replace('"state"', failed, 1), encoding="utf-8")
    for table in ("agents", "epochs"):
        for part in (run / table).glob("*.parquet"):
            rows = pl.read_parquet(part)
            ruined = [
                pl.when(pl.col("seed") == 2).then(10**6).otherwise(pl.col(n)).alias(n)
                for n in ("pay", "price")
                if n in rows
            ]
            rows.with_columns(ruined).write_parquet(part)
    assert "1 of 3 lanes failed" in _said(run)
    assert "$65.57 [65.57, 65.57]" in _said(run)


def test_the_report_is_the_same_to_the_byte_for_the_same_data(tmp_path: Path) -> None:
    points = tuple({STAKE: share} for share in (0.1, 0.4))
    runs = [write_living_run(tmp_path / name, seeds=2, epochs=4, points=points) for name in ("here", "there")]
    pages = [write_report(run, images=False).read_bytes() for run in [*runs, runs[0]]]
    assert pages[0] == pages[1] == pages[2]
    assert (runs[0] / "summary.csv").read_bytes() == (runs[1] / "summary.csv").read_bytes()


def test_numbers_are_not_torn_from_signs_and_units(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", seeds=2)
    source = write_report(run, images=False).read_text(encoding="utf-8")
    assert "−\u2060$3.00 [−3.00,\u00a0−3.00]" in source
    assert "%\u00a0[" not in source
    assert re.search(r"right in \d\d\.\d\u00a0% \[\d\d\.\d,\u00a0\d\d\.\d\]", source)


def test_reporting_needs_no_jax(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", seeds=2, epochs=4)
    code = f"import sys; from experiments.report import write_report; write_report({str(run)!r}, images=False)"
    code += "; sys.exit(any(name.split('.')[0] in ('jax', 'scipy') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def test_profits_count_every_epoch_and_the_rest_the_later_half(tmp_path: Path) -> None:
    run = write_living_run(tmp_path / "run", ("plain",), seeds=1)
    for part in (run / "epochs").glob("*.parquet"):
        table = pl.read_parquet(part)
        table.with_columns(honest_miner_profit=pl.col("epoch") * 1.0, skill_paid=pl.col("epoch") * 1.0).write_parquet(
            part
        )
    lanes = lane_values(RunFolder(run), ["honest_miner_profit", "skill_paid"])
    assert lanes["honest_miner_profit"].to_list() == [5.5]
    assert lanes["skill_paid"].to_list() == [8.5]


def test_the_summary_knows_the_key_metrics_of_work(tmp_path: Path) -> None:
    table = summarise(RunFolder(write_living_run(tmp_path / "run", seeds=2)))
    assert {"accuracy_paid", "skill_per_token", "honest_miner_profit", "slashed_adversary"} <= set(table["metric"])
    slashed = table.filter(pl.col("metric") == "slashed_adversary", pl.col("design") == "sharp")["median"].to_list()
    assert slashed == [2 * 12 * 10**9]


def test_every_key_metric_has_a_label_with_a_unit() -> None:
    assert set(KEY_METRICS) <= set(LABELS)
    assert metric_label("honest_miner_profit").axis == "Honest miners’ profit (dollars)"
    assert metric_label("skill_paid").axis == "Skill paid for (1 − loss / loss of knowing nothing)"


@pytest.mark.parametrize(
    ("value", "unit", "written"),
    [(51.7291, "usd", "$51.73"), (-3.2, "usd", "−$3.20"), (12345.6, "usd", "$12,346"), (0.0123, "usd", "$0.012"),
     (0.0016, "per_token", "1.600"), (3e9, "token", "3"), (0.345, "share", "34.5 %"), (1.0712, "times", "1.07")],
)  # fmt: skip
def test_numbers_are_written_as_people_write_them(value: float, unit: str, written: str) -> None:
    assert show(value, unit) == written


def test_an_interval_carries_its_unit_once() -> None:
    assert quoted(Interval(0.34, 0.31, 0.37), "share") == "34.0 % [31.0, 37.0]"
    assert quoted(Interval(-3.0, -3.5, -2.5), "usd") == "−$3.00 [−3.50, −2.50]"
    assert show_interval(-1.2, 3.4, "usd") == "[−$1.20, $3.40]"


def test_designs_that_read_the_same_are_named_together() -> None:
    values = {name: Interval(value, None, None) for name, value in {"a": 1.0, "b": 1.001, "c": 2.0}.items()}
    assert listed(values, "times", 3) == "1.00 under a and b, 2.00 under c"
    assert listed({"a": values["a"], "b": values["b"]}, "times", 2) == "1.00 under every design"
    assert listed({"a": values["a"]}, "times", 3) == "1.00 under a"
    many = {str(n): Interval(float(n), None, None) for n in range(5)}
    assert listed(many, "times", 5) == "from 0.00 under 0 to 4.00 under 4"


def test_swept_shares_read_as_per_cent() -> None:
    assert place_text({STAKE: 0.05, "slashing.copy.rate": 0.2}) == "stake share = 5 %, rate = 0.2"
    assert parameter_value(STAKE, 0.4817) == "48.2 %"
    assert parameter_value("slashing.copy.rate", 0.13724) == "0.137"


def test_runs_of_working_miners_are_compared_by_what_tokens_buy(tmp_path: Path) -> None:
    runs = [
        write_living_run(tmp_path / name, (design,), name=name) for name, design in (("a", "plain"), ("b", "sharp"))
    ]
    table = comparison_table(runs)
    accuracy = table.filter(pl.col("metric") == "accuracy_paid").row(0, named=True)
    assert accuracy["median"] == pytest.approx(0.05)
    source = compare_runs(runs, tmp_path / "out").read_text(encoding="utf-8")
    assert 'id="figure-quality"' in source
    assert "Pay goes to the best models under sharp" in source


def test_working_miners_can_be_compared_with_a_run_that_has_none(tmp_path: Path) -> None:
    from tests.experiments.synthetic_run import write_run

    runs = [write_living_run(tmp_path / "a", name="a"), write_run(tmp_path / "b", name="b")]
    source = compare_runs(runs, tmp_path / "out").read_text(encoding="utf-8")
    assert 'id="figure-quality"' not in source
    assert 'id="figure-adversary_pay"' in source
