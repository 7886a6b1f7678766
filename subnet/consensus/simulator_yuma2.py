"""Yuma 2 of the public simulator: classic bonds."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus._simulator import Bonds, LiquidVariant
from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism

__all__ = ["SimulatorYuma2"]


@mechanism
class SimulatorYuma2(LiquidVariant):
    """Divide dividends by a moving average of stake-weighted opinion.

    ΔB = S W̃ / column sum,  W̃ = (1 - bonds_penalty) W + bonds_penalty W̄;  B' = a ΔB + (1 - a) B, not renormalised,
    a = 1 - bonds_moving_average;  D = sum_j B' I, divided by its sum + epsilon.
    With `bonds_moving_average` 0.9 this corresponds to the chain's classic bonds.

    Source: yuma-simulation, `Yuma`, there called "Yuma 2 (subtensor)"; specification of the epoch, section 13.
    """

    forgets: ClassVar[bool] = False  # the simulator resets bonds in 2C and 3 only
    bonds_penalty: Annotated[float, Field(ge=0, le=1, description="how far bonds follow the clipped weights")] = 1.0

    def settle(self, state: Bonds, raw_weights: jax.Array, stake: jax.Array) -> tuple[Bonds, ConsensusOut]:
        """Settle one epoch."""
        W, S, C, clipped, trust, I = self.judge(raw_weights, stake)
        bond_weights = W + jnp.asarray(self.bonds_penalty, W.dtype) * (clipped - W)
        observed = self.divided(S[:, None] * bond_weights, 0.0)
        B = self.moved(observed, self.rate(W, C, state), state)
        D = self.normalised((B * I).sum(axis=1))
        return Bonds(B, C, state.epochs + 1), ConsensusOut(C, I, D, trust)
