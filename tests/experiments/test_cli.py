"""The command line: quick answers, exit states, and no traceback for what a person got wrong."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from experiments import cli, slots
from experiments.cli import main
from subnet.curation.scenario import CurationScenario
from subnet.design import Design
from subnet.purses import staker_of
from subnet.scenario import Scenario
from subnet.work.population import Party
from subnet.work.trained import Trained

ROOT = Path(__file__).parents[2]
CONFIGS = sorted((ROOT / "experiments" / "configs").glob("*.yaml"))
TINY = """
name: tiny
question: Does anything happen?
epochs: 3
seeds: 2
actions: {kind: sampled, num_validators: 3, num_miners: 4}
overlays: {copier: {kind: weight_copier}}
designs: {mean: {consensus: {kind: stake_mean}}}
record: {agents_every: 1}
"""


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY, encoding="utf-8")
    return path


def python(code: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


@pytest.mark.parametrize(
    "arguments", [["--help"], ["run", "--help"], ["list"], ["list", "consensus"], ["tally", "--rules"], ["frob"]]
)
def test_help_and_lists_answer_without_heavy_imports(arguments: list[str]) -> None:
    code = f"""
import sys
from experiments.cli import main
main({arguments!r})
print("heavy:", [name for name in ("jax", "polars", "plotly", "sklearn") if name in sys.modules])
"""
    assert python(code).endswith("heavy: []\n")


@pytest.mark.parametrize(
    "command",
    [
        "run",
        "resume",
        "report",
        "compare",
        "epoch",
        "payout",
        "score",
        "tally",
        "list",
        "describe",
        "validate",
        "schema",
        "bench",
    ],
)
def test_every_command_shows_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "--help"]) == 0
    assert f"Example: subnetlab {command}" in " ".join(capsys.readouterr().out.split())


def test_the_kinds_of_every_slot_are_listed_with_a_line_of_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    printed = capsys.readouterr().out
    for slot in slots.SLOTS:
        for kind in slots.kinds(slot):
            assert any(line.split()[:1] == [kind] and len(line.split()) > 2 for line in printed.splitlines()), kind


def test_one_slot_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "overlays"]) == 0
    printed = capsys.readouterr().out
    assert "weight_copier" in printed
    assert "stake_median" not in printed


@pytest.mark.parametrize("kind", [kind for slot in slots.SLOTS for kind in slots.kinds(slot)] + [*slots.BLOCKS])
def test_every_kind_is_described(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", kind]) == 0
    assert "parameter" in capsys.readouterr().out


def test_a_description_tells_range_default_and_whether_it_is_structural(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "yuma"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "kappa number 0 < kappa <= 1 0.499992 number" in lines
    assert "yuma3 true or false false structural" in lines


def test_a_kind_of_ones_own_is_described_by_its_module_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["describe", "subnet.consensus.stake_median"]) == 0
    assert "consensus: subnet.consensus.stake_median" in capsys.readouterr().out


def test_the_blocks_that_are_listed_are_those_of_a_design_and_an_experiment() -> None:
    of_design = {name for name in Design.__dataclass_fields__ if name not in slots.SLOTS}
    assert {name for name, block in slots.BLOCKS.items() if block.owner == "every design"} == of_design
    for name in of_design:
        assert type(getattr(Design(), name)) is slots.block_class(name)
    of_experiment = {name for name, block in slots.BLOCKS.items() if block.owner == "every experiment"}
    assert of_experiment == {"record", *Scenario.__dataclass_fields__} - {"design", "actions", "overlays", "stakers"}
    of_scenario = dict.fromkeys(of_experiment - {"record"}, Scenario()) | dict.fromkeys(
        ("training", "validators"), Trained()
    )
    for name, whole in of_scenario.items():
        assert type(getattr(whole, name)) is slots.block_class(name)


def test_the_default_kinds_are_those_of_a_design_and_of_a_network_made_in_python() -> None:
    made = {name: getattr(Design(), name) for name in Design.__dataclass_fields__}
    art = CurationScenario()
    made |= {name: getattr(art.design, name) for name in art.design.__dataclass_fields__}
    made |= {"artists": art.artists["engine"], "curators": art.curators["crowd"]}
    made |= {
        "actions": Scenario().actions,
        "task": Trained().task,
        "model": Trained().model,
        "miners": Party().strategy,
        "stakers": staker_of(Scenario(), "miners"),
    }
    for slot, (*_, default, _) in slots.SLOTS.items():
        if default is not None:
            assert made[slot] == slots.find(slot, default)()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_a_shipped_config_is_valid(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(path)]) == 0
    assert capsys.readouterr().out.startswith(f"{path}: ok: ")


def test_validation_tells_what_an_experiment_amounts_to(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", str(tiny), "--set", "sweep.grid.actions.drift=[0, 1, 2]"]) == 0
    assert capsys.readouterr().out == f"{tiny}: ok: 1 design x 3 points x 2 seeds = 6 lanes, 1 compiled program\n"


def test_validation_names_designs_that_take_part_in_no_sweep(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets = ["--set", "designs={a: , b: }", "--set", "sweep={designs: [b]}"]
    assert main(["validate", str(tiny), *sets]) == 0
    assert "in no block of the sweep, so left out: a" in capsys.readouterr().out


def test_validation_reads_the_data_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.npz").write_bytes(b"nothing")
    path = tmp_path / "x.yaml"
    path.write_text("actions: {file: x.npz}\ndesigns: {a: }", encoding="utf-8")
    assert main(["validate", str(path)]) == 2
    assert capsys.readouterr().err.startswith(f"{path}: actions: {tmp_path / 'x.npz'}: ")


def test_several_files_are_validated_and_all_problems_told(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "no.yaml", str(tiny), "nor_this.yaml"]) == 2
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{tiny}: ok")
    assert printed.err == "no.yaml: no such file\nnor_this.yaml: no such file\n"


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema"]) == 0
    assert json.loads(capsys.readouterr().out)["required"] == ["designs"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["frob"], "subnetlab: No such command 'frob'."),
        (["run"], "subnetlab run: Missing argument 'CONFIG'."),
        (["run", "no.yaml"], "no.yaml: no such file"),
        (["run", "no.yaml", "--seeds", "many"], "subnetlab run: Invalid value for '--seeds'"),
        (["epoch", "x", "--arithmetic", "float16"], "subnetlab epoch: Invalid value for '--arithmetic'"),
        (
            ["list", "consensu"],
            'list: "consensu" is no slot; did you mean "consensus"? found: task, model, miners, actions',
        ),
        (["describe", "yumma"], 'describe: "yumma" is unknown; did you mean "yuma"? found: '),
        (["describe", "consensus"], 'describe: "consensus" is a slot; see its kinds with: subnetlab list consensus'),
        (["describe", "yuma", "--slot", "x"], 'describe: "x" is no slot; found: task, model'),
        (["report", "no_run"], "no_run: "),
        (["resume", "no_run"], "no_run: not a run folder, it has no config.yaml"),
        (["compare", "no_run"], ""),
        (["validate"], "subnetlab validate: Missing argument"),
    ],
)
def test_bad_input_ends_in_2_with_a_clean_line(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(said)
    assert "Traceback" not in printed.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_said_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("Usage: subnetlab")


def test_a_run_leaves_a_report_and_says_where(tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", str(tiny), "--set", "epochs=2", "--no-images", "--out", str(tmp_path / "runs")]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    (folder,) = (tmp_path / "runs").iterdir()
    assert printed.startswith("tiny: 1 design x 1 point x 2 seeds = 2 lanes, 1 compiled program\n")
    assert f"report: {folder / 'report.html'}" in printed
    assert printed.endswith(f"run: {folder}\n")
    assert "Attacker pay ratio" in printed
    assert main(["resume", str(folder), "--no-report"]) == 0
    assert main(["report", str(folder), "--no-images"]) == 0


def test_an_interrupted_run_tells_how_to_go_on(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object, **__: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr("experiments.runner.run_experiment", interrupted)
    assert main(["run", str(tiny), "--quiet"]) == 130
    assert capsys.readouterr().err.startswith("interrupted; go on with: subnetlab resume runs/tiny-")


@pytest.mark.parametrize(("failed", "state", "status"), [(0, "finished", 0), (1, "finished", 1), (4, "failed", 1)])
def test_failed_lanes_are_named_and_end_in_1(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    failed: int, state: str, status: int,
) -> None:  # fmt: skip
    lane = {"design": "mean", "point": 0, "seed": 3, "reason": '"dividends" is not finite from epoch 412 on'}
    manifest = {"points": [{"consensus.kappa": 0.9}], "lanes": 4, "failed": [lane] * failed, "state": state}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    monkeypatch.setattr("experiments.runner.run_experiment", lambda *_, **__: tmp_path)
    assert main(["run", str(tiny), "--no-report"]) == status
    if failed:
        assert capsys.readouterr().err.splitlines()[:: max(failed, 1)] == [
            'mean (seed 3, consensus.kappa = 0.9): "dividends" is not finite from epoch 412 on',
            f"{4 - failed} other lane{'s' if failed != 3 else ''} finished",
        ]


def test_an_error_of_ours_is_not_dressed_up_as_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("experiments.console.kinds_text", broken)
    with pytest.raises(ZeroDivisionError):
        main(["list"])


def test_the_module_runs_as_a_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "experiments.cli", "list", "nowhere"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == cli.BAD_INPUT
    assert done.stderr.startswith('list: "nowhere" is no slot')
