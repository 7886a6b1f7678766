"""Reading experiments: defaults, designs that extend each other, overrides, round trips."""

from pathlib import Path

import pytest
import yaml

from experiments.config import Experiment, Record, experiment_from_dict, read_experiment
from experiments.errors import UserError
from experiments.recordings import load_sources
from experiments.schema import json_schema
from subnet.actions.sampled import Sampled
from subnet.consensus.stake_median import StakeMedian
from subnet.consensus.yuma import Yuma

CONFIGS = sorted((Path(__file__).parents[2] / "experiments" / "configs").glob("*.yaml"))

TWO = """
name: two
designs:
  classic: {consensus: {kind: yuma, bonds_penalty: 0.5}, chain: {tempo: 99}}
  yuma3: {extends: classic, consensus: {yuma3: true}}
  median: {extends: yuma3, consensus: {kind: stake_median}}
"""


def read(tmp_path: Path, text: str, *overrides: str, name: str = "x.yaml", **changed: int) -> Experiment:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_experiment(path, overrides, **changed)


def test_the_smallest_experiment_is_one_design_and_defaults(tmp_path: Path) -> None:
    experiment = read(tmp_path, "designs: {plain: }", name="My First.yaml")
    assert experiment.name == "my_first"
    assert experiment.designs["plain"].consensus == Yuma()
    assert experiment.seeds == tuple(range(8))
    assert (experiment.epochs, experiment.arithmetic, experiment.record) == (100, "float64", Record())
    assert experiment.points == ({},)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_a_shipped_config_loads_with_its_data_and_round_trips(path: Path) -> None:
    experiment = read_experiment(path)
    load_sources(experiment)
    assert experiment.name == path.stem
    again = experiment_from_dict(yaml.safe_load(yaml.safe_dump(experiment.resolved, sort_keys=False)))
    assert again == experiment
    assert again.resolved == experiment.resolved
    assert again.config_hash == experiment.config_hash


def test_the_resolved_config_is_a_config_that_names_every_default(tmp_path: Path) -> None:
    experiment = read(tmp_path, TWO)
    written = experiment.resolved["designs"]["yuma3"]
    assert written["consensus"]["kind"] == "yuma"
    assert written["consensus"]["bonds_penalty"] == 0.5
    assert written["chain"]["tempo"] == 99
    assert "extends" not in written
    assert read(tmp_path, yaml.safe_dump(experiment.resolved, sort_keys=False), name="other.yaml") == experiment


def test_a_design_inherits_all_it_does_not_change(tmp_path: Path) -> None:
    designs = read(tmp_path, TWO).designs
    assert designs["yuma3"].consensus == Yuma(bonds_penalty=0.5, yuma3=True)
    assert designs["median"].consensus == StakeMedian()  # another kind: none of yuma's parameters remain
    assert designs["median"].chain.tempo == 99


def test_designs_may_extend_one_that_is_written_later_and_keep_their_order(tmp_path: Path) -> None:
    designs = read(tmp_path, "designs: {b: {extends: a}, a: {consensus: {kappa: 0.6}}}").designs
    assert list(designs) == ["b", "a"]
    assert designs["b"] == designs["a"]


def test_another_kind_than_the_default_needs_no_word_about_the_default(tmp_path: Path) -> None:
    text = "designs: {a: {consensus: {yuma3: true}}, b: {extends: a, consensus: {kind: stake_median}}}"
    assert read(tmp_path, text).designs["b"].consensus == StakeMedian()


@pytest.mark.parametrize(("written", "value"), [("1e-3", 0.001), ("1e12", 1e12), ("1_000", 1000.0), ("7", 7.0)])
def test_numbers_that_yaml_leaves_as_text_are_numbers(tmp_path: Path, written: str, value: float) -> None:
    assert isinstance(yaml.safe_load("1e-3"), str)  # the reason for this test
    chain = read(tmp_path, f"designs: {{a: {{chain: {{stake_threshold_rao: {written}}}}}}}").designs["a"].chain
    assert chain.stake_threshold_rao == value
    assert type(chain.stake_threshold_rao) is float


@pytest.mark.parametrize("written", ["3", "3.0", "'3'", "3e0"])
def test_a_whole_number_may_be_written_with_a_point(tmp_path: Path, written: str) -> None:
    tempo = read(tmp_path, f"designs: {{a: {{chain: {{tempo: {written}}}}}}}").designs["a"].chain.tempo
    assert (tempo, type(tempo)) == (3, int)


def test_overrides_change_one_parameter_and_make_missing_blocks(tmp_path: Path) -> None:
    overrides = ("designs.yuma3.consensus.kappa=0.6", "record.agents_every=0", "designs.yuma3.payout.validator_share=0")
    experiment = read(tmp_path, TWO, *overrides)
    assert experiment.designs["yuma3"].consensus.kappa == 0.6
    assert experiment.designs["yuma3"].consensus.bonds_penalty == 0.5
    assert experiment.designs["yuma3"].payout.validator_share == 0
    assert experiment.designs["classic"].consensus.kappa == Yuma().kappa
    assert experiment.record.agents_every == 0


