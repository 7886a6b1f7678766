"""How fast validators evaluate: from a shared pool, and each for itself."""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from experiments.bench_naive import values_by_each
from experiments.bench_race import Contender, race
from experiments.bench_timing import Ceilings, compiled
from experiments.bench_training import newborn
from miners.strategies.honest import Honest
from miners.training import Training
from subnet.tasks.base import TaskData
from subnet.work.evaluation import look
from subnet.work.population import Evaluators, Party
from subnet.work.rows import run_all
from subnet.work.trained import Trained
from validators.scoring.log_loss import LogLoss

__all__ = ["WorldSize", "network", "scoring_rows"]

_PARTY = "miners"


class WorldSize(NamedTuple):
    """Miners, their steps an epoch, validators, the rows each draws; epochs in one go, and lanes that settle."""

    miners: int = 256
    steps: int = 5
    validators: int = 64
    rows: int = 64
    epochs: int = 8
    lanes: int = 64


def network(size: WorldSize) -> Trained:
    """Return honest miners of digits, all making the same number of steps, and validators who look at everybody."""
    return Trained(
        training=Training(steps=size.steps, steps_spread=0.0),
        miners={_PARTY: Party(Honest(), size.miners)},
        validators=Evaluators(size.validators, size.rows),
    )


def scoring_rows(size: WorldSize, ceiling: Ceilings, repeats: int = 5) -> list[dict[str, Any]]:
    """Return the rows of the race, rates in evaluations per second: one validator's view of one miner each."""
    source, scoring = network(size), LogLoss()
    data: TaskData = jax.tree.map(jnp.asarray, source.task.load())
    params = jax.tree.map(jnp.asarray, newborn(size.miners))
    num_rows, everybody = len(data.holdout_y), jnp.ones(size.miners, bool)

    def shared(key: jax.Array, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        measure = run_all(source, {_PARTY: params}, x, y, scoring, everybody).measure
        waiting, demand = jnp.zeros((size.validators, size.miners), jnp.int32), jnp.full(num_rows, 1 / num_rows)
        base = jnp.zeros(num_rows, measure.dtype)
        return look(key, jnp.int32(0), source.validators, waiting, demand, measure, base, everybody)[1].values

    def each(key: jax.Array, params: Any, x: jax.Array, y: jax.Array) -> jax.Array:
        drawn = jax.random.randint(key, (size.validators, size.rows), 0, num_rows)
        return values_by_each(source.model, params, x[drawn], y[drawn], scoring)

    arguments = (jax.random.key(1), params, data.holdout_x, data.holdout_y)
    work, forward = size.miners * size.validators, source.model.flops(source.task.signature())
    ours, ours_seconds = compiled(shared, *arguments)
    naive, naive_seconds = compiled(each, *arguments)
    return race(
        [
            Contender("naive: every validator runs every miner", "peer", lambda: naive(*arguments), work,
                      forward * size.rows, compile_seconds=naive_seconds),
            Contender("ours, shared pool", "one", lambda: ours(*arguments), work,
                      forward * num_rows / size.validators, compile_seconds=ours_seconds),
        ],
        ceiling,
        repeats,
    )  # fmt: skip
