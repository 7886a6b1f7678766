"""How fast miners train, against PyTorch and NumPy."""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import NamedSharding, PartitionSpec

from experiments.bench_numpy import Layers, numpy_mlp_step
from experiments.bench_race import Contender, Role, race
from experiments.bench_timing import Ceilings, Task, all_devices, compiled, shared_out
from experiments.bench_torch import torch_loop, torch_stacked, torch_version
from miners.models.mlp import Mlp
from miners.training import Skill, Training, train
from subnet.tasks.base import task_loss
from subnet.tasks.digits import Digits
from tokenomics.costs import training_flops

__all__ = ["TrainingSize", "newborn", "training_rows"]

_LEARNING_RATE = 0.5


class TrainingSize(NamedTuple):
    """Miners, rows per step, steps an epoch, and how many epochs are scanned in one go."""

    miners: int = 256
    batch: int = 32
    steps: int = 5
    epochs: int = 20


def training_rows(size: TrainingSize, ceiling: Ceilings, repeats: int = 5) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of the race, rates in miner steps per second, and what is missing.

    Everybody makes the same step: rows at random, the gradient of the mean cross-entropy cut to norm 1, plain SGD.
    Ours also gives each miner a skill of its own, and leaves one alone whose gradient is no number.
    """
    steps = size.miners * size.steps
    flops = float(training_flops(Mlp().flops(Digits().signature()), size.batch, 1))
    tasks, missing = _peers(size)
    contenders = [Contender(name, "peer", run, steps, flops) for name, run in tasks.items()]
    contenders += [_ours(size, "one", flops), _ours(size, "all", flops)]
    return race(contenders, ceiling, repeats), missing


def _peers(size: TrainingSize) -> tuple[dict[str, Task], list[str]]:
    """Return an epoch's training by each peer, on one thread."""
    x, y = _rows()
    arguments = (x, y, size.batch, size.steps, _LEARNING_RATE)
    stacked = {"NumPy, stacked": _numpy_stacked(newborn(size.miners), *arguments)}
    version = torch_version()
    if version is None:
        return stacked, ["torch is not installed: row left out"]
    start = newborn(size.miners)
    return {
        f"PyTorch {version}, a loop over miners": torch_loop(start, *arguments),
        f"PyTorch {version}, stacked": torch_stacked(start, *arguments),
    } | stacked, []


def _numpy_stacked(start: Layers, x: np.ndarray, y: np.ndarray, batch: int, steps: int, learning_rate: float) -> Task:
    """Return a task that trains all miners at once in plain NumPy; for the arguments see `torch_loop`."""
    params = {layer: {part: values.copy() for part, values in parts.items()} for layer, parts in start.items()}
    rng = np.random.default_rng(0)

    def run() -> None:
        for _ in range(steps):
            drawn = rng.integers(0, len(x), (len(params["readout"]["bias"]), batch))
            numpy_mlp_step(params, x[drawn], y[drawn], learning_rate)

    return run


def _ours(size: TrainingSize, role: Role, flops: float) -> Contender:
    """Return our training: a scan over steps, vmapped over miners, who are divided among the devices."""
    mesh = all_devices("miners") if role == "all" else jax.sharding.Mesh(jax.devices()[:1], ("miners",))
    miners = shared_out(size.miners) if role == "all" else size.miners
    P = PartitionSpec
    program, seconds = compiled(
        jax.shard_map(
            partial(_epochs, size), mesh=mesh, in_specs=(P("miners"), P(), P()), out_specs=P("miners"), check_vma=False
        ),
        params := jax.device_put(newborn(miners), NamedSharding(mesh, P("miners"))),
        x := jax.device_put(_rows()[0], NamedSharding(mesh, P())),
        y := jax.device_put(_rows()[1], NamedSharding(mesh, P())),
    )
    name = "ours, one device" if role == "one" else f"ours, all devices ({mesh.size})"
    work = miners * size.steps * size.epochs
    return Contender(name, role, lambda: program(params, x, y), work, flops, role == "all", seconds)


def _epochs(size: TrainingSize, params: Any, x: jax.Array, y: jax.Array) -> Any:
    """Train miners for all epochs; `params` [n, …] are this device's."""
    training = Training(steps=size.steps, batch=size.batch)
    rate, nothing = jnp.float32(_LEARNING_RATE), jnp.float32(0)
    skill = Skill(jnp.float32(size.steps), rate, nothing, nothing, nothing, jnp.float32(1))

    def batch(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        drawn = jax.random.randint(key, (size.batch,), 0, len(x))
        return x[drawn], y[drawn]

    def loss(params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        return task_loss("classes", Mlp().apply(params, x), y).mean()

    def one(key: jax.Array, params: Any) -> Any:
        return train(key, params, training.rule().init(params), skill, training, batch, loss)[0]

    def epoch(params: Any, number: jax.Array) -> tuple[Any, None]:
        miners = jnp.arange(len(params["readout"]["bias"]))
        keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(number)))(miners)
        return jax.vmap(one)(keys, params), None

    return jax.lax.scan(epoch, params, jnp.arange(size.epochs))[0]


def _rows() -> tuple[np.ndarray, np.ndarray]:
    """Return the digits to train on: pixels [n, 64] and labels [n]."""
    data = Digits().load()
    return np.asarray(data.train_x).reshape(len(data.train_x), -1), np.asarray(data.train_y)


def newborn(miners: int) -> Layers:
    """Return the parameters of untrained miners of digits, [M, …]: spread as by the model's own `init`."""
    rng, signature = np.random.default_rng(0), Digits().signature()
    shapes = jax.eval_shape(lambda: Mlp().init(jax.random.key(0), signature))
    params: Layers = jax.tree.map(lambda s: np.zeros((miners, *s.shape), np.float32), shapes)
    for layer in params.values():
        kernel = layer["kernel"]
        kernel[:] = rng.standard_normal(kernel.shape) / np.sqrt(kernel.shape[1])
    return params