def test_an_override_of_a_kind_drops_the_other_kinds_parameters(tmp_path: Path) -> None:
    text = "actions: {kind: recorded, weight_noise: 0.1}\ndesigns: {a: }"
    actions = read(tmp_path, text, "actions.kind=sampled", "actions.num_miners=7").actions
    assert actions == Sampled(num_miners=7)


def test_overrides_reach_into_a_sweep(tmp_path: Path) -> None:
    text = TWO + "sweep: [{grid: {actions.weight_noise: [0, 1]}}]"
    assert len(read(tmp_path, text, "sweep.0.grid.actions.weight_noise=[0, 1, 2]").points) == 3
    assert read(tmp_path, text, "sweep=null").points == ({},)


def test_seeds_and_epochs_of_the_command_line_win(tmp_path: Path) -> None:
    experiment = read(tmp_path, TWO + "seeds: [5, 7]\nepochs: 3", seeds=2, epochs=9)
    assert (experiment.seeds, experiment.epochs) == ((0, 1), 9)
    assert read(tmp_path, TWO + "seeds: [5, 7]").resolved["seeds"] == [5, 7]


def test_the_hash_follows_what_is_computed_not_how_it_is_written(tmp_path: Path) -> None:
    plain = read(tmp_path, TWO)
    spelled = read(tmp_path, TWO + "seeds: [0, 1, 2, 3, 4, 5, 6, 7]\narithmetic: float64\nrecord: {matrices: true}")
    assert spelled.config_hash == plain.config_hash
    assert len(plain.config_hash) == 10
    assert read(tmp_path, TWO, epochs=99).config_hash != plain.config_hash
    assert read(tmp_path, TWO, "designs.median.consensus.kappa=0.51").config_hash != plain.config_hash


def test_a_rule_of_ones_own_is_found_in_the_current_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = (Path(__file__).parents[2] / "subnet" / "consensus" / "stake_median.py").read_text(encoding="utf-8")
    (tmp_path / "lab_of_mine").mkdir()
    (tmp_path / "lab_of_mine" / "middle.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    text = "designs: {mine: {consensus: {kind: lab_of_mine.middle, kappa: 0.7}}}"
    experiment = read(tmp_path, text)
    assert experiment.designs["mine"].consensus.kappa == 0.7
    assert experiment.resolved["designs"]["mine"]["consensus"] == {"kind": "lab_of_mine.middle", "kappa": 0.7}


def test_experiments_can_be_written_in_python_with_numpy_numbers() -> None:
    np = pytest.importorskip("numpy")
    experiment = experiment_from_dict(
        {"designs": {"a": {"consensus": {"kappa": np.float32(0.5)}}}, "epochs": np.int64(3), "seeds": (1, 2)}
    )
    assert experiment.designs["a"].consensus.kappa == 0.5
    assert (experiment.epochs, experiment.seeds) == (3, (1, 2))


def test_a_dictionary_is_not_changed_by_reading_it() -> None:
    data = {"designs": {"a": {"consensus": {"kind": "yuma"}}, "b": {"extends": "a"}}}
    experiment_from_dict(data)
    assert data == {"designs": {"a": {"consensus": {"kind": "yuma"}}, "b": {"extends": "a"}}}


def test_anchors_and_merge_keys_of_yaml_work(tmp_path: Path) -> None:
    text = "designs: {a: {consensus: &c {kappa: 0.4, yuma3: true}}, b: {consensus: {<<: *c, kappa: 0.6}}}"
    designs = read(tmp_path, text).designs
    assert designs["b"].consensus == Yuma(kappa=0.6, yuma3=True)


def test_the_schema_offers_every_kind_with_its_ranges() -> None:
    schema = json_schema()
    consensus = schema["properties"]["designs"]["additionalProperties"]["properties"]["consensus"]["anyOf"]
    yuma = next(made for made in consensus if made["properties"]["kind"].get("const") == "yuma")
    assert yuma["properties"]["kappa"]["exclusiveMinimum"] == 0
    assert yuma["properties"]["kappa"]["maximum"] == 1
    assert yuma["additionalProperties"] is False
    overlays = schema["properties"]["overlays"]["additionalProperties"]["oneOf"]
    assert all("kind" in made["required"] for made in overlays)


def test_broken_overlays_are_told_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"x\.yaml: overlays hold 0\.6 \+ 0\.4 of the stake together"):
        read(tmp_path, TWO + "overlays: {a: {kind: lazy, stake_share: 0.6}, b: {kind: late, stake_share: 0.4}}")
