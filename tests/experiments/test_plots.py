"""Figures: what they draw, what they leave out, and how they say it."""

from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from experiments import plots
from experiments.run_folder import RunFolder
from experiments.statistics import KEY_METRICS, lane_values, paired_table
from tests.experiments.synthetic_run import DESIGNS, write_retention_run, write_run

STAKE, UTILITY, SELF_WEIGHT = "actions.honest_stake", "actions.honest_utility", "actions.cabal_self_weight"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(write_run(tmp_path_factory.mktemp("small") / "run", DESIGNS[:3], seeds=3))


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return RunFolder(
        write_run(tmp_path_factory.mktemp("large") / "run", DESIGNS[:2], seeds=2, validators=20, miners=30)
    )


def _figures(run: RunFolder) -> dict[str, go.Figure]:
    note, agents, matrices = plots.Note.of(run), run.read("agents"), run.read("matrices")
    lanes = lane_values(run, KEY_METRICS)
    return {
        "dividends": plots.dividends_over_time(agents, note),
        "incentive": plots.incentive_over_time(agents, note),
        "stake": plots.stake_over_time(agents, note),
        "trust": plots.validator_trust_over_time(agents, note),
        "pay": plots.adversary_pay(run.read("epochs"), note),
        "party": plots.emission_by_party(agents, note),
        "lorenz": plots.lorenz_curves(agents, note),
        "pairs": plots.paired_differences(paired_table(run), note),
        "weights": plots.weight_map(matrices, note),
        "bonds": plots.bond_map(matrices, note),
        "sweep": plots.sweep_lines(lanes.with_columns(p=pl.lit(0.5)), "p", plots.sweep_metrics(lanes), note),
    }


def _panel_titles(figure: go.Figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations if annotation.xref == "paper"]


def test_every_figure_asks_a_question_and_says_where_its_numbers_come_from(small: RunFolder) -> None:
    for name, figure in _figures(small).items():
        assert "?" in figure.layout.title.text, name
        assert figure.layout.title.subtitle.text, name
        assert figure.layout.annotations[-1].text == "synthetic · config 3f9c1a7e · 3 seeds (0–2) · 8 epochs", name


def test_a_design_has_one_colour_through_all_figures(small: RunFolder) -> None:
    note = plots.Note.of(small)
    for figure in _figures(small).values():
        for trace in figure.select_traces({"type": "scatter"}):
            if trace.name in small.designs:
                assert trace.line.color == note.colour(trace.name)
    assert len({note.colour(design) for design in small.designs}) == 3


def test_up_to_twelve_validators_have_a_panel_each(small: RunFolder) -> None:
    figure = plots.dividends_over_time(small.read("agents"), plots.Note.of(small))
    assert sum("honest" in title for title in _panel_titles(figure)) == 4
    assert sum("copier" in title for title in _panel_titles(figure)) == 1


def test_more_validators_are_grouped_by_party_and_stake(large: RunFolder) -> None:
    titles = " ".join(_panel_titles(plots.stake_over_time(large.read("agents"), plots.Note.of(large))))
    for group in ("cabal (2 validators)", "copier (1 validator)", "largest honest (1)", "lower half of honest (8)"):
        assert group in titles


def test_lines_are_medians_over_seeds(small: RunFolder) -> None:
    figure = plots.adversary_pay(small.read("epochs"), plots.Note.of(small))
    line = next(trace for trace in figure.data if trace.name == "yuma2")
    rows = small.read("epochs").filter(pl.col("design") == "yuma2")
    seeds = [rows.filter(pl.col("seed") == seed)["adversary_pay_ratio"].to_numpy() for seed in range(3)]
    np.testing.assert_allclose(line.y, np.median(seeds, axis=0), rtol=1e-6)


