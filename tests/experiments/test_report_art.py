"""Reports of votes on art: what they say and draw, against a run whose numbers are known."""

import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from experiments.art_values import ART_METRICS, art_parties, mean_distance, party_lanes
from experiments.compare import compare_runs
from experiments.console import summary_text
from experiments.metric_labels import LABELS
from experiments.plots import Note
from experiments.report import write_report
from experiments.report_art import ART_CAPTIONS, art_figures
from experiments.run_folder import RunFolder
from experiments.statistics import lane_values, paired_table, summarise
from tests.experiments.synthetic_art import PRICE, SUPPLY, write_art_run
from tests.experiments.synthetic_tournament import write_tournament_run

OF_CHAINS = ("validator_trust", "Validator trust", "dividends", "Gini of incentive", "Rewarded miners")
STORY = [
    "best_art", "gallery", "who_decides", "rewards", "quality", "auctions", "style", "style_map", "supply_and_price",
    "paired_differences",
]  # fmt: skip


def _figures(run: RunFolder) -> dict[str, go.Figure]:
    found = art_figures(run, lane_values(run), paired_table(run), Note.of(run))
    return {name: figure for name, figure in found.items() if figure is not None}


def _text(run: RunFolder | Path) -> str:
    page = write_report(run.path if isinstance(run, RunFolder) else run, images=False).read_text(encoding="utf-8")
    return re.sub(r"<[^>]+>", "", page.split("<header>")[1]).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_art_run(tmp_path_factory.mktemp("art") / "run"))


@pytest.fixture(scope="module")
def figures(run: RunFolder) -> dict[str, go.Figure]:
    return _figures(run)


@pytest.fixture(scope="module")
def text(run: RunFolder) -> str:
    return _text(run)


def _lane(run: RunFolder, design: str, seed: int = 0) -> dict[str, float]:
    lanes = lane_values(run)
    return dict(lanes.filter(pl.col("design") == design, pl.col("seed") == seed).row(0, named=True))


def test_only_runs_of_curators_make_art(run: RunFolder, tmp_path: Path) -> None:
    assert run.makes_art
    chain = RunFolder(write_tournament_run(tmp_path / "cup", ("plain",), seeds=1))
    assert not chain.makes_art
    assert set(lane_values(chain).columns) & set(ART_METRICS) == {"gini_stake", "nakamoto_stake"}


def test_what_is_said_of_votes_leaves_out_what_the_artist_chose(run: RunFolder) -> None:
    lane = _lane(run, "fair", seed=2)
    assert lane["quality_percentile"] == pytest.approx(0.92)  # 1 in the artist's own round
    assert lane["attacker_win_share"] == pytest.approx(3 / 12)
    assert lane["turnout"] == pytest.approx(0.8)
    assert lane["quality"] == pytest.approx(np.mean(2.9 + np.arange(12) / 10))
    assert lane["own_choices"] == 1


def test_amounts_are_sums_and_supply_price_and_treasury_are_those_of_the_end(run: RunFolder) -> None:
    lane = _lane(run, "fair")
    assert lane["revenue_eth"] == pytest.approx(0.85 * (10 + np.arange(13)).sum())
    assert lane["supply"] == SUPPLY - 1200
    assert lane["price_eth"] == pytest.approx(PRICE * 1.12)
    assert lane["treasury_eth"] == 60
    assert lane["hammer_eth"] == pytest.approx(np.mean(10 + np.arange(13)))  # of all rounds, not of the later half
    assert _lane(run, "jury")["hammer_eth"] == pytest.approx(np.mean(10 + np.arange(0, 13, 2)))
    assert _lane(run, "jury")["sold_share"] == pytest.approx(7 / 13)
    assert lane["reward_ratio"] == pytest.approx(2)


def test_diversity_is_the_mean_distance_of_two_works(run: RunFolder) -> None:
    assert mean_distance([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]]) == pytest.approx(10 / 3)
    assert mean_distance([[1.0]]) is None
    unlike = 6 * 7 / (13 * 12 / 2)  # pairs of an even and an odd round
    assert _lane(run, "jury")["diversity"] == pytest.approx(4 * unlike)


