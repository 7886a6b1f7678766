"""What people are told when a config cannot be meant that way: where, what, what is allowed, what to do next."""

from pathlib import Path

import pytest

from experiments.config import read_experiment
from experiments.errors import UserError

LEAST = "designs: {yuma3: {consensus: {kind: yuma, yuma3: true}}}\n"
LIVING = LEAST + "miners: {workers: {count: 6}, ring: {kind: sybil, count: 4}}\n"


def message(tmp_path: Path, text: str, *overrides: str) -> str:
    path = tmp_path / "yuma.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as caught:
        read_experiment(path, overrides)
    return str(caught.value).replace(str(path), "yuma.yaml")


def with_rule(rule: str) -> str:
    return f"designs: {{yuma3: {{consensus: {rule}}}}}"


# The text of a config, and what is said of it.
MESSAGES = {
    "out of range": (
        with_rule("{kind: yuma, kappa: 1.4}"),
        "yuma.yaml: designs.yuma3.consensus.kappa = 1.4 is out of range: share of stake whose support makes a weight "
        "agreed, 0 < kappa <= 1 (default 0.499992)",
    ),
    "unknown parameter": (
        with_rule("{kind: yuma, kapa: 0.5}"),
        'yuma.yaml: designs.yuma3.consensus has no parameter "kapa"; did you mean "kappa"? yuma takes: kappa, bonds_',
    ),
    "unknown kind": (
        with_rule("{kind: yumma}"),
        'yuma.yaml: designs.yuma3.consensus.kind = "yumma" is unknown; did you mean "yuma"? found: ',
    ),
    "unknown kind, what else": (with_rule("{kind: qqq}"), "winner_takes_all, yuma, or any module path"),
    "unknown module": (
        with_rule("{kind: no_such_lab.rule}"),
        'consensus.kind = "no_such_lab.rule" is unknown; found: ',
    ),
    "module without a rule": (with_rule("{kind: os.path}"), 'kind = "os.path": os.path must expose exactly one class'),
    "kind is a number": (with_rule("{kind: 3}"), "consensus.kind = 3 is not the name of a kind; found: "),
    "boolean for a number": (with_rule("{kappa: true}"), "consensus.kappa = true is not a number: share of stake"),
    "number for a boolean": (with_rule("{yuma3: 1}"), "consensus.yuma3 = 1 is not true or false: bonds on their own"),
    "not a number": (with_rule("{kappa: .nan}"), "consensus.kappa = NaN is not a finite number: "),
    "infinite": (with_rule("{kappa: '1e999'}"), 'consensus.kappa = "1e999" is not a finite number: '),
    "text for a number": (with_rule("{kappa: half}"), 'consensus.kappa = "half" is not a number: '),
    "null for a number": (with_rule("{kappa: }"), "consensus.kappa = null is not a number: "),
    "half a number": (
        "designs: {a: {chain: {tempo: 3.5}}}",
        "designs.a.chain.tempo = 3.5 is not a whole number: blocks per epoch, 1 <= tempo <= 1e9 (default 360)",
    ),
    "rule is no block": (with_rule("yuma"), 'consensus = "yuma" is not a block of parameters; write {kind: …}'),
    "unknown choice": (
        LEAST + "arithmetic: float46",
        'arithmetic = "float46" is unknown; did you mean "float64"? numbers that consensus computes with: float32, fl',
    ),
    "unknown block": (
        "designs: {a: {concensus: {}}}",
        'designs.a has no block "concensus"; did you mean "consensus"? a ',
    ),
    "unknown key": (
        LEAST + "epoch: 3",
        'an experiment has no "epoch"; did you mean "epochs"? it takes: name, question',
    ),
    "epochs": (LEAST + "epochs: 0", "epochs = 0 is out of range: epochs per lane, 1 <= epochs <= 1e9 (default 100)"),
    "seeds": (
        LEAST + "seeds: [1, 1]",
        "seeds = [1, 1] is not allowed: a number from 1 to 1000000, or a list of differ",
    ),
    "name": (LEAST + "name: My Run", 'name = "My Run" is not allowed: a to z, 0 to 9, _ and -, at most 64 characters'),
    "record": (LEAST + "record: {epochs_every: 0}", "record.epochs_every = 0 is out of range: epochs between rows"),
    "no designs": ("epochs: 3", "yuma.yaml: designs is missing; write at least one, such as designs: {classic: {co"),
    "empty file": ("", "yuma.yaml: is empty; an experiment needs at least `designs:`"),
    "a list": ("[1, 2]", "yuma.yaml: holds [1, 2], not a block of parameters; an experiment begins with `designs:`"),
    "syntax": ("designs:\n  a: {consensus: [}", "yuma.yaml: line 2, column 19: not valid YAML: "),
    "given twice": (
        "designs:\n  a: {}\n  b: {}\n  a: {}",
        'yuma.yaml: line 4, column 3: "a" is given twice (first in line 2)',
    ),
    "name that is no text": ("designs: {no: {}}", "yuma.yaml: designs: the name false is not text; write it in quotes"),
    "a date": (LEAST + "name: 2024-01-01", "yuma.yaml: name is a date, not text or a number; write it in quotes"),
    "bad name": ("designs: {a.b: {}}", 'yuma.yaml: designs."a.b" is not a good name: a name has letters, digits, _, +'),
    "unknown parent": ("designs: {a: {extends: bb}, b: }", 'a.extends = "bb" is unknown; did you mean "b"? found: b'),
    "circle": (
        "designs: {a: {extends: b}, b: {extends: a}}",
        "designs.a.extends goes in a circle: a extends b extends a",
    ),
    "bond rates": (
        with_rule("{alpha_low: 0.9, alpha_high: 0.8}"),
        "designs.yuma3.consensus.alpha_low = 0.9 is above alpha_high = 0.8: the slowest rate of new bonds must not",
    ),
    "stake": (
        LEAST + "overlays: {a: {kind: lazy, stake_share: 0.7}, b: {kind: lazy, stake_share: 0.5}}",
        "overlays hold 0.7 + 0.5 of the stake together; something below 1 must be left to the honest ones",
    ),
    "honest": (LEAST + "overlays: {honest: {kind: lazy}}", "overlays.honest: this name stands for everybody else"),
    "overlay without kind": (LEAST + "overlays: {a: {lag: 1}}", "overlays.a.kind is missing; found: cabal, contrarian"),
    "worth": (
        LEAST
        + "overlays: {a: {kind: cabal, honest_weight: 0.7}, b: {kind: cabal, honest_weight: 0.5, stake_share: 0.1}}",
        "overlays have honest_weight 1.2 together, but honest validators cannot give more than 1",
    ),
    "game": (
        LEAST + "actions: {kind: two_camps}\noverlays: {copier: {kind: weight_copier}}",
        "overlays: two_camps brings its own cabal; remove copier, or take other actions",
    ),
    "recording": (
        LEAST + "actions: {file: netuid16}",
        'actions.file = "netuid16": no such file in',
    ),
    "recording, what else": (
        LEAST + "actions: {file: netuid16}",
        '; did you mean "netuid15"? packaged recordings: netuid15, nakamoto',
    ),
    "sweep: no path": (
        LEAST + "sweep: {grid: {consensu.kappa: [1]}}",
        '"consensu.kappa" cannot be swept; did you mean "consensus"? a path is one of actions, costs, delegation, ',
    ),
    "sweep: design in path": (
        LEAST + "sweep: {grid: {designs.yuma3.consensus.kappa: [1]}}",
        "a sweep is for every design of its block: write consensus.kappa, and designs: [...] beside grid",
    ),
    "sweep: parameter": (
        "designs: {a: , b: {consensus: {kind: stake_mean}}}\nsweep: {grid: {consensus.kappa: [0.5]}}",
        'sweep.grid.consensus.kappa: designs.b.consensus has no parameter "kappa"; stake_mean takes: no parameters',
    ),
    "sweep: value": (
        LEAST + "sweep: {grid: {consensus.kappa: [0.5, 2]}}",
        "sweep.grid.consensus.kappa = 2 is out of range",
    ),
    "sweep: kind": (
        LEAST + "sweep: {grid: {consensus.kind: [yumma]}}",
        'sweep.grid.consensus.kind = "yumma" is unknown; did',
    ),
    "sweep: twice": (
        LEAST + "sweep: {grid: {consensus.kappa: [0.5, 0.5]}}",
        "sweep.grid.consensus.kappa: 0.5 is given twice",
    ),
    "sweep: lengths": (
        LEAST + "sweep: {zip: {consensus.kappa: [0.4, 0.5], chain.tempo: [1]}}",
        "sweep.zip: lists that run along need equal lengths, but consensus.kappa has 2, chain.tempo has 1",
    ),
    "sweep: range": (
        LEAST + "sweep: {grid: {consensus.kappa: {from: 0, to: 1, step: 3}}}",
        'sweep.grid.consensus.kappa has no "step"; did you mean "steps"? write a list of values, or {from: 0, to: 1',
    ),
    "sweep: log": (
        LEAST + "sweep: {grid: {consensus.kappa: {from: 0, to: 1, steps: 3, scale: log}}}",
        "sweep.grid.consensus.kappa: a logarithmic scale needs from and to above 0",
    ),
    "sweep: designs": (
        LEAST + "sweep: {designs: [yuma]}",
        'sweep.designs: "yuma" is unknown; did you mean "yuma3"? fou',
    ),
    "sweep: conflict": (
        LEAST + "sweep: {grid: {consensus.alpha_low: [0.5, 0.95]}}",
        "sweep, point 1 (consensus.alpha_low = 0.95): designs.yuma3.consensus.alpha_low = 0.95 is above alpha_high",
    ),
    "sweep: stake": (
        LEAST + "overlays: {a: {kind: lazy}, b: {kind: lazy}}\nsweep: {grid: {overlays.a.stake_share: [0.5, 0.9]}}",
        "sweep, point 1 (overlays.a.stake_share = 0.9): overlays hold 0.9 + 0.1 of the stake together",
    ),
    "arithmetic": (
        "arithmetic: exact\ndesigns: {yuma3: {consensus: {kind: simulator_yuma3}}}",
        "designs.yuma3.consensus: SimulatorYuma3 cannot compute in arithmetic exact; it knows: float32, float64",
    ),
    "two sources": (
        LIVING + "actions: {kind: sampled}",
        "yuma.yaml: actions: miners that train act by themselves; remove either actions or miners",
    ),
    "nobody trains": (
        LEAST + "training: {steps: 3}",
        "yuma.yaml: training is for a network whose miners train; add miners: {workers: {count: 16}}, or remove train",
    ),
    "no party": (LEAST + "miners: {}", "miners is empty; write at least one party, such as miners: {workers: {count: "),
    "party is no block": (LEAST + "miners: {a: 16}", "miners.a = 16 is not a block of parameters; write {count: 16}"),
    "party name": (LEAST + "miners: {a.b: {}}", 'miners."a.b" is not a good name: a name has letters, digits'),
    "party kind": (
        LEAST + "miners: {a: {kind: lasy}}",
        'miners.a.kind = "lasy" is unknown; did you mean "lazy"? found: benchmark, benchmark_copier, colluder',
    ),
    "party parameter": (
        LEAST + "miners: {a: {cuont: 3}}",
        'miners.a has no parameter "cuont"; did you mean "count"? honest takes: count, model, training',
    ),
    "party count": (
        LEAST + "miners: {a: {count: 0}}",
        "miners.a.count = 0 is out of range: miners (uids) in the party, 1 <= count <= 65536 (default 16)",
    ),
    "party training": (
        LEAST + "miners: {a: {training: {step: 0}}}",
        'miners.a.training has no parameter "step"; did you mean "steps"? training takes: steps, batch',
    ),
    "party training, range": (
        LEAST + "miners: {a: {training: {steps: -1}}}",
        "miners.a.training.steps = -1 is out of range: training steps an epoch, at most",
    ),
    "party model": (
        LEAST + "miners: {a: {model: {hidden: 3}}}",
        "miners.a.model.kind is missing; found: cnn, linear, mlp, transformer, or any module path",
    ),
    "list of numbers": (
        LIVING + "model: {hidden: [64, half]}",
        'model.hidden = [64, "half"] is not a whole number: widths of the hidden layers (default [64])',
    ),
    "list out of range": (
        LIVING + "model: {hidden: [64, 0]}",
        "model.hidden = [64, 0] is not allowed (input should be greater than or equal to 1): widths of the hidden",
    ),
    "too many miners": (
        LEAST + "miners: {a: {count: 65536}, b: {count: 1}}",
        "miners are 65537 together; at most 65536 are possible: lower a count",
    ),
    "sybils": (
        LEAST + "miners: {ring: {kind: sybil, count: 10, identities: 4}}",
        "miners.ring.count = 10 is no multiple of identities = 4, the uids of one operator; take 8 or 12",
    ),
    "few sybils": (LEAST + "miners: {ring: {kind: sybil, count: 3}}", "the uids of one operator; take 4"),
    "looks": (
        LIVING + "validators: {miners_per_epoch: 11}",
        "validators.miners_per_epoch = 11, but there are 10 miners: at most 10, or 0 for all",
    ),
    "stakes of validators": (
        LIVING + "validators: {stake_distribution: recorded, stake_file: nakamotto}",
        'validators.stake_file = "nakamotto": no such file in',
    ),
    "scoring and task": (
        "designs: {a: {scoring: {kind: crps}}}\nminers: {a: {}}",
        "designs.a.scoring: crps judges normal, but the task digits predicts classes; take another scoring rule or",
    ),
    "model and task": (
        LIVING + "task: {kind: help_text}",
        "model: mlp reads numbers, but the task help_text has tokens; take another model or another task",
    ),
    "party's model and task": (
        LEAST + "miners: {a: {model: {kind: transformer}}}",
        "miners.a.model: transformer reads tokens, but the task digits has numbers",
    ),
    "model too deep": (
        LIVING + "model: {kind: cnn, channels: [2, 2, 2, 2]}",
        "model: cnn cannot learn the task digits: ",
    ),
    "backed party": (
        LIVING + "overlays: {cabal: {kind: cabal, backs: rings}}",
        'overlays.cabal.backs = "rings" is no party of miners; did you mean "ring"? found: workers, ring',
    ),
    "backed nobody": (
        LEAST + "overlays: {cabal: {kind: cabal, backs: ring}}",
        'overlays.cabal.backs = "ring" is no party of miners; there are none: add miners',
    ),
    "two parties of a name": (
        LIVING + "overlays: {ring: {kind: cabal}}",
        "overlays.ring: there is a party miners.ring, too; give one of them another name",
    ),
    "a validator named as a party": (
        LIVING + "overlays: {workers: {kind: weight_copier}}",
        "overlays.workers: there is a party miners.workers, too; give one of them another name",
    ),
    "slashing without kind": (
        "designs: {a: {slashing: {audit: {rate: 0.1}}}}",
        "yuma.yaml: designs.a.slashing.audit.kind is missing; found: copy_detection, failed_audit",
    ),
    "slashing without name": (
        "designs: {a: {slashing: {kind: failed_audit}}}",
        'designs.a.slashing.kind = "failed_audit" is not a block of parameters; write {kind: …}',
    ),
    "slashing parameter": (
        "designs: {a: {slashing: {audit: {kind: failed_audit, rte: 1}}}}",
        'designs.a.slashing.audit has no parameter "rte"; did you mean "rate"? failed_audit takes: rate',
    ),
    "nothing to remove": (
        "designs: {a: {}, b: {extends: a, slashing: {audit: null}}}",
        "designs.b.slashing.audit.kind is missing",
    ),
    "costs": (LEAST + "costs: {flop_scale: -1}", "costs.flop_scale = -1 is out of range: "),
    "delegation": (LEAST + "delegation: {take: 2}", "delegation.take = 2 is out of range: "),
    "sweep: no model of its own": (
        LIVING + "sweep: {grid: {miners.ring.model.hidden: [3]}}",
        'sweep.grid: "miners.ring.model.hidden" cannot be swept; did you mean "miners.ring"? a path is one of task, m',
    ),
    "sweep: party's parameter": (
        LIVING + "sweep: {grid: {miners.workers.effort: [0.5]}}",
        'sweep.grid.miners.workers.effort: miners.workers has no parameter "effort"; honest takes: count',
    ),
    "sweep: rule of one design": (
        "designs: {a: {slashing: {audit: {kind: failed_audit}}}, b: {}}\nsweep: {grid: {slashing.audit.rate: [0.1]}}",
        "sweep.grid.slashing.audit.rate: designs.b has no slashing.audit; name the designs that have it in designs: ",
    ),
    "sweep: no kinds": (
        LIVING + "sweep: {grid: {training.kind: [a]}}",
        "sweep.grid.training.kind: training has no kinds to choose from",
    ),
    "sweep: sybils": (
        LIVING + "sweep: {grid: {miners.ring.count: [8, 10]}}",
        "sweep, point 1 (miners.ring.count = 10): miners.ring.count = 10 is no multiple of identities = 4",
    ),
    "sweep: task": (
        LIVING + "sweep: {grid: {task.kind: [digits, help_text]}}",
        'sweep, point 1 (task.kind = "help_text"): model: mlp reads numbers, but the task help_text has tokens',
    ),
    "sweep: stakes of validators": (
        LIVING + "validators: {stake_distribution: recorded}\nsweep: {grid: {validators.stake_file: [nowhere]}}",
        'sweep.grid.validators.stake_file = "nowhere": no such file in',
    ),
    "too many": (
        LEAST + "seeds: 1000000\nsweep: {grid: {consensus.kappa: {from: 0.1, to: 1, steps: 1000}}}",
        "these are 1000000000 lanes; at most 2000000 are possible: take fewer steps or seeds",
    ),
}


