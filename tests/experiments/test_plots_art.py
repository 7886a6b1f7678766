"""Figures of art: each shows the numbers of its table."""

import base64
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from experiments import plots
from experiments.art_values import art_parties, party_lanes
from experiments.plots_style import ADVERSARY, HONEST
from experiments.run_folder import KEYS, RunFolder
from experiments.statistics import lane_values
from tests.experiments.synthetic_art import png, write_art_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_art_run(tmp_path_factory.mktemp("art") / "run"))


def _works(run: RunFolder) -> pl.DataFrame:
    wishes = run.read("epochs", ["attacker_won"])
    return run.read("works").join(wishes, [*KEYS, "epoch"], "left", maintain_order="left")


def _gallery(run: RunFolder) -> go.Figure:
    figure = plots.gallery(_works(run), plots.Note.of(run))
    assert figure is not None
    return figure


def _frames(figure: go.Figure) -> list[str]:
    return [shape.fillcolor for shape in figure.layout.shapes]


def test_a_gallery_hangs_every_minted_work_in_the_frame_of_who_wanted_it(run: RunFolder) -> None:
    figure = _gallery(run)
    assert len(figure.layout.images) == 3 * 13
    assert figure.layout.images[0].source.endswith(base64.b64encode(png(0, 100, 90)).decode())
    frames = _frames(figure)
    assert frames[:5] == [ADVERSARY, HONEST, HONEST, HONEST, ADVERSARY]
    assert set(frames[13:25]) == {ADVERSARY}
    assert frames[12] == frames[25] not in (ADVERSARY, HONEST)  # the artist's own choice
    texts = [note.text for note in figure.layout.annotations]
    assert "beats 60 %<br>10 ETH" in texts
    assert "beats 80 %<br><i>unsold</i>" in texts
    assert any("attacker’s wish in 3 of 12 works minted by vote" in text for text in texts)


def test_a_gallery_of_one_design_has_room_for_a_year(tmp_path: Path) -> None:
    run = RunFolder(write_art_run(tmp_path / "run", ("rich",), seeds=1, rounds=52))
    assert len(_gallery(run).layout.images) == 52


def test_a_gallery_of_many_designs_shows_rounds_evenly_chosen_and_says_so(tmp_path: Path) -> None:
    names = tuple(f"vote {number}" for number in range(10))
    figure = _gallery(RunFolder(write_art_run(tmp_path / "run", names, seeds=1, rounds=52)))
    assert len(figure.layout.images) == 10 * 13
    assert "13 of 52 rounds, evenly chosen" in figure.layout.title.subtitle.text
    texts = [note.text for note in figure.layout.annotations]
    assert {"round 1", "52"} <= set(texts)


def test_a_gallery_without_attackers_has_no_orange(tmp_path: Path) -> None:
    figure = _gallery(RunFolder(write_art_run(tmp_path / "run", ("fair",), seeds=1, attackers=())))
    assert ADVERSARY not in _frames(figure)
    assert [trace.name for trace in figure.data if trace.name] == ["minted by vote", "chosen by the artist, no vote"]


def test_without_pictures_there_is_neither_gallery_nor_map(run: RunFolder) -> None:
    works = _works(run).with_columns(pl.lit(None, pl.Binary).alias("picture"))
    note = plots.Note.of(run)
    assert plots.gallery(works, note) is None
    assert plots.style_map(works, note) is None


def test_the_winners_of_votes_stand_beside_the_pool_and_apart_from_the_artists_choice(run: RunFolder) -> None:
    epochs, note = run.read("epochs"), plots.Note.of(run)
    panel = [trace for trace in plots.quality_of_art(epochs, note).data if trace.xaxis == "x"]
    lines = {trace.name: trace for trace in panel if trace.name}
    np.testing.assert_allclose(lines["fair"].y, 2.9 + np.arange(12) / 10, rtol=1e-6)
    assert list(lines["chosen by the artist, no vote"].x) == [13]
    np.testing.assert_allclose(lines["best of the pool"].y, 3.5 + np.arange(13) / 10, rtol=1e-6)
    assert lines["fair"].line.color == note.colour("fair")


