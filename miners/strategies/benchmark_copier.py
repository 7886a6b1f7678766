"""A participant that hands in what the operator publishes."""

from typing import Annotated, Any, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from miners.answers import AnswerView
from miners.training import Skill
from miners.view import MinerView
from tokenomics.mechanism import mechanism

__all__ = ["BenchmarkCopier"]


@mechanism
class BenchmarkCopier:
    """Answer with the public benchmark, and a little noise of its own in each round.

    answer = m + noise · sd(m) · z for the benchmark m and z ~ N(0, 1). It never trains; without a benchmark it hands in
    an untrained model's answers. k copies of the benchmark are a party of k. A copy earns the score of what it copies
    and adds nothing to the meta model.

    Source: specification 10.5.
    """

    noise: Annotated[float, Field(ge=0, le=100, description="noise added, relative to the benchmark's spread")] = 0.02
    identities: ClassVar[int] = 1
    trains: ClassVar[bool] = False
    ranks: ClassVar[bool] = True

    def plan(self, skill: Skill) -> Skill:
        """Do not train."""
        return skill._replace(steps=jnp.zeros_like(skill.steps))

    def init(self, params: Any) -> tuple[()]:
        """Remember nothing."""
        return ()

    def submit(self, key: jax.Array, view: MinerView, memory: tuple[()]) -> tuple[tuple[()], Any]:
        """Hand in the untrained model, which speaks where there is no benchmark."""
        return memory, view.own

    def answer(self, key: jax.Array, view: AnswerView) -> jax.Array:
        """Return the copy [N], higher where the benchmark expects more."""
        m = view.benchmark
        z = jax.random.normal(jax.random.fold_in(key, view.epoch), m.shape, m.dtype)
        copy = m + jnp.asarray(self.noise, m.dtype) * m.std() * z
        return jnp.where((m != 0).any(), copy, view.own)
