"""The benchmark's opponent is a fair one: it computes the same epoch."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.bench_numpy import numpy_yuma3_epoch
from subnet.consensus.yuma import Yuma


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
