"""What every consensus rule answers, and the half of Yuma that all its versions share."""

import inspect
from typing import Any, NamedTuple, Protocol

import jax
import jax.numpy as jnp

from subnet.median import weighted_quantile
from tokenomics.arithmetic import Number, Real, like, minimum
from tokenomics.fixed import Fixed
from tokenomics.shares import pro_rata

__all__ = ["Agreement", "ConsensusOut", "ConsensusRule", "agree", "forget", "run_rule", "stake_shares"]


class ConsensusOut(NamedTuple):
    """What a rule says of one epoch.

    consensus [M], incentive [M], dividends [V]; validator trust [V] and bonds [V, M] (before they are stored) if the
    rule knows them.
    """

    consensus: Number
    incentive: Number
    dividends: Number
    validator_trust: Number | None = None
    bonds: Number | None = None


class ConsensusRule(Protocol):
    """A consensus rule: opinions and stake in; incentive of miners and dividends of validators out.

    `step` may name further parameters, and is handed what it asks for: `present` [V, M], True where a validator has an
    entry for a miner at all (a weight of zero differs from none); `raw_weights` [V, M], the rows before normalisation.
    A rule that remembers bonds keeps them in the field `bonds` [V, M] of its state.
    """

    def init(self, num_validators: int, num_miners: int) -> Any:
        """Return the state before the first epoch."""

    def step(self, state: Any, weights: Number, stake: Number, active: jax.Array) -> tuple[Any, ConsensusOut]:
        """Settle one epoch from `weights` [V, M], rows summing to 1 or 0, `stake` [V] and `active` [M]."""


def run_rule(
    rule: Any, state: Any, weights: Number, stake: Number, active: jax.Array, **on_request: Any
) -> tuple[Any, ConsensusOut]:
    """Call `rule.step` with those of `on_request` that its signature names.

    In float arithmetic the rule's numbers are taken into the precision of the weights first: as float64 they would
    turn float32 results, and the rule's memory, into float64 ones. Exact arithmetic cuts them itself.
    """
    if not isinstance(weights, Fixed):
        rule = jax.tree.map(lambda x: _in_precision(x, weights.dtype), rule)
    asked = inspect.signature(rule.step).parameters
    state, out = rule.step(state, weights, stake, active, **{k: v for k, v in on_request.items() if k in asked})
    if out.validator_trust is None:
        out = out._replace(validator_trust=minimum(weights, out.consensus).sum(axis=1))
    return state, out


def _in_precision(x: Real, dtype: Any) -> Real:
    x = jnp.asarray(x)
    return x.astype(dtype) if jnp.issubdtype(x.dtype, jnp.floating) else x


def forget(rule: Any, state: Any, forgotten: jax.Array) -> Any:
    """Return a rule's state with the bonds at `forgotten` (broadcasts to [V, M]) removed.

    A rule whose class says `forgets = False` keeps them: some of the simulator's variants know no reset.
    """
    if not hasattr(state, "bonds") or not getattr(rule, "forgets", True):
        return state
    return state._replace(bonds=jax.tree.map(lambda b: b * ~forgotten, state.bonds))


def stake_shares(stake: Number) -> Number:
    """Return stake as shares. Fixed-point stake is taken as shares already: dividing again would cut twice."""
    return stake if isinstance(stake, Fixed) else pro_rata(stake)


class Agreement(NamedTuple):
    """Consensus [M], clipped weights [V, M], validator trust [V] and incentive [M] of one epoch."""

    consensus: Number
    clipped_weights: Number
    validator_trust: Number
    incentive: Number


def agree(W: Number, S: Number, kappa: Real) -> Agreement:
    """Find what stake agrees on, and pay miners for it: the first half of every Yuma.

    C_j = largest weight that a kappa share of stake supports;  W̄ = min(W, C);  T_i = sum_j W̄_ij;
    R_j = sum_i S_i W̄_ij;  I = R / sum R.

    Args:
        W: [V, M] weights, rows summing to 1 or 0.
        S: [V] stake shares of active validators.
        kappa: [] majority of stake, in (0, 1].

    Source: subtensor `epoch/run_epoch.rs`; specification of the epoch, section 4.
    """
    (majority,) = like(S, kappa)
    C = weighted_quantile(W, pro_rata(S), majority)
    clipped = minimum(W, C)
    I = pro_rata((S[:, None] * clipped).sum(axis=0))
    return Agreement(C, clipped, clipped.sum(axis=1), I)