def test_parties_are_known_by_what_they_hold_decide_and_get(run: RunFolder) -> None:
    assert art_parties(run) == [("crowd", False), ("whale", True)]
    values = party_lanes(run).filter(pl.col("design") == "jury", pl.col("seed") == 0, pl.col("party") == "whale")
    row = values.row(0, named=True)
    assert row["won_share"] == pytest.approx(6 / 12)
    assert row["points_share"] == row["stake_share"] == pytest.approx(0.25)
    assert row["reward"] == pytest.approx(0.02 * 6 / 13)  # paid where the work was sold, not in the artist's round
    assert row["moved"] == pytest.approx(25 / 250 * 1000)


def test_the_first_answer_names_the_vote_that_finds_the_best_art(text: str) -> None:
    lead = text.split("Who decided?")[0]
    assert "fair: the work that wins its vote beats 91.0 % [90.0, 92.0] of the works to choose from." in lead
    assert "It is 81.0 % [80.0, 82.0] under jury, 61.0 % [60.0, 62.0] under rich." in lead
    assert "Over the same 3 seeds its lead on jury, the next, is +10.0 pp [+10.0, +10.0]." in lead
    assert "wins most often under rich (100.0 % of votes), least under fair (25.0 %)" in lead


def test_the_answers_say_who_decided_and_what_it_brought(text: str) -> None:
    assert "With 25.0 % of points and 25.0 % of stake, the wish of whale was minted in 100.0 % [100.0, 100.0] " in text
    assert "of voted rounds under rich, 50.0 % [50.0, 50.0] under jury, 25.0 % [25.0, 25.0] under fair." in text
    assert "another work would have won in 50.0 % [50.0, 50.0] of voted rounds under rich and jury" in text
    assert "sincere voters: 0.0092 [0.0092, 0.0092] under fair and rich, 0.0046 [0.0046, 0.0046] under jury" in text
    assert "earns this many times what one of the others does: 2.000 [2.000, 2.000] under every design" in text
    assert "whale +100 [+100, +100] under jury" in text
    assert "53.8 % [53.8, 53.8] under jury" in text
    assert "0.54 [0.54, 0.54] under rich" in text
    assert "In 1 of 13 rounds the artist chose by himself" in text


def test_nothing_of_chains_is_said(text: str) -> None:
    assert [word for word in OF_CHAINS if word in text] == []


def test_the_story_is_told_by_figures_that_ask_and_explain(figures: dict[str, go.Figure]) -> None:
    assert list(figures) == STORY
    assert set(figures) <= set(ART_CAPTIONS)
    for name, figure in figures.items():
        assert "?" in figure.layout.title.text, name
        assert figure.layout.title.subtitle.text, name
        assert any("config 3f9c1a7e" in str(note.text) for note in figure.layout.annotations), name


