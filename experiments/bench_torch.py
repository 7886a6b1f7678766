"""What a competent user writes in PyTorch, for the benchmark to be measured against, where PyTorch is installed."""

import importlib
import importlib.util
from typing import Any

import numpy as np

from experiments.bench_numpy import Layers
from experiments.bench_timing import Task

__all__ = ["torch_loop", "torch_stacked", "torch_version"]


def torch_version() -> str | None:
    """Return the version of PyTorch, None where it is not installed."""
    if importlib.util.find_spec("torch") is None:
        return None
    return str(importlib.import_module("torch").__version__)


def torch_loop(params: Layers, x: np.ndarray, y: np.ndarray, batch: int, steps: int, learning_rate: float) -> Task:
    """Return a task that trains one miner after the other, each a module with an optimiser of its own.

    It returns the modules.

    Args:
        params: where everybody starts, [M, …].
        x: [n, F] rows.
        y: [n] labels.
        batch: rows per step.
        steps: of each miner.
        learning_rate: of everybody.
    """
    torch = _one_thread()
    rows, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    models = [_module(torch, params, k) for k in range(len(params["readout"]["bias"]))]
    optimisers = [torch.optim.SGD(model.parameters(), lr=learning_rate) for model in models]

    def run() -> list[Any]:
        for model, optimiser in zip(models, optimisers, strict=True):
            for _ in range(steps):
                drawn = torch.randint(len(rows), (batch,))
                loss = torch.nn.functional.cross_entropy(model(rows[drawn]), labels[drawn])
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimiser.step()
        return models

    return run


def torch_stacked(params: Layers, x: np.ndarray, y: np.ndarray, batch: int, steps: int, learning_rate: float) -> Task:
    """Return a task that trains all miners at once, in batched products; for the arguments see `torch_loop`.

    It returns kernel and bias of the hidden layer, then of the readout, [M, …] each.
    """
    torch = _one_thread()
    rows, labels = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
    leaves = [
        torch.tensor(params[layer][part], requires_grad=True)
        for layer in ("hidden_0", "readout")
        for part in ("kernel", "bias")
    ]
    A, a, B, b = leaves
    miners = len(b)

    def run() -> list[Any]:
        for _ in range(steps):
            drawn = torch.randint(len(rows), (miners, batch))
            h = torch.relu(torch.baddbmm(a[:, None], rows[drawn], A))
            out = torch.baddbmm(b[:, None], h, B)
            loss = torch.nn.functional.cross_entropy(out.flatten(0, 1), labels[drawn].flatten(), reduction="sum")
            gradients = torch.autograd.grad(loss / batch, leaves)
            with torch.no_grad():
                norm = torch.sqrt(sum(g.square().flatten(1).sum(1) for g in gradients))
                rate = learning_rate / norm.clamp(min=1)
                for p, g in zip(leaves, gradients, strict=True):
                    p -= rate.reshape(-1, *[1] * (g.ndim - 1)) * g
        return leaves

    return run


def _one_thread() -> Any:
    """Return PyTorch with one thread: two can collapse with a busy neighbour."""
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    return torch


def _module(torch: Any, params: Layers, miner: int) -> Any:
    """Return one miner's model as a module."""
    hidden, readout = params["hidden_0"], params["readout"]
    model = torch.nn.Sequential(
        torch.nn.Linear(*hidden["kernel"].shape[1:]), torch.nn.ReLU(), torch.nn.Linear(*readout["kernel"].shape[1:])
    )
    with torch.no_grad():
        for layer, part in ((model[0], hidden), (model[2], readout)):
            layer.weight.copy_(torch.from_numpy(part["kernel"][miner].T.copy()))
            layer.bias.copy_(torch.from_numpy(part["bias"][miner].copy()))
    return model
