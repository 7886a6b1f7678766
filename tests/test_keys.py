"""The key of a run draws what JAX's own draws."""

from collections.abc import Callable

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

from miners.models.cnn import Cnn
from subnet.keys import Stream, run_key, stream
from subnet.tasks.digits import Digits

DRAWS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "normal": lambda key: jax.random.normal(key, (3, 4, 5)),
    "one uniform": jax.random.uniform,
    "bytes": lambda key: jax.random.bits(key, (3, 5), jnp.uint8),
    "nothing": lambda key: jax.random.gumbel(key, (2, 0)),
    "permutation": lambda key: jax.random.permutation(key, 9),
    "gamma": lambda key: jax.random.loggamma(key, jnp.full((2, 3), 0.5)),
    "stream": lambda key: jax.random.key_data(stream(key, Stream.TRAIN, 3, 4)),
    "split": lambda key: jax.vmap(jax.random.normal)(jax.random.split(key, (2, 3)).ravel()),
    "parameters": lambda key: jax.flatten_util.ravel_pytree(Cnn().init(key, Digits().signature()))[0],
}


@pytest.mark.parametrize("name", DRAWS)
def test_a_runs_key_draws_what_jax_draws(name: str) -> None:
    np.testing.assert_array_equal(DRAWS[name](run_key(7)), DRAWS[name](jax.random.key(7)))


def test_another_seed_is_another_run() -> None:
    assert (jax.random.normal(run_key(1), (8,)) != jax.random.normal(run_key(2), (8,))).all()
