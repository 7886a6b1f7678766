"""Reports of tournaments: figures, numbers and words can be traced to what was staked, gained and burned."""

import re
import shutil
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from experiments import plots
from experiments.compare import compare_runs
from experiments.console import summary_text
from experiments.metric_labels import LABELS
from experiments.party_values import PartyValues
from experiments.report import write_report
from experiments.report_living import living_figures
from experiments.report_tournament import idle_metrics
from experiments.run_folder import RunFolder
from experiments.statistics import lane_values, summarise
from experiments.tournament_values import TOURNAMENT_METRICS, alike, party_stakes, rolling_sum, rounds_averaged
from tests.experiments.synthetic_living import write_living_run
from tests.experiments.synthetic_tournament import ATOM, MINTED, write_tournament_run

WEEKS = 365.25 / 7
STORY = ["meta_model", "stakes", "contributions", "payout_factor", "burns", "tournament_supply"]


def _figures(run: RunFolder) -> dict[str, go.Figure]:
    return living_figures(run, lane_values(run), PartyValues.of(run), plots.Note.of(run))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_tournament_run(tmp_path_factory.mktemp("cup") / "run"))


@pytest.fixture(scope="module")
def figures(run: RunFolder) -> dict[str, go.Figure]:
    return _figures(run)


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_tournament_run(tmp_path_factory.mktemp("mixed") / "run", staked=("sharp",)))


def _named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def _lane(run: RunFolder, design: str, seed: int = 0) -> dict[str, float]:
    lanes = lane_values(run)
    return dict(lanes.filter(pl.col("design") == design, pl.col("seed") == seed).row(0, named=True))


def test_a_tournament_is_told_by_its_own_figures(figures: dict[str, go.Figure]) -> None:
    assert list(figures) == STORY
    for name, figure in figures.items():
        assert "?" in figure.layout.title.text, name
        assert figure.layout.title.subtitle.text, name
        assert any("config 3f9c1a7e" in str(note.text) for note in figure.layout.annotations), name


