"""What the variants of the public simulator share, its deviations from the chain included.

Source: bactensor/yuma-simulation, `_internal/yumas.py`; specification of the epoch, section 13.
"""

from typing import Annotated, Any, ClassVar, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from jax import lax
from pydantic import Field

from subnet.consensus.base import ConsensusOut
from subnet.median import weighted_quantile
from tokenomics.mechanism import mechanism, static
from tokenomics.shares import pro_rata

__all__ = ["Bonds", "ConsensusMode", "LiquidVariant", "SimulatorVariant", "Verdict"]

U16 = 65535
# What 0/0 becomes when the simulator cuts an undefined consensus to an integer on a CPU: -2^31 / 65535.
_UNDEFINED = -(2.0**31) / U16
_SEARCH_STEPS = 17  # halvings until the bounds are closer than 10^-5

ConsensusMode: TypeAlias = Literal["current", "previous", "mixed"]


class Bonds(NamedTuple):
    """State of a variant: `bonds` [V, M] floats, `consensus` [M] of the last epoch, `epochs` [] settled so far."""

    bonds: jax.Array
    consensus: jax.Array
    epochs: jax.Array


class Verdict(NamedTuple):
    """Weights [V, M], stake shares [V], consensus [M], clipped weights [V, M], trust [V], incentive [M]."""

    weights: jax.Array
    stake: jax.Array
    consensus: jax.Array
    clipped_weights: jax.Array
    validator_trust: jax.Array
    incentive: jax.Array


