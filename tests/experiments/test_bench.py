"""The benchmark's opponents are fair ones: they compute the same; and its tables and figures say all there is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments import bench, bench_tournament, bench_training, bench_world
from experiments.bench_naive import values_by_each
from experiments.bench_numpy import numpy_mlp_gradient, numpy_mlp_step, numpy_yuma3_epoch
from experiments.bench_race import Contender, race, table
from experiments.bench_scoring import WorldSize, network
from experiments.bench_timing import Ceilings
from experiments.bench_torch import torch_loop, torch_stacked
from experiments.bench_tournament import RoundSize, a_round, one_by_one, the_package
from experiments.bench_training import TrainingSize, newborn
from experiments.errors import UserError
from miners.models.mlp import Mlp
from miners.signature import Signature
from miners.training import Skill, Training, train
from subnet.actions.base import Recording
from subnet.consensus.yuma import Yuma
from subnet.lanes import LaneProgram
from subnet.tasks.base import task_loss
from subnet.work.rows import run_all
from validators.numerai.scores import tournament_scores
from validators.scoring.log_loss import LogLoss

CEILING = Ceilings(1e9, 2e9, 1e9, 2e9)
COLUMNS = {"name", "rate", "ours_one", "ours_all", "of_matmul", "compile_seconds", "peak_memory_gib"}
FEW = WorldSize(miners=3, steps=1, validators=2, rows=4, epochs=2, lanes=2)


def test_the_plain_numpy_epoch_agrees_with_the_rule_it_is_timed_against() -> None:
    rng = np.random.default_rng(0)
    weights = rng.lognormal(0, 0.5, (5, 6, 9))
    weights /= weights.sum(axis=2, keepdims=True)
    stake = rng.lognormal(0, 1, 6)
    stake /= stake.sum()
    rule = Yuma(kappa=0.5, bonds_moving_average=0.9, yuma3=True)
    state, bonds = rule.init(6, 9), np.zeros((6, 9))
    step = jax.jit(rule.step)
    for W in weights:
        bonds, consensus, incentive, dividends = numpy_yuma3_epoch(W, stake, bonds, 0.5, 0.1)
        state, out = step(state, jnp.asarray(W), jnp.asarray(stake), jnp.ones(9, bool))
        np.testing.assert_allclose(out.consensus, consensus, atol=1e-15)
        np.testing.assert_allclose(out.incentive, incentive, atol=1e-14)
        np.testing.assert_allclose(out.dividends, dividends, atol=1e-12)
        np.testing.assert_allclose(state.bonds, bonds * 65535, atol=1e-9)


def _loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
    return task_loss("classes", Mlp((5,)).apply(params, x), y).mean()


def _miners(spread: float = 1.0) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return parameters of three miners, and a batch of rows and labels for each."""
    rng = np.random.default_rng(1)
    shapes = jax.eval_shape(lambda: Mlp((5,)).init(jax.random.key(0), Signature((4,), 3)))
    params = jax.tree.map(lambda s: spread * rng.standard_normal((3, *s.shape)).astype(np.float32), shapes)
    return params, rng.standard_normal((3, 7, 4)).astype(np.float32), rng.integers(0, 3, (3, 7)).astype(np.int32)


def test_the_numpy_peer_has_the_gradient_that_ours_has() -> None:
    params, x, y = _miners()
    ours = jax.jit(jax.vmap(jax.grad(_loss)))(params, x, y)
    theirs = numpy_mlp_gradient(params, x, y)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), ours, theirs)


