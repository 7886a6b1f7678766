"""What work costs: floating-point operations, the dollars and the joules they take."""

from typing import Annotated, Literal, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
from pydantic import Field

from tokenomics.arithmetic import Real
from tokenomics.mechanism import mechanism

__all__ = [
    "A100",
    "H100",
    "SPOT_DISCOUNT",
    "Accelerator",
    "CostClass",
    "Costs",
    "costs_of",
    "evaluation_flops",
    "training_flops",
]

CostClass: TypeAlias = Literal["owner", "renter", "spot"]

SPOT_DISCOUNT = 0.2  # of the list price: marketplace quotes for an H100 begin at about 0.50 dollars an hour
_EXA = 1e18
_SECONDS_PER_HOUR = 3600.0
_JOULES_PER_KWH = 3.6e6


class Accelerator(NamedTuple):
    """A card: its peak in FLOP per second (dense bf16), its power in watts, its rent in dollars per hour.

    Rents are typical of the list prices seen in 2026: 2.49 to 3.99 for an H100, 1.49 to 2.49 for an A100.
    """

    flops_per_second: float
    watts: float
    usd_per_hour: float

    def usd_per_exaflop(self, utilisation: float = 0.4) -> float:
        """Return the rent of 10¹⁸ FLOPs where a share `utilisation` of the peak is reached."""
        return self.usd_per_hour * _EXA / (_SECONDS_PER_HOUR * self.flops_per_second * utilisation)

    def joules_per_flop(self, utilisation: float = 0.4) -> float:
        """Return the energy of a FLOP at the card."""
        return self.watts / (self.flops_per_second * utilisation)


H100 = Accelerator(989e12, 700.0, 2.50)
A100 = Accelerator(312e12, 400.0, 1.80)


@mechanism
class Costs:
    """Price floating-point operations: κ FLOPs (rent + energy · electricity) + what an epoch costs anyway.

    Who owns the hardware pays no rent, who rents it no electricity: a cost class is a choice of numbers, so that one
    program holds miners of all classes. The defaults are a renter's of an H100 at 40 % of its peak.

    Source: specification of training and scoring, section 6.
    """

    usd_per_exaflop: Annotated[float, Field(ge=0, le=1e6, description="rent of 10¹⁸ FLOPs in dollars")] = 1.76
    joules_per_flop: Annotated[float, Field(ge=0, le=1e-3, description="energy of a FLOP at the card")] = 1.8e-12
    electricity_usd_per_kwh: Annotated[
        float, Field(ge=0, le=100, description="price of electricity; 0 where it is in the rent")
    ] = 0.0
    power_usage_effectiveness: Annotated[
        float, Field(ge=1, le=10, description="energy drawn by the site per energy drawn by the card")
    ] = 1.3
    flop_scale: Annotated[
        float, Field(ge=0, le=1e18, description="real FLOPs (κ) that one FLOP of the simulated models stands for")
    ] = 1.0
    fixed_usd_per_epoch: Annotated[
        float, Field(ge=0, le=1e9, description="dollars that an epoch costs a working miner or validator anyway")
    ] = 0.0

    def joules(self, flops: Real) -> jax.Array:
        """Return the energy drawn for `flops` FLOPs of the simulated models, any shape."""
        return jnp.asarray(flops, jnp.float64) * (
            self.flop_scale * self.joules_per_flop * self.power_usage_effectiveness
        )

    def dollars(self, flops: Real) -> jax.Array:
        """Return what `flops` FLOPs of the simulated models cost beyond what an epoch costs anyway, any shape."""
        rent = jnp.asarray(flops, jnp.float64) * (self.flop_scale * self.usd_per_exaflop / _EXA)
        return rent + self.joules(flops) * (self.electricity_usd_per_kwh / _JOULES_PER_KWH)

    def epoch_dollars(self, flops: Real) -> jax.Array:
        """Return what an epoch with `flops` FLOPs costs altogether."""
        return self.dollars(flops) + self.fixed_usd_per_epoch


def costs_of(accelerator: Accelerator, cost_class: CostClass, utilisation: float = 0.4) -> Costs:
    """Return the costs of somebody who owns a card, rents it, or rents it where it may be taken away any time.

    An owner pays 0.10 dollars per kWh and no rent: what the card itself cost is spent already.
    """
    rent = {"owner": 0.0, "renter": 1.0, "spot": SPOT_DISCOUNT}[cost_class]
    return Costs(
        usd_per_exaflop=rent * accelerator.usd_per_exaflop(utilisation),
        joules_per_flop=accelerator.joules_per_flop(utilisation),
        electricity_usd_per_kwh=0.10 if cost_class == "owner" else 0.0,
    )


def training_flops(forward_flops: Real, batch: Real, steps: Real) -> jax.Array:
    """Return the FLOPs of training, 3 · forward · batch · steps: a backward pass costs as much as two forward ones.

    Args:
        forward_flops: of one sample, a multiply-add counted as 2.
        batch: samples per step.
        steps: how many.
    """
    return 3 * jnp.asarray(forward_flops, jnp.float64) * batch * steps


def evaluation_flops(forward_flops: Real, samples: Real, num_miners: Real, passes: Real = 3) -> jax.Array:
    """Return the FLOPs of judging `num_miners` miners: (1 + passes · num_miners) · samples · forward.

    Args:
        forward_flops: of one sample, a multiply-add counted as 2.
        samples: on which each is judged.
        num_miners: how many are judged.
        passes: forward passes per miner and sample, on top of one without any miner's update.
    """
    return (1 + jnp.asarray(passes, jnp.float64) * num_miners) * samples * forward_flops
