"""Yuma 2B of the public simulator: bonds from the previous epoch's weights."""

from typing import Annotated, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus._simulator import LiquidVariant
from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism

__all__ = ["SimulatorYuma2B"]


class BondsAndWeights(NamedTuple):
    """`bonds` and `weights` [V, M], `consensus` [M] of the last epoch, `epochs` [] settled so far."""

    bonds: jax.Array
    weights: jax.Array
    consensus: jax.Array
    epochs: jax.Array


@mechanism
class SimulatorYuma2B(LiquidVariant):
    """Clip the previous epoch's weights by this epoch's consensus, so that finding a good miner early is not punished.

    As Yuma 2, with the previous epoch's W in W̄, W̃ and ranks; consensus from the current W; the first epoch uses the
    current W throughout.

    Source: yuma-simulation, `Yuma2b`, there called "Yuma 2B (Adrian-Fish)"; specification of the epoch, section 13.
    """

    forgets: ClassVar[bool] = False  # the simulator resets bonds in 2C and 3 only
    bonds_penalty: Annotated[float, Field(ge=0, le=1, description="how far bonds follow the clipped weights")] = 1.0

    def init(self, num_validators: int, num_miners: int) -> BondsAndWeights:  # type: ignore[override]
        """Return no bonds and no previous weights."""
        nothing = jnp.zeros((num_validators, num_miners))
        return BondsAndWeights(nothing, nothing, jnp.zeros(num_miners), jnp.int32(0))

    def settle(
        self, state: BondsAndWeights, raw_weights: jax.Array, stake: jax.Array
    ) -> tuple[BondsAndWeights, ConsensusOut]:
        """Settle one epoch."""
        first = state.epochs == 0
        verdict = self.judge(raw_weights, stake, state.weights, first)
        W, S, C, clipped, trust, I = verdict
        previous = jnp.where(first, W, state.weights)
        bond_weights = previous + jnp.asarray(self.bonds_penalty, W.dtype) * (clipped - previous)
        observed = self.divided(S[:, None] * bond_weights, 0.0)
        B = self.moved(observed, self.rate(W, C, state), state)
        D = self.normalised((B * I).sum(axis=1))
        return BondsAndWeights(B, W, C, state.epochs + 1), ConsensusOut(C, I, D, trust)
