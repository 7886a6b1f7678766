"""Yuma 3 of the public simulator: each pair's bond on its own scale."""

from typing import Annotated

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus._simulator import Bonds, LiquidVariant
from subnet.consensus.base import ConsensusOut
from tokenomics.mechanism import mechanism

__all__ = ["SimulatorYuma3"]


@mechanism
class SimulatorYuma3(LiquidVariant):
    """Let each pair's bond follow its weight between 0 and 1; stake enters with the dividends only.

    B' = min((1 - a) B + min(a W, max(1 - (1 - a) B, 0)), 1),  a = 1 - bonds_moving_average or, with liquid alpha, a
    rate per pair;  D = S_i sum_j B' / (column sum + epsilon) I, divided by its sum + epsilon.
    Bonds follow the weights as set: the chain's Yuma 3 with a bonds penalty of 0.

    Source: yuma-simulation, `Yuma3`, there "Yuma 3 (Rhef+relative bonds)"; specification of the epoch, section 13.
    """

    bonds_moving_average: Annotated[float, Field(ge=0, le=1, description="share of old bonds kept per epoch")] = 0.975

    def settle(self, state: Bonds, raw_weights: jax.Array, stake: jax.Array) -> tuple[Bonds, ConsensusOut]:
        """Settle one epoch."""
        W, S, C, _, trust, I = self.judge(raw_weights, stake)
        rate = self.rate(W, C, state)
        kept = (1 - rate) * state.bonds
        B = jnp.minimum(kept + jnp.minimum(rate * W, jnp.maximum(1 - kept, 0)), 1)
        D = self.normalised(S * (self.divided(B, self.epsilon) * I).sum(axis=1))
        return Bonds(B, C, state.epochs + 1), ConsensusOut(C, I, D, trust)