@pytest.mark.parametrize(("text", "said"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_mistake_is_told_with_its_place_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    told = message(tmp_path, text)
    assert said in told
    assert all(line.startswith("yuma.yaml: ") for line in told.splitlines())


OVERRIDES = {
    "nothing assigned": ("epochs", "--set epochs: write PATH=VALUE, such as --set designs.yuma3.consensus.kappa=0.6"),
    "no path": ("=3", "--set =3: write PATH=VALUE"),
    "unknown design": (
        "designs.yuma4.consensus.kappa=1",
        '--set designs.yuma4.consensus.kappa=1: designs has no "yuma4"; did',
    ),
    "unknown design, what else": ("designs.yuma4=1", 'did you mean "yuma3"? found: yuma3'),
    "unknown parameter": (
        "designs.yuma3.consensus.kapa=1",
        'designs.yuma3.consensus has no parameter "kapa"; did you mean "kap',
    ),
    "out of range": ("designs.yuma3.consensus.kappa=7", "yuma.yaml: designs.yuma3.consensus.kappa = 7 is out of range"),
    "through a value": (
        "designs.yuma3.consensus.kind.x=7",
        'kind = "yuma" is a value, and has no parameters of its own',
    ),
    "not yaml": ("epochs=[1", "--set epochs=[1: line 1, column 3: not valid YAML"),
    "unknown party": (
        "miners.worker.count=3",
        '--set miners.worker.count=3: miners has no "worker"; found: none',
    ),
    "no such block": (
        "recrod.matrices=false",
        'yuma.yaml: an experiment has no "recrod"; did you mean "record"? it takes',
    ),
}


@pytest.mark.parametrize(("override", "said"), OVERRIDES.values(), ids=OVERRIDES.keys())
def test_a_mistaken_override_is_told(tmp_path: Path, override: str, said: str) -> None:
    assert said in message(tmp_path, LEAST, override)


def test_all_that_is_wrong_is_told_at_once_one_problem_per_line(tmp_path: Path) -> None:
    text = (
        "epochs: 0\ndesigns: {a: {consensus: {kappa: 9, kapa: 1}}, b: {payout: 3}}\noverlays: {x: {kind: lazy, l: 1}}"
    )
    lines = message(tmp_path, text).splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("yuma.yaml: epochs = 0")


def test_a_design_does_not_repeat_what_is_wrong_with_its_parent(tmp_path: Path) -> None:
    told = message(
        tmp_path, "designs: {a: {consensus: {kappa: 9}}, b: {extends: a}, c: {extends: b, consensus: {lag: 1}}}"
    )
    assert [line.split(" ")[1] for line in told.splitlines()] == ["designs.a.consensus.kappa", "designs.c.consensus"]


def test_a_missing_file_is_told_with_its_nearest_neighbour(tmp_path: Path) -> None:
    (tmp_path / "copier.yaml").write_text(LEAST, encoding="utf-8")
    with pytest.raises(UserError, match=r'copyer\.yaml: no such file; did you mean "copier\.yaml"\?$'):
        read_experiment(tmp_path / "copyer.yaml")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"designs: \x00", b"{" * 5000, b"a: &a [*a]", b"!!int ''"])
