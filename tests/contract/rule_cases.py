"""Every consensus rule with its choices, and one small world to hold it to the contract."""

import dataclasses
import tempfile
import typing
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_type_hints

import jax
import jax.numpy as jnp
import numpy as np

from experiments import slots
from subnet.chain.permits import stake_shares
from subnet.chain.weights import row_shares
from subnet.consensus.base import run_rule
from tests.contract import external_rule
from tokenomics.arithmetic import Arithmetic, to_float

ARITHMETICS: tuple[Arithmetic, ...] = ("float32", "float64", "exact")
V, M, EPOCHS = 5, 6, 3
# Relative error of sums in another order, over three epochs with bonds cut to u16 between them (see `BOND_UNIT`).
ROUNDING = {"float32": 2e-5, "float64": 1e-12, "exact": 0.0}
BOND_UNIT = 1 / 65535


class Case(NamedTuple):
    """A rule of one kind with its choices made, in one arithmetic."""

    kind: str
    choices: tuple[tuple[str, Any], ...]
    arithmetic: Arithmetic

    @property
    def name(self) -> str:
        """What a test report calls it."""
        made = ",".join(f"{k}={v}" for k, v in self.choices)
        return f"{self.kind}[{made}]-{self.arithmetic}" if made else f"{self.kind}-{self.arithmetic}"


class World(NamedTuple):
    """Opinions as set [T, V, M], stake [V] and mask [M] of three epochs."""

    raw_weights: np.ndarray
    stake: np.ndarray
    active: np.ndarray


class Outcome(NamedTuple):
    """What a rule said in each epoch, as NumPy float64, [T, ...] each, and the state it ended with."""

    consensus: np.ndarray
    incentive: np.ndarray
    dividends: np.ndarray
    validator_trust: np.ndarray
    state: Any


@cache
def rule_class(kind: str) -> type:
    """Return the class of a kind; the external rule is written to a folder of its own first."""
    if kind != external_rule.NAME:
        return slots.find("consensus", kind)
    with tempfile.TemporaryDirectory() as folder, external_rule.working_in(Path(folder)):
        external_rule.write_rules(Path(folder))
        return slots.find("consensus", kind)


def rule_of(case: Case) -> Any:
    """Return the rule with its choices made and every number an array, as the runner hands it over."""
    return as_arrays(rule_class(case.kind)(**dict(case.choices)))


def as_arrays(rule: Any) -> Any:
    """Return a rule with each number an array of 64 bits, whatever the arithmetic: see `stack_scenarios`."""
    return jax.tree.map(lambda x: jnp.asarray(x, jnp.int64 if type(x) is int else jnp.float64), rule)


def _choices(cls: type) -> Iterator[dict[str, Any]]:
    """Yield no choice, then every choice made otherwise; each of Yuma's bond pipelines counts as one."""
    yield {}
    if "yuma3" in cls.__dataclass_fields__:  # type: ignore[attr-defined]
        yield {"yuma3": True}
    other: dict[str, Any] = {}
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if field.metadata.get("static"):
            kinds = get_args(hints[field.name]) if typing.get_origin(hints[field.name]) is Literal else (False, True)
            other[field.name] = next(k for k in reversed(kinds) if k != field.default)
    if other:
        yield other


def all_cases() -> list[Case]:
    """Return every rule of the folder and the external one, in each arithmetic that it knows."""
    found = []
    for kind in [*slots.kinds("consensus"), external_rule.NAME]:
        cls = rule_class(kind)
        # The example of the style guide sorts: floats only.
        default = ARITHMETICS if kind != external_rule.NAME else ARITHMETICS[:2]
        for choices in _choices(cls):
            found += [Case(kind, tuple(choices.items()), a) for a in getattr(cls, "arithmetics", default)]
    return found


