"""Figures of tournaments over swept numbers show each party's returns, and each setting's worth, where they belong."""

import numpy as np
import polars as pl
import pytest

from experiments import plots
from experiments.metric_labels import parameter_label
from experiments.party_values import Party

NOTE = plots.Note(("sharp", "plain"), "here", 2)
PARTIES = plots.Parties((Party("good", "miner", False), Party("copies", "miner", True)))
TOKENS = "stakers.copies.tokens"


def holdings(values: dict[str, float]) -> pl.DataFrame:
    """Return rows of one design where a party makes its value times the tokens, in each of two seeds."""
    rows = [
        {"design": "sharp", "point": point, TOKENS: tokens, "seed": seed, "party": party, "made_share": value * tokens}
        for point, tokens in enumerate((10.0, 100.0, 5000.0))
        for seed in (0, 1)
        for party, value in values.items()
    ]
    return pl.DataFrame(rows)


def test_every_party_has_a_line_in_the_designs_where_people_stake() -> None:
    figure = plots.returns_over(holdings({"good": 0.01, "copies": -0.01}), TOKENS, PARTIES, NOTE)
    lines = {trace.name: trace for trace in figure.data if trace.mode == "lines+markers"}
    assert set(lines) == {"good", "copies"}
    np.testing.assert_allclose(lines["good"].y, [0.1, 1.0, 50.0], rtol=1e-6)
    np.testing.assert_allclose(lines["copies"].y, [-0.1, -1.0, -50.0], rtol=1e-6)
    assert figure.layout.xaxis.type == "log"  # from 10 to 5000
    assert [text.text for text in figure.layout.annotations[:1]] == ["sharp"]
    assert "tokens of copies" in figure.layout.title.text


def test_a_party_that_holds_nothing_has_no_returns() -> None:
    table = holdings({"good": 0.01, "copies": 1.0})
    table = table.with_columns(made_share=pl.when(pl.col("party") == "copies").then(None).otherwise("made_share"))
    figure = plots.returns_over(table, TOKENS, PARTIES, NOTE)
    assert {trace.name for trace in figure.data if trace.mode == "lines+markers"} == {"good"}


def test_maps_have_a_panel_for_quality_cost_burns_and_each_party() -> None:
    across, up = "tournament.score_multiplier", "tournament.contribution_multiplier"
    grid = [(a, b, seed) for a in (0.0, 1.0) for b in (0.0, 2.0) for seed in (0, 1)]
    lanes = pl.DataFrame(
        {
            across: [a for a, _, _ in grid],
            up: [b for _, b, _ in grid],
            "meta_model_corr": [0.02 + 0.001 * b for _, b, _ in grid],
            "net_emission": [1e9 * 30 * a for a, _, _ in grid],
            "burn_share": [0.3] * len(grid),
        }
    )
    shares = {"good": lanes.select(across, up, share=pl.col(up) / 4)}
    figure = plots.tournament_maps(lanes, shares, (across, up), "sharp", NOTE)
    quality, cost, _, good = figure.data
    np.testing.assert_allclose(quality.z, [[0.02, 0.02], [0.022, 0.022]], rtol=1e-6)  # [contribution, score]
    np.testing.assert_allclose(cost.z, [[0, 30], [0, 30]], rtol=1e-6)
    np.testing.assert_allclose(good.z, [[0, 0], [0.5, 0.5]], rtol=1e-6)
    titles = [note.text for note in figure.layout.annotations[:4]]
    assert titles == ["Meta-model CORR", "Net emission a round", "Burn share", "stake of good in the end"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("stakers.copies.tokens", "tokens of copies"),
        ("stakers.rich_ones.kind", "rich ones"),
        ("tournament.cap", "cap"),
        ("miners.rivals.kind", "rivals"),
    ],
)
def test_swept_numbers_of_owners_are_called_by_their_party(path: str, name: str) -> None:
    assert parameter_label(path) == name
