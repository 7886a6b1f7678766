"""Where attacks break even: crossings computed by hand, who attacks, and what they gain."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from experiments.break_even import Attackers, attack_values, attackers_of, break_even, crossing, curves
from experiments.party_values import Party, PartyValues
from experiments.run_folder import RunFolder
from experiments.statistics import lane_values
from tests.experiments.synthetic_living import write_living_run

STAKE = "overlays.weight_copier.stake_share"


def test_a_straight_line_crosses_where_it_is_level() -> None:
    assert crossing([0.1, 0.3, 0.5], [-2, 0.5, 3], 0) == pytest.approx(0.26)
    assert crossing([0, 10], [3, 1], 2) == 5


def test_only_the_first_crossing_counts() -> None:
    assert crossing([0, 1, 2, 3], [-1, 1, -1, 1], 0) == 0.5


def test_a_line_that_stays_on_its_side_crosses_nowhere() -> None:
    assert np.isnan(crossing([0, 1, 2], [1, 2, 3], 0))
    assert np.isnan(crossing([0, 1, 2], [0, 0, 0], 0))
    assert np.isnan(crossing([], [], 0))


def test_a_value_at_the_level_does_not_pay_yet() -> None:
    assert crossing([0, 1, 2], [0, 0, 4], 0) == 1


def test_points_without_a_value_are_left_out() -> None:
    assert crossing([0, 1, 2, 3], [-1, np.nan, 1, np.nan], 0) == 1


def test_the_place_is_the_median_over_seeds_with_its_interval() -> None:
    x = np.array([0.0, 1.0])
    found = break_even(x, [[-1 - shift, 1 - shift] for shift in (0.0, 0.1, 0.2)], 0)
    places = [0.5, 0.55, 0.6]
    assert found.place.median == pytest.approx(np.median(places))
    assert found.place.low == pytest.approx(0.5)
    assert found.place.high == pytest.approx(0.6)
    assert (found.rises, found.crossed, found.seeds, found.starts_above) == (True, 3, 3, 0)


def test_seeds_that_never_cross_are_counted() -> None:
    found = break_even([0, 1], [[1, -1], [1, -3], [1, 0.5], [np.nan, np.nan]], 0)
    assert (found.rises, found.crossed, found.seeds, found.starts_above) == (False, 2, 3, 1)
    assert found.place.median == pytest.approx(0.375)


def test_nobody_crossing_has_no_place() -> None:
    assert break_even([0, 1], [[1, 2]], 0).place == (None, None, None)


def test_a_swept_overlay_or_party_is_the_attacker_and_otherwise_everybody(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", seeds=1, epochs=2))
    values = PartyValues.of(run)
    assert values is not None
    named = attackers_of(run, values.parties, STAKE)
    assert [(group.name, group.stakes) for group in named] == [("weight_copier", True)]
    assert [group.name for group in attackers_of(run, values.parties, "miners.copiers.lag")] == ["copiers"]
    everybody = attackers_of(run, values.parties, "slashing.copy.rate")
    assert [group.name for group in everybody] == ["copiers", "poisoners", "weight_copier"]


def test_an_overlay_and_the_miners_it_backs_are_one_attacker(tmp_path: Path) -> None:
    config = {"overlays": {"weight_copier": {"kind": "cabal", "backs": "poisoners"}}}
    run = RunFolder(write_living_run(tmp_path / "run", seeds=1, epochs=2, config=config))
    values = PartyValues.of(run)
    assert values is not None
    for path in (STAKE, "miners.poisoners.flipped"):
        (group,) = attackers_of(run, values.parties, path)
        assert group.name == "weight_copier and poisoners"
        assert group.stakes


@pytest.mark.parametrize("agents_every", [1, 5])
def test_what_an_attacker_gains_is_known_from_every_epoch(tmp_path: Path, agents_every: int) -> None:
    points = ({STAKE: 0.1}, {STAKE: 0.5})
    run = RunFolder(write_living_run(tmp_path / "run", ("plain",), agents_every=agents_every, points=points))
    values = PartyValues.of(run)
    assert values is not None
    group = Attackers("weight_copier", (Party("weight_copier", "validator", True),))
    gains = attack_values(lane_values(run), values, group)
    x, honest = curves(gains, STAKE, "over_honest")
    assert x.tolist() == [0.1, 0.5]
    np.testing.assert_allclose(honest, [[0.8, 1.2]] * 4, rtol=2e-3)  # a mean of ratios is not a ratio of means
    late = run.read("epochs", where=[pl.col("epoch") >= 6, pl.col("point") == 0])
    share = late["adversary_dividend_share"].mean() / late["adversary_stake_share"].mean()  # type: ignore[operator]
    np.testing.assert_allclose(curves(gains, STAKE, "ratio")[1][:, 0], share)


def test_what_is_slashed_is_taken_off_pay(tmp_path: Path) -> None:
    run = RunFolder(write_living_run(tmp_path / "run", ("sharp",), seeds=2))
    values = PartyValues.of(run)
    assert values is not None
    gains = attack_values(lane_values(run), values, Attackers("copiers", (Party("copiers", "miner", True),)))
    pay = 50 * 0.7 / 7.4  # tokens per copier and epoch, of which one is slashed
    np.testing.assert_allclose(gains["over_honest"], 0.7 * (1 - 1 / pay), rtol=1e-6)
    np.testing.assert_allclose(gains["profit"], (pay - 1) * 10 - 0.5, rtol=1e-6)