def test_one_seed_has_a_line_but_no_band(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", seeds=1))
    figure = plots.adversary_pay(run.read("epochs"), plots.Note.of(run))
    assert not any(trace.fill for trace in figure.data)
    assert "no band" in figure.layout.title.subtitle.text


def test_shares_are_shown_as_per_cent_on_shared_axes(small: RunFolder) -> None:
    figure = plots.dividends_over_time(small.read("agents"), plots.Note.of(small))
    assert figure.layout.yaxis.tickformat == ".0%"
    assert figure.layout.yaxis.title.text == "Dividends (%)"
    assert all(axis.matches == "y" for axis in figure.select_yaxes() if axis.matches)


def test_honest_parties_are_blue_and_adversaries_orange(small: RunFolder) -> None:
    figure = plots.emission_by_party(small.read("agents"), plots.Note.of(small))
    colours = {bar.name: bar.marker.color for bar in figure.data}
    assert colours["honest validators"] == "#0072B2"
    red, _, blue = (int(colours["adversary validators"][i : i + 2], 16) for i in (1, 3, 5))
    assert red > blue


def test_shares_of_all_parties_fill_the_bar(small: RunFolder) -> None:
    figure = plots.emission_by_party(small.read("agents"), plots.Note.of(small))
    np.testing.assert_allclose(np.sum([bar.x for bar in figure.data], axis=0), 1, atol=0.05)


def test_tags_in_design_names_are_shown_not_obeyed(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", ("<b>bold</b>", "plain")))
    figure = plots.adversary_pay(run.read("epochs"), plots.Note.of(run))
    assert any(trace.name == "&lt;b&gt;bold&lt;/b&gt;" for trace in figure.data)


def test_heat_maps_are_cut_to_the_largest_miners_and_say_so(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", seeds=1, miners=80, validators=5))
    figure = plots.weight_map(run.read("matrices"), plots.Note.of(run))
    assert figure.data[0].z.shape == (5, 40)
    assert "the 40 miners with most weight of" in figure.layout.title.subtitle.text


def test_designs_without_bonds_have_no_bond_panel(small: RunFolder) -> None:
    matrices = small.read("matrices").with_columns(
        bond=pl.when(pl.col("design") == "yuma1").then(None).otherwise(pl.col("bond"))
    )
    figure = plots.bond_map(matrices, plots.Note.of(small))
    assert len(figure.data) == 2


def test_sweeps_of_two_parameters_have_one_map_per_design(tmp_path: Path) -> None:
    points = tuple({"a.x": x, "a.y": y} for x in (1, 2, 3) for y in ("low", "high"))
    run = RunFolder(write_run(tmp_path / "run", seeds=2, epochs=2, points=points))
    lanes = lane_values(run, KEY_METRICS)
    figure = plots.sweep_map(lanes, run.swept, "adversary_pay_ratio", plots.Note.of(run))
    assert [trace.z.shape for trace in figure.data] == [(2, 3), (2, 3)]
    assert np.isfinite(figure.data[0].z).all()


def test_sweeps_without_adversaries_show_inequality(tmp_path: Path) -> None:
    run = RunFolder(write_run(tmp_path / "run", attackers=False))
    assert plots.sweep_metrics(lane_values(run))[0] == "gini_incentive"


def _plane(share: float, slope: float) -> pl.DataFrame:
    """Emission crosses the stake share exactly where utility = 0.25 + slope * self-weight."""
    grid = [(u, w) for u in np.linspace(0, 1, 11) for w in np.linspace(0, 1, 5)]
    emission = [share + 0.1 * (u - 0.25 - slope * w) for u, w in grid]
    return pl.DataFrame(
        {"design": "d", "point": range(len(grid)), "seed": 0, STAKE: share}
        | {UTILITY: [u for u, _ in grid], SELF_WEIGHT: [w for _, w in grid], "honest_emission_share": emission}
    )


def test_needed_utility_interpolates_to_the_exact_crossing() -> None:
    needed = plots.needed_utility(_plane(0.6, 0.5))
    assert needed.columns == ["design", STAKE, "needed_utility", "worst_self_weight"]
    assert needed["needed_utility"].to_list() == pytest.approx([0.75])


def test_needed_utility_is_null_where_no_utility_protects() -> None:
    assert plots.needed_utility(_plane(0.6, 0.9))["needed_utility"].to_list() == [None]


def test_needed_utility_holds_against_the_worst_cabal_even_where_that_is_the_least_selfish() -> None:
    needed = plots.needed_utility(_plane(0.6, -0.3))
    assert needed["needed_utility"].to_list() == pytest.approx([0.25])
    assert needed["worst_self_weight"].to_list() == [0]


def test_retention_lines_follow_the_boundary_and_stop_where_it_leaves_the_plane() -> None:
    plane = pl.concat([_plane(0.6, 0.5), _plane(0.8, 0.9).with_columns(seed=pl.lit(0))])
    figure = plots.retention_map(plane, plots.Note(("d",), "footer", 1))
    assert [trace.name for trace in figure.data] == ["60 %", "80 %"]
    np.testing.assert_allclose(figure.data[0].y, 0.25 + 0.5 * figure.data[0].x, atol=1e-6)
    assert np.isnan(figure.data[1].y[-1])


def test_retention_has_a_panel_per_design_and_further_parameter(tmp_path: Path) -> None:
    run = RunFolder(write_retention_run(tmp_path / "run", stakes=2, grid=5))
    lanes = lane_values(run)
    noisy = pl.concat([lanes.with_columns(pl.lit(noise).alias("actions.weight_noise")) for noise in (0.0, 0.1)])
    assert len(plots.retention_map(lanes, plots.Note.of(run)).data) == 3 * 2
    assert len(plots.retention_map(noisy, plots.Note.of(run)).data) == 3 * 2 * 2
    assert len(plots.needed_utility(noisy)) == 3 * 2 * 2


def test_an_incomplete_retention_grid_is_refused() -> None:
    with pytest.raises(ValueError, match="not a full grid"):
        plots.retention_map(_plane(0.6, 0.5)[:-1], plots.Note(("d",), "footer", 1))
    assert not plots.sweeps_retention(_plane(0.6, 0.5)[:-1])
    assert plots.sweeps_retention(_plane(0.6, 0.5))