@pytest.mark.parametrize("spread", [0.1, 3.0])  # gradients that are not cut, and gradients that are
def test_the_numpy_peer_makes_the_step_that_ours_makes(spread: float) -> None:
    params, x, y = _miners(spread)
    skill = Skill(*(jnp.float32(v) for v in (1, 0.5, 0, 0, 0, 1)))

    def one(params: Any, x: jax.Array, y: jax.Array) -> Any:
        rule = Training(steps=1).rule()
        return train(jax.random.key(0), params, rule.init(params), skill, Training(steps=1), lambda _: (x, y), _loss)[0]

    ours = jax.jit(jax.vmap(one))(params, x, y)
    norm = jax.vmap(optax.tree.norm)(numpy_mlp_gradient(params, x, y))
    assert (norm > 1).all() == (spread > 1)
    numpy_mlp_step(params, x, y, 0.5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6), ours, params)


def test_the_torch_peers_make_the_step_that_the_numpy_peer_makes() -> None:
    pytest.importorskip("torch")
    params, x, y = _miners()
    row, label = x[0, :1], y[0, :1]  # a single row, so that everybody draws the same
    modules = torch_loop(params, row, label, 2, 3, 0.5)()
    stacked = torch_stacked(params, row, label, 2, 3, 0.5)()
    for _ in range(3):
        numpy_mlp_step(params, np.broadcast_to(row, (3, 2, 4)), np.broadcast_to(label, (3, 2)), 0.5)
    expected = [params[layer][part] for layer in ("hidden_0", "readout") for part in ("kernel", "bias")]
    for ours, theirs in zip(expected, stacked, strict=True):
        np.testing.assert_allclose(theirs.detach().numpy(), ours, rtol=1e-4, atol=1e-6)
    for k, module in enumerate(modules):
        np.testing.assert_allclose(module[2].weight.detach().numpy().T, expected[2][k], rtol=1e-4, atol=1e-6)


def test_a_validator_that_runs_everything_itself_sees_what_the_shared_pool_tells_it() -> None:
    source, scoring = network(FEW), LogLoss()
    data, params = source.task.load(), newborn(FEW.miners)
    drawn = np.random.default_rng(0).integers(0, len(data.holdout_y), (FEW.validators, FEW.rows))

    @jax.jit
    def both(params: Any, x: jax.Array, y: jax.Array) -> tuple[jax.Array, jax.Array]:
        pool = run_all(source, {"miners": params}, x, y, scoring, jnp.ones(FEW.miners, bool)).measure
        return pool[:, drawn].mean(axis=2).T, values_by_each(source.model, params, x[drawn], y[drawn], scoring)

    shared, each = both(params, data.holdout_x, data.holdout_y)
    np.testing.assert_allclose(each, shared, rtol=1e-5)


def test_a_race_tells_how_much_faster_ours_is_than_each_peer() -> None:
    def idle() -> None:
        return None

    rows = race([Contender("theirs", "peer", idle, 2, 10), Contender("ours", "one", idle, 8, 10)], CEILING, repeats=1)
    theirs, ours = rows
    assert set(theirs) == COLUMNS
    assert theirs["ours_one"] == ours["rate"] / theirs["rate"]
    assert theirs["ours_all"] is ours["ours_one"] is None
    assert ours["of_matmul"] == 10 * ours["rate"] / CEILING.matmul_one
    lines = table("a title", "steps", rows, ["torch is missing"]).splitlines()
    assert lines[1] == "a title"
    assert [line.split()[0] for line in lines[2:]] == ["steps/s", "theirs", "ours", "torch"]


