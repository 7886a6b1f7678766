"""How a miner trains: its skill, and local optimisation for one miner."""

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import optax
from pydantic import Field

from tokenomics.mechanism import mechanism, static

__all__ = ["Skill", "Training", "train"]

IID = 1e6  # a Dirichlet concentration from which on proportions are called equal


class Skill(NamedTuple):
    """What distinguishes one miner's training from another's; numbers, so that a cohort is one vmap.

    `steps` [] of each epoch's budget, `learning_rate` [], `label_noise` [] share of its labels replaced at random,
    `flipped` [] share of its labels turned round on purpose, `leaked` [] share of each batch drawn from validators'
    hold-out, `data_share` [] of the training rows that it owns.
    """

    steps: jax.Array
    learning_rate: jax.Array
    label_noise: jax.Array
    flipped: jax.Array
    leaked: jax.Array
    data_share: jax.Array


@mechanism
class Training:
    """Train by mini-batches, with skill that differs between miners.

    H_i = max(1, round(steps min(1, exp(steps_spread z)))) steps an epoch, none where `steps` is 0;  learning rate
    learning_rate 10^(learning_rate_spread z);  a share ν_i ~ Beta(1, 1 / label_noise - 1) of labels is wrong;
    data_share min(1, exp(data_spread z)) of the rows, dealt with label skew Dirichlet(skew). Gradients are clipped to
    norm 1.

    Source: specification of training and scoring, section 1.1. Here `steps` is the most that any miner makes, since
    a batch of miners trains as long as its longest, and nobody owns more than `data_share`.
    """

    steps: Annotated[int, Field(ge=0, le=10_000, description="training steps an epoch, at most")] = static(5)
    batch: Annotated[int, Field(ge=1, le=65536, description="rows per training step")] = static(32)
    optimiser: Annotated[Literal["sgd", "momentum", "adamw"], Field(description="optimiser, from optax")] = static(
        "sgd"
    )
    learning_rate: Annotated[float, Field(gt=0, le=100, description="typical learning rate")] = 0.5
    learning_rate_spread: Annotated[
        float, Field(ge=0, le=3, description="standard deviation of its decimal logarithm over miners")
    ] = 0.1
    steps_spread: Annotated[
        float, Field(ge=0, le=5, description="standard deviation of the logarithm of steps over miners")
    ] = 0.5
    label_noise: Annotated[float, Field(ge=0, lt=1, description="mean share of a miner's labels that are wrong")] = 0.05
    data_share: Annotated[float, Field(gt=0, le=1, description="share of the training rows that a miner owns")] = 0.3
    data_spread: Annotated[
        float, Field(ge=0, le=5, description="standard deviation of the logarithm of the data share over miners")
    ] = 0.5
    skew: Annotated[
        float, Field(gt=0, description="Dirichlet concentration of labels per miner; small: few labels each")
    ] = IID

    def draw(self, key: jax.Array, steps: jax.Array | int) -> Skill:
        """Draw one miner's skill, where the most diligent make `steps` [] training steps an epoch."""
        z = jax.random.normal(key, (4,), jnp.float32)  # one draw: see `miners.strategies.base.jittered`
        budget = jnp.asarray(steps, jnp.float32)
        compute = jnp.minimum(jnp.exp(self.steps_spread * z[0]), 1)
        mean_noise = jnp.maximum(jnp.asarray(self.label_noise), 1e-9)
        exponent = mean_noise / (1 - mean_noise)  # 1 / b of Beta(1, b), whose mean is 1 / (1 + b)
        uniform = jnp.maximum(jax.scipy.stats.norm.cdf(z[2]), 1e-12)
        return Skill(
            steps=jnp.where(budget > 0, jnp.maximum(jnp.round(budget * compute), 1), 0).astype(jnp.float32),
            learning_rate=_float32(self.learning_rate * 10 ** (self.learning_rate_spread * z[1])),
            label_noise=_float32(1 - uniform**exponent),
            flipped=jnp.float32(0),
            leaked=jnp.float32(0),
            data_share=_float32(self.data_share * jnp.minimum(jnp.exp(self.data_spread * z[3]), 1)),
        )

    def rule(self) -> optax.GradientTransformation:
        """Return the optimiser without its learning rate, which differs between miners."""
        steps = {
            "sgd": optax.identity(),
            "momentum": optax.trace(0.9),
            "adamw": optax.chain(optax.scale_by_adam(), optax.add_decayed_weights(1e-2)),
        }
        return optax.chain(optax.clip_by_global_norm(1.0), steps[self.optimiser])


def train(
    key: jax.Array,
    params: Any,
    optimiser_state: Any,
    skill: Skill,
    training: Training,
    batch: Callable[[jax.Array], tuple[jax.Array, jax.Array]],
    loss: Callable[[Any, jax.Array, jax.Array], jax.Array],
) -> tuple[Any, Any]:
    """Train one miner for one epoch; return its parameters and optimiser state.

    Args:
        key: of this miner and epoch.
        params: pytree of float32.
        optimiser_state: of `training.rule()`.
        skill: this miner's.
        training: the batch size, the optimiser and the longest budget of steps.
        batch: key -> inputs and targets of one step.
        loss: parameters, inputs, targets -> mean loss [].

    Steps beyond the miner's own budget leave everything as it was, and so does one whose gradient is no number.
    """
    rule = training.rule()

    def step(carry: tuple[Any, Any], number: jax.Array) -> tuple[tuple[Any, Any], None]:
        params, state = carry
        gradient = jax.grad(loss)(params, *batch(jax.random.fold_in(key, number)))
        updates, moved = rule.update(gradient, state, params)
        stepped = jax.tree.map(lambda p, u: p - skill.learning_rate * u, params, updates)
        counts = (number < skill.steps) & jnp.isfinite(optax.tree.norm(gradient))
        kept = jax.tree.map(lambda new, old: jnp.where(counts, new, old), (stepped, moved), (params, state))
        return kept, None

    (params, optimiser_state), _ = jax.lax.scan(step, (params, optimiser_state), jnp.arange(training.steps))
    return params, optimiser_state


def _float32(x: jax.Array) -> jax.Array:
    return jnp.asarray(x, jnp.float32)
