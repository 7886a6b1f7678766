"""Figures of networks whose miners work: what they draw can be traced to the tables."""

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from experiments import plots
from experiments.break_even import attackers_of, break_even
from experiments.flow_totals import BEFORE, flow_totals, issued
from experiments.party_values import PartyValues
from experiments.plots_ranks import _spread
from experiments.report_living import living_figures
from experiments.run_folder import RunFolder
from experiments.statistics import lane_values
from tests.experiments.synthetic_living import ATOM, write_living_run

STAKE = "overlays.weight_copier.stake_share"


def _figures(run: RunFolder) -> dict[str, go.Figure]:
    return living_figures(run, lane_values(run), PartyValues.of(run), plots.Note.of(run))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_living_run(tmp_path_factory.mktemp("living") / "run", opens=True))


@pytest.fixture(scope="module")
def figures(run: RunFolder) -> dict[str, go.Figure]:
    return _figures(run)


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    points = tuple({STAKE: share} for share in (0.1, 0.2, 0.4, 0.5))
    return RunFolder(write_living_run(tmp_path_factory.mktemp("sweep") / "run", points=points))


def _named(figure: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in figure.data if trace.name == name]


def _rows(run: RunFolder, table: str, design: str) -> pl.DataFrame:
    return run.read(table).filter(pl.col("design") == design)


def test_every_figure_asks_a_question_and_says_where_its_numbers_come_from(figures: dict[str, go.Figure]) -> None:
    assert list(figures) == ["learning", "quality", "profit", "survival", "stake", "flows", "ranks", "supply"]
    for name, figure in figures.items():
        assert "?" in figure.layout.title.text, name
        assert figure.layout.title.subtitle.text, name
        footers = [note.text for note in figure.layout.annotations if "config 3f9c1a7e" in str(note.text)]
        assert footers == ["living · config 3f9c1a7e · 4 seeds (0–3) · 12 epochs"], name


def test_there_are_never_more_than_eight_figures_and_the_sweep_comes_first(sweep: RunFolder) -> None:
    names = list(_figures(sweep))
    assert len(names) == 8
    assert names[:2] == ["attack", "sweep"]


def test_learning_shows_the_mean_of_a_party_at_the_median_seed(run: RunFolder, figures: dict[str, go.Figure]) -> None:
    line = _named(figures["learning"], "copiers")[-4]  # learning and pay, under two designs
    mine = _rows(run, "agents", "plain").filter(pl.col("party") == "copiers")
    by_seed = mine.group_by("seed", "epoch").agg(pl.col("accuracy").mean())
    median = by_seed.group_by("epoch").agg(pl.col("accuracy").median()).sort("epoch")
    learning = [trace for trace in _named(figures["learning"], "copiers") if trace.yaxis == line.yaxis]
    np.testing.assert_allclose(learning[0].y, median["accuracy"], rtol=1e-6)