@mechanism
class SimulatorVariant:
    """Parameters and steps that every variant has."""

    kappa: Annotated[float, Field(gt=0, le=1, description="share of stake whose support makes a weight agreed")] = 0.5
    epsilon: Annotated[
        float, Field(ge=0, le=1, description="added to the sums that the simulator divides by; 0 as on the chain")
    ] = 1e-6
    normalise_consensus: Annotated[
        bool, Field(description="divide consensus by its sum and cut it to u16 before clipping; the chain does not")
    ] = static(True)
    consensus_search: Annotated[
        Literal["sorted", "bisection"],
        Field(description="bisection: the simulator's older search, which ends up to 10⁻⁵ above the weight"),
    ] = static("sorted")
    winner_takes_all: Annotated[bool, Field(description="miners of the highest rank share all incentive")] = static(
        False
    )

    arithmetics: ClassVar[tuple[str, ...]] = ("float32", "float64")
    forgets: ClassVar[bool] = True

    def init(self, num_validators: int, num_miners: int) -> Bonds:
        """Return no bonds."""
        return Bonds(jnp.zeros((num_validators, num_miners)), jnp.zeros(num_miners), jnp.int32(0))

    def step(
        self, state: Any, weights: jax.Array, stake: jax.Array, active: jax.Array, raw_weights: jax.Array | None = None
    ) -> tuple[Any, ConsensusOut]:
        """Settle one epoch; `raw_weights` [V, M] are normalised by the simulator's own rule."""
        raw = weights if raw_weights is None else raw_weights.astype(weights.dtype)
        # Parameters come as float64 arrays, which would turn float32 weights into float64 ones.
        rule = jax.tree.map(lambda parameter: jnp.asarray(parameter, weights.dtype), self)
        return rule.settle(state, raw, stake)

    def settle(self, state: Any, raw_weights: jax.Array, stake: jax.Array) -> tuple[Any, ConsensusOut]:
        """Return the state and what the variant says, all in the precision of `raw_weights` [V, M]."""
        raise NotImplementedError("a variant says how bonds become dividends")

    def judge(
        self,
        raw_weights: jax.Array,
        stake: jax.Array,
        clip_from: jax.Array | None = None,
        first: bool | jax.Array = True,
    ) -> Verdict:
        """Return consensus and incentive; clipped are the weights `clip_from` [V, M], in the `first` epoch its own."""
        W = self.normalise_rows(raw_weights)
        S = pro_rata(stake)
        C = self.consensus(W, S)
        source = W if clip_from is None else jnp.where(first, W, clip_from)
        clipped = jnp.minimum(source, C)
        R = (S[:, None] * clipped).sum(axis=0)
        I = pro_rata(R) if not self.winner_takes_all else pro_rata((R.max() == R).astype(R.dtype))
        given = W.sum(axis=1)
        trust = jnp.where(given > 0, clipped.sum(axis=1) / jnp.where(given > 0, given, 1), 0)
        return Verdict(W, S, C, clipped, trust, I)

    def normalise_rows(self, raw_weights: jax.Array) -> jax.Array:
        """Return rows divided by their sum plus epsilon; empty rows stay empty."""
        total = raw_weights.sum(axis=1, keepdims=True)
        return jnp.where(total > 0, raw_weights / jnp.where(total > 0, total + self.epsilon, 1), 0)

    def consensus(self, W: jax.Array, S: jax.Array) -> jax.Array:
        """Return the consensus weights [M] that clipping uses."""
        if self.consensus_search == "sorted":
            C = weighted_quantile(W, S, jnp.asarray(self.kappa, W.dtype))
        else:
            C = self._bisected(W, S)
        if not self.normalise_consensus:
            return C
        total = C.sum()
        return jnp.where(total > 0, jnp.floor(C / jnp.where(total > 0, total, 1) * U16) / U16, _UNDEFINED)

    def _bisected(self, W: jax.Array, S: jax.Array) -> jax.Array:
        def halve(_: int, bounds: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            low, high = bounds
            middle = (low + high) / 2
            enough = jnp.where(middle < W, S[:, None], 0).sum(axis=0) > self.kappa
            return jnp.where(enough, middle, low), jnp.where(enough, high, middle)

        return lax.fori_loop(0, _SEARCH_STEPS, halve, (jnp.zeros_like(W[0]), jnp.ones_like(W[0])))[1]

    def divided(self, x: jax.Array, epsilon: jax.Array | float) -> jax.Array:
        """Return columns divided by their sum plus `epsilon`; empty columns stay empty."""
        total = x.sum(axis=0) + epsilon
        return jnp.where(total != 0, x / jnp.where(total != 0, total, 1), 0)

    def normalised(self, D: jax.Array) -> jax.Array:
        """Return dividends divided by their sum plus epsilon."""
        total = D.sum() + self.epsilon
        return jnp.where(total != 0, D / jnp.where(total != 0, total, 1), 0)


@mechanism
class LiquidVariant(SimulatorVariant):
    """A variant whose bonds follow a moving average, at one rate or, with liquid alpha, at a rate per pair."""

    bonds_moving_average: Annotated[float, Field(ge=0, le=1, description="share of old bonds kept per epoch")] = 0.1
    alpha_low: Annotated[float, Field(ge=0, le=1, description="liquid alpha: slowest rate of new bonds")] = 0.1
    alpha_high: Annotated[float, Field(ge=0, le=1, description="liquid alpha: fastest rate of new bonds")] = 0.3
    alpha_sigmoid_steepness: Annotated[
        float, Field(ge=-1000, le=1000, description="liquid alpha: steepness between slow and fast")
    ] = 10.0
    liquid_alpha: Annotated[bool, Field(description="a bond rate per pair")] = static(False)
    liquid_from_start: Annotated[
        bool,
        Field(
            description="liquid alpha in the first epoch, too, as on the chain; the simulator starts with the second"
        ),
    ] = static(False)
    consensus_mode: Annotated[
        ConsensusMode, Field(description="consensus that liquid alpha looks at; the chain: current")
    ] = static("current")

    def rate(self, W: jax.Array, C: jax.Array, state: Any) -> jax.Array:
        """Return the weight of the newest observation: [] or [V, M]."""
        single = 1 - jnp.asarray(self.bonds_moving_average, W.dtype)
        if not self.liquid_alpha:
            return single
        seen = {"current": C, "previous": state.consensus, "mixed": jnp.maximum(C, state.consensus)}
        distance = jnp.where(state.bonds <= W, W - seen[self.consensus_mode], state.bonds - W)
        offset = jnp.clip(distance, 0, 1) - 0.5
        liquid = self.alpha_low + (jnp.asarray(self.alpha_high) - self.alpha_low) / (
            1 + jnp.exp(-self.alpha_sigmoid_steepness * offset)
        )
        liquid = jnp.clip(liquid, self.alpha_low, self.alpha_high).astype(W.dtype)
        return liquid if self.liquid_from_start else jnp.where(state.epochs == 0, single, liquid)

    def moved(self, observed: jax.Array, rate: jax.Array, state: Any) -> jax.Array:
        """Return bonds after the moving average; the first observation is taken whole."""
        return jnp.where(state.epochs == 0, observed, rate * observed + (1 - rate) * state.bonds)
