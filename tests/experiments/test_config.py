"""Reading experiments: defaults, designs that extend each other, overrides, round trips."""

from pathlib import Path

import pytest
import yaml

from experiments.config import Experiment, Record, experiment_from_dict, read_experiment
from experiments.errors import UserError
from experiments.recordings import load_sources
from experiments.schema import json_schema
from miners.models.linear import Linear
from miners.models.mlp import Mlp
from miners.strategies.copier import Copier
from miners.strategies.honest import Honest
from miners.strategies.lazy import Lazy
from miners.training import Training
from subnet.actions.sampled import Sampled
from subnet.consensus.stake_median import StakeMedian
from subnet.consensus.yuma import Yuma
from subnet.curation.design import CurationDesign
from subnet.design import Design
from subnet.scenario import Scenario
from subnet.tasks.digits import Digits
from subnet.work.population import Evaluators, Party
from subnet.work.trained import Trained
from tokenomics.costs import Costs
from tokenomics.delegation import Delegation
from tokenomics.emission.halving import Halving
from tokenomics.pools.constant_product import ConstantProduct
from tokenomics.slashing.copy_detection import CopyDetection
from tokenomics.slashing.failed_audit import FailedAudit

CONFIGS = sorted((Path(__file__).parents[2] / "experiments" / "configs").glob("*.yaml"))

TWO = """
name: two
designs:
  classic: {consensus: {kind: yuma, bonds_penalty: 0.5}, chain: {tempo: 99}}
  yuma3: {extends: classic, consensus: {yuma3: true}}
  median: {extends: yuma3, consensus: {kind: stake_median}}
"""