def test_bars_of_an_attacker_are_its_wins_and_marks_what_it_holds(run: RunFolder) -> None:
    values, parties = party_lanes(run), plots.curator_parties(art_parties(run))
    figure = plots.who_decides(values.filter(~pl.col("honest")), parties, plots.Note.of(run))
    won, decided = [dict(zip(bar.y, bar.x, strict=True)) for bar in figure.data if isinstance(bar, go.Bar)]
    assert won == pytest.approx({"fair": 0.25, "rich": 1.0, "jury": 0.5})
    assert decided == pytest.approx({"fair": 0.25, "rich": 0.5, "jury": 0.5})
    marks = [list(mark.x) for mark in figure.data if isinstance(mark, go.Scatter) and len(mark.y) > 1]
    assert marks == [[0.25] * 3] * 2


def test_rewards_are_bars_in_the_colours_of_parties(run: RunFolder) -> None:
    values, parties = party_lanes(run), plots.curator_parties(art_parties(run))
    figure = plots.rewards(values, lane_values(run), parties, plots.Note.of(run))
    bars = {bar.name: bar for bar in figure.data if isinstance(bar, go.Bar) and bar.showlegend}
    assert bars["crowd"].marker.color == HONEST
    assert list(bars["whale"].x) == pytest.approx([2 * x for x in bars["crowd"].x])
    titles = [note.text for note in figure.layout.annotations[:3]]
    assert titles[1:] == ["moved by the rule itself, in tokens", "attackers over sincere voters"]


def test_unsold_works_are_crosses_and_the_share_of_2022_stands_where_the_reserve_is_fixed(run: RunFolder) -> None:
    epochs, lanes, note = run.read("epochs"), lane_values(run), plots.Note.of(run)
    figure = plots.auctions(epochs, lanes, note, published=True)
    (crosses,) = [trace for trace in figure.data if trace.marker.symbol == "x"]
    assert list(crosses.x) == [2, 4, 6, 8, 10, 12]
    assert "Botto, spring 2022: 19 of 33" in {text.text for text in figure.layout.annotations}
    assert figure.layout.shapes[0].x0 == pytest.approx(19 / 33)
    plain = plots.auctions(epochs, lanes, note)
    assert not plain.layout.shapes


def test_a_map_of_style_lays_works_out_in_the_plane_of_their_differences(run: RunFolder) -> None:
    figure = plots.style_map(run.read("works"), plots.Note.of(run))
    assert figure is not None
    assert "100 % of their differences" in figure.layout.title.subtitle.text  # there is but one
    jury = [trace for trace in figure.data if trace.marker.coloraxis == "coloraxis"][-1]
    assert np.ptp(jury.x) == pytest.approx(4)
    assert list(jury.customdata) == list(range(1, 14))
    assert len(figure.layout.images) > 0


def test_supply_and_price_are_drawn_in_tokens_and_eth(run: RunFolder) -> None:
    figure = plots.supply_and_price(run.read("epochs"), plots.Note.of(run))
    price = [trace for trace in figure.data if trace.xaxis == "x2" and trace.name == "fair"][-1]
    assert price.y[0] == pytest.approx(0.05)  # of 1,000 tokens
    assert not [trace for trace in figure.data if trace.name == "fair" and trace.x[0] != 1]


def test_style_drifts_by_design(run: RunFolder) -> None:
    figure = plots.style_over_time(run.read("epochs"), lane_values(run), plots.Note.of(run))
    line = next(trace for trace in figure.data if trace.name == "jury" and trace.xaxis == "x")
    np.testing.assert_allclose(line.y, 0.2 * np.arange(13), atol=1e-6)