def small_world(seed: int = 0) -> World:
    """Return a world with ties, zeros, an empty row that has stake, and a miner whom nobody weights."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 1000, (EPOCHS, V, M)).astype(np.float64)
    weights[rng.random(weights.shape) < 0.2] = 0
    weights[:, 1] = weights[:, 0]  # two of one mind
    weights[1, 3] = 0
    weights[:, :, 4] = 0
    weights[..., 0] += 500  # somebody whom all agree on
    weights[1, 3, 0] = 0
    return World(weights, rng.integers(100, 1000, V).astype(np.float64), np.ones(M, bool))


def initial_state(rule: Any, num_validators: int, num_miners: int, arithmetic: Arithmetic) -> Any:
    """Return the rule's state before the first epoch, in the arithmetic's floats."""
    state = rule.init(num_validators, num_miners)
    narrow = arithmetic == "float32"
    return jax.tree.map(lambda x: x.astype(jnp.float32) if narrow and x.dtype == jnp.float64 else x, state)


class Program:
    """One epoch of a rule, compiled once per shape; counts how often it was traced."""

    def __init__(self, arithmetic: Arithmetic) -> None:
        self.traces = 0
        self.arithmetic = arithmetic
        self.step = jax.jit(self.eager)

    def eager(self, rule: Any, state: Any, raw_weights: Any, stake: Any, active: Any) -> Any:
        """Settle one epoch as `settle_epoch` calls a rule."""
        self.traces += 1
        in_force = jnp.ones(raw_weights.shape, bool)
        owner = jnp.zeros(stake.shape, bool)
        S = stake_shares(stake, 0.0, owner, self.arithmetic)
        W = row_shares(raw_weights, in_force, self.arithmetic)
        state, out = run_rule(rule, state, W, S, active, present=raw_weights > 0, raw_weights=raw_weights)
        return state, jax.tree.map(to_float, out._replace(bonds=None), is_leaf=lambda x: hasattr(x, "to_float"))


@cache
def program_of(arithmetic: Arithmetic) -> Program:
    """Return the program that all cases of an arithmetic share; a rule's structure selects the compiled code."""
    return Program(arithmetic)


def epoch_inputs(world: World, epoch: int, arithmetic: Arithmetic) -> tuple[Any, Any, Any]:
    """Return weights, stake and mask of one epoch as a program takes them."""
    whole = arithmetic == "exact"
    weights = world.raw_weights[epoch].astype(np.int64 if whole else np.float64)
    stake = np.rint(world.stake * 1e9).astype(np.int64 if whole else np.float64)
    return jnp.asarray(weights), jnp.asarray(stake), jnp.asarray(world.active)


def play(case: Case, world: World, rule: Any = None, step: Any = None) -> Outcome:
    """Run all epochs of a world; `step` defaults to the compiled program."""
    rule = rule_of(case) if rule is None else rule
    step = program_of(case.arithmetic).step if step is None else step
    state = initial_state(rule, *world.raw_weights.shape[1:], case.arithmetic)
    outs = []
    for epoch in range(len(world.raw_weights)):
        state, out = step(rule, state, *epoch_inputs(world, epoch, case.arithmetic))
        outs.append(out)
    names = Outcome._fields[:-1]
    stacked = {n: np.stack([np.asarray(getattr(o, n), np.float64) for o in outs]) for n in names}
    return Outcome(**stacked, state=jax.tree.map(np.asarray, state))


@cache
def played(case: Case) -> Outcome:
    """Return the outcome of the small world, played once."""
    return play(case, small_world())


def assert_same(got: Outcome, expected: Outcome, case: Case) -> None:
    """Compare everything a rule said, and its state: to the bit where the arithmetic is exact, else up to rounding.

    Rounding may tip a bond that is stored as u16 by one unit, and so what it earns in later epochs.
    """
    rounding = ROUNDING[case.arithmetic]
    stored = case.arithmetic != "exact" and any(x.dtype == np.uint16 for x in jax.tree.leaves(got.state))
    for name in Outcome._fields[:-1]:
        a, b = getattr(got, name), getattr(expected, name)
        assert a.shape == b.shape
        np.testing.assert_allclose(a[:1], b[:1], rtol=rounding, atol=rounding / 10, err_msg=name)
        later = 10 * BOND_UNIT if stored and name == "dividends" else rounding / 10
        np.testing.assert_allclose(a[1:], b[1:], rtol=rounding, atol=later, err_msg=name)
    for x, y in zip(jax.tree.leaves(got.state), jax.tree.leaves(expected.state), strict=True):
        if np.issubdtype(x.dtype, np.integer):
            assert np.abs(x.astype(np.int64) - y.astype(np.int64)).max(initial=0) <= stored
        else:
            scale = max(1.0, float(np.abs(y).max(initial=0)))  # the simulator's 2C counts bonds in units of 2^-64
            np.testing.assert_allclose(x, y, rtol=rounding, atol=rounding / 10 * scale)