def test_a_run_of_one_design_is_not_compared(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", ("rich",)))
    assert list(_figures(run)) == STORY[:-1]
    assert "Under rich the work that wins a vote beats 61.0 % [60.0, 62.0] of the pool." in _text(run)


def test_where_all_are_sincere_nobody_is_accused(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", attackers=()))
    assert "who_decides" not in _figures(run)
    text = _text(run)
    assert "All curators vote for what they like. Over half of all points belong to this many of them: 40" in text
    assert "Attackers:" not in text


def test_several_attackers_are_told_one_by_one(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", attackers=("whale", "sybils")))
    assert "the wish of sybils was minted in 0.0 % [0.0, 0.0] of voted rounds under every design" in _text(run)
    titles = [note.text for note in _figures(run)["who_decides"].layout.annotations[:2]]
    assert titles == ["<b>whale</b>", "<b>sybils</b>"]


def test_one_seed_has_no_intervals(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", seeds=1))
    assert list(_figures(run)) == STORY[:-1]
    assert "One seed does not tell it apart from jury, the next." in _text(run)


def test_works_that_nobody_buys_have_no_price(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", sold=False))
    assert list(_figures(run)) == STORY
    text = _text(run)
    assert "Share of minted works that were sold: 0.0 % [0.0, 0.0] under every design." in text
    assert "Mean hammer price" not in text


def test_rounds_in_which_nothing_is_minted_are_votes_that_nobody_won(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", unminted=(0, 4)))
    assert _lane(run, "fair")["attacker_win_share"] == pytest.approx(1 / 12)
    assert _lane(run, "fair")["works_minted"] == 11
    assert "nothing<br>minted" in {note.text for note in _figures(run)["gallery"].layout.annotations}


def test_a_run_that_never_mints_is_reported_all_the_same(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", unminted=tuple(range(13))))
    assert "gallery" not in _figures(run)
    assert "No work was minted by a vote." in _text(run)


def test_a_run_of_one_round_is_reported_without_lines(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", rounds=1))
    assert list(_figures(run)) == ["best_art", "gallery", "who_decides", "rewards", "paired_differences"]


def test_lanes_that_failed_count_for_nothing(tmp_path: Path) -> None:
    run = write_art_run(tmp_path / "run", ("rich",))
    manifest = (run / "manifest.json").read_text(encoding="utf-8")
    failed = '"failed": [{"design": "rich", "point": 0, "seed": 2, "reason": "x"}], "state"'
    (run / "manifest.json").write_text(manifest.replace('"state"', failed, 1), encoding="utf-8")
    assert "beats 60.5 % [60.0, 61.0] of the pool" in _text(run)


def test_a_sweep_shows_what_it_does_to_votes_on_a_logarithmic_axis(tmp_path: Path) -> None:
    points = tuple({"curators.whale.wallets": float(wallets)} for wallets in (1, 10, 100))
    run = RunFolder(write_art_run(tmp_path / "run", points=points))
    figure = _figures(run)["sweep"]
    titles = [note.text for note in figure.layout.annotations[:4]]
    assert titles == ["Pool beaten", "Attackers’ wish minted", "Attackers’ points", "Attackers’ reward ratio"]
    assert figure.layout.xaxis.type == "log"
    line = next(trace for trace in figure.data if trace.name == "fair" and trace.xaxis == "x3")
    np.testing.assert_allclose(line.y, [1 / 4, 10 / 13, 100 / 103], rtol=1e-6)
    assert figure.layout.title.subtitle.text.startswith("all epochs; line")
    assert "Attackers’ points +72.1 pp [+72.1, +72.1] under every design" in _text(run)


def test_two_swept_numbers_make_a_map(tmp_path: Path) -> None:
    points = tuple({"a.wallets": float(x), "b.tokens": float(y)} for x in (1, 2) for y in (1, 2))
    run = RunFolder(write_art_run(tmp_path / "run", seeds=1, points=points))
    assert _figures(run)["sweep_map"].layout.title.text.startswith("<b>Attackers’ points: where do")


def test_runs_of_art_are_compared_by_what_their_votes_find(tmp_path: Path) -> None:
    runs = [write_art_run(tmp_path / name, (name,), name=name) for name in ("fair", "rich")]
    page = compare_runs(runs, tmp_path / "out").read_text(encoding="utf-8")
    assert 'id="figure-best_art"' in page
    assert "Attackers’ wish minted" in page
    assert "Pay goes to" not in page


def test_runs_of_art_and_of_chains_have_nothing_in_common_but_a_page(tmp_path: Path) -> None:
    runs = [write_art_run(tmp_path / "art", seeds=2), write_tournament_run(tmp_path / "cup")]
    page = compare_runs(runs, tmp_path / "out").read_text(encoding="utf-8")
    assert "Comparison of 2 runs" in page


def test_the_console_sums_up_art_by_quality_attackers_and_rewards(run: RunFolder) -> None:
    write_report(run.path, images=False)
    head, first, *_ = summary_text(run.path).splitlines()
    assert re.split(r"  +", head) == ["design", "Pool beaten", "Attackers’ wish minted", "Attackers’ reward ratio"]
    assert re.split(r"  +", first)[:2] == ["fair", "91.0 % [90.0, 92.0 %]"]


def test_every_metric_of_art_has_a_label_and_stands_in_the_summary(run: RunFolder) -> None:
    metrics = set(summarise(run)["metric"])
    assert metrics == set(ART_METRICS)
    assert metrics <= set(LABELS)