def test_networks_without_predictions_have_none_of_it(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", seeds=2))
    assert not set(_figures(run)) & set(STORY)
    assert not set(lane_values(run).columns) & {*TOURNAMENT_METRICS, "meta_model_corr", "net_emission"}
    assert idle_metrics(run) == []
    assert "tournament" not in write_report(run.path, images=False).read_text(encoding="utf-8").split("<table")[0]


def test_predictions_without_stakes_show_scores_but_no_payouts(tmp_path: Path) -> None:
    run = RunFolder(write_tournament_run(tmp_path / "run", staked=()))
    assert list(_figures(run)) == ["meta_model", "contributions", "profit", "ranks"]
    text = write_report(run.path, images=False).read_text(encoding="utf-8")
    assert "Pay goes to the best models under sharp: with a CORR of 0.0405" in text
    assert "Net emission" not in text


def test_the_meta_model_is_a_mean_over_the_last_rounds_beside_the_median_model(figures: dict[str, go.Figure]) -> None:
    figure = figures["meta_model"]
    line = _named(figure, "plain")[-1]
    assert line.x[0] == 7  # the eighth round: a fifth of forty
    np.testing.assert_allclose(line.y, 0.0205, rtol=1e-5)  # 0.02 and 0.021 by seed; the swing cancels
    (middle,) = _named(figure, "median model")
    np.testing.assert_allclose(middle.y, 0.01, rtol=1e-6)
    assert "mean over the last 8 rounds" in figure.layout.title.subtitle.text


def test_designs_that_do_not_differ_share_a_line(figures: dict[str, go.Figure]) -> None:
    (line,) = [trace for trace in _named(figures["meta_model"], "every design") if trace.xaxis == "x2"]
    np.testing.assert_allclose(line.y, 0.75)


def test_stakes_are_those_of_whole_parties_and_payouts_a_part_of_what_they_had(figures: dict[str, go.Figure]) -> None:
    staked, paid = [t for t in _named(figures["stakes"], "holders") if t.xaxis in ("x", "x3") and t.line.width]
    assert list(staked.x) == [0, 10, 20, 30, 39]
    np.testing.assert_allclose(staked.y, [4 * (100 + 2 * epoch) for epoch in staked.x])
    np.testing.assert_allclose(paid.y, [2 * epoch / 110 for epoch in paid.x], rtol=1e-6)
    rivals = _named(figures["stakes"], "rivals")[-1]  # under sharp
    assert rivals.y[-1] == pytest.approx(-2 * 39 / 110)


def test_each_model_is_one_dot_at_its_mean_scores(figures: dict[str, go.Figure]) -> None:
    figure = figures["contributions"]
    dots = {trace.name: trace for trace in figure.data}
    np.testing.assert_allclose(dots["holders"].x, [0.01, 0.02, 0.03, 0.04], rtol=1e-6)
    np.testing.assert_allclose(dots["rivals"].y, [-0.001, -0.002], rtol=1e-6)
    assert len(figure.data) == 2  # both designs have the same scores
    assert "5 recorded of 40 rounds; seed 0" in figure.layout.title.subtitle.text


def test_scores_that_differ_by_design_have_a_panel_each(tmp_path: Path) -> None:
    run = RunFolder(write_tournament_run(tmp_path / "run"))
    for part in (run.path / "agents").glob("*.parquet"):
        mmc = pl.when(pl.col("design") == "sharp").then(pl.col("mmc") * 2).otherwise("mmc")
        pl.read_parquet(part).with_columns(mmc.alias("mmc")).write_parquet(part)
    figure = _figures(run)["contributions"]
    assert [note.text for note in figure.layout.annotations[:2]] == ["plain", "sharp"]


def test_the_payout_factor_is_that_of_rounds_that_pay(figures: dict[str, go.Figure]) -> None:
    at_risk = [trace for trace in _named(figures["payout_factor"], "sharp") if trace.xaxis == "x2"][-1]
    assert list(at_risk.x) == list(range(0, 40, 2))
    assert at_risk.y[-1] == pytest.approx(600 + 38 * (12 - 4))


def test_burns_are_a_share_of_sums_not_a_mean_of_shares(figures: dict[str, go.Figure]) -> None:
    figure = figures["burns"]
    line = [trace for trace in _named(figure, "plain") if isinstance(trace, go.Scatter)][-1]
    np.testing.assert_allclose(line.y, 2 / 10, rtol=1e-6)
    bars = {bar.name: dict(zip(bar.x, bar.y, strict=True)) for bar in figure.data if isinstance(bar, go.Bar)}
    assert bars["paid"] == pytest.approx({"plain": 8 * 39, "sharp": 12 * 39})
    assert bars["burned"] == pytest.approx({"plain": -2 * 39, "sharp": -4 * 39})


def test_the_supply_is_all_there_and_stays_level(figures: dict[str, go.Figure]) -> None:
    layers = [trace for trace in figures["tournament_supply"].data if trace.xaxis == "x"]
    assert [layer.name for layer in layers] == ["burned", "staked on predictions", "in wallets", "treasury"]
    np.testing.assert_allclose(np.sum([layer.y for layer in layers], axis=0), 600 + 60 + 1000)


def test_a_treasury_that_would_hide_all_else_is_cut_off_by_name(tmp_path: Path) -> None:
    figure = _figures(RunFolder(write_tournament_run(tmp_path / "run", reserve=10**5)))["tournament_supply"]
    layers = [trace for trace in figure.data if trace.xaxis == "x"]
    lowest = 1000 + 10**5 - 12 * 39  # under the design that pays most
    assert layers[-1].name == f"treasury above {lowest:,} tokens"
    np.testing.assert_allclose(layers[-1].y[0], 12 * 39)


def test_returns_costs_and_burns_are_of_all_rounds_together(run: RunFolder) -> None:
    lane = _lane(run, "plain", seed=1)
    staked = np.mean(600 + 6 * np.arange(40))
    assert lane["net_emission"] == pytest.approx(6 * ATOM * 39 / 40)
    assert lane["meta_model_corr"] == pytest.approx(0.021)
    assert lane["burn_share"] == pytest.approx(0.2)
    assert lane["stake_return"] == pytest.approx(6 * 39 / 40 / staked * 5 * WEEKS)
    assert lane["emission_per_corr"] == pytest.approx(6 * ATOM * 39 / 40 / 2.1)
    weekly = np.mean(600 + 8 * np.arange(40))
    assert _lane(run, "sharp")["stake_return"] == pytest.approx(8 * 39 / 40 / weekly * WEEKS)


def test_a_meta_model_that_knows_nothing_has_no_price(tmp_path: Path) -> None:
    run = RunFolder(write_tournament_run(tmp_path / "run", ("plain",), seeds=1))
    for part in (run.path / "epochs").glob("*.parquet"):
        pl.read_parquet(part).with_columns(meta_model_corr=-pl.col("meta_model_corr")).write_parquet(part)
    assert np.isnan(_lane(run, "plain")["emission_per_corr"])


def test_where_only_some_designs_have_stakes_the_others_have_no_payouts(mixed: RunFolder) -> None:
    lane = _lane(mixed, "plain")
    assert all(np.isnan(lane[name]) for name in ("burn_share", "stake_return", "net_emission", "gained", "burnt"))
    # What is minted has a price, too.
    assert lane["emission_per_corr"] == pytest.approx(MINTED * ATOM / 100 / lane["meta_model_corr"])
    assert set(party_stakes(mixed)["design"]) == {"sharp"}
    figures = _figures(mixed)
    assert list(figures) == [*STORY, "profit"]
    assert {note.text for note in figures["profit"].layout.annotations} & {"plain", "sharp"} == {"plain"}
    assert not set(idle_metrics(mixed)) & {"gini_incentive", "rewarded_miners"}


def test_the_answer_says_what_is_emitted_for_what_and_who_gets_it(run: RunFolder) -> None:
    page = write_report(run.path, images=False).read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", page).replace("\u00a0", " ")
    assert "in tokens per round: 5.9 [5.9, 5.9] under plain, 7.8 [7.8, 7.8] under sharp." in text
    assert "Mean CORR of all rounds: 0.0205 [0.0200, 0.0210] under plain" in text
    assert "Burns, of burns and gains: 20.0 % [20.0, 20.0] under plain, 25.0 % [25.0, 25.0] under sharp." in text
    holders, rivals = 4 * (100 + 78), 2 * (100 - 39)
    assert f"rivals: {100 * rivals / (holders + rivals):.1f} %" in text
    assert f"holders: {100 * 4 * 78 / (4 * np.mean([100, 120, 140, 160, 178])):.1f} %" in text
    assert "Against plain, seed by seed. Net emission a round: sharp +2 [+2, +2]" in text
    assert "Models are known one by one from 5 of 40 rounds" in text


def test_tables_leave_out_what_means_nothing_and_the_file_keeps_it(run: RunFolder) -> None:
    page = write_report(run.path, images=False).read_text(encoding="utf-8")
    names = {LABELS[name].name for name in ("skill_paid", "quality_correlation", "gini_incentive", "rewarded_miners")}
    assert not [name for name in names if name in page]
    assert "Return on stake a year" in page
    kept = set(pl.read_csv(run.path / "summary.csv")["metric"])
    assert {"skill_paid", "gini_incentive", *TOURNAMENT_METRICS} <= kept


def test_the_console_sums_up_a_tournament_by_corr_emission_and_return(run: RunFolder) -> None:
    write_report(run.path, images=False)
    head, first, _ = summary_text(run.path).splitlines()
    assert re.split(r"  +", head) == ["design", "Meta-model CORR", "Net emission a round", "Return on stake a year"]
    assert re.split(r"  +", first)[:3] == ["plain", "0.0205 [0.0200, 0.0210]", "5.9 [5.9, 5.9]"]


def test_a_sweep_is_drawn_by_what_it_changes_about_a_tournament(tmp_path: Path) -> None:
    points = tuple({"tournament.gain": gain} for gain in (0, 1, 2))
    run = RunFolder(write_tournament_run(tmp_path / "run", points=points))
    figures = _figures(run)
    assert list(figures) == ["sweep", "returns", *STORY]
    titles = [note.text for note in figures["sweep"].layout.annotations[:4]]
    assert titles == ["Meta-model CORR", "Net emission a round", "Return on stake a year", "Burn share"]
    line = next(trace for trace in figures["sweep"].data if trace.name == "plain" and trace.xaxis == "x2")
    np.testing.assert_allclose(line.y, [(4 * gain - 2) * 39 / 40 for gain in (2, 3, 4)], rtol=1e-6)  # tokens
    assert figures["sweep"].layout.title.subtitle.text.startswith("all epochs; line")
    text = write_report(run.path, images=False).read_text(encoding="utf-8").replace("\u00a0", " ")
    assert "Net emission a round +7.8 [+7.8, +7.8] under every design" in text  # four holders gain two tokens more


def test_without_agents_there_is_still_the_tournament(tmp_path: Path) -> None:
    run = RunFolder(write_tournament_run(tmp_path / "run"))
    shutil.rmtree(run.path / "agents")
    assert list(_figures(run)) == ["meta_model", "payout_factor", "burns", "tournament_supply"]
    text = write_report(run.path, images=False).read_text(encoding="utf-8")
    assert "Who holds the stake" not in text
    assert "What is burned?" in text


def test_a_run_of_one_round_is_reported_without_lines(tmp_path: Path) -> None:
    run = RunFolder(write_tournament_run(tmp_path / "run", epochs=1))
    assert not set(_figures(run)) & set(STORY)
    assert "In short:" in write_report(run.path, images=False).read_text(encoding="utf-8")


def test_lanes_that_failed_count_for_nothing(tmp_path: Path) -> None:
    run = write_tournament_run(tmp_path / "run", ("plain",), seeds=2)
    manifest = (run / "manifest.json").read_text(encoding="utf-8")
    failed = '"failed": [{"design": "plain", "point": 0, "seed": 1, "reason": "x"}], "state"'
    (run / "manifest.json").write_text(manifest.replace('"state"', failed, 1), encoding="utf-8")
    for part in (run / "agents").glob("*.parquet"):
        ruined = pl.when(pl.col("seed") == 1).then(pl.col("own_stake") * 9).otherwise("own_stake").alias("own_stake")
        pl.read_parquet(part).with_columns(ruined).write_parquet(part)
    text = write_report(run, images=False).read_text(encoding="utf-8")
    holders, rivals = 4 * (100 + 78), 2 * (100 - 39)
    assert f"rivals: {100 * rivals / (holders + rivals):.1f}\u00a0%" in text


def test_tournaments_are_compared_by_their_meta_models(tmp_path: Path) -> None:
    runs = [write_tournament_run(tmp_path / name, (name,)) for name in ("plain", "sharp")]
    page = compare_runs(runs, tmp_path / "out").read_text(encoding="utf-8")
    assert 'id="figure-meta_model"' in page
    assert 'id="figure-quality"' not in page
    assert "Return on stake a year" in page


def test_every_column_of_a_tournament_has_a_label(run: RunFolder) -> None:
    columns = {"meta_model_corr", "models_median_corr", "meta_model_percentile", "effective_models", "payout_factor"}
    columns |= {"staked", "at_risk", "gained", "burnt", "bonus", "net_emission", *TOURNAMENT_METRICS}
    assert columns <= set(LABELS)
    assert columns <= set(summarise(run)["metric"])


def test_sums_over_the_last_rounds_start_once_there_are_enough() -> None:
    sums = rolling_sum(np.array([[1.0, np.nan, 3.0, 4.0]]), 2)
    np.testing.assert_array_equal(sums, [[np.nan, 1.0, 3.0, 7.0]])
    np.testing.assert_array_equal(rolling_sum(np.array([1.0, 2.0]), 1), [1.0, 2.0])


@pytest.mark.parametrize(("numbers", "count"), [(range(355), 20), (range(0, 400, 10), 2), (range(40), 8), ([3], 1)])
def test_lines_run_over_twenty_rounds_or_a_fifth_of_a_short_run(numbers: range | list[int], count: int) -> None:
    assert rounds_averaged(np.array(numbers)) == count


def test_names_with_the_same_values_are_put_together() -> None:
    found = {"a": np.array([1.0, np.nan]), "b": np.array([2.0, 0.0]), "c": np.array([1.0, np.nan]), "d": np.ones(1)}
    assert alike(found) == {"a": ["a", "c"], "b": ["b"], "d": ["d"]}
