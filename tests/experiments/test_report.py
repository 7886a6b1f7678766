"""The report: complete, self-contained, the same to the byte, and clear about what is wrong with a folder."""

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from experiments import figure_images
from experiments.errors import UserError
from experiments.report import write_report
from experiments.run_folder import RunFolder
from tests.experiments.synthetic_run import DESIGNS, write_retention_run, write_run


class Page(HTMLParser):
    """Collect the tags and the visible text of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = 0
        self.feed(source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


def _page(path: Path) -> Page:
    return Page(write_report(path, images=False).read_text(encoding="utf-8"))


def _figures(page: Page) -> set[str]:
    ids = (attributes.get("id") or "" for _, attributes in page.tags)
    return {name.removeprefix("figure-") for name in ids if name.startswith("figure-")}


def test_report_has_all_figures_when_all_data_are_there(tmp_path: Path) -> None:
    page = _page(write_run(tmp_path / "run", DESIGNS[:3]))
    assert _figures(page) == {
        "adversary_pay", "paired_differences", "emission_by_party", "dividends", "incentive", "stake", "lorenz",
        "validator_trust", "weights", "bonds",
    }  # fmt: skip


def test_report_leaves_out_figures_without_data(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", DESIGNS[:1], seeds=1, epochs=1, attackers=False, matrices=False, question=None)
    page = _page(run)
    assert _figures(page) == {"emission_by_party", "lorenz"}
    assert "One seed" in page.text


def test_report_of_a_run_without_agents_still_compares_designs(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", matrices=False)
    shutil.rmtree(run / "agents")
    assert _figures(_page(run)) == {"adversary_pay", "paired_differences"}


def test_report_of_a_run_without_epochs_says_so(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    for table in ("epochs", "agents"):
        part = run / table / "part-000.parquet"
        rows = pl.read_parquet(part).clear()
        shutil.rmtree(run / table)
        (run / table).mkdir()
        rows.write_parquet(part)
    shutil.rmtree(run / "matrices")
    assert "nothing to report" in _page(run).text


def test_report_answers_in_words_who_pays_the_attacker_least(tmp_path: Path) -> None:
    text = _page(write_run(tmp_path / "run", ("stake_mean", "yuma1", "yuma3"), seeds=6, epochs=40)).text
    assert "yuma3 pays the attacker least" in text
    assert "stake_mean pays it most" in text
    assert "Miners’ pay is most even under yuma1 (Gini " in text
    assert " of 10 miners earn anything under every design." in text
    assert "6 seeds per design" in text
    assert "Does a weight copier out-earn its stake?" in text


def test_report_does_not_call_a_winner_that_luck_could_explain(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", ("first", "second"), seeds=4)
    for part in (run / "epochs").glob("*.parquet"):
        # The seeds disagree on the sign of the difference.
        sign = pl.when((pl.col("design") == "first") ^ (pl.col("seed") % 2 == 0)).then(0.01).otherwise(-0.01)
        pl.read_parquet(part).with_columns(adversary_pay_ratio=1 + sign * (1 + pl.col("seed"))).write_parquet(part)
    assert "do not tell it apart" in _page(run).text


def test_report_is_the_same_to_the_byte_for_the_same_data(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", DESIGNS[:2])
    first = write_report(run, images=False).read_bytes(), (run / "summary.csv").read_bytes()
    again = write_report(run, images=False).read_bytes(), (run / "summary.csv").read_bytes()
    elsewhere = write_run(tmp_path / "elsewhere", DESIGNS[:2])
    moved = write_report(elsewhere, images=False).read_bytes(), (elsewhere / "summary.csv").read_bytes()
    assert first == again == moved


def test_report_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    path = write_report(write_run(tmp_path / "run"), images=False)
    source = path.read_text(encoding="utf-8")
    page = Page(source)
    for tag, attributes in page.tags:
        assert tag not in ("link", "iframe", "img"), tag
        assert not {"src", "href"} & set(attributes), (tag, attributes)
    assert source.count("plotly.js v") == 1
    assert source.count('"showSendToCloud":false') + source.count('"showSendToCloud": false') == len(_figures(page))


def test_report_shows_what_users_typed_as_text(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    run = write_run(tmp_path / "run", (evil, "plain"), question=f"why {evil}", name=evil)
    source = write_report(run, images=False).read_text(encoding="utf-8")
    assert evil not in source
    assert f"why {evil}" in Page(source).text


def test_report_ends_with_what_is_needed_to_repeat_the_run(tmp_path: Path) -> None:
    text = _page(write_run(tmp_path / "run")).text
    for fact in ("3f9c1a7e", "jax 0.10.2", "float64", "cpu", "0, 1, 2, 3", "2026-01-01T00:00:09Z", "kind: yuma1"):
        assert fact in text


def test_report_of_a_sweep_lists_its_points_and_draws_them(tmp_path: Path) -> None:
    points = tuple({"actions.weight_noise": x / 4} for x in range(4))
    page = _page(write_run(tmp_path / "run", seeds=2, points=points))
    assert "sweep" in _figures(page)
    assert "Attacker pay ratio at every sweep point" in page.text
    assert "at its worst setting (weight noise = 0.75)" in page.text


def test_report_of_a_retention_run_has_the_map_and_its_table(tmp_path: Path) -> None:
    page = _page(write_retention_run(tmp_path / "run", stakes=4, grid=6))
    assert _figures(page) == {"retention"}
    assert "honest stake keeps its share of emission" in page.text


def test_report_of_an_uneven_retention_sweep_tells_left_out_from_never(tmp_path: Path) -> None:
    run = write_retention_run(tmp_path / "run", ("first", "second"), stakes=3, grid=4)
    noisy = []
    for noise, designs in ((0.0, ["first"]), (0.2, ["first", "second"])):
        rows = pl.read_parquet(run / "epochs" / "*.parquet").filter(pl.col("design").is_in(designs))
        noisy.append(
            rows.with_columns(pl.lit(noise).alias("actions.weight_noise"), pl.col("point") + int(noise * 1000))
        )
    shutil.rmtree(run / "epochs")
    (run / "epochs").mkdir()
    pl.concat(noisy).write_parquet(run / "epochs" / "part.parquet")
    manifest = json.loads((run / "manifest.json").read_text())
    points = [point | {"actions.weight_noise": noise} for noise in (0.0, 0.2) for point in manifest["points"]]
    (run / "manifest.json").write_text(json.dumps(manifest | {"points": points}))
    source = write_report(run, images=False).read_text(encoding="utf-8")
    assert source.count("<td>–</td>") == 3
    assert "first, weight noise = 0" in source
    assert 'second, weight noise = 0"' not in source


def test_failed_lanes_are_admitted(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", matrices=False)
    manifest = json.loads((run / "manifest.json").read_text()) | {"failed": [{"design": "yuma2", "seed": 1}]}
    (run / "manifest.json").write_text(json.dumps(manifest))
    for part in (run / "epochs").glob("*.parquet"):
        pl.read_parquet(part).filter((pl.col("design") != "yuma2") | (pl.col("seed") != 1)).write_parquet(part)
    text = _page(run).text
    assert "1 of 8 lanes failed and are missing" in text
    assert "n 3" in text


def test_summary_csv_stands_beside_the_report(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    write_report(run, images=False)
    table = pl.read_csv(run / "summary.csv")
    assert table.columns == ["design", "point", "metric", "median", "low", "high", "mean", "seeds"]
    assert set(table["design"]) == {"yuma1", "yuma2"}


def test_a_missing_browser_costs_one_line_and_no_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kaleido = pytest.importorskip("kaleido")

    def no_browser(*_: Any, **__: Any) -> None:
        raise RuntimeError("no Chromium on PATH\nlong advice")

    monkeypatch.setattr(kaleido, "write_fig_from_object_sync", no_browser)
    figure_images._warn.cache_clear()
    run = write_run(tmp_path / "run", matrices=False)
    assert write_report(run).is_file()
    assert write_report(run).is_file()
    lines = [record.getMessage() for record in caplog.records if record.name == "subnetlab"]
    assert len(lines) == 1
    assert "no Chromium on PATH" in lines[0]
    assert "\n" not in lines[0]


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere: no such run folder; `subnetlab run CONFIG` writes one"):
        write_report(tmp_path / "nowhere")


def test_a_folder_of_runs_lists_the_runs_inside(tmp_path: Path) -> None:
    write_run(tmp_path / "mine-1234")
    with pytest.raises(
        UserError, match=r"not a run folder, it has no manifest\.json; run folders inside it: mine-1234"
    ):
        RunFolder(tmp_path)


def test_an_unfinished_run_is_not_reported(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", state="running")
    with pytest.raises(UserError, match=r"the run is 'running', not finished.*subnetlab resume"):
        write_report(run)


@pytest.mark.parametrize("content", ["{", "[]", "{}"])
def test_a_damaged_manifest_is_named(tmp_path: Path, content: str) -> None:
    run = write_run(tmp_path / "run")
    (run / "manifest.json").write_text(content)
    with pytest.raises(UserError, match=re.escape("manifest.json")):
        RunFolder(run)


def test_a_damaged_table_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    (run / "epochs" / "part-000.parquet").write_bytes(b"not parquet")
    with pytest.raises(UserError, match=r"epochs: a part cannot be read as Parquet .* run the experiment again"):
        write_report(run)


def test_a_table_cut_short_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    part = run / "agents" / "part-001.parquet"
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(UserError, match="agents: a part cannot be read as Parquet"):
        write_report(run)


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    for part in (run / "matrices").glob("*.parquet"):
        pl.read_parquet(part).drop("bond").write_parquet(part)
    with pytest.raises(UserError, match=r"matrices: column bond is missing; docs/run-folder\.md"):
        write_report(run)


def test_rows_come_back_in_order_whatever_the_parts(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run"))
    keys = ["design", "point", "seed", "epoch", "role", "uid"]
    agents = run.read("agents")
    assert agents.select(keys).equals(agents.select(keys).sort(keys))
    assert json.loads((run.path / "manifest.json").read_text())["designs"] == run.designs
    assert run.config["name"] == "synthetic"