def test_learning_and_pay_that_designs_share_are_drawn_once(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", ("plain", "other", "third"), seeds=2))
    for part in (run.path / "agents").glob("*.parquet"):
        table = pl.read_parquet(part)
        table.with_columns(pl.when(pl.col("design") == "other").then(0).otherwise("pay").alias("pay")).write_parquet(
            part
        )
    figure = _figures(run)["learning"]
    titles = [annotation.text for annotation in figure.layout.annotations]
    assert titles[:3] == ["learning, the same under every design", "pay, plain, third", "pay, other"]


def test_loss_stands_in_where_a_task_has_no_accuracy(tmp_path: Path) -> None:
    figures = _figures(RunFolder(write_living_run(tmp_path / "run", ("plain",), seeds=1, accuracy=False)))
    assert figures["learning"].layout.yaxis.title.text == "Loss (lower is better)"
    assert figures["quality"].layout.yaxis.title.text == "Skill paid for (1 − loss / loss of knowing nothing)"


def test_a_party_has_one_colour_in_all_figures_and_no_design_has_it(
    run: RunFolder, figures: dict[str, go.Figure]
) -> None:
    values = PartyValues.of(run)
    assert values is not None
    parties, note = plots.Parties(values.parties), plots.Note.of(run)
    shades = {who: parties.colour(who) for who in values.parties}
    assert len(set(shades.values())) == len(shades)
    for who, shade in shades.items():
        red, _, blue = (int(shade[place : place + 2], 16) for place in (1, 3, 5))
        assert red > blue if who.adversary else blue > red
    for name in ("learning", "survival"):
        for who in parties.of_role("miner"):
            assert {line.line.color for line in _named(figures[name], who.name) if line.line.width} == {shades[who]}
    ranked = {line.name.split()[0]: line.line.color for line in figures["ranks"].data if line.name}
    assert ranked == {who.name: shades[who] for who in parties.of_role("miner")}
    assert not {note.colour(design) for design in run.designs} & set(shades.values())


def test_quality_is_drawn_over_the_tokens_issued(run: RunFolder, figures: dict[str, go.Figure]) -> None:
    line = next(trace for trace in _named(figures["quality"], "sharp") if trace.xaxis == "x")
    first = _rows(run, "epochs", "sharp").filter(pl.col("seed") == 0)
    np.testing.assert_allclose(line.x, -first["held_mint"].to_numpy() / ATOM)
    assert line.x[-1] == pytest.approx(100 * 12 - 0.5)  # one registration fee was recycled


def test_profits_are_what_is_earned_less_what_is_spent_and_slashed(figures: dict[str, go.Figure]) -> None:
    bars = {
        (bar.name, bar.xaxis): dict(zip(bar.y, bar.x, strict=True))
        for bar in figures["profit"].data
        if bar.x is not None
    }
    worker, copier = 50 / 7.4 * 10, 50 * 0.7 / 7.4 * 10  # dollars per epoch
    assert bars["earned", "x2"]["workers"] == pytest.approx(worker)
    assert bars["costs", "x2"]["workers"] == pytest.approx(-2)
    assert bars["slashed", "x2"]["copiers"] == pytest.approx(-10)
    assert bars["profit", "x2"]["workers"] == pytest.approx(worker - 2)
    assert bars["profit", "x2"]["copiers"] == pytest.approx(copier - 0.5 - 10)
    assert bars["profit", "x"]["poisoners"] == pytest.approx(-3)


def test_profits_of_a_lone_party_come_from_every_epoch(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", ("plain",), seeds=1, agents_every=5))
    for part in (run.path / "epochs").glob("*.parquet"):
        table = pl.read_parquet(part)
        table.with_columns(honest_miner_profit=pl.col("epoch") * 1.0).write_parquet(part)
    values = PartyValues.of(run)
    assert values is not None
    workers = values.parties[0]
    assert values.lane_values(workers, "plain", "profit").tolist() == [5.5]
    assert values.lane_values(workers, "plain", "earned").tolist() == [5.5 + 2]


def test_a_party_is_what_it_is_at_the_first_point_where_its_kind_is_swept(tmp_path: Path) -> None:
    points = ({"miners.copiers.kind": "honest"}, {"miners.copiers.kind": "copier"})
    run = RunFolder(write_living_run(tmp_path / "run", ("plain",), seeds=1, points=points))
    for part in (run.path / "agents").glob("*.parquet"):
        turned = pl.col("adversary") & ((pl.col("party") != "copiers") | (pl.col("point") == 1))
        pl.read_parquet(part).with_columns(adversary=turned).write_parquet(part)
    values = PartyValues.of(run)
    assert values is not None
    assert [who.name for who in values.parties if who.adversary] == ["copiers", "poisoners", "weight_copier"]
    first = values.at_first_point()
    assert [who.name for who in first.parties if who.adversary] == ["poisoners", "weight_copier"]
    assert [who.name for who in first.parties][:2] == ["workers", "copiers"]


def test_shares_of_stake_fill_the_panel(figures: dict[str, go.Figure]) -> None:
    areas = [trace for trace in figures["stake"].data if trace.stackgroup and trace.xaxis == "x"]
    assert [area.name for area in areas] == ["weight_copier", *["honest validators"] * 3]
    np.testing.assert_allclose(np.sum([area.y for area in areas], axis=0), 1, rtol=1e-6)
    assert areas[0].y[-1] > areas[0].y[0]


def test_who_lost_the_seat_is_gone_for_good(figures: dict[str, go.Figure]) -> None:
    (line,) = (trace for trace in _named(figures["survival"], "poisoners") if trace.xaxis == "x")
    assert list(line.y) == [1, 1, 1, *[0] * 9]
    (joined,) = (trace for trace in _named(figures["survival"], "plain") if trace.yaxis == "y3")
    assert joined.y[-1] == 2


def test_a_seat_lost_between_two_records_is_lost(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", seeds=2, agents_every=5, opens=True))
    (line,) = (trace for trace in _named(_figures(run)["survival"], "poisoners") if trace.xaxis == "x")
    assert list(line.x) == [0, 5, 10, 11]
    assert list(line.y) == [1, 0, 0, 0]


def test_the_supply_is_all_there_is(run: RunFolder, figures: dict[str, go.Figure]) -> None:
    areas = [trace for trace in figures["supply"].data if trace.xaxis == "x2"]
    rows = _rows(run, "epochs", "sharp").filter(pl.col("seed") == 0)
    there = -(rows["held_mint"] + rows["held_outside"]).to_numpy() / ATOM
    np.testing.assert_allclose(np.sum([area.y for area in areas], axis=0), there, rtol=1e-6)


@pytest.mark.parametrize("design", ["plain", "sharp"])
def test_flows_reconcile_with_the_ledger_and_the_books_to_the_unit(run: RunFolder, design: str) -> None:
    ledger = _rows(run, "ledger", design).filter(pl.col("seed") == 1)
    tokens = ledger.filter(pl.col("asset") == "token")
    flows = flow_totals(ledger)
    moved = [flow for flow in flows.onward if flow.source != BEFORE and not flow.target.startswith("held by ")]
    assert sum(flow.amount for flow in [*moved, *flows.to_and_fro]) == tokens["amount"].sum()
    assert issued(flows) == tokens.filter(pl.col("source").is_in(["mint", "outside"]))["amount"].sum()
    through: dict[str, int] = defaultdict(int)
    for flow in flows.onward:
        through[flow.source] -= flow.amount
        through[flow.target] += flow.amount
    between = {flow.source for flow in flows.onward} & {flow.target for flow in flows.onward}
    assert between >= {"miners", "validators"}
    assert all(through[place] == 0 for place in between)
    books = _rows(run, "epochs", design).filter(pl.col("seed") == 1).sort("epoch")
    for account in ("miners", "validators"):
        assert through[f"held by {account}"] == books[f"held_{account}"][-1]


def test_what_goes_to_and_fro_is_named_but_not_drawn(run: RunFolder) -> None:
    flows = flow_totals(_rows(run, "ledger", "plain").filter(pl.col("seed") == 0))
    (back,) = flows.to_and_fro
    assert (back.source, back.target, back.amount, back.reasons) == (
        "delegated",
        "delegators",
        72 * ATOM,
        "redelegated",
    )
    assert "delegators" not in {place for flow in flows.onward for place in flow[:2]}


def test_the_diagram_shows_the_amounts_in_tokens(run: RunFolder, figures: dict[str, go.Figure]) -> None:
    plain, sharp = figures["flows"].data
    assert "minted  1,200" in plain.node.label
    assert "burned  24" in sharp.node.label
    assert not any("burned" in name for name in plain.node.label)
    flows = flow_totals(_rows(run, "ledger", "plain").filter(pl.col("seed") == 0))
    drawn = {round(value * ATOM) for value in plain.link.value}
    assert drawn <= {flow.amount for flow in flows.onward}
    said = " ".join(str(note.text) for note in figures["flows"].layout.annotations)
    assert "72 to and fro (redelegated)" in said
    assert "minted → paid to nobody" in said


def test_designs_whose_tokens_go_the_same_ways_share_a_diagram(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", ("plain", "other"), seeds=1))
    figure = _figures(run)["flows"]
    assert len(figure.data) == 1
    assert any("<b>plain, other</b>" in str(note.text) for note in figure.layout.annotations)


def test_equal_pay_shares_a_rank(figures: dict[str, go.Figure]) -> None:
    best = [
        trace
        for trace in figures["ranks"].data
        if trace.name and trace.name.startswith("workers") and trace.xaxis == "x"
    ]
    assert len(best) == 3
    assert all(set(trace.y) == {3.5} for trace in best)  # six workers are paid alike
    (copier,) = (t for t in figures["ranks"].data if t.name and t.name.startswith("copiers") and t.xaxis == "x")
    assert set(copier.y) == {7.5}


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    np.testing.assert_allclose(_spread(np.array([1.0, 5, 5, 5, 20]), 2), [1, 3, 5, 7, 20])
    moved = _spread(np.array([7.0, 7.5, 2.0]), 1.5)
    assert np.diff(np.sort(moved)).min() >= 1.5 - 1e-9
    assert (np.argsort(moved) == [2, 0, 1]).all()


def test_a_diamond_stands_where_the_attack_breaks_even(sweep: RunFolder) -> None:
    figure = _figures(sweep)["attack"]
    line = next(t for t in figure.data if t.name == "plain" and t.xaxis == "x2")
    diamond = next(t for t in figure.data if t.marker.symbol == "diamond" and t.xaxis == "x2")
    assert line.y[0] < 1 < line.y[-1]
    expected = break_even(line.x, np.array([line.y]), 1.01).place.median
    assert diamond.x[0] == pytest.approx(expected, rel=1e-3)
    assert figure.layout.xaxis2.title.text == "Stake share (%)"


def test_two_swept_numbers_make_a_map_white_where_the_attack_breaks_even(tmp_path: Path) -> None:
    points = tuple({"a.x": x, "a.y": y} for x in (0.1, 0.2) for y in (0.0, 0.3))
    figure = _figures(RunFolder(write_living_run(tmp_path / "run", seeds=2, epochs=4, points=points)))["sweep_map"]
    assert figure.layout.coloraxis.cmid == 0
    assert "Adversary miners’ profit" in figure.layout.title.text


@pytest.mark.parametrize(("epochs", "expected"), [(1, ["profit", "flows"]), (2, ["learning", "quality", "profit"])])
def test_short_runs_show_what_there_is(tmp_path: Path, epochs: int, expected: list[str]) -> None:
    figures = _figures(RunFolder(write_living_run(tmp_path / "run", ("plain",), seeds=1, epochs=epochs)))
    assert list(figures)[: len(expected)] == expected


def test_a_failed_lane_is_in_no_figure(tmp_path: Path) -> None:
    path = write_living_run(tmp_path / "run", seeds=2, epochs=4)
    manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
    failed = {"failed": [{"design": "plain", "point": 0, "seed": 0, "reason": "not finite"}]}
    (path / "manifest.json").write_text(json.dumps(manifest | failed), encoding="utf-8")
    figures = _figures(RunFolder(path))
    assert "each design’s first seed" in figures["ranks"].layout.title.subtitle.text
    assert "seed 1" in figures["flows"].layout.title.subtitle.text
    assert not any(trace.fill for trace in _named(figures["quality"], "plain"))


def test_a_run_that_recorded_no_agents_still_shows_what_tokens_buy(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run"))
    for part in (run.path / "agents").glob("*.parquet"):
        part.unlink()
    assert PartyValues.of(run) is None
    assert list(_figures(run)) == ["quality", "flows", "supply"]


def test_attackers_of_a_run_without_adversaries_are_nobody(run: RunFolder) -> None:
    values = PartyValues.of(run)
    assert values is not None
    assert attackers_of(run, [party for party in values.parties if not party.adversary], STAKE) == []