def test_a_file_that_is_no_config_at_all_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"junk\.yaml: "):
        read_experiment(path)


def test_a_folder_is_not_a_config(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read: Is a directory"):
        read_experiment(tmp_path)


BROKEN = {
    "error": (
        "x = 1\ny = z\n",
        r"kind = \"(\w+)\": importing \1 failed: NameError: name 'z' is not defined \(line 2\)",
    ),
    "syntax": ("x = = 1\n", r"importing \w+ failed: SyntaxError: .* \(line 1\)"),
    "exit": ("import sys\nsys.exit(3)\n", r"importing \w+ failed: SystemExit: 3 \(line 2\)"),
    "nothing": ("x = 1\n", r"must expose exactly one class in __all__, but exposes none"),
    "two": ("class A: pass\nclass B: pass\n__all__ = ['A', 'B']\n", r"must expose exactly one class.* exposes A, B"),
    "class": ("class A: pass\n__all__ = ['A']\n", r"A is no mechanism; put @mechanism above the class"),
    "methods": (
        "from tokenomics.mechanism import mechanism\n@mechanism\nclass A:\n    x: float = 1.0\n__all__ = ['A']\n",
        r"A has no init, step, which consensus need",
    ),
    "reserved": (
        "from tokenomics.mechanism import mechanism\n@mechanism\nclass A:\n    kind: float = 1.0\n__all__ = ['A']\n",
        r"A has a parameter kind, which every block of consensus has; rename it",
    ),
    "types": (
        "from tokenomics.mechanism import mechanism\n@mechanism\nclass A:\n    x: 'Nope' = 1.0\n__all__ = ['A']\n",
        r"A: its annotations cannot be read: name 'Nope' is not defined",
    ),
}


@pytest.mark.parametrize(("source", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_rule_of_ones_own_is_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest, source: str, said: str
) -> None:
    name = f"broken_rule_{request.node.callspec.id}"
    (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", list(__import__("sys").path))
    with pytest.raises(UserError, match=said) as caught:
        read_experiment(_written(tmp_path, with_rule(f"{{kind: {name}}}")))
    assert "\n" not in str(caught.value)


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "yuma.yaml"
    path.write_text(text, encoding="utf-8")
    return path