def test_figures_are_kept_as_json_and_missing_peers_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "ceilings", lambda: CEILING)
    sizes = bench.Sizes((), TrainingSize(miners=2, batch=4, steps=1, epochs=2), FEW, RoundSize(3, 20))
    monkeypatch.setattr(bench, "_QUICK", sizes)
    monkeypatch.setattr(bench_training, "torch_version", lambda: None)
    monkeypatch.setattr(bench_tournament, "the_package", lambda *_: None)
    chosen = ["--only", "scoring,training,tournament", "--quick"]
    assert bench.main([*chosen, "--json", str(tmp_path / "figures.json")]) == 0
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert list(figures) == [
        "devices", "ceiling", "training", "training_missing", "scoring", "tournament", "tournament_missing",
        "peak_memory_gib",
    ]  # fmt: skip
    names = [row["name"] for row in figures["training"]]
    assert names == ["NumPy, stacked", "ours, one device", f"ours, all devices ({len(jax.devices())})"]
    rows = figures["training"] + figures["scoring"] + figures["tournament"]
    assert all(set(row) == COLUMNS and row["rate"] > 0 for row in rows)
    assert [row["name"] for row in figures["tournament"]] == ["SciPy, a loop over submissions", "ours, all in one call"]
    assert figures["tournament"][0]["ours_one"] > 0
    assert figures["training"][0]["ours_all"] > 0
    assert figures["scoring"][0]["ours_one"] > 0
    printed = capsys.readouterr().out
    assert "torch is not installed: row left out" in printed
    assert "numerai-tools is not installed: a loop in SciPy stands in for it" in printed
    assert all(row["name"] in printed for row in rows)


def test_a_world_is_timed_alone_on_all_devices_and_settled_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is traced once and nothing compiled: zeros of the right shapes stand in for what would be computed."""

    def zeros(function: Callable[..., Any], *arguments: Any) -> Any:
        return jax.tree.map(lambda s: np.zeros(s.shape, s.dtype), jax.eval_shape(function, *arguments))

    def traced_only(function: Callable[..., Any], *arguments: Any, **_: Any) -> tuple[Callable[..., Any], float]:
        result = zeros(function, *arguments)
        return lambda *_: result, 1.5

    def start(self: Any, seeds: Any, scenarios: Any) -> Any:
        return zeros(self._start, self._recording, np.int32(0), seeds, scenarios)

    monkeypatch.setattr(bench_world, "compiled", traced_only)
    monkeypatch.setattr(LaneProgram, "start", start)
    monkeypatch.setattr(LaneProgram, "chunk", lambda *_: None)
    rows = bench_world.world_rows(FEW, CEILING, repeats=1)
    devices = len(jax.devices())
    assert [row["name"] for row in rows] == [
        "naive: every validator runs every miner",
        "ours, one world",
        f"ours, one world on all devices ({devices})",
        f"ours, a world on every device ({devices})",
        "ours, settled only, one lane",
        "ours, settled only, 2 lanes on all devices",
    ]
    assert [row["compile_seconds"] for row in rows] == [1.5, 1.5, None, None, 1.5, None]
    assert [row["of_matmul"] is None for row in rows] == [False, False, False, False, True, True]


def test_an_epoch_costs_the_operations_of_the_formulas() -> None:
    source = network(FEW)
    pooled, by_each = bench_world._flops(FEW, Recording(task=source.task.load()), source)
    forward = 2 * (64 * 64 + 64 * 10)
    assert pooled == 3 * (3 * forward * 32 + forward * 360)
    assert by_each == 3 * (3 * forward * 32 + forward * 2 * 4)


def test_the_peers_of_a_round_have_the_scores_that_ours_has() -> None:
    given = a_round(RoundSize(submissions=4, rows=50))
    ours = jax.jit(tournament_scores)(*given)
    package = the_package(*given)
    for run in (one_by_one(*given), *([package[1]] if package else [])):
        corr, mmc = run()
        np.testing.assert_allclose(ours.corr, corr, atol=1e-13)
        np.testing.assert_allclose(ours.mmc, mmc, atol=1e-13)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--fast"],
            "bench: --fast is unknown; bench takes --only GROUP,… (epoch, training, scoring, world, tour",
        ),
        (["--json"], "bench: --json is unknown; bench takes"),
        (["--only", "world,trainin"], 'bench: --only: "trainin" is unknown; did you mean "training"? found: epoch,'),
    ],
)
def test_unknown_options_and_groups_are_named(arguments: list[str], message: str) -> None:
    with pytest.raises(UserError) as refused:
        bench.main(arguments)
    assert str(refused.value).startswith(message)
