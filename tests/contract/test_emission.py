"""Every emission rule of the folder goes through the same contract."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.contract.folder_rules import as_arrays, assert_trees_close, counted, rules_in, shifted, undocumented
from tokenomics.emission.constant import Constant
from tokenomics.emission.halving import Halving

KINDS = rules_in("tokenomics.emission")
TOKEN = 10**9
CASES = {
    "constant": Constant(),
    "constant_of_nothing": Constant(per_epoch_rao=0),
    "halving": Halving(),
    "halving_after_the_first": Halving(issued_rao=10_500_000 * TOKEN),
    "halving_of_few": Halving(supply_rao=20_000 * TOKEN, first_rao=TOKEN // 2),
}
EPOCHS, BLOCKS = 200, jnp.int64(360)

every_emission = pytest.mark.parametrize("name", CASES)


def season(rule: Any, blocks: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Return the issuance and what was minted, [EPOCHS] each, where all of it is issued."""

    def epoch(issued: jax.Array, _: None) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
        minted = rule.minted(issued, blocks)
        return issued + minted, (issued + minted, minted)

    return jax.lax.scan(epoch, jnp.int64(0), None, EPOCHS)[1]


compiled, TRACES = counted(season)


def test_every_file_of_the_folder_is_under_contract() -> None:
    assert {type(rule) for rule in CASES.values()} == set(KINDS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_is_explained_and_bounded(kind: str) -> None:
    assert undocumented(KINDS[kind]) == []


@every_emission
def test_amounts_are_whole_and_never_negative(name: str) -> None:
    issued, minted = compiled(as_arrays(CASES[name]), BLOCKS)
    assert minted.dtype == jnp.int64
    assert (minted >= 0).all()
    assert issued[-1] == minted.sum()


@every_emission
def test_nobody_mints_beyond_the_supply(name: str) -> None:
    issued, _ = compiled(as_arrays(CASES[name]), jnp.int64(100_000))
    supply = getattr(CASES[name], "supply_rao", None)
    if supply is not None:
        assert issued[-1] + CASES[name].issued_rao <= supply
        assert issued[-1] > 0


@every_emission
def test_a_compiled_rule_mints_what_it_mints_uncompiled(name: str) -> None:
    rule = as_arrays(CASES[name])
    for issued in (0, 7 * TOKEN + 1, 15_000 * TOKEN):
        alone = rule.minted(jnp.int64(issued), BLOCKS)
        assert int(jax.jit(lambda r, i: r.minted(i, BLOCKS))(rule, jnp.int64(issued))) == int(alone)


@every_emission
def test_a_batch_of_rules_mints_as_each_does_alone(name: str) -> None:
    rules = [shifted(CASES[name], 1 - 0.1 * k) for k in range(3)]
    stacked = jax.tree.map(lambda *x: jnp.stack(x), *rules)
    together = jax.jit(jax.vmap(season, (0, None)))(stacked, BLOCKS)
    for k, rule in enumerate(rules):
        assert_trees_close(jax.tree.map(lambda x, k=k: x[k], together), compiled(rule, BLOCKS))


@every_emission
def test_more_numbers_do_not_make_a_new_program(name: str) -> None:
    compiled(as_arrays(CASES[name]), BLOCKS)
    before = len(TRACES)
    compiled(shifted(CASES[name], 0.9), BLOCKS + 1)
    assert len(TRACES) == before


def test_recycled_tokens_delay_the_halving() -> None:
    rule = as_arrays(Halving())
    half = jnp.int64(10_500_000 * TOKEN)
    assert int(rule.minted(half - TOKEN * 400, BLOCKS)) == 360 * TOKEN
    np.testing.assert_allclose(float(rule.minted(half, BLOCKS)), 180 * TOKEN, rtol=1e-12)
