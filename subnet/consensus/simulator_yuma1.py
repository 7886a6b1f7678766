"""Yuma 1 of the public simulator: bonds without memory."""

from typing import Annotated, ClassVar

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus._simulator import Bonds, LiquidVariant
from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism

__all__ = ["SimulatorYuma1"]


@mechanism
class SimulatorYuma1(LiquidVariant):
    """Divide dividends by this epoch's stake-weighted opinion alone.

    ΔB = cn(S W̃),  W̃ = (1 - bonds_penalty) W + bonds_penalty W̄;  B' = cn(a ΔB + (1 - a) B), a = 1 unless liquid;
    D = sum_j B' I, divided by its sum + epsilon. (cn: columns divided by their sum + epsilon)

    Source: yuma-simulation, `YumaRust`, there called "Yuma 1"; specification of the epoch, section 13.
    """

    bonds_moving_average: Annotated[float, Field(ge=0, le=1, description="share of old bonds kept per epoch")] = 0.0
    forgets: ClassVar[bool] = False  # the simulator resets bonds in 2C and 3 only
    bonds_penalty: Annotated[float, Field(ge=0, le=1, description="how far bonds follow the clipped weights")] = 1.0

    def settle(self, state: Bonds, raw_weights: jax.Array, stake: jax.Array) -> tuple[Bonds, ConsensusOut]:
        """Settle one epoch."""
        W, S, C, clipped, trust, I = self.judge(raw_weights, stake)
        bond_weights = W + jnp.asarray(self.bonds_penalty, W.dtype) * (clipped - W)
        observed = self.divided(S[:, None] * bond_weights, self.epsilon)
        B = self.divided(self.moved(observed, self.rate(W, C, state), state), self.epsilon)
        D = self.normalised((B * I).sum(axis=1))
        return Bonds(B, C, state.epochs + 1), ConsensusOut(C, I, D, trust)
