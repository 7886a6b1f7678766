"""Newcomers pay a price that rises with demand, and replace whoever earns least."""

from typing import Annotated, ClassVar, Literal

import jax
import jax.numpy as jnp
from pydantic import Field

from subnet.registration.base import Seats
from tokenomics.mechanism import mechanism, static
from tokenomics.pruning import replaced_uid
from tokenomics.registration_price import RegistrationPrice

__all__ = ["BurnPrice"]


@mechanism
class BurnPrice(RegistrationPrice):
    """Sell seats at a price that halves every `half_life_blocks` and is multiplied with each registration.

    A newcomer takes a free seat, the lowest uid first; without one it replaces the lowest emission of the last epoch,
    among equals the earliest registration, then the lowest uid. Who registered less than `immunity_blocks` ago is
    spared while more than `min_non_immune` others are left; otherwise the lowest of the spared goes, and nobody who
    came in the same epoch.

    Source: subtensor `subnets/registration.rs`; specification R1 and R3. Departures: newcomers come once per epoch,
    all in its last block, and nobody is the owner.
    """

    immunity_blocks: Annotated[int, Field(ge=0, le=10**9, description="blocks for which a newcomer is spared")] = 4096
    min_non_immune: Annotated[
        int, Field(ge=0, le=65536, description="miners that must stay without immunity for others to have it")
    ] = 10
    fee_is: Annotated[
        Literal["recycled", "burned"], Field(description="what becomes of the fee; recycled: it can be minted again")
    ] = static("recycled")
    opens: ClassVar[bool] = True

    def step(
        self,
        seats: Seats,
        block: jax.Array,
        blocks: jax.Array | int,
        emission: jax.Array,
        leaving: jax.Array,
        willing: jax.Array,
    ) -> tuple[Seats, jax.Array]:
        """Free the seats of those `leaving` [M], then let applicants in one after the other.

        Args:
            seats: now.
            block: [] now.
            blocks: since the last time, over which the price decays.
            emission: [M] what each miner earned in the epoch.
            leaving: [M] mask.
            willing: [applicants] the highest fee each pays, in 10⁻⁹ tokens; negative for nobody.

        Returns:
            The seats, and the fees paid by those who took them [M].
        """
        kept = seats.present & ~leaving
        opened = seats._replace(fee=self.decay(seats.fee, blocks), present=kept)

        def admit(
            carry: tuple[Seats, jax.Array, jax.Array], offer: jax.Array
        ) -> tuple[tuple[Seats, jax.Array, jax.Array], None]:
            seats, paid, new = carry
            immune = block - seats.registered < self.immunity_blocks
            crowded = replaced_uid(emission, seats.registered, immune, new, self.min_non_immune)
            uid = jnp.where(seats.present.all(), crowded, (~seats.present).argmax())
            joins = (offer >= seats.fee) & (uid >= 0)
            here = joins & (jnp.arange(emission.shape[0]) == uid)
            paid = paid + jnp.where(here, seats.fee, 0)
            taken = Seats(
                fee=jnp.where(joins, self.bump(seats.fee), seats.fee),
                registered=jnp.where(here, block, seats.registered),
                generation=seats.generation + here,
                present=seats.present | here,
            )
            return (taken, paid, new | here), None

        nobody = jnp.zeros(emission.shape, bool)
        (after, paid, _), _ = jax.lax.scan(admit, (opened, jnp.zeros(emission.shape, jnp.int64), nobody), willing)
        return after, paid