LIVING = """
name: living_digits
question: Who is paid for what?
epochs: 100
seeds: 4
task: {kind: digits}
model: {kind: mlp, hidden: 64}
training: {steps: 5, batch: 32}
miners:
  workers: {count: 40}
  lazy: {kind: lazy, count: 8, effort: 0.1}
  copiers: {kind: copier, count: 8, lag: 1, training: {steps: 0}, model: {kind: linear}}
validators: {count: 8, rows: 64}
overlays: {copier: {kind: weight_copier}}
costs: {fixed_usd_per_epoch: 0.5}
delegation: {delegated_share: 0.25}
designs:
  yuma3:
    scoring: {kind: log_loss}
    weighting: {kind: power, exponent: 2}
    consensus: {yuma3: true}
    emission: {per_epoch_rao: 1000}
    slashing:
      audit: {kind: failed_audit, rate: 0.1}
      copies: {kind: copy_detection}
    pool: {kind: fixed_price, usd_per_token: 1}
    registration: {kind: closed}
  lenient: {extends: yuma3, slashing: {audit: {rate: 0.01}, copies: null}}
  halving: {extends: lenient, emission: {kind: halving}, pool: {kind: constant_product}}
sweep: {grid: {training.steps: [1, 5], miners.lazy.count: [4, 8], model.hidden: [[32, 32], 64]}}
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
    actions = read(tmp_path, text, "actions.kind=sampled", "actions.num_miners=7").people["actions"]
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


def test_parties_of_miners_make_a_living_network(tmp_path: Path) -> None:
    experiment = read(tmp_path, LIVING)
    assert experiment.people["actions"] == Trained(
        task=Digits(),
        model=Mlp(hidden=(64,)),
        training=Training(steps=5, batch=32),
        miners={
            "workers": Party(Honest(), 40),
            "lazy": Party(Lazy(effort=0.1), 8),
            "copiers": Party(Copier(lag=1), 8, Linear(), Training(steps=0, batch=32)),
        },
        validators=Evaluators(count=8, rows=64),
    )
    assert experiment.people["costs"] == Costs(fixed_usd_per_epoch=0.5)
    assert experiment.people["delegation"] == Delegation(delegated_share=0.25)
    load_sources(experiment)


def test_the_smallest_living_network_is_one_party_and_defaults(tmp_path: Path) -> None:
    experiment = read(tmp_path, "miners: {miners: }\ndesigns: {a: }")
    assert experiment.people["actions"] == Trained()
    assert experiment.scenario("a") == Scenario(actions=Trained())


def test_a_living_network_round_trips_with_every_default_written_out(tmp_path: Path) -> None:
    experiment = read(tmp_path, LIVING)
    again = experiment_from_dict(yaml.safe_load(yaml.safe_dump(experiment.resolved, sort_keys=False)))
    assert again == experiment
    assert again.config_hash == experiment.config_hash
    assert "actions" not in experiment.resolved
    assert experiment.resolved["model"] == {"kind": "mlp", "hidden": [64]}
    assert experiment.resolved["miners"]["workers"] == {"kind": "honest", "count": 40}
    assert experiment.resolved["miners"]["copiers"]["training"] == {"steps": 0}  # the rest follows the common training
    assert experiment.resolved["training"]["learning_rate"] == Training().learning_rate
    assert experiment.resolved["designs"]["lenient"]["registration"] == {"kind": "closed"}


def test_slashing_rules_are_inherited_changed_and_removed_by_name(tmp_path: Path) -> None:
    designs = read(tmp_path, LIVING).designs
    assert designs["yuma3"].slashing == {"audit": FailedAudit(rate=0.1), "copies": CopyDetection()}
    assert designs["lenient"].slashing == designs["halving"].slashing == {"audit": FailedAudit(rate=0.01)}


def test_another_kind_replaces_a_default_one_in_every_slot_of_a_design(tmp_path: Path) -> None:
    design = read(tmp_path, LIVING).designs["halving"]
    assert (design.emission, design.pool) == (Halving(), ConstantProduct())


def test_an_override_of_a_partys_kind_keeps_what_is_the_partys(tmp_path: Path) -> None:
    overrides = ("miners.lazy.kind=copier", "miners.lazy.lag=3", "miners.lazy.training.steps=2", "sweep=null")
    party = read(tmp_path, LIVING, *overrides).people["actions"].miners["lazy"]
    assert party == Party(Copier(lag=3), 8, None, Training(steps=2, batch=32))


def test_overrides_reach_the_blocks_of_a_living_network(tmp_path: Path) -> None:
    overrides = (
        "training.batch=16", "validators.rows=9", "task.kind=breast_cancer", "model.hidden=[8, 8]", "sweep=null",
        "designs.yuma3.slashing.audit.fraction=1", "costs.flop_scale=2", "miners.copiers.model.kind=mlp",
    )  # fmt: skip
    experiment = read(tmp_path, LIVING, *overrides)
    assert experiment.people["actions"].miners["copiers"].training == Training(steps=0, batch=16)
    assert experiment.people["actions"].miners["copiers"].model == Mlp()
    assert (experiment.people["actions"].validators.rows, experiment.people["actions"].model.hidden) == (9, (8, 8))
    assert experiment.designs["lenient"].slashing["audit"].fraction == 1
    assert experiment.people["costs"].flop_scale == 2


def test_recorded_stakes_of_validators_are_found_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "mine.npz").write_bytes(b"")
    validators = "validators: {stake_distribution: recorded, stake_file: mine.npz}"
    experiment = read(tmp_path, f"miners: {{a: }}\ndesigns: {{a: }}\n{validators}")
    assert experiment.people["actions"].validators.stake_file == str(tmp_path / "mine.npz")
    with pytest.raises(UserError, match=r"x\.yaml: validators: .*mine\.npz: is not a readable"):
        load_sources(experiment)


def test_the_schema_knows_the_blocks_of_a_living_network() -> None:
    properties = json_schema()["properties"]
    parties = properties["miners"]["additionalProperties"]["anyOf"]
    lazy = next(made for made in parties if made["properties"]["kind"].get("const") == "lazy")
    assert set(lazy["properties"]) == {"kind", "count", "model", "training", "effort"}
    assert lazy["properties"]["count"]["maximum"] == 65536
    mlp = next(made for made in properties["model"]["anyOf"] if made["properties"]["kind"].get("const") == "mlp")
    assert [way["type"] for way in mlp["properties"]["hidden"]["anyOf"]] == ["array", "integer"]
    design = properties["designs"]["additionalProperties"]["properties"]
    assert {"type": "null"} in design["slashing"]["additionalProperties"]["anyOf"]
    assert set(design) == {"extends", *Design.__dataclass_fields__, *CurationDesign.__dataclass_fields__}
