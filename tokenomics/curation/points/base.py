"""What every rule of voting points can do."""

from typing import Protocol

import jax

__all__ = ["Points"]


class Points(Protocol):
    """From stake to voting points. Points are no token: allotted, spent or reset, never handed on."""

    def allot(
        self,
        carried: jax.Array,
        stake: jax.Array,
        wallets: jax.Array,
        pool_shares: jax.Array,
        share_value: jax.Array,
        first: jax.Array,
    ) -> jax.Array:
        """Return the points, float64 [n], that each owner may spend in a round with all its wallets together.

        Args:
            carried: [n] points left from earlier rounds, as `carry` returned them.
            stake: [n] float64 tokens that all wallets of an owner have staked together.
            wallets: [n] float64 >= 1 among how many equal wallets it is divided.
            pool_shares: [n] float64 staked liquidity shares of all wallets together.
            share_value: [] tokens that a liquidity share is worth.
            first: [] bool, whether this is the first round.
        """
        ...

    def carry(self, left: jax.Array) -> jax.Array:
        """Return what is kept of the `left` [n] points for the next round."""
        ...
