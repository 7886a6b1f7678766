"""Yuma 2C of the public simulator: bonds bought within a capacity."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus._simulator import Bonds, SimulatorVariant
from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism

__all__ = ["SimulatorYuma2C"]


# The simulator counts bonds in units of the largest 64-bit number.
_CAPACITY = 2.0**64 - 1


@mechanism
class SimulatorYuma2C(SimulatorVariant):
    """Let validators buy bonds up to a capacity that grows with their stake.

    K_i = S_i (2^64 - 1);  purchase = min(capacity_alpha K, max(K - B, 0)) W;
    B' = min((1 - decay_rate) B + purchase, K);
    D = sum_j B' / (column sum + epsilon) I, divided by its sum + epsilon.

    Source: yuma-simulation, `Yuma2c`, there called "Yuma 2C (Rhef+reset)"; specification of the epoch, section 13.
    """

    capacity_alpha: Annotated[
        float, Field(ge=0, le=1, description="part of the capacity that may be bought per epoch")
    ] = 0.1
    decay_rate: Annotated[float, Field(ge=0, le=1, description="part of old bonds lost per epoch")] = 0.1

    def settle(self, state: Bonds, raw_weights: jax.Array, stake: jax.Array) -> tuple[Bonds, ConsensusOut]:
        """Settle one epoch."""
        W, S, C, _, trust, I = self.judge(raw_weights, stake)
        capacity = S[:, None] * _CAPACITY
        affordable = jnp.minimum(self.capacity_alpha * capacity, jnp.maximum(capacity - state.bonds, 0))
        B = jnp.minimum((1 - jnp.asarray(self.decay_rate, W.dtype)) * state.bonds + affordable * W, capacity)
        B = B.astype(W.dtype)
        D = self.normalised((self.divided(B, self.epsilon) * I).sum(axis=1))
        return Bonds(B, C, state.epochs + 1), ConsensusOut(C, I, D, trust)
