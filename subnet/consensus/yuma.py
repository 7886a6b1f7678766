"""Yuma Consensus as the chain runs it: classic bonds, Yuma 3, liquid alpha."""

from typing import Annotated, NamedTuple

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.consensus.base import Agreement, ConsensusOut, agree, stake_shares
from tokenomics.arithmetic import (
    Number,
    arithmetic_of,
    clip,
    fraction,
    like,
    maximum,
    minimum,
    of_ratio,
    proportion_u16,
    sigmoid,
    where,
)  # fmt: skip
from tokenomics.fixed import Fixed
from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata, pro_rata_dot

__all__ = ["Yuma"]

U16 = 65535
_LOWEST_ALPHA_U16 = U16 // 40


def alpha_values_allowed(low_u16: int, high_u16: int, liquid_alpha: bool) -> bool:
    """Return whether the chain lets a subnet's owner set these bounds of liquid alpha."""
    return liquid_alpha and high_u16 >= _LOWEST_ALPHA_U16 and _LOWEST_ALPHA_U16 <= low_u16 <= high_u16


class YumaState(NamedTuple):
    """What Yuma carries over: `bonds` [V, M] uint16, as the chain stores them."""

    bonds: jax.Array


@mechanism
class Yuma:
    """Pay miners by the agreed weight, validators by the bonds they hold on paid miners.

    C = largest weight that a kappa share of stake supports;  W̄ = min(W, C);  I = S·W̄ / sum S·W̄;
    W̃ = W + bonds_penalty (W̄ - W);  a = 1 - bonds_moving_average;  (cn: each column divided by its sum)
    classic  B' = cn(a cn(S W̃) + (1 - a) cn(B)),  D = pro rata B' I,             kept: B' / column maximum
    yuma3    B' = a W̃ + (1 - a) B,                D = pro rata S (cn(B') I),      kept: B'
    Bonds are kept as u16, cut. With liquid alpha (yuma3 only) each pair moves at its own a, between alpha_low and
    alpha_high: quickly if the validator's weight is far above consensus (buying) or its bond far above its weight
    (selling).

    Source: subtensor `epoch/run_epoch.rs`; specification of the epoch, sections 4 to 6.
    """

    kappa: Annotated[float, Field(gt=0, le=1, description="share of stake whose support makes a weight agreed")] = (
        32767 / U16
    )
    bonds_moving_average: Annotated[float, Field(ge=0, le=1, description="share of old bonds kept per epoch")] = 0.9
    bonds_penalty: Annotated[
        float, Field(ge=0, le=1, description="how far bonds follow the clipped instead of the set weights")
    ] = 1.0
    alpha_low: Annotated[float, Field(ge=0, le=1, description="liquid alpha: slowest rate of new bonds")] = 45875 / U16
    alpha_high: Annotated[float, Field(ge=0, le=1, description="liquid alpha: fastest rate of new bonds")] = 58982 / U16
    alpha_sigmoid_steepness: Annotated[
        float, Field(ge=-327.68, le=327.67, description="liquid alpha: steepness between slow and fast")
    ] = 10.0
    yuma3: Annotated[bool, Field(description="bonds on their own scale per pair instead of classic bonds")] = static(
        False
    )
    liquid_alpha: Annotated[bool, Field(description="a bond rate per pair; has no effect without yuma3")] = static(
        False
    )

    def init(self, num_validators: int, num_miners: int) -> YumaState:
        """Return no bonds."""
        return YumaState(jnp.zeros((num_validators, num_miners), jnp.uint16))

    def step(
        self,
        state: YumaState,
        weights: Number,
        stake: Number,
        active: jax.Array,
        present: jax.Array | None = None,
    ) -> tuple[YumaState, ConsensusOut]:
        """Settle one epoch; `present` [V, M] says which weights are entries at all (default: all)."""
        W, S = where(active, weights, 0), stake_shares(stake)
        agreement = agree(W, S, self.kappa)
        (penalty,) = like(W, self.bonds_penalty)
        bond_weights = W + penalty * (agreement.clipped_weights - W)
        if not self.yuma3:
            B, D = self._classic(state.bonds, bond_weights, S, agreement.incentive)
        else:
            kept = jnp.ones(W.shape, bool) if present is None else present
            kept &= self._survives_clipping(W, bond_weights, agreement.clipped_weights)
            B, D = self._relative(state.bonds, bond_weights, kept, S, agreement)
        out = ConsensusOut(agreement.consensus, agreement.incentive, D, agreement.validator_trust, B)
        return YumaState(proportion_u16(B)), out

    def _classic(self, old: jax.Array, weights: Number, S: Number, I: Number) -> tuple[Number, Number]:
        """Move shares of each miner towards stake-weighted opinion."""
        old_keep, _ = like(S, self.bonds_moving_average, 0.0)
        new_rate = 1 - old_keep
        B = _column_shares(old, S)
        delta = pro_rata(S[:, None] * weights, axis=0)
        B = pro_rata(new_rate * delta + (1 - new_rate) * B, axis=0)
        D = pro_rata((B * I).sum(axis=1))
        return fraction(B, B.max(axis=0)[None, :]), D

    def _relative(
        self, old: jax.Array, weights: Number, kept: jax.Array, S: Number, agreement: Agreement
    ) -> tuple[Number, Number]:
        """Move each pair's own bond, between 0 and 1, towards the weight; stake enters with the dividends only."""
        (old_keep,) = like(S, self.bonds_moving_average)
        new_rate = 1 - old_keep
        B = of_ratio(old, jnp.int64(U16), arithmetic_of(S))
        moved = new_rate * weights + (1 - new_rate) * B
        if self.liquid_alpha:
            rate = self.liquid_rate(weights, B, agreement.consensus)
            moved = where((agreement.consensus > 0).any(), self.move_bonds(weights, B, rate, kept), moved)
        D = pro_rata(S * pro_rata_dot(moved, agreement.incentive))
        return moved, D

    @staticmethod
    def move_bonds(W: Number, B: Number, rate: Number, kept: jax.Array) -> Number:
        """Return bonds moved at each pair's own `rate`, at most 1, all [V, M].

        A pair without an entry (not `kept`) loses its bond at once, while a single rate for all lets it decay.
        """
        return where(kept, minimum((1 - rate) * B + maximum(rate * W, 0), 1), 0)

    def liquid_rate(self, W: Number, B: Number, C: Number) -> Number:
        """Return liquid alpha's rate of new bonds per pair, [V, M]."""
        low, high, steepness, half = like(W, self.alpha_low, self.alpha_high, self.alpha_sigmoid_steepness, 0.5)
        distance = clip(where(W >= B, W - C, B - W), 0, 1)
        return clip(low + sigmoid(distance - half, steepness) * (high - low), low, high)

    def _survives_clipping(self, W: Number, bond_weights: Number, clipped: Number) -> jax.Array:
        """Return which entries are still there after interpolation; the sparse chain drops some that became zero."""
        penalty = jnp.asarray(self.bonds_penalty)
        at_full = (clipped > 0) | (W <= 0)  # an explicit zero survives, a weight clipped to zero does not
        return (penalty == 0) | jnp.where(penalty == 1, at_full, bond_weights > 0)


def _column_shares(bonds: jax.Array, like_numbers: Number) -> Number:
    """Return stored u16 bonds as shares of each column."""
    bonds = bonds.astype(jnp.int64 if isinstance(like_numbers, Fixed) else jnp.int32)
    return of_ratio(bonds, bonds.sum(axis=0), arithmetic_of(like_numbers))
